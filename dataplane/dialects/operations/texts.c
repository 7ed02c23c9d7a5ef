/* Texts in, numbers or judgements out: embeddings, moderations, rerank. */
#include "dataplane/dialects/operations/operations_internal.h"

/* ---- embeddings ---- */

static bool read_embeddings(const struct tg_request_source *source, struct tg_model_request *request,
                            struct tg_client_error *error)
{
    static const struct operations_rule rules[] = {
        {"model", operations_read_model, true},
        {"input", operations_read_inputs, true},
    };
    return operations_read(source, request, error, TG_DIALECT_CHAT, rules, 2);
}

const struct tg_dialect tg_operations_embeddings = {
    .id = TG_DIALECT_CHAT,
    .name = "embeddings",
    .read_request = read_embeddings,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = operations_edit,
    .watch_block = tg_chat_watch_block,
    .watch_whole = tg_chat_watch_whole,
    .watch_tail = tg_chat_watch_tail,
};

/* ---- moderations: the one request of OpenAI's that need not name its model ---- */

static const struct tg_text MODERATION_MODEL = TG_TEXT_LITERAL("omni-moderation-latest");

static bool read_moderations(const struct tg_request_source *source, struct tg_model_request *request,
                             struct tg_client_error *error)
{
    static const struct operations_rule rules[] = {
        {"model", operations_read_model, false},
        {"input", operations_read_inputs, true},
    };
    bool is_good = operations_read(source, request, error, TG_DIALECT_CHAT, rules, 2);
    if (is_good && request->model.bytes == 0)
        request->model = MODERATION_MODEL;
    return is_good;
}

/* OpenAI does not charge; who does, tells usage. */
static void watch_moderations(struct tg_seen *seen, struct tg_text body)
{
    struct operations_answer answer;
    operations_read_answer(body, &answer);
    operations_see(seen, &answer, TG_USAGE_OUTPUT);
    seen->is_done = seen->has_usage = answer.is_object;
}

static bool tail_of_moderations(struct tg_text tail, struct tg_usage *usage)
{
    return operations_tail_usage(tail, TG_USAGE_OUTPUT, usage) || operations_tail_free(tail, usage);
}

const struct tg_dialect tg_operations_moderations = {
    .id = TG_DIALECT_CHAT,
    .name = "moderations",
    .read_request = read_moderations,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = operations_edit,
    .watch_block = operations_watch_no_block,
    .watch_whole = watch_moderations,
    .watch_tail = tail_of_moderations,
};

/* ---- rerank ---- */

static void read_documents(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_json_token document;
    const char *begin = token->value.data;
    if (token->kind != TG_JSON_ARRAY) {
        tg_reading_fail_type(reading, "documents", "an array", token);
        return;
    }
    while (tg_json_scan_next_in(&reading->scan, token, &document))
        ++reading->request->inputs;
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

static bool read_rerank(const struct tg_request_source *source, struct tg_model_request *request,
                        struct tg_client_error *error)
{
    static const struct operations_rule rules[] = {
        {"model", operations_read_model, true},
        {"query", operations_read_prompt, true},
        {"documents", read_documents, true},
    };
    return operations_read(source, request, error, TG_DIALECT_CHAT, rules, 3);
}

static void watch_rerank(struct tg_seen *seen, struct tg_text body)
{
    struct operations_answer answer;
    operations_read_answer(body, &answer);
    operations_see(seen, &answer, TG_USAGE_OUTPUT);
    seen->is_done = answer.is_object;
}

static bool tail_of_rerank(struct tg_text tail, struct tg_usage *usage)
{
    return operations_tail_usage(tail, TG_USAGE_OUTPUT, usage);
}

const struct tg_dialect tg_operations_rerank = {
    .id = TG_DIALECT_CHAT,
    .name = "rerank",
    .read_request = read_rerank,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = operations_edit,
    .watch_block = operations_watch_no_block,
    .watch_whole = watch_rerank,
    .watch_tail = tail_of_rerank,
};
