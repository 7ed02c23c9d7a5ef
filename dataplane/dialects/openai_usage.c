#include "dataplane/dialects/openai_usage.h"

#include "common/codec/json_find.h"
#include "common/codec/json_scan.h"

/* No call has more of any kind: a provider that says so is not believed. */
enum { MOST_TOKENS = INT32_MAX };

/* As a provider reports them, before each token is counted once. */
struct reported {
    int64_t prompt, completion, total, cached, reasoning;
    bool has_prompt, has_completion;
    bool is_absurd; /* the prompt or the completion is no whole number that can be true */
};

/* A number of the usage object, or of an object `parent` inside it. Names are compared as they are written: servers do
 * not escape them. Of the details, what is no number of tokens counts as none, which is the dearer reading. */
static void take_number(struct reported *reported, struct tg_text parent, struct tg_text name, struct tg_text number)
{
    int64_t tokens = 0;
    bool is_absurd = tg_json_to_i64(number, &tokens) != TG_OK || tokens < 0 || tokens > MOST_TOKENS;
    if (is_absurd)
        tokens = 0;
    if (parent.bytes != 0) {
        if (tg_text_is(parent, "prompt_tokens_details") && tg_text_is(name, "cached_tokens"))
            reported->cached = tokens;
        else if (tg_text_is(parent, "completion_tokens_details") && tg_text_is(name, "reasoning_tokens"))
            reported->reasoning = tokens;
    } else if (tg_text_is(name, "prompt_tokens")) {
        reported->has_prompt = true;
        reported->prompt = tokens;
        reported->is_absurd |= is_absurd;
    } else if (tg_text_is(name, "completion_tokens")) {
        reported->has_completion = true;
        reported->completion = tokens;
        reported->is_absurd |= is_absurd;
    } else if (tg_text_is(name, "total_tokens")) {
        reported->total = tokens;
    } else if (tg_text_is(name, "prompt_cache_hit_tokens")) { /* DeepSeek */
        reported->cached = tokens;
    }
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

/* False if this cannot be what the call came to. */
static bool count_once(struct reported *reported, struct tg_usage *usage)
{
    if (!reported->has_prompt || reported->is_absurd)
        return false;
    if (!reported->has_completion && reported->total > reported->prompt)
        reported->completion = reported->total - reported->prompt;
    memset(usage, 0, sizeof(*usage));
    usage->of[TG_USAGE_CACHED_INPUT] = at_most(reported->cached, reported->prompt);
    usage->of[TG_USAGE_INPUT] = reported->prompt - usage->of[TG_USAGE_CACHED_INPUT];
    usage->of[TG_USAGE_REASONING] = reported->reasoning;
    bool is_beside = reported->reasoning > reported->completion ||
                     reported->prompt + reported->completion + reported->reasoning == reported->total;
    usage->of[TG_USAGE_OUTPUT] = is_beside ? reported->completion : reported->completion - reported->reasoning;
    return true;
}

/* `object` is the BEGIN token of a usage object. */
static bool read_usage(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage)
{
    struct reported reported = {.prompt = 0};
    struct tg_json_token member, detail;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind == TG_JSON_NUMBER)
            take_number(&reported, tg_text(NULL, 0), member.key, member.value);
        while (member.event == TG_JSON_BEGIN && tg_json_scan_next_in(scan, &member, &detail))
            if (detail.kind == TG_JSON_NUMBER && member.kind == TG_JSON_OBJECT)
                take_number(&reported, member.key, detail.key, detail.value);
    }
    return count_once(&reported, usage);
}

/* Strings that the model wrote, by the last part of their key: content, reasoning_content, reasoning, arguments, … */
static bool is_written_by_model(struct tg_text key)
{
    static const struct tg_text endings[] = {
        TG_TEXT_LITERAL("content"), TG_TEXT_LITERAL("arguments"), TG_TEXT_LITERAL("reasoning"),
        TG_TEXT_LITERAL("refusal"), TG_TEXT_LITERAL("thinking"),  TG_TEXT_LITERAL("text"),
    };
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); ++i)
        if (key.bytes >= endings[i].bytes &&
            memcmp(key.data + key.bytes - endings[i].bytes, endings[i].data, endings[i].bytes) == 0)
            return true;
    return false;
}

static void read_choices(struct tg_json_scan *scan, const struct tg_json_token *choices,
                         struct tg_openai_answer *answer)
{
    struct tg_json_token token;
    while (tg_json_scan_next(scan, &token) != TG_JSON_BAD && token.event != TG_JSON_DONE) {
        if (token.event == TG_JSON_END && token.depth == choices->depth)
            return;
        answer->has_choices = true;
        if (token.event == TG_JSON_VALUE && token.kind == TG_JSON_STRING && token.key.data != NULL &&
            is_written_by_model(token.key))
            answer->text_bytes += token.value.bytes;
    }
}

void tg_openai_answer_read(struct tg_text document, struct tg_openai_answer *answer)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    struct tg_openai_answer read = {.has_usage = false};
    *answer = (struct tg_openai_answer){.has_usage = false};
    tg_json_scan_init(&scan, document);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "usage")) {
            read.names_usage = true;
            read.has_usage = read_usage(&scan, &member, &read.usage);
        }
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "model"))
            read.model = member.value;
        else if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "choices"))
            read_choices(&scan, &member, &read);
        else if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "error"))
            read.has_error = true;
    }
    if (tg_json_scan_finish(&scan, NULL) != TG_OK)
        return;
    read.is_object = true;
    *answer = read;
}

