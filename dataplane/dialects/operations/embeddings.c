#include "dataplane/dialects/canonical/edit.h"
#include "dataplane/dialects/canonical/reading.h"
#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/operations/operations.h"

/* How many texts: the model's maximum input holds for each. An array of numbers is one text, in tokens. */
static void read_input(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    const char *begin = token->value.data;
    request->inputs = 1;
    if (token->kind == TG_JSON_ARRAY) {
        struct tg_json_token input;
        int64_t texts = 0;
        while (tg_json_scan_next_in(&reading->scan, token, &input))
            texts += input.kind != TG_JSON_NUMBER;
        if (texts > 1)
            request->inputs = texts;
        request->prompt_bytes += (size_t)(reading->scan.at - begin);
    } else if (token->kind == TG_JSON_STRING) {
        request->prompt_bytes += token->value.bytes;
    } else {
        tg_reading_fail_type(reading, "input", "a string or an array", token);
    }
}

static bool read_request(const struct tg_request_source *source, struct tg_model_request *request,
                         struct tg_client_error *error)
{
    struct tg_reading reading;
    struct tg_json_token root, member;
    bool has_model = false, has_input = false;
    if (tg_reading_begin(&reading, source, request, error, &root)) {
        request->dialect = TG_DIALECT_CHAT;
        while (tg_reading_next_member(&reading, &root, &member)) {
            bool is_model = tg_json_text_is(member.key, "model"), is_input = tg_json_text_is(member.key, "input");
            if (is_model)
                tg_reading_model(&reading, &member);
            else if (is_input)
                read_input(&reading, &member);
            has_model |= is_model;
            has_input |= is_input;
        }
        if (!has_model)
            tg_reading_fail_missing(&reading, "model");
        if (!has_input)
            tg_reading_fail_missing(&reading, "input");
    }
    return tg_reading_finish(&reading);
}

static void edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                         const struct tg_request_target *target, struct tg_body *edited)
{
    struct tg_edits edits;
    edits.count = 0;
    tg_edits_model(arena, request, target, &edits);
    tg_edits_rules(arena, request, target, &edits);
    tg_edits_apply(&edits, body, edited);
}

const struct tg_dialect tg_operations_embeddings = {
    .id = TG_DIALECT_CHAT,
    .name = "embeddings",
    .read_request = read_request,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = edit_request,
    .watch_block = tg_chat_watch_block,
    .watch_whole = tg_chat_watch_whole,
    .watch_tail = tg_chat_watch_tail,
};
