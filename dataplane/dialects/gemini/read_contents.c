#include "dataplane/dialects/gemini/gemini_internal.h"

/* A call without an id, which waits for its response. */
struct gemini_call {
    struct gemini_call *next;
    struct tg_json_string name, id;
};

/* So many calls are looked at for the one that a response answers. */
enum { MAX_WAITING = 256 };

/* ---- ids: where the client gives none, calls get one, and a response that of the first unanswered call by its name
 * --- */

static struct tg_json_string call_id(struct gemini_reader *reader, const struct gemini_part *part)
{
    struct tg_arena *arena = reader->reading.arena;
    if (!tg_json_string_is_empty(part->id))
        return part->id;
    struct gemini_call *call = tg_arena_alloc(arena, sizeof(*call));
    *call = (struct gemini_call){.name = part->name,
                                 .id = tg_json_string(tg_arena_printf(arena, "call_%u", ++reader->unnamed_count))};
    if (reader->calls == NULL)
        reader->calls = call;
    else
        reader->last_call->next = call;
    reader->last_call = call;
    return call->id;
}

static struct tg_json_string response_id(struct gemini_reader *reader, const struct gemini_part *part)
{
    struct gemini_call *before = NULL, *call = reader->calls;
    if (!tg_json_string_is_empty(part->id))
        return part->id;
    for (unsigned i = 0; call != NULL && i < MAX_WAITING; ++i, before = call, call = call->next) {
        if (!tg_json_string_equals(call->name, part->name))
            continue;
        if (before == NULL)
            reader->calls = call->next;
        else
            before->next = call->next;
        if (reader->last_call == call)
            reader->last_call = before;
        return call->id;
    }
    return tg_json_string(tg_arena_printf(reader->reading.arena, "call_%u", ++reader->unnamed_count));
}

/* ---- parts ---- */

static struct tg_part *add(struct gemini_reader *reader, enum tg_part_kind kind)
{
    struct tg_reading *reading = &reader->reading;
    return tg_request_add_part(reading->arena, reading->request, &reading->tail, kind);
}

static void take_lone_signature(struct gemini_reader *reader, struct tg_json_string signature)
{
    if (tg_json_string_is_empty(signature))
        return;
    struct tg_part *thinking = add(reader, TG_PART_REDACTED_THINKING);
    thinking->signature = gemini_unpack_signature(reader->reading.arena, signature, &thinking->signature_origin);
}

/* Chats of SDKs send back an answer chunk by chunk: thoughts without a signature go on until the one that has it, as
 * their maker will compare all of the text. */
static void add_thought(struct gemini_reader *reader, struct tg_part *thinking, struct tg_json_string text)
{
    struct tg_arena *arena = reader->reading.arena;
    enum tg_status status = TG_OK;
    if (tg_json_string_is_empty(thinking->text) || tg_json_string_is_empty(text)) {
        if (tg_json_string_is_empty(thinking->text))
            thinking->text = text;
        return;
    }
    if (reader->joined_part != thinking) {
        reader->joined_part = thinking;
        reader->joined = (struct tg_growing){NULL};
        status = tg_growing_append(&reader->joined, arena, thinking->text.written);
    }
    if (status == TG_OK)
        status = tg_growing_append(&reader->joined, arena, text.written);
    if (status != TG_OK)
        reader->reading.request->untranslatable = "it has more thoughts than the gateway puts together";
    thinking->text = tg_json_string(tg_growing_text(&reader->joined));
}

static void take_thought(struct gemini_reader *reader, const struct gemini_part *part)
{
    struct tg_part *thinking = reader->reading.tail.part;
    bool goes_on =
        thinking != NULL && thinking->kind == TG_PART_THINKING && tg_json_string_is_empty(thinking->signature);
    if (!goes_on)
        thinking = add(reader, TG_PART_THINKING);
    add_thought(reader, thinking, part->text);
    thinking->signature = gemini_unpack_signature(reader->reading.arena, part->signature, &thinking->signature_origin);
}

