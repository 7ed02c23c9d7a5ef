#include "common/codec/base64.h"
#include "dataplane/dialects/gemini/gemini_internal.h"

/* A content that is begun with its first part: one without any is not said. */
struct content {
    struct gemini_writing *writing;
    const char *role; /* NULL: the parts are those of systemInstruction */
    bool is_open, has_call;
    struct tg_json_string signature; /* of the call that follows */
};

static struct tg_json_writer *begin_part(struct content *content)
{
    struct tg_json_writer *json = &content->writing->json;
    if (!content->is_open) {
        if (content->role == NULL)
            tg_json_write_key(json, "systemInstruction");
        tg_json_write_object_begin(json);
        if (content->role != NULL)
            gemini_write_member(json, "role", tg_json_string_literal(content->role));
        tg_json_write_key(json, "parts");
        tg_json_write_array_begin(json);
    }
    content->is_open = true;
    tg_json_write_object_begin(json);
    return json;
}

static void end_content(struct content *content)
{
    if (!content->is_open)
        return;
    tg_json_write_array_end(&content->writing->json);
    tg_json_write_object_end(&content->writing->json);
}

static void lose(struct content *content, const struct tg_turn *turn, enum tg_loss_weight weight)
{
    gemini_lose(content->writing, turn->path, weight);
}

static bool is_own(const struct gemini_writing *writing)
{
    return writing->request->dialect == TG_DIALECT_GEMINI;
}

/* ---- texts ---- */

static void write_text(struct content *content, const struct tg_turn *turn, const struct tg_part *part)
{
    if (tg_json_string_is_empty(part->text))
        return; /* refused by the provider, and says nothing */
    struct tg_json_writer *json = begin_part(content);
    gemini_write_member(json, "text", part->text);
    tg_json_write_object_end(json);
    if (part->citations.bytes != 0)
        lose(content, turn, TG_LOSS_HARMLESS);
}

/* Only what this maker's model signed comes back to it; the rest is not missed. */
static void write_thinking(struct content *content, const struct tg_part *part)
{
    if (part->signature_origin != TG_DIALECT_GEMINI || tg_json_string_is_empty(part->signature))
        return;
    struct tg_json_writer *json = begin_part(content);
    gemini_write_member(json, "text", part->text);
    tg_json_write_key(json, "thought");
    tg_json_write_boolean(json, true);
    gemini_write_member(json, "thoughtSignature", part->signature);
    tg_json_write_object_end(json);
}

/* See gemini_text_signature(). */
static void write_lone_signature(struct content *content, const struct tg_part *part)
{
    struct tg_json_string signature;
    if (part->signature_origin != TG_DIALECT_GEMINI || tg_json_string_is_empty(part->signature))
        return;
    if (!gemini_is_text_signature(part->signature, &signature)) {
        content->signature = part->signature;
        return;
    }
    struct tg_json_writer *json = begin_part(content);
    gemini_write_member(json, "text", GEMINI_NOTHING);
    gemini_write_member(json, "thoughtSignature", signature);
    tg_json_write_object_end(json);
}

/* ---- media ---- */

/* "inlineData" or "fileData". */
static void write_source(struct tg_json_writer *json, struct gemini_writing *writing, const struct tg_part *part)
{
    const struct tg_media *media = part->media;
    struct tg_json_string data = media->data;
    struct tg_json_string type = gemini_media_type(writing->arena, part->kind, media);
    bool is_inline = media->source == TG_MEDIA_BASE64 || media->source == TG_MEDIA_TEXT;
    if (media->source == TG_MEDIA_TEXT) {
        data = tg_json_string(tg_base64_encode(writing->arena, tg_json_string_plain(writing->arena, data)));
        type = tg_json_string_literal("text/plain");
    }
    tg_json_write_key(json, is_inline ? "inlineData" : "fileData");
    tg_json_write_object_begin(json);
    gemini_write_member(json, "mimeType", type);
    gemini_write_member(json, is_inline ? "data" : "fileUri", data);
    tg_json_write_object_end(json);
}

static bool is_sayable(const struct gemini_writing *writing, const struct tg_media *media)
{
    return media->source != TG_MEDIA_FILE_ID || is_own(writing); /* one provider's files are unknown to the others */
}

static void write_media(struct content *content, const struct tg_turn *turn, const struct tg_part *part)
{
    const struct tg_media *media = part->media;
    if (!is_sayable(content->writing, media)) {
        lose(content, turn, TG_LOSS_MEANING);
        return;
    }
    /* What is said about a document is a text before it. */
    if (!tg_json_string_is_empty(media->context)) {
        struct tg_json_writer *json = begin_part(content);
        gemini_write_member(json, "text", media->context);
        tg_json_write_object_end(json);
    }
    struct tg_json_writer *json = begin_part(content);
    write_source(json, content->writing, part);
    if (!tg_json_string_is_empty(content->signature))
        gemini_write_member(json, "thoughtSignature", content->signature);
    content->signature = GEMINI_NOTHING;
    tg_json_write_object_end(json);
    bool has_detail = !tg_json_string_is_empty(media->detail) && !tg_json_string_is(media->detail, "auto");
    if (has_detail || media->wants_citations || !tg_json_string_is_empty(media->title))
        lose(content, turn, TG_LOSS_HARMLESS);
}

