#include "dataplane/dialects/chat/answer_internal.h"

#include "dataplane/dialects/chat/chat_internal.h"
#include "dataplane/dialects/chat/usage_internal.h"

struct answer_reading {
    struct tg_reading reading; /* of messages; only its scan, arena, request and tail are used */
    struct chat_answer *answer;
    struct chat_choice *last;
    bool is_error_object;
};

/* {"content": [{"token": …}, …], "refusal": …} */
static struct tg_text read_logprobs(struct tg_reading *reading, const struct tg_json_token *logprobs)
{
    struct tg_text tokens = {NULL, 0};
    struct tg_json_token member;
    while (logprobs->kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, logprobs, &member))
        if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "content"))
            tokens = tg_reading_raw(reading, &member);
    return tokens;
}

static void read_choice_member(struct tg_reading *reading, const struct tg_json_token *member,
                               struct chat_choice *choice)
{
    bool is_message = member->kind == TG_JSON_OBJECT &&
                      (tg_json_text_is(member->key, "delta") || tg_json_text_is(member->key, "message"));
    if (is_message) {
        chat_read_message(reading, member, tg_text(NULL, 0), true);
        choice->turn = reading->tail.turn;
    } else if (tg_json_text_is(member->key, "index") && member->kind == TG_JSON_NUMBER) {
        if (tg_json_to_i64(member->value, &choice->index) != TG_OK)
            choice->index = -1;
    } else if (tg_json_text_is(member->key, "finish_reason")) {
        choice->finish_reason = tg_reading_string(member);
    } else if (tg_json_text_is(member->key, "stop_reason")) { /* vLLM: which stop sequence it was */
        choice->stop_reason = tg_reading_string(member);
    } else if (tg_json_text_is(member->key, "logprobs")) {
        choice->logprobs = read_logprobs(reading, member);
    }
}

static void read_choice(struct answer_reading *answering, const struct tg_json_token *token)
{
    struct chat_choice *choice = tg_arena_calloc(answering->reading.arena, sizeof(*choice));
    struct tg_json_token member;
    choice->index = (int64_t)answering->answer->choice_count;
    while (tg_json_scan_next_in(&answering->reading.scan, token, &member))
        read_choice_member(&answering->reading, &member, choice);
    if (answering->last == NULL)
        answering->answer->choices = choice;
    else
        answering->last->next = choice;
    answering->last = choice;
    ++answering->answer->choice_count;
}

static void read_choices(struct answer_reading *answering, const struct tg_json_token *choices)
{
    struct tg_json_token choice;
    while (choices->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&answering->reading.scan, choices, &choice))
        if (choice.kind == TG_JSON_OBJECT && answering->answer->choice_count <= TG_MAX_CHOICES)
            read_choice(answering, &choice);
}

static void read_x_groq(struct answer_reading *answering, const struct tg_json_token *object)
{
    struct chat_answer *answer = answering->answer;
    struct tg_json_scan *scan = &answering->reading.scan;
    struct tg_json_token member;
    struct tg_usage usage;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind != TG_JSON_OBJECT || !tg_json_text_is(member.key, "usage") ||
            !chat_usage_read(scan, &member, &usage) || answer->has_usage)
            continue;
        answer->usage = usage;
        answer->has_usage = true;
    }
}

static void read_usage(struct answer_reading *answering, const struct tg_json_token *object)
{
    struct tg_usage usage;
    if (object->kind != TG_JSON_OBJECT || !chat_usage_read(&answering->reading.scan, object, &usage))
        return;
    answering->answer->usage = usage;
    answering->answer->has_usage = true;
}

static void read_member(struct answer_reading *answering, struct tg_json_token *member)
{
    struct chat_answer *answer = answering->answer;
    struct tg_reading *reading = &answering->reading;
    struct tg_text key = member->key;
    if (tg_json_text_is(key, "choices")) {
        read_choices(answering, member);
    } else if (tg_json_text_is(key, "id")) {
        answer->id = tg_reading_string(member);
    } else if (tg_json_text_is(key, "model")) {
        answer->model = tg_reading_string(member);
    } else if (tg_json_text_is(key, "usage")) {
        read_usage(answering, member);
    } else if (tg_json_text_is(key, "service_tier")) {
        answer->service_tier = tg_reading_string(member);
    } else if (tg_json_text_is(key, "x_groq")) {
        read_x_groq(answering, member);
    } else if (tg_json_text_is(key, "error") && (member->kind == TG_JSON_OBJECT || member->kind == TG_JSON_STRING)) {
        answer->has_error = true;
        chat_error_read_object(&reading->scan, member, &answer->error);
    } else if (tg_json_text_is(key, "object")) {
        answering->is_error_object = tg_json_string_is(tg_reading_string(member), "error");
    } else if (tg_json_text_is(key, "search_results") && member->kind == TG_JSON_ARRAY) {
        answer->search_results = tg_reading_raw(reading, member);
    }
}

bool chat_answer_read(struct tg_arena *scratch, struct tg_text document, struct chat_answer *answer)
{
    struct answer_reading answering;
    struct tg_model_request said; /* where the messages go */
    struct tg_json_token root, member;
    memset(answer, 0, sizeof(*answer));
    memset(&said, 0, sizeof(said));
    answer->error.origin = TG_DIALECT_CHAT;
    answering.reading.arena = scratch;
    answering.reading.request = &said;
    answering.reading.tail = (struct tg_request_tail){.turn = NULL};
    answering.answer = answer;
    answering.last = NULL;
    answering.is_error_object = false;
    tg_json_scan_init(&answering.reading.scan, document);
    if (tg_json_scan_next(&answering.reading.scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&answering.reading.scan, &root, &member))
        read_member(&answering, &member);
    if (tg_json_scan_finish(&answering.reading.scan, NULL) != TG_OK)
        return false;
    if (answering.is_error_object && !answer->has_error)
        answer->has_error = tg_chat_read_error(scratch, 0, document, &answer->error);
    return true;
}
