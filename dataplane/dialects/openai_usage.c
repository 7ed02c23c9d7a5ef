#include "dataplane/dialects/openai_usage.h"

#include "common/codec/json_scan.h"

/* As a provider reports them, before each token is counted once. */
struct reported {
    int64_t prompt, completion, total, cached, reasoning;
    bool has_prompt;
};

static int64_t read_tokens(const struct tg_json_token *token)
{
    int64_t tokens = 0;
    if (token->kind != TG_JSON_NUMBER || tg_json_to_i64(token->value, &tokens) != TG_OK || tokens < 0)
        return 0;
    return tokens;
}

static int64_t read_detail(struct tg_json_scan *scan, const struct tg_json_token *details, const char *name)
{
    struct tg_json_token detail;
    int64_t tokens = 0;
    while (tg_json_scan_next_in(scan, details, &detail))
        if (tg_text_is(detail.key, name))
            tokens = read_tokens(&detail);
    return tokens;
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

static struct tg_usage count_once(const struct reported *reported)
{
    struct tg_usage usage;
    usage.cached_input_tokens = at_most(reported->cached, reported->prompt);
    usage.input_tokens = reported->prompt - usage.cached_input_tokens;
    usage.reasoning_tokens = reported->reasoning;
    bool is_beside = reported->reasoning > reported->completion;
    int64_t all;
    if (!__builtin_add_overflow(reported->prompt, reported->completion, &all) &&
        !__builtin_add_overflow(all, reported->reasoning, &all) && all == reported->total)
        is_beside = true;
    usage.output_tokens = is_beside ? reported->completion : reported->completion - reported->reasoning;
    return usage;
}

/* `object` is the BEGIN token of a usage object. Names are compared as they are written: servers do not escape them,
 * and this is read once per call. */
static bool read_usage(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage)
{
    struct reported reported = {.prompt = 0};
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (tg_text_is(member.key, "prompt_tokens")) {
            reported.has_prompt = member.kind == TG_JSON_NUMBER;
            reported.prompt = read_tokens(&member);
        } else if (tg_text_is(member.key, "completion_tokens")) {
            reported.completion = read_tokens(&member);
        } else if (tg_text_is(member.key, "total_tokens")) {
            reported.total = read_tokens(&member);
        } else if (tg_text_is(member.key, "prompt_cache_hit_tokens")) { /* DeepSeek */
            reported.cached = read_tokens(&member);
        } else if (member.kind == TG_JSON_OBJECT && tg_text_is(member.key, "prompt_tokens_details")) {
            reported.cached = read_detail(scan, &member, "cached_tokens");
        } else if (member.kind == TG_JSON_OBJECT && tg_text_is(member.key, "completion_tokens_details")) {
            reported.reasoning = read_detail(scan, &member, "reasoning_tokens");
        }
    }
    *usage = count_once(&reported);
    return reported.has_prompt;
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
        if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "usage"))
            read.has_usage = read_usage(&scan, &member, &read.usage);
        else if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "model"))
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

/* The bytes of the object that starts at `at`, or 0 if it does not end before `end`. */
static size_t object_bytes(const char *at, const char *end)
{
    int depth = 0;
    for (const char *next = at; next < end; ++next) {
        if (*next == '"') {
            next = string_end(next + 1, end);
        } else if (*next == '{' || *next == '[') {
            ++depth;
        } else if (*next == '}' || *next == ']') {
            if (--depth == 0)
                return (size_t)(next + 1 - at);
        }
    }
    return 0;
}

static bool read_tail(struct tg_text tail, struct tg_usage *usage)
{
    static const char KEY[] = "\"usage\"";
    const char *end = tail.data + tail.bytes;
    for (const char *from = tail.data; tail.bytes != 0 && from < end;) {
        const char *key = memmem(from, (size_t)(end - from), KEY, sizeof(KEY) - 1);
        if (key == NULL)
            return false;
        from = key + sizeof(KEY) - 1;
        const char *value = skip_space(from, end);
        if (is_escaped(tail.data, key) || value == end || *value != ':')
            continue;
        value = skip_space(value + 1, end);
        if (value == end || *value != '{')
            continue;
        size_t bytes = object_bytes(value, end);
        struct tg_json_scan scan;
        struct tg_json_token object;
        if (bytes == 0 || !closes_the_document(tg_text(value + bytes, (size_t)(end - value) - bytes)))
            continue;
        tg_json_scan_init(&scan, tg_text(value, bytes));
        if (tg_json_scan_next(&scan, &object) == TG_JSON_BEGIN && read_usage(&scan, &object, usage) &&
            tg_json_scan_finish(&scan, NULL) == TG_OK)
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
    static const char DELTA[] = "\"delta\"";
    if (chunk.bytes == 0)
        return 0;
    const char *end = chunk.data + chunk.bytes;
    const char *at = memmem(chunk.data, chunk.bytes, DELTA, sizeof(DELTA) - 1);
    size_t total = 0;
    at = at == NULL ? end : at + sizeof(DELTA) - 1;
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
