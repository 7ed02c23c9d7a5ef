/* One message, of a request or of an answer: its members come in any order, its parts leave in the order in which a
 * model makes them. */
#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/chat/chat_internal.h"

/* The parts that one member gave, and where they belong. */
enum rank { RANK_DETAILS, RANK_THINKING, RANK_CONTENT, RANK_CALLS, RANK_COUNT };
struct run {
    struct tg_part *first, *last;
    enum rank rank;
};
enum { MAX_RUNS = 16 };

struct message {
    struct tg_reading *reading;
    struct tg_turn *turn;
    bool is_answer;
    struct tg_json_string role, call_id;
    struct tg_text annotations;
    enum tg_cache_mark cache;
    struct run runs[MAX_RUNS];
    size_t run_count;
};

static struct tg_part *add_part(struct message *message, enum tg_part_kind kind)
{
    struct tg_reading *reading = message->reading;
    return tg_request_add_part(reading->arena, reading->request, &reading->tail, kind);
}

/* ---- tool calls ---- */

/* Google's: https://ai.google.dev/gemini-api/docs/thought-signatures (OpenAI compatibility). */
static struct tg_json_string read_thought_signature(struct tg_reading *reading, const struct tg_json_token *extra)
{
    struct tg_json_string signature = {.written = {NULL, 0}};
    struct tg_json_token maker, member;
    while (extra->event == TG_JSON_BEGIN && tg_json_scan_next_in(&reading->scan, extra, &maker))
        while (maker.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, &maker, &member))
            if (tg_json_text_is(maker.key, "google") && tg_json_text_is(member.key, "thought_signature"))
                signature = tg_reading_string(&member);
    return signature;
}

static void read_arguments(struct tg_reading *reading, struct tg_json_token *token, struct tg_part *call)
{
    call->arguments.is_string = token->kind == TG_JSON_STRING;
    call->arguments.raw = token->kind == TG_JSON_STRING ? token->value : tg_reading_raw(reading, token);
}

/* {"name": …, "arguments": …} of a function, {"name": …, "input": …} of a custom tool. */
static void read_called(struct tg_reading *reading, const struct tg_json_token *called, struct tg_part *call)
{
    struct tg_json_token member;
    while (called->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, called, &member)) {
        if (tg_json_text_is(member.key, "name"))
            call->name = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "arguments"))
            read_arguments(reading, &member, call);
        else if (tg_json_text_is(member.key, "input") && member.kind == TG_JSON_STRING)
            call->text = tg_json_string(member.value);
    }
}

static void read_tool_call(struct message *message, const struct tg_json_token *token)
{
    struct tg_reading *reading = message->reading;
    struct tg_part *call = add_part(message, TG_PART_TOOL_CALL);
    struct tg_json_token member;
    bool is_custom = false;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (tg_json_text_is(member.key, "id"))
            call->call_id = tg_reading_string(&member);
        else if (tg_json_text_is(member.key, "index") && member.kind == TG_JSON_NUMBER)
            call->raw = member.value;
        else if (tg_json_text_is(member.key, "function"))
            read_called(reading, &member, call);
        else if (tg_json_text_is(member.key, "custom") && (is_custom = member.kind == TG_JSON_OBJECT))
            read_called(reading, &member, call);
        else if (tg_json_text_is(member.key, "extra_content"))
            call->signature =
                tg_signature_unmark(TG_DIALECT_CHAT, read_thought_signature(reading, &member), &call->signature_origin);
    }
    if (is_custom && !message->is_answer)
        call->arguments = tg_freeform_wrap(reading->arena, call->text);
    if (!is_custom || !message->is_answer)
        call->text = tg_json_string(tg_text(NULL, 0));
    else if (call->text.written.data == NULL)
        call->text = tg_json_string_literal("");
}

static void read_tool_calls(struct message *message, const struct tg_json_token *calls)
{
    struct tg_json_token call;
    while (calls->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&message->reading->scan, calls, &call))
        if (call.kind == TG_JSON_OBJECT)
            read_tool_call(message, &call);
}

/* The older way: one call without an id. Its name must do for one. */
static void read_function_call(struct message *message, const struct tg_json_token *token)
{
    if (token->kind != TG_JSON_OBJECT)
        return;
    struct tg_part *call = add_part(message, TG_PART_TOOL_CALL);
    read_called(message->reading, token, call);
    call->call_id = call->name;
}

/* ---- what else a message has ---- */