static void take_text(struct gemini_reader *reader, const struct gemini_part *part)
{
    struct tg_arena *arena = reader->reading.arena;
    enum tg_dialect_id origin;
    if (part->is_thought) {
        take_thought(reader, part);
        return;
    }
    if (!tg_json_string_is_empty(part->text))
        add(reader, TG_PART_TEXT)->text = part->text;
    if (tg_json_string_is_empty(part->signature))
        return;
    struct tg_json_string signature = gemini_unpack_signature(arena, part->signature, &origin);
    if (origin == TG_DIALECT_GEMINI)
        signature = gemini_text_signature(arena, signature);
    struct tg_part *thinking = add(reader, TG_PART_REDACTED_THINKING);
    thinking->signature = signature;
    thinking->signature_origin = origin;
}

/* https://ai.google.dev/gemini-api/docs/files: the Files API and Cloud Storage are known to Google alone. */
static bool is_own_file(struct tg_json_string uri)
{
    return tg_text_starts_with(uri.written, "gs:") ||
           memmem(uri.written.data, uri.written.bytes, "generativelanguage.googleapis.com", 33) != NULL;
}

static void take_media(struct gemini_reader *reader, const struct gemini_part *part, struct tg_part *into)
{
    struct tg_media *media = tg_arena_calloc(reader->reading.arena, sizeof(*media));
    bool is_inline = part->kind == GEMINI_PART_INLINE;
    into->kind = tg_json_string_is_empty(part->media_type) ? TG_PART_VIDEO : gemini_media_kind(part->media_type);
    into->media = media;
    media->source = is_inline                 ? TG_MEDIA_BASE64
                    : is_own_file(part->data) ? TG_MEDIA_FILE_ID
                                              : TG_MEDIA_URL; /* without a type it is one of YouTube's films */
    media->data = part->data;
    media->media_type = part->media_type;
    media->title = part->title;
    reader->reading.request->is_beyond_text = true;
}

static void take_call(struct gemini_reader *reader, const struct gemini_part *part)
{
    take_lone_signature(reader, part->signature);
    struct tg_part *call = add(reader, TG_PART_TOOL_CALL);
    call->call_id = call_id(reader, part);
    call->name = part->name;
    call->arguments = (struct tg_arguments){.raw = part->value};
}

/* ---- what tools answer ---- */

/* {"output": "…"}, {"result": "…"} are that text; {"error": "…"} is, too, and an error; all else stays JSON. */
static struct tg_json_string text_of_response(struct tg_arena *arena, struct tg_text response, bool *is_error)
{
    struct gemini_list list;
    struct tg_json_token object, member;
    struct tg_json_string text = {{NULL, 0}};
    unsigned count = 0;
    bool is_text = false;
    gemini_list_begin(&list, response);
    if (gemini_list_next(&list, &object)) {
        while (object.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&list.scan, &object, &member)) {
            *is_error = tg_json_text_is(member.key, "error");
            is_text = member.kind == TG_JSON_STRING &&
                      (*is_error || tg_json_text_is(member.key, "output") || tg_json_text_is(member.key, "result"));
            text = tg_json_string(member.value);
            ++count;
        }
    }
    *is_error = *is_error && count == 1;
    return count == 1 && is_text ? text : tg_json_string_of(arena, response);
}

static void take_response(struct gemini_reader *reader, const struct gemini_part *part)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_part *result = add(reader, TG_PART_TOOL_RESULT);
    struct gemini_list list;
    struct tg_json_token token;
    struct gemini_part nested;
    result->call_id = response_id(reader, part);
    result->name = part->name;
    reading->tail.content = NULL;
    if (part->value.bytes != 0) {
        struct tg_json_string text = text_of_response(reading->arena, part->value, &result->is_error);
        tg_request_add_content(reading->arena, reading->request, &reading->tail, result, TG_PART_TEXT)->text = text;
    }
    gemini_list_begin(&list, part->nested);
    while (gemini_list_next(&list, &token)) {
        gemini_read_part(&list.scan, &token, &nested);
        struct tg_part *content =
            tg_request_add_content(reading->arena, reading->request, &reading->tail, result, TG_PART_OTHER);
        if (nested.kind == GEMINI_PART_INLINE || nested.kind == GEMINI_PART_FILE)
            take_media(reader, &nested, content);
        else
            content->raw = nested.raw;
    }
}

