#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/responses/internal.h"

/* One turn while it is written: content parts in a row share a message item, which is open meanwhile. */
struct turn_writing {
    struct tg_responses_writing *writing;
    const struct tg_turn *turn;
    size_t part; /* its index, for messages to people */
    bool is_message_open;
};

static void lose(struct turn_writing *at, const char *member, enum tg_loss_weight weight)
{
    tg_loss_add(
        at->writing->loss,
        tg_arena_printf(at->writing->arena, "%.*s.content[%zu]%s", TG_TEXT_ARG(at->turn->path), at->part, member),
        weight);
}

static void write_type(struct tg_json_writer *json, const char *type)
{
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of(type));
}

static const char *role_name(enum tg_role role)
{
    switch (role) {
    case TG_ROLE_SYSTEM:
        return "system";
    case TG_ROLE_DEVELOPER:
        return "developer";
    case TG_ROLE_USER:
        return "user";
    case TG_ROLE_ASSISTANT:
        break;
    }
    return "assistant";
}

static void open_message(struct turn_writing *at)
{
    struct tg_json_writer *json = &at->writing->json;
    if (at->is_message_open)
        return;
    at->is_message_open = true;
    tg_json_write_object_begin(json);
    write_type(json, "message");
    tg_json_write_key(json, "role");
    tg_json_write_string(json, tg_text_of(role_name(at->turn->role)));
    tg_json_write_key(json, "content");
    tg_json_write_array_begin(json);
}

static void close_message(struct turn_writing *at)
{
    struct tg_json_writer *json = &at->writing->json;
    if (!at->is_message_open)
        return;
    at->is_message_open = false;
    tg_json_write_array_end(json);
    tg_json_write_object_end(json);
}

/* ---- content ---- */

/* Breakpoints for caches: only a client of OpenAI's knows that the model has them; elsewhere its caches work unasked.
 */
static void write_breakpoint(struct turn_writing *at, const struct tg_part *part)
{
    enum tg_dialect_id dialect = at->writing->request->dialect;
    if (part->cache == TG_CACHE_NO_MARK || (dialect != TG_DIALECT_RESPONSES && dialect != TG_DIALECT_CHAT))
        return;
    tg_json_write_key(&at->writing->json, "prompt_cache_breakpoint");
    tg_json_write_object_begin(&at->writing->json);
    tg_json_write_key(&at->writing->json, "mode");
    tg_json_write_string(&at->writing->json, tg_text_of("explicit"));
    tg_json_write_object_end(&at->writing->json);
}

static void write_text(struct turn_writing *at, const struct tg_part *part, struct tg_json_string text, bool is_input)
{
    struct tg_json_writer *json = &at->writing->json;
    tg_json_write_object_begin(json);
    write_type(json, is_input ? "input_text" : "output_text");
    tg_json_write_key(json, "text");
    tg_json_write_written(json, text);
    if (!is_input && at->writing->is_own && part->citations.bytes != 0) {
        tg_json_write_key(json, "annotations");
        tg_json_write_raw(json, part->citations);
    }
    write_breakpoint(at, part);
    tg_json_write_object_end(json);
}

/* {"key":"data:image/png;base64,…"} */
static void write_data_url(struct turn_writing *at, const char *key, const struct tg_media *media,
                           const char *default_type)
{
    struct tg_json_string type = media->media_type;
    if (tg_json_string_is_empty(type))
        type = tg_json_string_literal(default_type);
    tg_json_write_key(&at->writing->json, key);
    tg_json_write_quoted(&at->writing->json,
                         tg_arena_printf(at->writing->arena, "data:%.*s;base64,%.*s", TG_TEXT_ARG(type.written),
                                         TG_TEXT_ARG(media->data.written)));
}

/* A file's id means something to its own provider only. */
static bool knows_file_ids(const struct turn_writing *at)
{
    enum tg_dialect_id dialect = at->writing->request->dialect;
    return dialect == TG_DIALECT_RESPONSES || dialect == TG_DIALECT_CHAT;
}

static void write_image(struct turn_writing *at, const struct tg_part *part)
{
    struct tg_json_writer *json = &at->writing->json;
    const struct tg_media *media = part->media;
    if (media->source == TG_MEDIA_TEXT || (media->source == TG_MEDIA_FILE_ID && !knows_file_ids(at))) {
        lose(at, "", TG_LOSS_MEANING);
        return;
    }
    tg_json_write_object_begin(json);
    write_type(json, "input_image");
    if (media->source == TG_MEDIA_BASE64)
        write_data_url(at, "image_url", media, "image/png");
    else
        tg_responses_write_string(json, media->source == TG_MEDIA_URL ? "image_url" : "file_id", media->data);
    tg_responses_write_string(json, "detail", media->detail);
    write_breakpoint(at, part);
    tg_json_write_object_end(json);
}

