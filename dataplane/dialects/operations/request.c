#include "dataplane/dialects/operations/operations_internal.h"

enum { MAX_RULES = 16 };

bool operations_read(const struct tg_request_source *source, struct tg_model_request *request,
                     struct tg_client_error *error, enum tg_dialect_id dialect, const struct operations_rule *rules,
                     size_t count)
{
    struct tg_reading reading;
    struct tg_json_token root, member;
    bool is_there[MAX_RULES] = {false};
    if (tg_reading_begin(&reading, source, request, error, &root)) {
        request->dialect = dialect;
        request->model = source->path_model;
        while (tg_reading_next_member(&reading, &root, &member)) {
            for (size_t i = 0; i < count; ++i) {
                if (!tg_json_text_is(member.key, rules[i].name))
                    continue;
                is_there[i] = member.kind != TG_JSON_NULL;
                rules[i].read(&reading, &member);
                break;
            }
        }
        for (size_t i = 0; i < count; ++i) {
            bool is_in_path = rules[i].read == operations_read_model && request->model.bytes != 0;
            if (rules[i].is_required && !is_there[i] && !is_in_path)
                tg_reading_fail_missing(&reading, rules[i].name);
        }
    }
    return tg_reading_finish(&reading);
}

void operations_read_model(struct tg_reading *reading, struct tg_json_token *token)
{
    tg_reading_model(reading, token);
}

void operations_read_stream(struct tg_reading *reading, struct tg_json_token *token)
{
    reading->request->is_streaming = tg_reading_boolean(reading, "stream", token);
}

void operations_read_choices(struct tg_reading *reading, struct tg_json_token *token)
{
    int64_t choices = tg_reading_count(reading, "n", token, TG_MAX_CHOICES, "a whole number from 1 to 128");
    reading->request->choices = choices > 0 ? choices : 1;
}

void operations_read_images(struct tg_reading *reading, struct tg_json_token *token)
{
    int64_t images = tg_reading_count(reading, "n", token, TG_MAX_CHOICES, "a whole number from 1 to 128");
    reading->request->images = images > 0 ? images : 1;
}

void operations_read_prompt(struct tg_reading *reading, struct tg_json_token *token)
{
    reading->request->prompt_bytes += tg_reading_raw(reading, token).bytes;
}

void operations_read_inputs(struct tg_reading *reading, struct tg_json_token *token)
{
    struct tg_model_request *request = reading->request;
    const char *begin = token->value.data;
    request->inputs = 1;
    if (token->kind == TG_JSON_ARRAY) {
        struct tg_json_token input;
        int64_t texts = 0;
        while (tg_json_scan_next_in(&reading->scan, token, &input)) {
            texts += input.kind != TG_JSON_NUMBER;
            request->is_beyond_text = request->is_beyond_text || input.kind == TG_JSON_OBJECT;
        }
        if (texts > 1)
            request->inputs = texts;
        request->prompt_bytes += (size_t)(reading->scan.at - begin);
    } else if (token->kind == TG_JSON_STRING) {
        request->prompt_bytes += token->value.bytes;
    } else {
        tg_reading_fail_type(reading, "input", "a string or an array", token);
    }
}

/* ---- forms ---- */

struct form {
    const struct tg_request_source *source;
    struct tg_model_request *request;
    struct tg_client_error *error;
    bool has_model, has_count, has_stream;
};

static void fail(struct form *form, const char *field, const char *wanted)
{
    if (form->error->code == TG_ERROR_NONE)
        *form->error = (struct tg_client_error){.code = TG_ERROR_INVALID_VALUE,
                                                .param = tg_text_of(field),
                                                .words = {tg_text_of(field), tg_text_of(wanted)}};
}

/* What the gateway decides by may be there once. */
static bool is_first(struct form *form, bool *has, const char *field)
{
    if (*has)
        fail(form, field, "given once");
    *has = true;
    return form->error->code == TG_ERROR_NONE;
}