static void take_part(struct gemini_reader *reader, const struct gemini_part *part)
{
    switch (part->kind) {
    case GEMINI_PART_NONE:
    case GEMINI_PART_TEXT:
        take_text(reader, part);
        break;
    case GEMINI_PART_INLINE:
    case GEMINI_PART_FILE:
        take_lone_signature(reader, part->signature);
        take_media(reader, part, add(reader, TG_PART_OTHER));
        break;
    case GEMINI_PART_CALL:
        take_call(reader, part);
        break;
    case GEMINI_PART_RESPONSE:
        take_response(reader, part);
        break;
    case GEMINI_PART_OTHER: {
        struct tg_part *other = add(reader, TG_PART_OTHER);
        other->name = tg_json_string(part->key);
        other->raw = part->raw;
        reader->reading.request->is_beyond_text = true;
        break;
    }
    }
}

/* ---- contents ---- */

static void read_part(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct gemini_part part;
    gemini_read_part(&reader->reading.scan, token, &part);
    if (reader->reading.scan.problem == NULL) /* else nothing of it counts */
        take_part(reader, &part);
}

static void read_parts(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_json_token part;
    if (token->kind == TG_JSON_ARRAY) {
        while (tg_json_scan_next_in(&reader->reading.scan, token, &part))
            read_part(reader, &part);
    } else if (token->kind != TG_JSON_NULL) {
        read_part(reader, token);
    }
}

/* Contents of the model in a row are one turn: the chunks that an SDK sends back. The role may come behind the parts;
 * then they are in a turn of their own. */
static void read_content(struct gemini_reader *reader, const struct tg_json_token *object)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token member;
    struct tg_turn *turn = reading->tail.turn, *own = NULL;
    enum tg_role role = TG_ROLE_USER;
    while (tg_json_scan_next_in(&reading->scan, object, &member)) {
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "role")) {
            if (tg_json_text_is(member.value, "model") || tg_json_text_is(member.value, "assistant"))
                role = TG_ROLE_ASSISTANT;
            else if (!tg_json_text_is(member.value, "user") && !tg_json_text_is(member.value, "function") &&
                     !tg_json_text_is(member.value, "tool"))
                reading->request->untranslatable = "it has a content whose role the gateway does not know";
            if (own != NULL)
                own->role = role;
        } else if (tg_json_text_is(member.key, "parts")) {
            bool goes_on = role == TG_ROLE_ASSISTANT && turn != NULL && turn->role == TG_ROLE_ASSISTANT;
            if (!goes_on && own == NULL) {
                own = tg_request_add_turn(reading->arena, reading->request, &reading->tail, role);
                own->path = tg_reading_path(reading, "contents", reader->content_count);
            }
            read_parts(reader, &member);
        }
    }
}

void gemini_read_contents(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_json_token content;
    const char *begin = token->value.data;
    if (reader->has_contents)
        tg_reading_fail_value(reading, "contents", "given once");
    reader->has_contents = true;
    if (token->kind == TG_JSON_OBJECT) {
        read_content(reader, token);
    } else if (token->kind == TG_JSON_ARRAY) {
        for (; tg_json_scan_next_in(&reading->scan, token, &content); ++reader->content_count) {
            if (content.kind == TG_JSON_OBJECT)
                read_content(reader, &content);
            else
                tg_reading_fail_type(reading, "contents[]", "an object", &content);
        }
    } else {
        tg_reading_fail_type(reading, "contents", "an array", token);
    }
    reading->request->prompt_bytes += (size_t)(reading->scan.at - begin);
}

/* The first turn, wherever in the body it stands. */
void gemini_read_system(struct gemini_reader *reader, struct tg_json_token *token)
{
    struct tg_reading *reading = &reader->reading;
    struct tg_turn *first = reading->request->turns, *last = reading->tail.turn;
    struct tg_json_token member;
    const char *begin = token->value.data;
    if (token->kind == TG_JSON_NULL)
        return;
    reading->request->turns = NULL;
    reading->tail.turn = NULL;
    struct tg_turn *turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, TG_ROLE_SYSTEM);
    turn->path = tg_text_of("systemInstruction");
    if (token->kind == TG_JSON_STRING)
        add(reader, TG_PART_TEXT)->text = tg_reading_string(token);
    while (token->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, token, &member))
        if (tg_json_text_is(member.key, "parts"))
            read_parts(reader, &member);
    turn->next = first;
    if (last != NULL) {
        reading->tail.turn = last;
        reading->tail.part = NULL;
    }
    reading->request->prompt_bytes +=
        token->kind == TG_JSON_STRING ? token->value.bytes : (size_t)(reading->scan.at - begin);
}
