#include "dataplane/dialects/converse/converse_internal.h"

/* A message that is begun with its first block: one without any is not said. */
struct message {
    struct tg_converse_writing *writing;
    const char *role; /* NULL: the blocks are those of `system` */
    bool is_open;
};

static struct tg_json_writer *begin_block(struct message *message)
{
    struct tg_json_writer *json = &message->writing->json;
    if (!message->is_open && message->role != NULL) {
        tg_json_write_object_begin(json);
        tg_converse_write_member(json, "role", tg_json_string_literal(message->role));
    }
    if (!message->is_open) {
        tg_json_write_key(json, message->role == NULL ? "system" : "content");
        tg_json_write_array_begin(json);
    }
    message->is_open = true;
    tg_json_write_object_begin(json);
    return json;
}

static void end_message(struct message *message)
{
    if (!message->is_open)
        return;
    tg_json_write_array_end(&message->writing->json);
    if (message->role != NULL)
        tg_json_write_object_end(&message->writing->json);
}

static void lose(struct message *message, const struct tg_turn *turn, enum tg_loss_weight weight)
{
    tg_loss_add(message->writing->loss, turn->path, weight);
}

void tg_converse_write_cache(struct tg_json_writer *json, enum tg_cache_mark cache)
{
    if (cache == TG_CACHE_NO_MARK)
        return;
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "cachePoint");
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "type", tg_json_string_literal("default"));
    if (cache == TG_CACHE_MARK_1H)
        tg_converse_write_member(json, "ttl", tg_json_string_literal("1h"));
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

/* ---- media ---- */

static const char *format_of(const struct tg_part *part)
{
    static const struct {
        const char *begin, *format;
    } rows[] = {{"/9j/", "jpeg"}, {"iVBORw0KGgo", "png"}, {"R0lGOD", "gif"}, {"UklGR", "webp"}, {"JVBERi0", "pdf"}};
    const struct tg_media *media = part->media;
    if (!tg_json_string_is_empty(media->media_type))
        return tg_converse_format(part->kind, media->media_type);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (tg_text_starts_with(media->data.written, rows[i].begin) &&
            (tg_text_is(tg_text_of(rows[i].format), "pdf") == (part->kind == TG_PART_DOCUMENT)))
            return rows[i].format;
    return NULL;
}

/* Bedrock takes letters, digits, single spaces, hyphens, brackets and parentheses, 200 at most. */
static struct tg_text document_name(struct tg_converse_writing *writing, struct tg_json_string title)
{
    struct tg_text plain = tg_json_string_plain(writing->arena, title);
    char *name = tg_arena_alloc(writing->arena, plain.bytes + 1);
    size_t bytes = 0;
    ++writing->documents;
    for (size_t i = 0; i < plain.bytes && bytes < 200; ++i) {
        char c = plain.data[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c != '\0' && strchr("-()[]", c) != NULL);
        if (is_plain)
            name[bytes++] = c;
        else if (bytes != 0 && name[bytes - 1] != ' ')
            name[bytes++] = ' ';
    }
    while (bytes != 0 && name[bytes - 1] == ' ')
        --bytes;
    return bytes != 0 ? tg_text(name, bytes) : tg_arena_printf(writing->arena, "Document %u", writing->documents);
}

static const char *member_of(enum tg_part_kind kind)
{
    return kind == TG_PART_IMAGE      ? "image"
           : kind == TG_PART_DOCUMENT ? "document"
           : kind == TG_PART_VIDEO    ? "video"
                                      : "audio";
}

/* The octets as base64, or the place in S3; false if this dialect has no way to hand them over. */
static bool find_source(struct message *message, const struct tg_part *part, const char **format,
                        struct tg_json_string *bytes, struct tg_json_string *place)
{
    const struct tg_media *media = part->media;
    struct tg_arena *arena = message->writing->arena;
    *format = format_of(part);
    *bytes = *place = tg_json_string(tg_text(NULL, 0));
    if (media->source == TG_MEDIA_TEXT && part->kind == TG_PART_DOCUMENT) {
        *format = *format == NULL ? "txt" : *format;
        *bytes = tg_json_string(tg_base64_encode(arena, tg_json_string_plain(arena, media->data)));
        return true;
    }
    if (*format == NULL)
        return false;
    if (media->source == TG_MEDIA_BASE64)
        *bytes = media->data;
    else if ((media->source == TG_MEDIA_FILE_ID && tg_converse_is_own(message->writing)) ||
             (media->source == TG_MEDIA_URL && tg_text_starts_with(media->data.written, "s3://")))
        *place = media->data;
    else
        return false;
    return true;
}