struct tg_text tg_openai_answer_model(struct tg_text document)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, document);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return tg_text(NULL, 0);
    while (tg_json_scan_next_in(&scan, &root, &member))
        if (member.kind == TG_JSON_STRING && tg_text_is(member.key, "model"))
            return member.value;
    return tg_text(NULL, 0);
}

static bool is_escaped(const char *begin, const char *quote)
{
    size_t backslashes = 0;
    while (quote - backslashes > begin && quote[-1 - (ptrdiff_t)backslashes] == '\\')
        ++backslashes;
    return backslashes % 2 == 1;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        ++at;
    return at;
}

/* The closing quote of the string whose inside starts at `at`; `end` if it is not there. */
static const char *string_end(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL)
            return end;
        if (!is_escaped(begin, quote))
            return quote;
        at = quote + 1;
    }
    return end;
}

/* Whether `text` closes exactly one container that was open before it, the top-level one, and ends there. Then what
 * stands before `text` is a member of the top-level object. */
static bool closes_the_document(struct tg_text text)
{
    int depth = 1;
    const char *end = text.data + text.bytes;
    for (const char *at = text.data; at < end; ++at) {
        if (*at == '"') {
            at = string_end(at + 1, end);
            if (at == end)
                return false;
        } else if (*at == '{' || *at == '[') {
            ++depth;
        } else if (*at == '}' || *at == ']') {
            if (--depth == 0)
                return skip_space(at + 1, end) == end;
        }
    }
    return false;
}

static const char *number_end(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' && *at != '\t' && *at != '\r' &&
           *at != '\n')
        ++at;
    return at;
}

/* The same as read_usage() for the object that starts at `at`, without a scan before: a walk from name to name, which
 * for so small an object costs a quarter of one. Returns the end of the object; NULL if it does not end before `end`.
 */
static const char *read_usage_text(const char *at, const char *end, struct reported *reported)
{
    struct tg_text parent = {NULL, 0};
    int depth = 0;
    while (at < end) {
        if (*at != '"') {
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
            ++at;
            if (depth == 0)
                return at;
            if (depth == 1)
                parent = tg_text(NULL, 0);
            continue;
        }
        const char *name_end = string_end(at + 1, end);
        struct tg_text name = tg_text(at + 1, (size_t)(name_end - at - 1));
        at = name_end == end ? end : skip_space(name_end + 1, end);
        if (at == end || *at != ':')
            continue;
        at = skip_space(at + 1, end);
        if (at == end)
            break;
        if (*at == '{' && depth == 1) {
            parent = name;
            ++depth;
            ++at;
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            const char *number = at;
            at = number_end(at, end);
            if (depth <= 2)
                take_number(reported, parent, name, tg_text(number, (size_t)(at - number)));
        }
    }
    return NULL;
}

static bool read_tail(struct tg_text tail, struct tg_usage *usage)
{
    static const struct tg_text KEY = TG_TEXT_LITERAL("\"usage\"");
    const char *end = tail.data + tail.bytes;
    for (const char *from = tail.data; tail.bytes != 0 && from < end;) {
        const char *key = tg_json_find(from, end, KEY);
        if (key == NULL)
            return false;
        from = key + KEY.bytes;
        const char *value = skip_space(from, end);
        if (is_escaped(tail.data, key) || value == end || *value != ':')
            continue;
        value = skip_space(value + 1, end);
        if (value == end || *value != '{')
            continue;
        struct reported reported = {.prompt = 0};
        const char *object_end = read_usage_text(value, end, &reported);
        if (object_end != NULL && closes_the_document(tg_text(object_end, (size_t)(end - object_end))) &&
            count_once(&reported, usage))
            return true;
    }
    return false;
}

/* Where usage stands in nearly every answer; searched first, because searching costs more than reading. */
enum { LIKELY_TAIL_BYTES = 640 };

bool tg_openai_usage_read_tail(struct tg_text tail, struct tg_usage *usage)
{
    if (tail.bytes > LIKELY_TAIL_BYTES &&
        read_tail(tg_text(tail.data + tail.bytes - LIKELY_TAIL_BYTES, LIKELY_TAIL_BYTES), usage))
        return true;
    return read_tail(tail, usage);
}

size_t tg_openai_chunk_text_bytes(struct tg_text chunk)
{
    static const struct tg_text DELTA = TG_TEXT_LITERAL("\"delta\"");
    if (chunk.bytes == 0)
        return 0;
    const char *end = chunk.data + chunk.bytes;
    const char *at = tg_json_find(chunk.data, end, DELTA);
    size_t total = 0;
    at = at == NULL ? end : at + DELTA.bytes;
    while (at < end) { /* a string: a key if a colon follows, else a value that nobody asked for */
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL)
            break;
        const char *key_end = string_end(quote + 1, end);
        if (key_end == end)
            break;
        struct tg_text key = tg_text(quote + 1, (size_t)(key_end - quote - 1));
        at = skip_space(key_end + 1, end);
        if (at == end || *at != ':')
            continue;
        at = skip_space(at + 1, end);
        if (at == end || *at != '"')
            continue;
        const char *value_end = string_end(at + 1, end);
        if (is_written_by_model(key))
            total += (size_t)(value_end - at - 1);
        at = value_end == end ? end : value_end + 1;
    }
    return total;
}
