#include "dataplane/dialects/dialects.h"

#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/converse/converse.h"
#include "dataplane/dialects/gemini/gemini.h"
#include "dataplane/dialects/messages/messages.h"
#include "dataplane/dialects/operations/operations.h"
#include "dataplane/dialects/responses/responses.h"

/* One row for each wire format between which is translated. */
static const struct tg_dialect *const dialects[TG_DIALECT_COUNT] = {
    [TG_DIALECT_CHAT] = &tg_dialect_chat,         [TG_DIALECT_RESPONSES] = &tg_dialect_responses,
    [TG_DIALECT_MESSAGES] = &tg_dialect_messages, [TG_DIALECT_GEMINI] = &tg_dialect_gemini,
    [TG_DIALECT_CONVERSE] = &tg_dialect_converse,
};

const struct tg_dialect *tg_dialect_of(enum tg_dialect_id id)
{
    return (unsigned)id < TG_DIALECT_COUNT ? dialects[id] : NULL;
}

const struct tg_dialect *tg_dialect_named(struct tg_text name)
{
    for (unsigned id = 0; id < TG_DIALECT_COUNT; ++id)
        if (dialects[id] != NULL && tg_text_is(name, dialects[id]->name))
            return dialects[id];
    return NULL;
}

/* Operations that are said in words of their own; what is not here is said as the dialect says all. */
static const struct {
    enum tg_operation operation;
    enum tg_dialect_id dialect;
    const struct tg_dialect *as;
} operations[] = {
    {TG_OPERATION_COMPLETE, TG_DIALECT_CHAT, &tg_operations_completions},
    {TG_OPERATION_EMBED, TG_DIALECT_CHAT, &tg_operations_embeddings},
    {TG_OPERATION_MODERATE, TG_DIALECT_CHAT, &tg_operations_moderations},
    {TG_OPERATION_RERANK, TG_DIALECT_CHAT, &tg_operations_rerank},
    {TG_OPERATION_IMAGE, TG_DIALECT_CHAT, &tg_operations_images},
    {TG_OPERATION_IMAGE_EDIT, TG_DIALECT_CHAT, &tg_operations_image_edits},
    {TG_OPERATION_SPEECH, TG_DIALECT_CHAT, &tg_operations_speech},
    {TG_OPERATION_TRANSCRIBE, TG_DIALECT_CHAT, &tg_operations_transcriptions},
    {TG_OPERATION_EMBED, TG_DIALECT_GEMINI, &tg_operations_gemini_embeddings},
    {TG_OPERATION_COUNT_TOKENS, TG_DIALECT_GEMINI, &tg_operations_gemini_count_tokens},
    {TG_OPERATION_COUNT_TOKENS, TG_DIALECT_MESSAGES, &tg_operations_count_tokens},
};

const struct tg_dialect *tg_dialect_for(enum tg_operation operation, enum tg_dialect_id dialect)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); ++i)
        if (operations[i].operation == operation && operations[i].dialect == dialect)
            return operations[i].as;
    return tg_dialect_of(dialect);
}
