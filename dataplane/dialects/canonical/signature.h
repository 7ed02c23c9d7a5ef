/* Signatures of thinking on their way through a dialect that is not their maker's.
 *
 * A model's signed thinking must come back to it unchanged with the next turn, or its tools stop working; to another
 * maker it means nothing. So a signature that leaves in another dialect's field is marked with its origin
 * ("tollgate.v1.messages." before it), and one that comes in is told apart by that mark. Written strings throughout:
 * the mark needs no escapes. */
#ifndef TG_CANONICAL_SIGNATURE_H
#define TG_CANONICAL_SIGNATURE_H

#include "dataplane/dialects/canonical/request.h"

/* For an encoder of `own`: as it is if it is of the same origin, marked otherwise. In the arena. */
struct tg_json_string tg_signature_mark(struct tg_arena *arena, enum tg_dialect_id own, enum tg_dialect_id origin,
                                        struct tg_json_string signature);

/* For a reader of `own`: without the mark, and whose it is. */
struct tg_json_string tg_signature_unmark(enum tg_dialect_id own, struct tg_json_string marked,
                                          enum tg_dialect_id *origin);

#endif
