#include "common/codec/json_scan.h"

#include <assert.h>

#include "common/codec/json_text.h"

const char *tg_json_kind_name(enum tg_json_kind kind)
{
    static const char *const names[] = {
        [TG_JSON_NULL] = "null",       [TG_JSON_BOOLEAN] = "a boolean", [TG_JSON_NUMBER] = "a number",
        [TG_JSON_STRING] = "a string", [TG_JSON_ARRAY] = "an array",    [TG_JSON_OBJECT] = "an object",
    };
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

const char *tg_json_event_name(enum tg_json_event event)
{
    static const char *const names[] = {
        [TG_JSON_VALUE] = "value", [TG_JSON_BEGIN] = "begin", [TG_JSON_END] = "end",
        [TG_JSON_DONE] = "done",   [TG_JSON_BAD] = "bad",
    };
    return (size_t)event < sizeof(names) / sizeof(names[0]) ? names[event] : "unknown";
}

void tg_json_scan_init(struct tg_json_scan *scan, struct tg_text document)
{
    static const char nothing[1];
    const char *begin = document.bytes == 0 ? nothing : document.data;
    scan->begin = scan->at = begin;
    scan->end = begin + document.bytes;
    scan->state = TG_JSON_AT_START;
    scan->depth = 0;
    scan->problem = NULL;
    scan->member_count = 0;
    scan->members_have_escapes = false;
}

/* Latches the first problem; `at` stays where it was found. */
static bool fail(struct tg_json_scan *scan, const char *at, const char *problem)
{
    scan->problem = problem;
    scan->at = at;
    return false;
}

static void skip_space(struct tg_json_scan *scan)
{
    const char *at = scan->at;
    while (at != scan->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        ++at;
    scan->at = at;
}

/* `at` is the backslash. Moves behind the escape. */
static bool scan_escape(struct tg_json_scan *scan, const char **at)
{
    const char *escape = *at;
    if (scan->end - escape < 2)
        return fail(scan, scan->end, "the document ends inside a string");
    switch (escape[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        *at = escape + 2;
        return true;
    case 'u':
        if (tg_json_hex4(escape + 2, scan->end) < 0)
            return fail(scan, escape, "\\u is not followed by four hex digits");
        *at = escape + 6;
        return true;
    default:
        return fail(scan, escape, "there is no such escape");
    }
}

/* scan->at is the opening quote. Moves behind the closing one. */
static bool scan_string(struct tg_json_scan *scan, struct tg_text *body, bool *has_escapes)
{
    const char *begin = scan->at + 1;
    const char *at = begin;
    *has_escapes = false;
    for (;;) {
        at = tg_json_plain_end(at, scan->end);
        if (at == scan->end)
            return fail(scan, at, "the document ends inside a string");
        if (*at == '"')
            break;
        if (*at == '\\') {
            *has_escapes = true;
            if (!scan_escape(scan, &at))
                return false;
        } else if ((unsigned char)*at < 0x20) {
            return fail(scan, at, "a control character in a string must be escaped");
        }
        while (at != scan->end && (unsigned char)*at >= 0x80) {
            size_t bytes = tg_json_utf8_bytes(at, scan->end);
            if (bytes == 0)
                return fail(scan, at, "not valid UTF-8");
            at += bytes;
        }
    }
    *body = tg_text(begin, (size_t)(at - begin));
    scan->at = at + 1;
    return true;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at != end && *at >= '0' && *at <= '9')
        ++at;
    return at;
}

static bool scan_number(struct tg_json_scan *scan, struct tg_text *number)
{
    const char *begin = scan->at;
    const char *at = *begin == '-' ? begin + 1 : begin;
    const char *integer = at;
    at = skip_digits(at, scan->end);
    if (at == integer)
        return fail(scan, at, "a digit is missing");
    if (*integer == '0' && at - integer > 1)
        return fail(scan, integer, "a number must not begin with 0");
    if (at != scan->end && *at == '.') {
        const char *fraction = ++at;
        at = skip_digits(at, scan->end);
        if (at == fraction)
            return fail(scan, at, "a digit is missing behind the point");
    }
    if (at != scan->end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at != scan->end && (*at == '+' || *at == '-'))
            ++at;
        const char *exponent = at;
        at = skip_digits(at, scan->end);
        if (at == exponent)
            return fail(scan, at, "a digit is missing in the exponent");
    }
    *number = tg_text(begin, (size_t)(at - begin));
    scan->at = at;
    return true;
}

static bool scan_word(struct tg_json_scan *scan, struct tg_json_token *token, const char *word, enum tg_json_kind kind)
{
    size_t bytes = strlen(word);
    if ((size_t)(scan->end - scan->at) < bytes || memcmp(scan->at, word, bytes) != 0)
        return fail(scan, scan->at, "a value is expected here");
    token->kind = kind;
    token->value = tg_text(scan->at, bytes);
    scan->at += bytes;
    return true;
}

static bool open_container(struct tg_json_scan *scan, struct tg_json_token *token)
{
    if (scan->depth == TG_JSON_MAX_DEPTH)
        return fail(scan, scan->at, "values are nested too deeply");
    token->event = TG_JSON_BEGIN;
    token->kind = *scan->at == '{' ? TG_JSON_OBJECT : TG_JSON_ARRAY;
    token->value = tg_text(scan->at, 1);
    scan->open[scan->depth++] = scan->at++;
    scan->state = TG_JSON_AT_FIRST;
    return true;
}

static bool scan_value(struct tg_json_scan *scan, struct tg_json_token *token)
{
    skip_space(scan);
    if (scan->at == scan->end)
        return fail(scan, scan->at, "the document ends where a value is expected");
    token->event = TG_JSON_VALUE;
    token->depth = scan->depth;
    token->has_escapes = false;
    scan->state = TG_JSON_AFTER_VALUE;
    switch (*scan->at) {
    case '{':
    case '[':
        return open_container(scan, token);
    case '"':
        token->kind = TG_JSON_STRING;
        return scan_string(scan, &token->value, &token->has_escapes);
    case 't':
        return scan_word(scan, token, "true", TG_JSON_BOOLEAN);
    case 'f':
        return scan_word(scan, token, "false", TG_JSON_BOOLEAN);
    case 'n':
        return scan_word(scan, token, "null", TG_JSON_NULL);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        token->kind = TG_JSON_NUMBER;
        return scan_number(scan, &token->value);
    default:
        return fail(scan, scan->at, "a value is expected here");
    }
}

/* Two strings as written that mean the same, where at least one has escapes. */
static bool means_same(struct tg_text a, struct tg_text b)
{
    const char *a_at = a.data;
    const char *b_at = b.data;
    const char *a_end = a.data + a.bytes;
    const char *b_end = b.data + b.bytes;
    while (a_at != a_end && b_at != b_end) {
        char a_char[4];
        char b_char[4];
        size_t a_bytes = tg_json_decode_char(&a_at, a_end, a_char);
        size_t b_bytes = tg_json_decode_char(&b_at, b_end, b_char);
        if (a_bytes != b_bytes || memcmp(a_char, b_char, a_bytes) != 0)
            return false;
    }
    return a_at == a_end && b_at == b_end;
}

static bool remember_member(struct tg_json_scan *scan, struct tg_text key, bool has_escapes)
{
    scan->members_have_escapes |= has_escapes;
    if (key.bytes > TG_JSON_MAX_MEMBER_NAME_BYTES)
        return fail(scan, key.data - 1, "the member name is too long");
    for (size_t i = 0; i < scan->member_count; ++i)
        if (tg_text_equals(scan->members[i], key) || (scan->members_have_escapes && means_same(scan->members[i], key)))
            return fail(scan, key.data - 1, "a member of this name was there before");
    if (scan->member_count == TG_JSON_MAX_MEMBERS)
        return fail(scan, key.data - 1, "the object has too many members");
    scan->members[scan->member_count++] = key;
    return true;
}

static bool scan_member(struct tg_json_scan *scan, struct tg_json_token *token)
{
    bool key_has_escapes;
    if (scan->at == scan->end)
        return fail(scan, scan->at, "the document ends inside an object");
    if (*scan->at != '"')
        return fail(scan, scan->at, "a member name in double quotes is expected here");
    if (!scan_string(scan, &token->key, &key_has_escapes))
        return false;
    if (scan->depth == 1 && !remember_member(scan, token->key, key_has_escapes))
        return false;
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != ':')
        return fail(scan, scan->at, "a colon is expected behind the member name");
    ++scan->at;
    return scan_value(scan, token);
}

