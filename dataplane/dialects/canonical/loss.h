/* What a target dialect cannot say. By default what changes the meaning of the call is refused and what does not is
 * dropped and listed in a header of the answer; a model's setting may move that line. */
#ifndef TG_CANONICAL_LOSS_H
#define TG_CANONICAL_LOSS_H

#include "dataplane/dialects/canonical/request.h"

enum tg_loss_policy {
    TG_LOSS_REFUSE_MEANING, /* the default */
    TG_LOSS_REFUSE_ALL,
    TG_LOSS_DROP_ALL,
};

enum tg_loss_weight {
    TG_LOSS_HARMLESS, /* the answer would be as good: an identifier for abuse reports, a hint for a cache */
    TG_LOSS_MEANING,  /* the model would be asked something else */
};

enum { TG_LOSS_MAX_DROPPED = 16 };

struct tg_loss {
    enum tg_loss_policy policy;
    struct tg_text refused; /* the first field that may not be dropped; empty if there is none */
    struct tg_text dropped[TG_LOSS_MAX_DROPPED];
    size_t dropped_count; /* may be larger than the array: then some are not named */
};

/* `path` as the client writes the field: "messages[2].content[0]"; must live as long as the exchange. */
void tg_loss_add(struct tg_loss *loss, struct tg_text path, enum tg_loss_weight weight);

/* The same for a field, by the one table of weights (loss.c). */
void tg_loss_add_field(struct tg_loss *loss, const struct tg_field *field);

/* Dropped fields as a header's value, "a, b"; empty if there are none. */
struct tg_text tg_loss_header(struct tg_arena *arena, const struct tg_loss *loss);

#endif