/* ---- tools ---- */

static void refuse(struct content *content, const struct tg_turn *turn, const char *wanted)
{
    struct tg_client_error *error = content->writing->error;
    if (error->code == TG_ERROR_NONE)
        *error = (struct tg_client_error){
            .code = TG_ERROR_INVALID_VALUE, .param = turn->path, .words = {turn->path, tg_text_of(wanted)}};
}

/* https://ai.google.dev/gemini-api/docs/thought-signatures (FAQ): what stands for the signature of a call that another
 * model made. It is needed on the first of a content's calls. */
static const char UNSIGNED[] = "skip_thought_signature_validator";

static void write_call(struct content *content, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_text args;
    if (!tg_arguments_value(content->writing->arena, &part->arguments, &args)) {
        refuse(content, turn, "a message whose tool calls have JSON objects for arguments");
        return;
    }
    struct tg_json_writer *json = begin_part(content);
    tg_json_write_key(json, "functionCall");
    tg_json_write_object_begin(json);
    if (!tg_json_string_is_empty(part->call_id))
        gemini_write_member(json, "id", part->call_id);
    gemini_write_member(json, "name", part->name);
    tg_json_write_key(json, "args");
    tg_json_write_raw(json, args);
    tg_json_write_object_end(json);
    if (!tg_json_string_is_empty(content->signature))
        gemini_write_member(json, "thoughtSignature", content->signature);
    else if (!content->has_call && content->writing->model.wants_signatures)
        gemini_write_member(json, "thoughtSignature", tg_json_string_literal(UNSIGNED));
    content->signature = GEMINI_NOTHING;
    content->has_call = true;
    tg_json_write_object_end(json);
}

static bool is_media(const struct tg_part *part)
{
    return part->kind == TG_PART_IMAGE || part->kind == TG_PART_AUDIO || part->kind == TG_PART_VIDEO ||
           part->kind == TG_PART_DOCUMENT;
}

/* The texts of a result as one. */
static struct tg_json_string result_text(struct content *content, const struct tg_turn *turn,
                                         const struct tg_part *result)
{
    struct tg_growing text = {NULL};
    for (const struct tg_part *part = result->content; part != NULL; part = part->next) {
        enum tg_status status = TG_OK;
        bool is_text = part->kind == TG_PART_TEXT || part->kind == TG_PART_REFUSAL;
        if (is_text && text.bytes != 0)
            status = tg_growing_append(&text, content->writing->arena, tg_text_of("\\n"));
        if (is_text && status == TG_OK)
            status = tg_growing_append(&text, content->writing->arena, part->text.written);
        if ((!is_text && !is_media(part)) || status != TG_OK)
            lose(content, turn, TG_LOSS_MEANING);
    }
    return tg_json_string(tg_growing_text(&text));
}

static void write_result_media(struct content *content, const struct tg_turn *turn, const struct tg_part *result)
{
    struct tg_json_writer *json = &content->writing->json;
    bool is_open = false;
    for (const struct tg_part *part = result->content; part != NULL; part = part->next) {
        if (!is_media(part))
            continue;
        if (!is_sayable(content->writing, part->media)) {
            lose(content, turn, TG_LOSS_MEANING);
            continue;
        }
        if (!is_open) {
            tg_json_write_key(json, "parts");
            tg_json_write_array_begin(json);
        }
        is_open = true;
        tg_json_write_object_begin(json);
        write_source(json, content->writing, part);
        tg_json_write_object_end(json);
    }
    if (is_open)
        tg_json_write_array_end(json);
}

