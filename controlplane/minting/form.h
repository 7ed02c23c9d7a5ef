/* Internal to the room: application/x-www-form-urlencoded, and what servers say in their answers. */
#ifndef TG_MINTING_FORM_H
#define TG_MINTING_FORM_H

#include "common/base/arena.h"
#include "common/base/buf.h"

/* Large enough for a service account's assertion or a workload's token. */
enum { TG_FORM_MAX_BYTES = 128 * 1024 };

/* Appends "name=value", encoded, with "&" before all but the first. TG_TOO_LARGE beyond the buffer's maximum. */
enum tg_status tg_form_add(struct tg_buf *form, const char *name, struct tg_text value) TG_MUST_CHECK;

/* What a server says of a failure, fit for people and logs: printable, at most 250 bytes, in the arena. */
struct tg_text tg_form_quote(struct tg_text words, struct tg_arena *arena);

#endif