static void read_thinking(struct message *message, const struct tg_json_token *token, const char *field)
{
    if (token->kind != TG_JSON_STRING || token->value.bytes == 0)
        return;
    struct tg_part *part = add_part(message, TG_PART_THINKING);
    part->text = tg_json_string(token->value);
    part->signature = tg_json_string_literal(field);
    part->signature_origin = TG_DIALECT_CHAT;
}

static void read_refusal(struct message *message, const struct tg_json_token *token)
{
    if (token->kind == TG_JSON_STRING && token->value.bytes != 0)
        add_part(message, TG_PART_REFUSAL)->text = tg_json_string(token->value);
}

/* In an answer sound and what is said in it; in a request a reference to an earlier answer's. */
static void read_audio(struct message *message, struct tg_json_token *token)
{
    struct tg_reading *reading = message->reading;
    if (token->kind == TG_JSON_NULL)
        return;
    reading->request->is_beyond_text = true;
    if (!message->is_answer || token->kind != TG_JSON_OBJECT) {
        struct tg_part *part = add_part(message, TG_PART_OTHER);
        part->name = tg_json_string_literal("audio");
        part->raw = tg_reading_raw(reading, token);
        return;
    }
    struct tg_json_token member;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        if (member.kind != TG_JSON_STRING || member.value.bytes == 0)
            continue;
        if (tg_json_text_is(member.key, "transcript"))
            add_part(message, TG_PART_TEXT)->text = tg_json_string(member.value);
        if (!tg_json_text_is(member.key, "data"))
            continue;
        struct tg_media *media = tg_arena_calloc(reading->arena, sizeof(*media));
        media->data = tg_json_string(member.value);
        add_part(message, TG_PART_AUDIO)->media = media;
    }
}

/* ---- one member ---- */

static enum rank read_member(struct message *message, struct tg_json_token *member)
{
    struct tg_reading *reading = message->reading;
    struct tg_text key = member->key;
    if (tg_json_text_is(key, "images")) /* OpenRouter's */
        chat_read_content(reading, member);
    else if (tg_json_text_is(key, "tool_call_id"))
        message->call_id = tg_reading_string(member);
    else if (tg_json_text_is(key, "name"))
        message->turn->name = tg_reading_string(member);
    else if (tg_json_text_is(key, "refusal"))
        read_refusal(message, member);
    else if (tg_json_text_is(key, "audio"))
        read_audio(message, member);
    else if (tg_json_text_is(key, "annotations"))
        message->annotations = tg_reading_raw(reading, member);
    else if (tg_json_text_is(key, "cache_control"))
        message->cache = chat_read_cache_control(reading, member);
    return RANK_CONTENT;
}

static enum rank read_ranked_member(struct message *message, struct tg_json_token *member)
{
    if (tg_json_text_is(member->key, "role")) { /* these two are nearly all there is */
        message->role = tg_reading_string(member);
        return RANK_CONTENT;
    }
    if (tg_json_text_is(member->key, "content")) {
        chat_read_content(message->reading, member);
        return RANK_CONTENT;
    }
    if (tg_json_text_is(member->key, "reasoning_details")) {
        chat_read_reasoning_details(message->reading, member);
        return RANK_DETAILS;
    }
    if (tg_json_text_is(member->key, "reasoning_content")) {
        read_thinking(message, member, "reasoning_content");
        return RANK_THINKING;
    }
    if (tg_json_text_is(member->key, "reasoning")) {
        read_thinking(message, member, "reasoning");
        return RANK_THINKING;
    }
    if (tg_json_text_is(member->key, "tool_calls")) {
        read_tool_calls(message, member);
        return RANK_CALLS;
    }
    if (tg_json_text_is(member->key, "function_call")) {
        read_function_call(message, member);
        return RANK_CALLS;
    }
    return read_member(message, member);
}

/* ---- putting it together ---- */

static void note_run(struct message *message, struct tg_part *before, enum rank rank)
{
    struct tg_part *last = message->reading->tail.part;
    if (last == before)
        return;
    if (message->run_count == MAX_RUNS) {
        message->runs[MAX_RUNS - 1].last = last;
        return;
    }
    struct tg_part *first = before == NULL ? message->turn->parts : before->next;
    message->runs[message->run_count++] = (struct run){first, last, rank};
}

static void append_run(struct message *message, const struct run *run)
{
    struct tg_request_tail *tail = &message->reading->tail;
    if (tail->part == NULL)
        message->turn->parts = run->first;
    else
        tail->part->next = run->first;
    tail->part = run->last;
    run->last->next = NULL;
}