static void write_media(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    const struct tg_media *media = part->media;
    const char *format;
    struct tg_json_string bytes, place;
    if (!find_source(message, part, &format, &bytes, &place)) {
        lose(message, turn, TG_LOSS_MEANING);
        return;
    }
    struct tg_json_writer *json = begin_block(message);
    tg_json_write_key(json, member_of(part->kind));
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "format", tg_json_string_literal(format));
    if (part->kind == TG_PART_DOCUMENT) {
        tg_json_write_key(json, "name");
        tg_json_write_string(json, document_name(message->writing, media->title));
    }
    tg_json_write_key(json, "source");
    tg_json_write_object_begin(json);
    if (tg_json_string_is_empty(place)) {
        tg_converse_write_member(json, "bytes", bytes);
    } else {
        tg_json_write_key(json, "s3Location");
        tg_json_write_object_begin(json);
        tg_converse_write_member(json, "uri", place);
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
    if (part->kind == TG_PART_DOCUMENT && !tg_json_string_is_empty(media->context))
        tg_converse_write_member(json, "context", media->context);
    if (part->kind == TG_PART_DOCUMENT && media->wants_citations) {
        tg_json_write_key(json, "citations");
        tg_json_write_raw(json, tg_text_of("{\"enabled\":true}"));
    }
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
    if (!tg_json_string_is_empty(media->detail) && !tg_json_string_is(media->detail, "auto"))
        lose(message, turn, TG_LOSS_HARMLESS);
}

/* ---- tools ---- */

/* Where a dialect has no ids, the first result answers the first call, and so on. */
static struct tg_json_string call_id(struct tg_converse_writing *writing, struct tg_json_string id, unsigned *unnamed)
{
    if (!tg_json_string_is_empty(id))
        return tg_converse_tool_id(writing->arena, id);
    return tg_json_string(tg_arena_printf(writing->arena, "tooluse_%u", ++*unnamed));
}

static void write_call(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_converse_writing *writing = message->writing;
    struct tg_text input;
    if (!tg_arguments_value(writing->arena, &part->arguments, &input)) {
        if (writing->error->code == TG_ERROR_NONE)
            *writing->error = (struct tg_client_error){
                .code = TG_ERROR_INVALID_VALUE,
                .param = turn->path,
                .words = {turn->path, tg_text_of("a message whose tool calls have JSON objects for arguments")}};
        return;
    }
    struct tg_json_writer *json = begin_block(message);
    tg_json_write_key(json, "toolUse");
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "toolUseId", call_id(writing, part->call_id, &writing->unnamed_calls));
    tg_converse_write_member(json, "name", part->name);
    tg_json_write_key(json, "input");
    tg_json_write_raw(json, input);
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

static void write_part(struct message *message, const struct tg_turn *turn, const struct tg_part *part);

static void write_result(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_converse_writing *writing = message->writing;
    struct tg_json_writer *json = begin_block(message);
    tg_json_write_key(json, "toolResult");
    tg_json_write_object_begin(json);
    tg_converse_write_member(json, "toolUseId", call_id(writing, part->call_id, &writing->unnamed_results));
    tg_json_write_key(json, "content");
    tg_json_write_array_begin(json);
    struct message content = {writing, "", true};
    for (const struct tg_part *at = part->content; at != NULL; at = at->next)
        write_part(&content, turn, at);
    tg_json_write_array_end(json);
    if (part->is_error)
        tg_converse_write_member(json, "status", tg_json_string_literal("error"));
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

/* ---- parts ---- */

/* Bedrock refuses text that is nothing but white space. */
static bool is_blank(struct tg_json_string text)
{
    const char *at = text.written.data, *end = at + text.written.bytes;
    while (at != end && (*at == ' ' || (*at == '\\' && end - at > 1 && memchr("ntr", at[1], 3) != NULL)))
        at += *at == ' ' ? 1 : 2;
    return at == end;
}

static void write_text(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    if (tg_json_string_is_empty(part->text) || is_blank(part->text))
        return;
    struct tg_json_writer *json = begin_block(message);
    tg_converse_write_member(json, "text", part->text);
    tg_json_write_object_end(json);
    if (part->citations.bytes != 0)
        lose(message, turn, TG_LOSS_HARMLESS);
}

/* Only what came from here comes back; the rest would be refused, and is not missed. Some models sign nothing. */
static void write_thinking(struct message *message, const struct tg_part *part)
{
    bool is_redacted = part->kind == TG_PART_REDACTED_THINKING;
    if (part->signature_origin != TG_DIALECT_CONVERSE || (tg_json_string_is_empty(part->signature) && is_redacted) ||
        (tg_json_string_is_empty(part->signature) && !tg_converse_is_own(message->writing)))
        return;
    struct tg_json_writer *json = begin_block(message);
    tg_json_write_key(json, "reasoningContent");
    tg_json_write_object_begin(json);
    if (is_redacted) {
        tg_converse_write_member(json, "redactedContent", part->signature);
    } else {
        tg_json_write_key(json, "reasoningText");
        tg_json_write_object_begin(json);
        tg_converse_write_member(json, "text", part->text);
        if (!tg_json_string_is_empty(part->signature))
            tg_converse_write_member(json, "signature", part->signature);
        tg_json_write_object_end(json);
    }
    tg_json_write_object_end(json);
    tg_json_write_object_end(json);
}

/* As it came: an object with one member, of its own dialect. */
static void write_opaque(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    if (!tg_converse_is_own(message->writing) || part->raw.bytes == 0 || part->raw.data[0] != '{') {
        lose(message, turn, TG_LOSS_MEANING);
        return;
    }
    struct tg_json_writer *json = begin_block(message);
    tg_json_scan_init(&scan, part->raw);
    if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN) {
        while (tg_json_scan_next_in(&scan, &root, &member)) {
            tg_json_write_key_text(json, tg_json_unescape(message->writing->arena, member.key));
            if (!tg_json_scan_skip(&scan, &member))
                break;
            if (member.kind == TG_JSON_STRING)
                tg_json_write_quoted(json, member.value);
            else
                tg_json_write_raw(json, member.value);
        }
    }
    tg_json_write_object_end(json);
}

