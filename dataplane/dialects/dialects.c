#include "dataplane/dialects/dialects.h"

#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/converse/converse.h"
#include "dataplane/dialects/gemini/gemini.h"
#include "dataplane/dialects/messages/messages.h"
#include "dataplane/dialects/operations/operations.h"
#include "dataplane/dialects/responses/responses.h"

/* One row for each wire format between which is translated. */
static const struct tg_dialect *const dialects[TG_DIALECT_COUNT] = {
    [TG_DIALECT_CHAT] = &tg_dialect_chat,
    [TG_DIALECT_RESPONSES] = &tg_dialect_responses,
    [TG_DIALECT_MESSAGES] = &tg_dialect_messages,
    [TG_DIALECT_GEMINI] = &tg_dialect_gemini,
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

const struct tg_dialect *tg_dialect_for(enum tg_operation operation, enum tg_dialect_id dialect)
{
    if (operation == TG_OPERATION_EMBED && dialect == TG_DIALECT_CHAT)
        return &tg_operations_embeddings;
    return tg_dialect_of(dialect);
}