/* Some servers say the same thinking in two or three fields: the fullest is taken. */
static void order_parts(struct message *message)
{
    bool has_thinking = false;
    if (message->run_count < 2)
        return;
    message->turn->parts = message->reading->tail.part = NULL;
    for (enum rank rank = 0; rank < RANK_COUNT; ++rank) {
        for (size_t i = 0; i < message->run_count; ++i) {
            bool is_thinking = rank == RANK_DETAILS || rank == RANK_THINKING;
            if (message->runs[i].rank != rank || (is_thinking && has_thinking))
                continue;
            append_run(message, &message->runs[i]);
            has_thinking |= is_thinking;
        }
    }
}

static void attach_annotations(struct message *message)
{
    struct tg_part *text = NULL;
    if (message->annotations.bytes <= sizeof("[]") - 1)
        return;
    for (struct tg_part *part = message->turn->parts; part != NULL; part = part->next)
        if (part->kind == TG_PART_TEXT)
            text = part;
    if (text == NULL && message->is_answer)
        text = add_part(message, TG_PART_TEXT); /* they came alone, as a chunk of a stream */
    if (text != NULL)
        text->citations = message->annotations;
}

/* What a tool gave is the user's to say; results that follow each other belong to one turn. */
static void make_tool_result(struct message *message, struct tg_turn *turn_before, struct tg_part *part_before,
                             bool is_function)
{
    struct tg_request_tail *tail = &message->reading->tail;
    struct tg_part *content = message->turn->parts;
    message->turn->parts = tail->part = NULL;
    struct tg_part *result = add_part(message, TG_PART_TOOL_RESULT);
    result->content = content;
    result->name = message->turn->name;
    result->call_id = is_function ? message->turn->name : message->call_id;
    result->cache = message->cache;
    message->turn->name = tg_json_string(tg_text(NULL, 0));
    bool goes_on = part_before != NULL && turn_before->parts->kind == TG_PART_TOOL_RESULT;
    if (!goes_on || tail->part != result)
        return;
    part_before->next = result;
    turn_before->next = NULL;
    tail->turn = turn_before;
}

static bool find_role(struct tg_json_string name, enum tg_role *role)
{
    static const struct {
        const char *name;
        enum tg_role role;
    } roles[] = {{"user", TG_ROLE_USER},
                 {"assistant", TG_ROLE_ASSISTANT},
                 {"system", TG_ROLE_SYSTEM},
                 {"developer", TG_ROLE_DEVELOPER}};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); ++i) {
        if (!tg_json_text_is(name.written, roles[i].name))
            continue;
        *role = roles[i].role;
        return true;
    }
    return false;
}

/* Of a role that nobody knows: it can only pass as it is. */
static void make_other(struct message *message, struct tg_text raw)
{
    message->turn->parts = message->reading->tail.part = NULL;
    struct tg_part *part = add_part(message, TG_PART_OTHER);
    part->name = message->role;
    part->raw = raw;
    part->is_item = true;
}

void chat_read_message(struct tg_reading *reading, const struct tg_json_token *token, struct tg_text path,
                       bool is_answer)
{
    struct tg_turn *turn_before = reading->tail.turn;
    struct tg_part *part_before = reading->tail.part;
    struct message message;
    struct tg_json_token member;
    message.reading = reading;
    message.turn = tg_request_add_turn(reading->arena, reading->request, &reading->tail, TG_ROLE_USER);
    message.turn->path = path;
    message.is_answer = is_answer;
    message.role = message.call_id = tg_json_string(tg_text(NULL, 0));
    message.annotations = tg_text(NULL, 0);
    message.cache = TG_CACHE_NO_MARK;
    message.run_count = 0;
    while (tg_json_scan_next_in(&reading->scan, token, &member)) {
        struct tg_part *before = reading->tail.part;
        enum rank rank = read_ranked_member(&message, &member);
        note_run(&message, before, rank);
    }
    order_parts(&message);
    attach_annotations(&message);
    bool is_function = tg_json_text_is(message.role.written, "function");
    if (is_answer)
        message.turn->role = TG_ROLE_ASSISTANT;
    else if (is_function || tg_json_text_is(message.role.written, "tool"))
        make_tool_result(&message, turn_before, part_before, is_function);
    else if (!find_role(message.role, &message.turn->role))
        make_other(&message, tg_text(token->value.data, (size_t)(reading->scan.at - token->value.data)));
    else if (message.cache != TG_CACHE_NO_MARK && reading->tail.part != NULL)
        reading->tail.part->cache = message.cache;
}