/* https://ai.google.dev/api/caching#FunctionResponse: "output" is what the function says, "error" why it failed. */
static void write_result(struct content *content, const struct tg_turn *turn, const struct tg_part *part)
{
    struct gemini_writing *writing = content->writing;
    struct tg_json_string name = part->name;
    if (tg_json_string_is_empty(name))
        name = tg_request_called_name(writing->request, part->call_id);
    if (tg_json_string_is_empty(name)) {
        refuse(content, turn, "a message whose tool results answer calls in the messages before");
        return;
    }
    struct tg_json_string text = result_text(content, turn, part);
    struct tg_json_writer *json = begin_part(content);
    tg_json_write_key(json, "functionResponse");
    tg_json_write_object_begin(json);
    if (!tg_json_string_is_empty(part->call_id))
        gemini_write_member(json, "id", part->call_id);
    gemini_write_member(json, "name", name);
    tg_json_write_key(json, "response");
    tg_json_write_object_begin(json);
    gemini_write_member(json, part->is_error ? "error" : "output", text);
    tg_json_write_object_end(json);
    if (writing->model.takes_media_in_responses)
        write_result_media(content, turn, part);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

/* Earlier models see a result's pictures beside the response. */
static void write_media_beside(struct content *content, const struct tg_turn *turn, const struct tg_part *result)
{
    if (content->writing->model.takes_media_in_responses)
        return;
    for (const struct tg_part *part = result->content; part != NULL; part = part->next)
        if (is_media(part))
            write_media(content, turn, part);
}

/* ---- parts ---- */

/* As it came: an object of its own dialect. */
static void write_opaque(struct content *content, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_text raw = part->raw;
    if (!is_own(content->writing) || raw.bytes < 2 || raw.data[0] != '{') {
        lose(content, turn, TG_LOSS_MEANING);
        return;
    }
    struct tg_json_writer *json = begin_part(content);
    tg_json_write_raw(json, tg_text(raw.data + 1, raw.bytes - 2)); /* its members */
    tg_json_write_object_end(json);
}

static void write_part(struct content *content, const struct tg_turn *turn, const struct tg_part *part)
{
    switch (part->kind) {
    case TG_PART_TEXT:
    case TG_PART_REFUSAL:
        write_text(content, turn, part);
        break;
    case TG_PART_THINKING:
        write_thinking(content, part);
        break;
    case TG_PART_REDACTED_THINKING:
        write_lone_signature(content, part);
        break;
    case TG_PART_IMAGE:
    case TG_PART_AUDIO:
    case TG_PART_VIDEO:
    case TG_PART_DOCUMENT:
        write_media(content, turn, part);
        break;
    case TG_PART_TOOL_CALL:
        write_call(content, turn, part);
        break;
    case TG_PART_TOOL_RESULT:
        break; /* they come first in a content */
    case TG_PART_OTHER:
        write_opaque(content, turn, part);
        break;
    }
}

/* ---- turns ---- */

static bool is_system(const struct tg_turn *turn)
{
    return turn->role == TG_ROLE_SYSTEM || turn->role == TG_ROLE_DEVELOPER;
}

/* All of them go to the front: what a later one says, it says with the same authority. */
static void write_system(struct gemini_writing *writing)
{
    struct content content = {.writing = writing};
    bool is_late = false;
    for (const struct tg_turn *turn = writing->request->turns; turn != NULL; turn = turn->next) {
        is_late = is_late || !is_system(turn);
        if (!is_system(turn))
            continue;
        for (const struct tg_part *part = turn->parts; part != NULL; part = part->next)
            write_part(&content, turn, part);
        if (is_late)
            lose(&content, turn, TG_LOSS_HARMLESS);
    }
    end_content(&content);
}

static void write_turn(struct content *content, const struct tg_turn *turn)
{
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next)
        write_part(content, turn, part);
    if (!tg_json_string_is_empty(turn->name))
        gemini_lose(content->writing, tg_arena_printf(content->writing->arena, "%.*s.name", TG_TEXT_ARG(turn->path)),
                    TG_LOSS_HARMLESS);
}

static void write_results(struct content *content, const struct tg_turn *begin, const struct tg_turn *end,
                          bool is_media)
{
    for (const struct tg_turn *turn = begin; turn != end; turn = turn->next)
        for (const struct tg_part *part = turn->parts; part != NULL; part = part->next) {
            if (part->kind != TG_PART_TOOL_RESULT)
                continue;
            if (is_media)
                write_media_beside(content, turn, part);
            else
                write_result(content, turn, part);
        }
}

/* Turns of one side in a row are one content, in which the responses to functions come first and all together. */
void gemini_write_contents(struct gemini_writing *writing)
{
    const struct tg_turn *turn = writing->request->turns;
    write_system(writing);
    tg_json_write_key(&writing->json, "contents");
    tg_json_write_array_begin(&writing->json);
    while (turn != NULL) {
        const struct tg_turn *begin = turn;
        bool is_model = turn->role == TG_ROLE_ASSISTANT;
        struct content content = {.writing = writing, .role = is_model ? "model" : "user"};
        while (turn != NULL && ((turn->role == TG_ROLE_ASSISTANT) == is_model || turn->parts == NULL))
            turn = turn->next;
        write_results(&content, begin, turn, false);
        write_results(&content, begin, turn, true);
        for (const struct tg_turn *at = begin; at != turn; at = at->next)
            if (!is_system(at))
                write_turn(&content, at);
        end_content(&content);
    }
    tg_json_write_array_end(&writing->json);
}
