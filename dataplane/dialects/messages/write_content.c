#include "common/codec/base64.h"
#include "dataplane/dialects/messages/messages_internal.h"

/* A message that is begun with its first block: one without any is not said. */
struct message {
    struct tg_messages_writing *writing;
    const char *role; /* NULL: the blocks are those of `system` */
    bool is_open;
};

static void write_member(struct tg_json_writer *json, const char *key, struct tg_json_string value)
{
    tg_json_write_key(json, key);
    tg_json_write_written(json, value);
}

static struct tg_json_writer *begin_block(struct message *message)
{
    struct tg_json_writer *json = &message->writing->json;
    if (!message->is_open && message->role != NULL) {
        tg_json_write_object_begin(json);
        write_member(json, "role", tg_json_string_literal(message->role));
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

void tg_messages_write_cache(struct tg_json_writer *json, enum tg_cache_mark cache)
{
    if (cache == TG_CACHE_NO_MARK)
        return;
    tg_json_write_key(json, "cache_control");
    tg_json_write_object_begin(json);
    write_member(json, "type", tg_json_string_literal("ephemeral"));
    if (cache == TG_CACHE_MARK_1H)
        write_member(json, "ttl", tg_json_string_literal("1h"));
    tg_json_write_object_end(json);
}

/* ---- images and documents ---- */

/* By how the octets begin, where the client left it out. */
static struct tg_json_string media_type_of(const struct tg_media *media)
{
    static const struct {
        const char *begin, *type;
    } rows[] = {
        {"/9j/", "image/jpeg"},  {"iVBORw0KGgo", "image/png"},   {"R0lGOD", "image/gif"},
        {"UklGR", "image/webp"}, {"JVBERi0", "application/pdf"},
    };
    if (!tg_json_string_is_empty(media->media_type))
        return media->media_type;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (tg_text_starts_with(media->data.written, rows[i].begin))
            return tg_json_string_literal(rows[i].type);
    return media->media_type;
}

/* The source that says it; its type is empty if none does. */
struct source {
    const char *type, *key;
    struct tg_json_string data, media_type;
};

static struct source source_of(struct tg_messages_writing *writing, const struct tg_part *part)
{
    const struct tg_media *media = part->media;
    struct tg_json_string type = media_type_of(media);
    bool is_image = part->kind == TG_PART_IMAGE;
    struct tg_text octets;
    switch (media->source) {
    case TG_MEDIA_URL:
        return (struct source){"url", "url", media->data, {{NULL, 0}}};
    case TG_MEDIA_FILE_ID:
        if (tg_messages_is_own(writing)) /* the files of one provider are unknown to the others */
            return (struct source){"file", "file_id", media->data, {{NULL, 0}}};
        break;
    case TG_MEDIA_TEXT:
        if (!is_image)
            return (struct source){"text", "data", media->data, tg_json_string_literal("text/plain")};
        break;
    case TG_MEDIA_BASE64:
        if (is_image ? tg_text_starts_with(type.written, "image") : tg_json_string_is(type, "application/pdf"))
            return (struct source){"base64", "data", media->data, type};
        if (!is_image && tg_text_starts_with(type.written, "text") &&
            tg_base64_decode(writing->arena, tg_json_string_plain(writing->arena, media->data), &octets))
            return (struct source){"text", "data", tg_json_string_of(writing->arena, octets),
                                   tg_json_string_literal("text/plain")};
        break;
    }
    return (struct source){NULL, NULL, {{NULL, 0}}, {{NULL, 0}}};
}

static void write_media(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    const struct tg_media *media = part->media;
    struct source source = source_of(message->writing, part);
    bool is_image = part->kind == TG_PART_IMAGE;
    if (source.type == NULL) {
        lose(message, turn, TG_LOSS_MEANING);
        return;
    }
    struct tg_json_writer *json = begin_block(message);
    write_member(json, "type", tg_json_string_literal(is_image ? "image" : "document"));
    tg_json_write_key(json, "source");
    tg_json_write_object_begin(json);
    write_member(json, "type", tg_json_string_literal(source.type));
    if (!tg_json_string_is_empty(source.media_type))
        write_member(json, "media_type", source.media_type);
    write_member(json, source.key, source.data);
    tg_json_write_object_end(json);
    if (!is_image && !tg_json_string_is_empty(media->title))
        write_member(json, "title", media->title);
    if (!is_image && !tg_json_string_is_empty(media->context))
        write_member(json, "context", media->context);
    if (!is_image && media->wants_citations) {
        tg_json_write_key(json, "citations");
        tg_json_write_raw(json, tg_text_of("{\"enabled\":true}"));
    }
    tg_messages_write_cache(json, part->cache);
    tg_json_write_object_end(json);
    if (!tg_json_string_is_empty(media->detail) && !tg_json_string_is(media->detail, "auto"))
        lose(message, turn, TG_LOSS_HARMLESS);
}

/* ---- tools ---- */

struct tg_json_string tg_messages_tool_id(struct tg_arena *arena, struct tg_json_string id)
{
    static const char hex[] = "0123456789abcdef";
    struct tg_text plain = tg_json_string_plain(arena, id);
    char *safe = tg_arena_alloc(arena, plain.bytes * 3 + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < plain.bytes; ++i) {
        unsigned char c = (unsigned char)plain.data[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-') {
            safe[bytes++] = (char)c;
        } else {
            safe[bytes++] = '_';
            safe[bytes++] = hex[c >> 4];
            safe[bytes++] = hex[c & 15];
        }
    }
    return tg_json_string(tg_text(safe, bytes));
}

/* Where a dialect has no ids, the first result answers the first call, and so on. */
static struct tg_json_string call_id(struct tg_messages_writing *writing, struct tg_json_string id, unsigned *unnamed)
{
    if (!tg_json_string_is_empty(id))
        return tg_messages_tool_id(writing->arena, id);
    return tg_json_string(tg_arena_printf(writing->arena, "toolu_%u", ++*unnamed));
}

static void write_call(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_messages_writing *writing = message->writing;
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
    write_member(json, "type", tg_json_string_literal("tool_use"));
    write_member(json, "id", call_id(writing, part->call_id, &writing->unnamed_calls));
    write_member(json, "name", part->name);
    tg_json_write_key(json, "input");
    tg_json_write_raw(json, input);
    tg_messages_write_cache(json, part->cache);
    tg_json_write_object_end(json);
}

static void write_part(struct message *message, const struct tg_turn *turn, const struct tg_part *part);

static void write_result(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_messages_writing *writing = message->writing;
    struct tg_json_writer *json = begin_block(message);
    write_member(json, "type", tg_json_string_literal("tool_result"));
    write_member(json, "tool_use_id", call_id(writing, part->call_id, &writing->unnamed_results));
    tg_json_write_key(json, "content");
    tg_json_write_array_begin(json);
    struct message content = {writing, "", true};
    for (const struct tg_part *at = part->content; at != NULL; at = at->next)
        write_part(&content, turn, at);
    tg_json_write_array_end(json);
    if (part->is_error) {
        tg_json_write_key(json, "is_error");
        tg_json_write_boolean(json, true);
    }
    tg_messages_write_cache(json, part->cache);
    tg_json_write_object_end(json);
}

/* ---- parts ---- */

static void write_text(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    if (tg_json_string_is_empty(part->text))
        return; /* refused by the provider, and says nothing */
    struct tg_json_writer *json = begin_block(message);
    write_member(json, "type", tg_json_string_literal("text"));
    write_member(json, "text", part->text);
    if (part->citations.bytes != 0 && tg_messages_is_own(message->writing)) {
        tg_json_write_key(json, "citations");
        tg_json_write_raw(json, part->citations);
    }
    tg_messages_write_cache(json, part->cache);
    tg_json_write_object_end(json);
    if (part->citations.bytes != 0 && !tg_messages_is_own(message->writing))
        lose(message, turn, TG_LOSS_HARMLESS);
}

/* Only what this model's maker signed comes back to it; the rest would be refused, and is not missed. */
static void write_thinking(struct message *message, const struct tg_part *part)
{
    bool is_redacted = part->kind == TG_PART_REDACTED_THINKING;
    if (part->signature_origin != TG_DIALECT_MESSAGES || tg_json_string_is_empty(part->signature))
        return;
    struct tg_json_writer *json = begin_block(message);
    write_member(json, "type", tg_json_string_literal(is_redacted ? "redacted_thinking" : "thinking"));
    if (!is_redacted)
        write_member(json, "thinking", part->text);
    write_member(json, is_redacted ? "data" : "signature", part->signature);
    tg_json_write_object_end(json);
}

/* As it came: an object of its own dialect. */
static void write_opaque(struct message *message, const struct tg_turn *turn, const struct tg_part *part)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    if (!tg_messages_is_own(message->writing) || part->raw.bytes == 0 || part->raw.data[0] != '{') {
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
        if (part->raw.bytes != 0 && tg_messages_is_own(message->writing))
            write_opaque(message, turn, part); /* a tool_reference */
        else
            write_text(message, turn, part);
        break;
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
        write_thinking(message, part);
        break;
    case TG_PART_IMAGE:
    case TG_PART_DOCUMENT:
        if (part->media != NULL)
            write_media(message, turn, part);
        else
            lose(message, turn, TG_LOSS_MEANING);
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
    case TG_PART_AUDIO:
    case TG_PART_VIDEO:
        lose(message, turn, TG_LOSS_MEANING);
        break;
    }
}

/* ---- turns ---- */

static bool is_system(const struct tg_turn *turn)
{
    return turn->role == TG_ROLE_SYSTEM || turn->role == TG_ROLE_DEVELOPER;
}

static const struct tg_turn *skip_system(const struct tg_turn *turn)
{
    while (turn != NULL && is_system(turn))
        turn = turn->next;
    return turn;
}

/* Turns that become one: those of the assistant; or those of the user, and system turns between them. */
struct run {
    const struct tg_turn *begin, *end;
    bool is_assistant, has_user;
};

static struct run run_at(const struct tg_turn *turn)
{
    struct run run = {.begin = turn, .is_assistant = turn->role == TG_ROLE_ASSISTANT};
    for (; turn != NULL && (turn->role == TG_ROLE_ASSISTANT) == run.is_assistant; turn = turn->next)
        run.has_user = run.has_user || turn->role == TG_ROLE_USER;
    run.end = turn;
    return run;
}

static void write_parts(struct message *message, const struct tg_turn *turn, bool is_result)
{
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next)
        if ((part->kind == TG_PART_TOOL_RESULT) == is_result)
            write_part(message, turn, part);
    if (!is_result && !tg_json_string_is_empty(turn->name))
        tg_loss_add(message->writing->loss,
                    tg_arena_printf(message->writing->arena, "%.*s.name", TG_TEXT_ARG(turn->path)), TG_LOSS_HARMLESS);
}

