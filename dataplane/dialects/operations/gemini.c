/* Google's embedContent, batchEmbedContents and countTokens. The model is in the path and may be in the body again, as
 * "models/<name>", even in each request of a batch: all of them are given the name that the provider knows. */
#include "dataplane/dialects/gemini/gemini.h"

#include "dataplane/dialects/canonical/tail.h"
#include "dataplane/dialects/operations/operations_internal.h"

static bool read_request(const struct tg_request_source *source, struct tg_model_request *request,
                         struct tg_client_error *error, bool is_counting)
{
    struct tg_reading reading;
    struct tg_json_token root, member, element;
    bool has_content = false;
    if (tg_reading_begin(&reading, source, request, error, &root)) {
        request->dialect = TG_DIALECT_GEMINI;
        request->model = source->path_model;
        request->inputs = 1;
        while (tg_reading_next_member(&reading, &root, &member)) {
            const char *begin = member.value.data;
            bool is_batch = member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "requests");
            if (is_batch) {
                request->inputs = 0;
                while (tg_json_scan_next_in(&reading.scan, &member, &element))
                    ++request->inputs;
            }
            has_content = has_content || is_batch || tg_json_text_is(member.key, "content") ||
                          tg_json_text_is(member.key, "contents") || tg_gemini_is(member.key, "generateContentRequest");
            if (member.event == TG_JSON_BEGIN && (is_batch || tg_json_scan_skip(&reading.scan, &member)))
                request->prompt_bytes += (size_t)(reading.scan.at - begin);
        }
        request->is_beyond_text = memmem(source->body.data, source->body.bytes, "ata\"", 4) != NULL; /* inlineData … */
        if (request->model.bytes == 0)
            tg_reading_fail_missing(&reading, "model");
        if (!has_content)
            tg_reading_fail_missing(&reading, is_counting ? "contents" : "content");
    }
    return tg_reading_finish(&reading);
}

static bool read_embeddings(const struct tg_request_source *source, struct tg_model_request *request,
                            struct tg_client_error *error)
{
    return read_request(source, request, error, false);
}

static bool read_count(const struct tg_request_source *source, struct tg_model_request *request,
                       struct tg_client_error *error)
{
    return read_request(source, request, error, true);
}

/* ---- editing ---- */

/* The document again, with every `model` that stands at the top, in a request of the batch or in the request to be
 * counted. */
struct renaming {
    struct tg_text body, name;
    struct tg_arena *arena;
    char *text;
    size_t bytes, taken; /* written; taken over from the body */
};

static void copy_up_to(struct renaming *renaming, const char *end)
{
    size_t until = (size_t)(end - renaming->body.data);
    memcpy(renaming->text + renaming->bytes, renaming->body.data + renaming->taken, until - renaming->taken);
    renaming->bytes += until - renaming->taken;
    renaming->taken = until;
}

static void rename_model(struct renaming *renaming, const struct tg_json_token *token)
{
    static const char PREFIX[] = "models/";
    struct tg_text old = token->value;
    bool has_prefix = tg_text_starts_with(old, PREFIX);
    copy_up_to(renaming, old.data + (has_prefix ? strlen(PREFIX) : 0));
    memcpy(renaming->text + renaming->bytes, renaming->name.data, renaming->name.bytes);
    renaming->bytes += renaming->name.bytes;
    renaming->taken = (size_t)(old.data + old.bytes - renaming->body.data);
}

static bool is_model(const struct tg_json_token *token)
{
    return token->kind == TG_JSON_STRING && tg_json_text_is(token->key, "model");
}

static void rename_in(struct renaming *renaming, struct tg_json_scan *scan, const struct tg_json_token *object)
{
    struct tg_json_token member;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member))
        if (is_model(&member))
            rename_model(renaming, &member);
}

static struct tg_text renamed(struct tg_arena *arena, struct tg_text body, struct tg_text name)
{
    struct renaming renaming = {.body = body, .name = tg_json_string_of(arena, name).written, .arena = arena};
    struct tg_json_scan scan;
    struct tg_json_token root, member, element;
    size_t count = 0;
    for (const char *at = body.data, *end = at + body.bytes; (at = memmem(at, (size_t)(end - at), "model", 5)) != NULL;)
        at += 5, ++count;
    renaming.text = tg_arena_alloc(arena, body.bytes + count * renaming.name.bytes + 1);
    tg_json_scan_init(&scan, body);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN)
        return body;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (is_model(&member))
            rename_model(&renaming, &member);
        else if (tg_gemini_is(member.key, "generateContentRequest"))
            rename_in(&renaming, &scan, &member);
        else if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "requests"))
            while (tg_json_scan_next_in(&scan, &member, &element))
                rename_in(&renaming, &scan, &element);
    }
    copy_up_to(&renaming, body.data + body.bytes);
    return tg_text(renaming.text, renaming.bytes);
}

static void edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                         const struct tg_request_target *target, struct tg_body *edited)
{
    struct tg_edits edits;
    struct tg_text name = target->upstream_model;
    edits.count = 0;
    if (name.bytes != 0 && !tg_text_equals(name, request->model))
        body = renamed(arena, body, name);
    else
        tg_edits_rules(arena, request, target, &edits);
    tg_edits_apply(&edits, body, edited);
}

/* ---- answers ---- */

static void watch_embeddings(struct tg_seen *seen, struct tg_text body)
{
    struct operations_answer answer;
    operations_read_answer(body, &answer);
    seen->is_done = answer.is_object;
    seen->has_error = answer.has_error;
    seen->has_usage = answer.usage_metadata.bytes != 0 && tg_gemini_usage(answer.usage_metadata, &seen->usage);
}

static bool tail_of_embeddings(struct tg_text tail, struct tg_usage *usage)
{
    struct tg_text object = tail.bytes == 0 ? tail : tg_tail_object(tail, tg_text_of("\"usageMetadata\""));
    return object.bytes != 0 && tg_gemini_usage(object, usage);
}

const struct tg_dialect tg_operations_gemini_embeddings = {
    .id = TG_DIALECT_GEMINI,
    .name = "embed_content",
    .read_request = read_embeddings,
    .error_body = tg_gemini_error_body,
    .error_event = tg_gemini_error_event,
    .read_error = tg_gemini_read_error,
    .edit_request = edit_request,
    .watch_block = operations_watch_no_block,
    .watch_whole = watch_embeddings,
    .watch_tail = tail_of_embeddings,
};

const struct tg_dialect tg_operations_gemini_count_tokens = {
    .id = TG_DIALECT_GEMINI,
    .name = "gemini_count_tokens",
    .read_request = read_count,
    .error_body = tg_gemini_error_body,
    .error_event = tg_gemini_error_event,
    .read_error = tg_gemini_read_error,
    .edit_request = edit_request,
    .watch_block = operations_watch_no_block,
    .watch_whole = operations_watch_free,
    .watch_tail = operations_tail_free,
};
