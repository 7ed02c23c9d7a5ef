/* JSON as a tree, for the control plane and the command line; the request path uses json_scan.h.
 *
 * Reading: tg_json_parse() gives a root that the caller destroys; everything reached from it is borrowed.
 * Writing: make values, set them into objects or append them to arrays, which then own them; dump the root.
 * Members keep their order. Money is a decimal string, never a JSON number; numbers are whole and fit int64_t.
 *
 * A tree has one owner and no locks. Strings never contain NUL, so they go into Postgres as they are. */
#ifndef TG_CODEC_JSON_H
#define TG_CODEC_JSON_H

#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/codec/json_kind.h"

typedef struct tg_json tg_json;

/* Strict RFC 8259 with depth at most TG_JSON_MAX_DEPTH; repeated members are refused wherever they are. TG_INVALID with
 * line and column; no root then. */
enum tg_status tg_json_parse(struct tg_text text, tg_json **root, struct tg_error *error) TG_MUST_CHECK;
void tg_json_destroy(tg_json *root); /* NULL is fine */

/* ---- looking ---- */

enum tg_json_kind tg_json_kind(const tg_json *value);
bool tg_json_is(const tg_json *value, enum tg_json_kind kind); /* false for NULL */

/* Members of an object, elements of an array; 0 for anything else. */
size_t tg_json_count(const tg_json *value);

/* NULL if there is no such member, or `value` is not an object. */
tg_json *tg_json_member(const tg_json *value, const char *key);
/* NULL beyond the end, or if `value` is not an array. */
tg_json *tg_json_at(const tg_json *value, size_t index);

/* The members of an object in order: start with a cursor of all zeros, until false. Do not change the object meanwhile.
 */
struct tg_json_cursor {
    void *position;
    bool is_started;
    struct tg_text key;
    tg_json *value;
};
bool tg_json_next_member(const tg_json *object, struct tg_json_cursor *cursor);

/* The value's own text or number; it must be of that kind. */
struct tg_text tg_json_text(const tg_json *value); /* NUL-terminated */
int64_t tg_json_i64(const tg_json *value);         /* only if tg_json_is_i64() */
bool tg_json_is_i64(const tg_json *value);         /* a whole number */
bool tg_json_boolean(const tg_json *value);

/* Deep; the order of members does not matter. */
bool tg_json_equals(const tg_json *a, const tg_json *b);

/* The member `key`, a UUID as a string. TG_INVALID with a sentence that begins with its name if it is not that. */
enum tg_status tg_json_read_id(const tg_json *object, const char *key, struct tg_id *id,
                               struct tg_error *error) TG_MUST_CHECK;

/* ---- making ---- */

tg_json *tg_json_new_object(void);
tg_json *tg_json_new_array(void);
tg_json *tg_json_new_text(struct tg_text text); /* ill-formed UTF-8 and NUL become U+FFFD */
tg_json *tg_json_new_i64(int64_t number);
tg_json *tg_json_new_boolean(bool is_true);
tg_json *tg_json_new_null(void);
tg_json *tg_json_copy(const tg_json *value); /* deep */

/* Takes `value` over; a member of that name is replaced in its place. `key` is valid UTF-8. */
void tg_json_set(tg_json *object, const char *key, tg_json *value);
void tg_json_set_text(tg_json *object, const char *key, struct tg_text text);
void tg_json_set_i64(tg_json *object, const char *key, int64_t number);
void tg_json_set_boolean(tg_json *object, const char *key, bool is_true);
void tg_json_set_id(tg_json *object, const char *key, struct tg_id id);
void tg_json_remove(tg_json *object, const char *key);
void tg_json_append(tg_json *array, tg_json *value); /* takes `value` over */

enum tg_json_layout { TG_JSON_COMPACT, TG_JSON_INDENTED };

/* Appends the value as JSON. TG_TOO_LARGE if it does not fit; nothing is appended then. */
enum tg_status tg_json_dump(const tg_json *value, enum tg_json_layout layout, struct tg_buf *out) TG_MUST_CHECK;

#endif