static void write_file(struct turn_writing *at, const struct tg_part *part)
{
    struct tg_json_writer *json = &at->writing->json;
    const struct tg_media *media = part->media;
    if (media->source == TG_MEDIA_FILE_ID && !knows_file_ids(at)) {
        lose(at, "", TG_LOSS_MEANING);
        return;
    }
    if (!tg_json_string_is_empty(media->context))
        lose(at, ".context", TG_LOSS_MEANING);
    if (media->wants_citations)
        lose(at, ".citations", TG_LOSS_HARMLESS);
    if (media->source == TG_MEDIA_TEXT) {
        write_text(at, part, media->data, true);
        return;
    }
    tg_json_write_object_begin(json);
    write_type(json, "input_file");
    if (media->source == TG_MEDIA_BASE64) {
        tg_responses_write_string(json, "filename",
                                  tg_json_string_is_empty(media->title) ? tg_json_string_literal("document.pdf")
                                                                        : media->title);
        write_data_url(at, "file_data", media, "application/pdf");
    } else {
        tg_responses_write_string(json, media->source == TG_MEDIA_URL ? "file_url" : "file_id", media->data);
    }
    write_breakpoint(at, part);
    tg_json_write_object_end(json);
}

/* OpenAI's responses hear nothing yet, though the SDKs have a type for it: only who says it in this dialect may. */
static void write_audio(struct turn_writing *at, const struct tg_part *part)
{
    struct tg_json_writer *json = &at->writing->json;
    struct tg_text type = part->media->media_type.written;
    const char *slash = type.bytes == 0 ? NULL : memchr(type.data, '/', type.bytes);
    if (!at->writing->is_own || slash == NULL) {
        lose(at, "", TG_LOSS_MEANING);
        return;
    }
    tg_json_write_object_begin(json);
    write_type(json, "input_audio");
    tg_json_write_key(json, "input_audio");
    tg_json_write_object_begin(json);
    tg_responses_write_string(json, "data", part->media->data);
    tg_responses_write_string(json, "format",
                              tg_json_string(tg_text(slash + 1, (size_t)(type.data + type.bytes - slash - 1))));
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

/* A part of a message's or a result's content. */
static void write_content(struct turn_writing *at, const struct tg_part *part)
{
    struct tg_json_writer *json = &at->writing->json;
    bool is_input = at->turn->role != TG_ROLE_ASSISTANT;
    switch (part->kind) {
    case TG_PART_TEXT:
        write_text(at, part, part->text, is_input);
        break;
    case TG_PART_REFUSAL:
        tg_json_write_object_begin(json);
        write_type(json, "refusal");
        tg_json_write_key(json, "refusal");
        tg_json_write_written(json, part->text);
        tg_json_write_object_end(json);
        break;
    case TG_PART_IMAGE:
        write_image(at, part);
        break;
    case TG_PART_DOCUMENT:
        write_file(at, part);
        break;
    case TG_PART_AUDIO:
        write_audio(at, part);
        break;
    default:
        if (at->writing->is_own && part->raw.bytes != 0)
            tg_json_write_raw(json, part->raw);
        else
            lose(at, "", TG_LOSS_MEANING);
        break;
    }
}

/* ---- items ---- */

static void write_call(struct turn_writing *at, const struct tg_part *part)
{
    struct tg_json_writer *json = &at->writing->json;
    const struct tg_tool *tool = tg_request_tool(at->writing->request, part->name);
    bool is_freeform = tool != NULL && tool->kind == TG_TOOL_FREEFORM;
    if (at->writing->is_own && part->raw.bytes != 0) { /* in a namespace, or of the built-in shell */
        tg_json_write_raw(json, part->raw);
        return;
    }
    tg_json_write_object_begin(json);
    write_type(json, is_freeform ? "custom_tool_call" : "function_call");
    tg_json_write_key(json, "call_id");
    tg_json_write_written(json, part->call_id);
    tg_json_write_key(json, "name");
    tg_json_write_written(json, part->name);
    tg_json_write_key(json, is_freeform ? "input" : "arguments");
    if (is_freeform) {
        tg_json_write_written(json, tg_freeform_unwrap(at->writing->arena, &part->arguments));
    } else {
        struct tg_json_string arguments = tg_arguments_string(at->writing->arena, &part->arguments);
        tg_json_write_written(json, tg_json_string_is_empty(arguments) ? tg_json_string_literal("{}") : arguments);
    }
    tg_json_write_object_end(json);
}

static bool is_freeform_call(const struct tg_responses_writing *writing, struct tg_json_string call_id)
{
    const struct tg_tool *tool = writing->request->tools;
    while (tool != NULL && tool->kind != TG_TOOL_FREEFORM)
        tool = tool->next;
    if (tool == NULL) /* nearly always: then no history is searched */
        return false;
    tool = tg_request_tool(writing->request, tg_request_called_name(writing->request, call_id));
    return tool != NULL && tool->kind == TG_TOOL_FREEFORM;
}

static void write_result(struct turn_writing *at, const struct tg_part *part)
{
    struct tg_json_writer *json = &at->writing->json;
    const struct tg_part *content = part->content;
    if (at->writing->is_own && part->raw.bytes != 0) {
        tg_json_write_raw(json, part->raw);
        return;
    }
    if (part->is_error) /* the text itself says what went wrong */
        lose(at, ".is_error", TG_LOSS_HARMLESS);
    tg_json_write_object_begin(json);
    write_type(json, is_freeform_call(at->writing, part->call_id) ? "custom_tool_call_output" : "function_call_output");
    tg_json_write_key(json, "call_id");
    tg_json_write_written(json, part->call_id);
    tg_json_write_key(json, "output");
    if (content == NULL) {
        tg_json_write_string(json, tg_text_of(""));
    } else if (content->kind == TG_PART_TEXT && content->next == NULL) {
        tg_json_write_written(json, content->text);
    } else {
        tg_json_write_array_begin(json);
        for (; content != NULL; content = content->next)
            write_content(at, content);
        tg_json_write_array_end(json);
    }
    tg_json_write_object_end(json);
}

/* Only what OpenAI encrypted itself means anything to it; it may be sent without its text. */
static void write_reasoning(struct turn_writing *at, const struct tg_part *part)
{
    struct tg_json_writer *json = &at->writing->json;
    tg_json_write_object_begin(json);
    write_type(json, "reasoning");
    tg_json_write_key(json, "summary");
    tg_json_write_array_begin(json);
    if (!tg_json_string_is_empty(part->text)) {
        tg_json_write_object_begin(json);
        write_type(json, "summary_text");
        tg_json_write_key(json, "text");
        tg_json_write_written(json, part->text);
        tg_json_write_object_end(json);
    }
    tg_json_write_array_end(json);
    tg_json_write_key(json, "encrypted_content");
    tg_json_write_written(json, part->signature);
    tg_json_write_object_end(json);
}

static bool is_of_own_origin(const struct tg_part *part)
{
    return part->signature_origin == TG_DIALECT_RESPONSES && !tg_json_string_is_empty(part->signature);
}

/* An opaque part that stands for a whole item of `input`, not for content of a message. */
static bool is_own_item(const struct turn_writing *at, const struct tg_part *part)
{
    return at->writing->is_own && part->kind == TG_PART_OTHER && part->is_item;
}

static void write_part(struct turn_writing *at, const struct tg_part *part)
{
    switch (part->kind) {
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
        if (!is_of_own_origin(part))
            return;
        close_message(at);
        write_reasoning(at, part);
        return;
    case TG_PART_TOOL_CALL:
        close_message(at);
        write_call(at, part);
        return;
    case TG_PART_TOOL_RESULT:
        close_message(at);
        write_result(at, part);
        return;
    default:
        break;
    }
    if (is_own_item(at, part)) {
        close_message(at);
        tg_json_write_raw(&at->writing->json, part->raw);
        return;
    }
    bool is_media = part->kind == TG_PART_IMAGE || part->kind == TG_PART_DOCUMENT || part->kind == TG_PART_AUDIO;
    if (is_media && at->turn->role == TG_ROLE_ASSISTANT && !at->writing->is_own) {
        lose(at, "", TG_LOSS_MEANING); /* the assistant says text only */
        return;
    }
    open_message(at);
    write_content(at, part);
}

static void write_turn(struct tg_responses_writing *writing, const struct tg_turn *turn)
{
    struct turn_writing at = {.writing = writing, .turn = turn};
    if (!tg_json_string_is_empty(turn->name)) /* who of several people speaks */
        tg_loss_add(writing->loss, tg_arena_printf(writing->arena, "%.*s.name", TG_TEXT_ARG(turn->path)),
                    TG_LOSS_MEANING);
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next, ++at.part)
        write_part(&at, part);
    close_message(&at);
}

void tg_responses_write_turns(struct tg_responses_writing *writing)
{
    const struct tg_turn *turn = writing->request->turns;
    bool is_instruction = turn != NULL && turn->role == TG_ROLE_SYSTEM && turn->parts != NULL &&
                          turn->parts->kind == TG_PART_TEXT && turn->parts->next == NULL &&
                          turn->parts->cache == TG_CACHE_NO_MARK && tg_json_string_is_empty(turn->name);
    /* A conversation that is nothing but its instructions still needs an input. */
    bool is_said_so = writing->is_own ? is_instruction && tg_text_is(turn->path, "instructions")
                                      : is_instruction && turn->next != NULL;
    if (is_said_so) {
        if (tg_responses_write_member(writing, "instructions"))
            tg_json_write_written(&writing->json, turn->parts->text);
        turn = turn->next;
    }
    if (turn == NULL && writing->is_own)
        return;
    if (!tg_responses_write_member(writing, "input"))
        return;
    tg_json_write_array_begin(&writing->json);
    for (; turn != NULL; turn = turn->next)
        write_turn(writing, turn);
    tg_json_write_array_end(&writing->json);
}