static void write_part(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    switch (part->kind) {
    case TG_PART_TEXT:
    case TG_PART_REFUSAL:
        write_text(message, turn, part);
        break;
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
        write_thinking(message, part);
        break;
    case TG_PART_IMAGE:
    case TG_PART_DOCUMENT:
    case TG_PART_VIDEO:
    case TG_PART_AUDIO:
        if (part->media == NULL)
            lose(message, turn, TG_LOSS_MEANING);
        else
            write_media(message, turn, part);
        break;
    case TG_PART_TOOL_CALL:
        write_call(message, turn, part);
        break;
    case TG_PART_TOOL_RESULT:
        write_result(message, turn, part);
        break;
    case TG_PART_OTHER:
        write_opaque(message, turn, part);
        break;
    }
}

/* A place in the cache is a block of its own, behind the one that is marked; inside a tool's result there is none. */
static void write_marked(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    write_part(message, turn, part);
    if (message->is_open)
        tg_converse_write_cache(&message->writing->json, part->cache);
}

/* ---- turns ---- */

static bool is_system(const struct tg_turn *turn)
{
    return turn->role == TG_ROLE_SYSTEM || turn->role == TG_ROLE_DEVELOPER;
}

/* There is one system prompt: later turns move into it, the same words with the same authority, which is why that
 * counts as harmless. */
void tg_converse_write_system(struct tg_converse_writing *writing)
{
    struct message message = {writing, NULL, false};
    bool is_late = false;
    for (const struct tg_turn *turn = writing->request->turns; turn != NULL; turn = turn->next) {
        if (!is_system(turn)) {
            is_late = true;
            continue;
        }
        for (const struct tg_part *part = turn->parts; part != NULL; part = part->next) {
            if (part->kind == TG_PART_TEXT || (part->kind == TG_PART_OTHER && tg_converse_is_own(writing)))
                write_marked(&message, turn, part);
            else
                lose(&message, turn, TG_LOSS_MEANING);
        }
        if (is_late)
            lose(&message, turn, TG_LOSS_HARMLESS);
    }
    end_message(&message);
}

static void write_parts(struct message *message, const struct tg_turn *turn, bool is_result)
{
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next)
        if ((part->kind == TG_PART_TOOL_RESULT) == is_result)
            write_marked(message, turn, part);
    if (!is_result && !tg_json_string_is_empty(turn->name))
        tg_loss_add(message->writing->loss,
                    tg_arena_printf(message->writing->arena, "%.*s.name", TG_TEXT_ARG(turn->path)), TG_LOSS_HARMLESS);
}

/* Turns of one role become one, a tool's results first. */
void tg_converse_write_turns(struct tg_converse_writing *writing)
{
    const struct tg_turn *turn = writing->request->turns;
    tg_json_write_key(&writing->json, "messages");
    tg_json_write_array_begin(&writing->json);
    while (turn != NULL) {
        if (is_system(turn)) {
            turn = turn->next;
            continue;
        }
        const struct tg_turn *begin = turn, *end = turn;
        while (end != NULL && (end->role == begin->role || is_system(end)))
            end = end->next;
        struct message message = {writing, begin->role == TG_ROLE_ASSISTANT ? "assistant" : "user", false};
        for (int pass = 0; pass < 2; ++pass)
            for (turn = begin; turn != end; turn = turn->next)
                if (!is_system(turn))
                    write_parts(&message, turn, pass == 0);
        end_message(&message);
        turn = end;
    }
    tg_json_write_array_end(&writing->json);
}
