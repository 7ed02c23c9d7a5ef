/* A strict JSON scanner (RFC 8259) for the request path: one pass, no allocation, spans into the caller's bytes.
 *
 * The caller pulls tokens. Each carries its key and its value as they are written, so that a dialect takes the members
 * it knows, passes over the rest and can still replace single spans in the original body:
 *
 *     struct tg_json_scan scan;
 *     struct tg_json_token root, member;
 *     tg_json_scan_init(&scan, body);
 *     if (tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_OBJECT)
 *         while (tg_json_scan_next_in(&scan, &root, &member))
 *             if (tg_json_text_is(member.key, "model") && member.kind == TG_JSON_STRING)
 *                 ...
 *     status = tg_json_scan_finish(&scan, error);
 *
 * Nothing that was seen may be acted upon before tg_json_scan_finish() returned TG_OK: only then is the document whole
 * and valid. Members of the top-level object must not repeat, whatever escapes their names are written with, so that
 * gateway and provider cannot read different values; there may be TG_JSON_MAX_MEMBERS of them. UTF-8 is checked. The
 * grammar allows an escaped surrogate without its partner (some providers split an emoji between chunks): it passes,
 * and unescapes to U+FFFD. */
#ifndef TG_CODEC_JSON_SCAN_H
#define TG_CODEC_JSON_SCAN_H

#include "common/base/arena.h"
#include "common/base/status.h"
#include "common/codec/json_kind.h"

/* Of the top-level object; they also bound what comparing the names can cost. */
enum { TG_JSON_MAX_MEMBERS = 128, TG_JSON_MAX_MEMBER_NAME_BYTES = 256 };

enum tg_json_event {
    TG_JSON_VALUE, /* a scalar, complete */
    TG_JSON_BEGIN, /* an object or array opens; its members follow */
    TG_JSON_END,   /* it closes */
    TG_JSON_DONE,  /* the document is whole and valid */
    TG_JSON_BAD,   /* it is not; tg_json_scan_finish() says why */
};
const char *tg_json_event_name(enum tg_json_event event);

struct tg_json_token {
    enum tg_json_event event;
    enum tg_json_kind kind;
    unsigned depth;     /* 0 is the document itself, 1 its members; BEGIN and END of a container have the same */
    struct tg_text key; /* between the quotes, escapes not resolved; data is NULL where there is none, and at END */
    struct tg_text
        value;        /* as written; a string between its quotes; at BEGIN the bracket, at END the whole container */
    bool has_escapes; /* the value is a string with escapes: tg_json_unescape() before use as text */
};

struct tg_json_scan {
    const char *begin;
    const char *at;
    const char *end;
    enum { TG_JSON_AT_START, TG_JSON_AT_FIRST, TG_JSON_AFTER_VALUE, TG_JSON_AT_END } state;
    unsigned depth;      /* containers that are open */
    const char *problem; /* NULL while all is well */
    const char *open[TG_JSON_MAX_DEPTH];
    size_t member_count;
    bool members_have_escapes;                   /* one of them at least */
    struct tg_text members[TG_JSON_MAX_MEMBERS]; /* names seen at the top level */
};

/* `document` is referenced until the last use of the scan and its tokens. */
void tg_json_scan_init(struct tg_json_scan *scan, struct tg_text document);

/* The next token; DONE and BAD repeat. */
enum tg_json_event tg_json_scan_next(struct tg_json_scan *scan, struct tg_json_token *token);

/* The next direct child (VALUE or BEGIN) of `container`, a BEGIN token that is still open; false when it has closed or
 * the document is bad. What lies deeper and was not taken is validated and passed over. */
bool tg_json_scan_next_in(struct tg_json_scan *scan, const struct tg_json_token *container,
                          struct tg_json_token *child);

/* Passes over the rest of an open container and extends token->value to all of it. A scalar stays as it is. False if
 * the document is bad. */
bool tg_json_scan_skip(struct tg_json_scan *scan, struct tg_json_token *token);

/* Validates what is left. TG_INVALID, with line and column, if the document is not JSON or goes beyond the bounds. */
enum tg_status tg_json_scan_finish(struct tg_json_scan *scan, struct tg_error *error) TG_MUST_CHECK;

/* The same for text that is longer than `plain`: only its escapes can make up for that. */
bool tg_json_longer_text_is(struct tg_text raw, const char *plain);

/* Whether a string or key as written means `plain` once its escapes are resolved. `raw` comes from a token. */
static inline bool tg_json_text_is(struct tg_text raw, const char *plain)
{
    size_t bytes = strlen(plain);
    if (raw.bytes == bytes) /* an escape is longer than what it stands for */
        return raw.data != NULL && memcmp(raw.data, plain, bytes) == 0;
    return raw.bytes > bytes && tg_json_longer_text_is(raw, plain);
}

/* A string as written, with its escapes resolved; without any, `raw` itself. `raw` comes from a token. May contain NUL.
 */
struct tg_text tg_json_unescape(struct tg_arena *arena, struct tg_text raw);

/* A number as written. TG_INVALID if it has a fraction or an exponent, TG_TOO_LARGE if it does not fit. */
enum tg_status tg_json_to_i64(struct tg_text number, int64_t *value) TG_MUST_CHECK;

#endif