static bool close_container(struct tg_json_scan *scan, struct tg_json_token *token)
{
    const char *begin = scan->open[--scan->depth];
    ++scan->at;
    token->event = TG_JSON_END;
    token->kind = *begin == '{' ? TG_JSON_OBJECT : TG_JSON_ARRAY;
    token->depth = scan->depth;
    token->value = tg_text(begin, (size_t)(scan->at - begin));
    token->has_escapes = false;
    scan->state = TG_JSON_AFTER_VALUE;
    return true;
}

/* Inside the innermost open container: its end, or its next value. */
static bool scan_inside(struct tg_json_scan *scan, struct tg_json_token *token)
{
    bool is_object = *scan->open[scan->depth - 1] == '{';
    if (scan->at != scan->end && *scan->at == (is_object ? '}' : ']'))
        return close_container(scan, token);
    if (scan->state == TG_JSON_AFTER_VALUE) {
        if (scan->at == scan->end || *scan->at != ',')
            return fail(scan, scan->at, is_object ? "a comma or } is expected here" : "a comma or ] is expected here");
        ++scan->at;
        skip_space(scan);
    }
    return is_object ? scan_member(scan, token) : scan_value(scan, token);
}

enum tg_json_event tg_json_scan_next(struct tg_json_scan *scan, struct tg_json_token *token)
{
    token->key = tg_text(NULL, 0);
    bool is_good = scan->problem == NULL;
    if (is_good && scan->state != TG_JSON_AT_END) {
        skip_space(scan);
        if (scan->state == TG_JSON_AT_START)
            is_good = scan_value(scan, token);
        else if (scan->depth != 0)
            is_good = scan_inside(scan, token);
        else if (scan->at == scan->end)
            scan->state = TG_JSON_AT_END;
        else
            is_good = fail(scan, scan->at, "there is more behind the end of the document");
    }
    if (!is_good)
        token->event = TG_JSON_BAD;
    else if (scan->state == TG_JSON_AT_END)
        token->event = TG_JSON_DONE;
    return token->event;
}