/* System turns take text alone. */
static void write_system_parts(struct message *message, const struct tg_turn *turn)
{
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next) {
        if (part->kind == TG_PART_TEXT || (part->kind == TG_PART_OTHER && tg_messages_is_own(message->writing)))
            write_part(message, turn, part);
        else
            lose(message, turn, TG_LOSS_MEANING);
    }
}

/* A later system turn keeps its place behind the user's turn where the model takes it there. Elsewhere it moves to the
 * front: the same is said with the same authority, which is why it counts as harmless. */
static bool stays(const struct tg_messages_writing *writing, const struct run *run)
{
    return writing->claude.takes_late_system && run->has_user;
}

void tg_messages_write_system(struct tg_messages_writing *writing)
{
    struct message message = {writing, NULL, false};
    const struct tg_turn *turn = writing->request->turns;
    for (; turn != NULL && is_system(turn); turn = turn->next)
        write_system_parts(&message, turn);
    while (turn != NULL) {
        struct run run = run_at(turn);
        for (; turn != run.end; turn = turn->next) {
            if (!is_system(turn) || stays(writing, &run))
                continue;
            write_system_parts(&message, turn);
            tg_loss_add(writing->loss, turn->path, TG_LOSS_HARMLESS);
        }
    }
    end_message(&message);
}

void tg_messages_write_turns(struct tg_messages_writing *writing)
{
    const struct tg_turn *turn = skip_system(writing->request->turns);
    tg_json_write_key(&writing->json, "messages");
    tg_json_write_array_begin(&writing->json);
    while (turn != NULL) {
        struct run run = run_at(turn);
        struct message message = {writing, run.is_assistant ? "assistant" : "user", false};
        /* A tool's results come first in a turn (…/agents-and-tools/tool-use/implement-tool-use). */
        for (turn = run.begin; turn != run.end; turn = turn->next)
            if (!is_system(turn))
                write_parts(&message, turn, true);
        for (turn = run.begin; turn != run.end; turn = turn->next)
            if (!is_system(turn))
                write_parts(&message, turn, false);
        end_message(&message);
        for (turn = run.begin; turn != run.end; turn = turn->next) {
            struct message system = {writing, "system", false};
            if (is_system(turn) && stays(writing, &run))
                write_system_parts(&system, turn);
            end_message(&system);
        }
    }
    tg_json_write_array_end(&writing->json);
}