static void take_model(struct form *form, const struct tg_multipart_part *part)
{
    struct tg_model_request *request = form->request;
    if (!is_first(form, &form->has_model, "model"))
        return;
    if (part->value.bytes == 0 || part->value.bytes > TG_MAX_MODEL_NAME_BYTES || part->filename.data != NULL) {
        fail(form, "model", "the name of a model, with at most 256 bytes");
        return;
    }
    request->model = part->value;
    request->marks.model = (struct tg_span){(size_t)(part->value.data - form->source->body.data), part->value.bytes};
}

static void take_count(struct form *form, const struct tg_multipart_part *part)
{
    uint64_t count;
    if (!is_first(form, &form->has_count, "n"))
        return;
    if (!tg_text_to_u64(part->value, &count) || count < 1 || count > TG_MAX_CHOICES)
        fail(form, "n", "a whole number from 1 to 128");
    else
        form->request->images = (int64_t)count;
}

static void take_stream(struct form *form, const struct tg_multipart_part *part)
{
    bool is_true = tg_text_equals_nocase(part->value, tg_text_of("true")) || tg_text_is(part->value, "1");
    bool is_false = tg_text_equals_nocase(part->value, tg_text_of("false")) || tg_text_is(part->value, "0") ||
                    part->value.bytes == 0;
    if (!is_first(form, &form->has_stream, "stream"))
        return;
    if (!is_true && !is_false)
        fail(form, "stream", "true or false");
    form->request->is_streaming = is_true;
}

bool operations_read_form(const struct tg_request_source *source, struct tg_model_request *request,
                          struct tg_client_error *error)
{
    struct form form = {.source = source, .request = request, .error = error};
    struct tg_multipart multipart;
    struct tg_multipart_part part;
    enum tg_multipart_result result;
    memset(request, 0, sizeof(*request));
    request->choices = request->images = 1;
    request->model = source->path_model;
    request->dialect = TG_DIALECT_CHAT;
    request->is_beyond_text = true;
    *error = (struct tg_client_error){.code = TG_ERROR_NONE};
    tg_multipart_init(&multipart, source->content_type, source->body);
    while ((result = tg_multipart_next(&multipart, &part)) == TG_MULTIPART_PART) {
        if (tg_text_is(part.name, "model"))
            take_model(&form, &part);
        else if (tg_text_is(part.name, "n"))
            take_count(&form, &part);
        else if (tg_text_is(part.name, "stream"))
            take_stream(&form, &part);
        else if (tg_text_is(part.name, "prompt"))
            request->prompt_bytes += part.value.bytes;
    }
    if (result == TG_MULTIPART_BAD)
        *error = (struct tg_client_error){.code = TG_ERROR_INVALID_FORM, .words = {tg_text_of(multipart.problem)}};
    else if (error->code == TG_ERROR_NONE && request->model.bytes == 0)
        *error = (struct tg_client_error){
            .code = TG_ERROR_MISSING_PARAMETER, .param = tg_text_of("model"), .words = {tg_text_of("model")}};
    return error->code == TG_ERROR_NONE;
}

/* ---- editing ---- */

void operations_edit(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                     const struct tg_request_target *target, struct tg_body *edited)
{
    struct tg_edits edits;
    edits.count = 0;
    tg_edits_model(arena, request, target, &edits);
    tg_edits_rules(arena, request, target, &edits);
    tg_edits_apply(&edits, body, edited);
}

void operations_edit_form(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                          const struct tg_request_target *target, struct tg_body *edited)
{
    struct tg_edits edits;
    struct tg_text name = target->upstream_model;
    if (request->marks.members != NULL) { /* JSON */
        operations_edit(arena, body, request, target, edited);
        return;
    }
    edits.count = 0;
    if (name.bytes != 0 && request->marks.model.bytes != 0 && !tg_text_equals(name, request->model))
        tg_edits_add(&edits, request->marks.model, name);
    tg_edits_apply(&edits, body, edited);
}