bool tg_json_scan_next_in(struct tg_json_scan *scan, const struct tg_json_token *container, struct tg_json_token *child)
{
    unsigned depth = container->depth;
    assert(container->event == TG_JSON_BEGIN);
    for (;;) {
        switch (tg_json_scan_next(scan, child)) {
        case TG_JSON_VALUE:
        case TG_JSON_BEGIN:
            if (child->depth == depth + 1)
                return true;
            break;
        case TG_JSON_END:
            if (child->depth == depth)
                return false;
            break;
        case TG_JSON_DONE:
        case TG_JSON_BAD:
            return false;
        }
    }
}

bool tg_json_scan_skip(struct tg_json_scan *scan, struct tg_json_token *token)
{
    if (token->event != TG_JSON_BEGIN)
        return token->event != TG_JSON_BAD;
    struct tg_json_token inner;
    do {
        if (tg_json_scan_next(scan, &inner) == TG_JSON_BAD)
            return false;
    } while (inner.event != TG_JSON_END || inner.depth != token->depth);
    token->value = inner.value;
    return true;
}

enum tg_status tg_json_scan_finish(struct tg_json_scan *scan, struct tg_error *error)
{
    struct tg_json_token token;
    enum tg_json_event event;
    do {
        event = tg_json_scan_next(scan, &token);
    } while (event != TG_JSON_DONE && event != TG_JSON_BAD);
    if (event == TG_JSON_DONE)
        return TG_OK;
    size_t line = 1;
    const char *line_begin = scan->begin;
    for (const char *at = scan->begin; at != scan->at; ++at) {
        if (*at == '\n') {
            ++line;
            line_begin = at + 1;
        }
    }
    return tg_fail(error, TG_INVALID, "not valid JSON: line %zu, column %zu: %s", line,
                   (size_t)(scan->at - line_begin) + 1, scan->problem);
}

bool tg_json_longer_text_is(struct tg_text raw, const char *plain)
{
    size_t bytes = strlen(plain);
    if (memchr(raw.data, '\\', raw.bytes) == NULL)
        return false;
    const char *end = raw.data + raw.bytes;
    for (const char *at = raw.data; at != end;) {
        char decoded[4];
        size_t decoded_bytes = tg_json_decode_char(&at, end, decoded);
        if (decoded_bytes > bytes || memcmp(decoded, plain, decoded_bytes) != 0)
            return false;
        plain += decoded_bytes;
        bytes -= decoded_bytes;
    }
    return bytes == 0;
}

struct tg_text tg_json_unescape(struct tg_arena *arena, struct tg_text raw)
{
    if (raw.bytes == 0 || memchr(raw.data, '\\', raw.bytes) == NULL)
        return raw;
    char *out = tg_arena_alloc(arena, raw.bytes); /* resolving an escape never makes it longer */
    size_t used = 0;
    const char *at = raw.data;
    const char *end = raw.data + raw.bytes;
    while (at != end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain_bytes = (size_t)((escape == NULL ? end : escape) - at);
        memcpy(out + used, at, plain_bytes);
        used += plain_bytes;
        at += plain_bytes;
        if (escape != NULL) {
            char decoded[4];
            size_t bytes = tg_json_decode_char(&at, end, decoded);
            memcpy(out + used, decoded, bytes);
            used += bytes;
        }
    }
    return tg_text(out, used);
}

enum tg_status tg_json_to_i64(struct tg_text number, int64_t *value)
{
    bool is_negative = number.bytes != 0 && number.data[0] == '-';
    int64_t result = 0;
    bool is_too_large = false;
    if (number.bytes == (is_negative ? 1u : 0u))
        return TG_INVALID;
    for (size_t i = is_negative; i < number.bytes; ++i) {
        char digit = number.data[i];
        if (digit < '0' || digit > '9')
            return TG_INVALID;
        int64_t step = is_negative ? -(digit - '0') : digit - '0';
        if (__builtin_mul_overflow(result, 10, &result) || __builtin_add_overflow(result, step, &result))
            is_too_large = true;
    }
    if (is_too_large)
        return TG_TOO_LARGE;
    *value = result;
    return TG_OK;
}
