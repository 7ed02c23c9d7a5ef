/* The client's own bytes with single values replaced: what a provider of the same dialect gets. Nothing is copied but
 * the new values. Pure. */
#ifndef TG_CANONICAL_EDIT_H
#define TG_CANONICAL_EDIT_H

#include "common/codec/json_write.h"
#include "dataplane/dialects/canonical/dialect.h"

enum { TG_MAX_EDITS = (TG_BODY_PIECES - 1) / 2 };

/* Begin with all zeros. */
struct tg_edits {
    struct tg_edit {
        struct tg_span span; /* gives way to `text`; without bytes: `text` is inserted there */
        struct tg_text text;
    } list[TG_MAX_EDITS];
    size_t count;
};

/* Several insertions at one place keep their order. What does not overlap may come in any order. */
void tg_edits_add(struct tg_edits *edits, struct tg_span span, struct tg_text text);

/* `model`: where the provider knows it by another name, or the body does not name it; nothing where the provider's
 * rules leave it out. */
void tg_edits_model(struct tg_arena *arena, const struct tg_model_request *request,
                    const struct tg_request_target *target, struct tg_edits *edits);

/* The provider's own rules: top-level members dropped, renamed or set. Call it last: a value that another edit touches
 * stays. */
void tg_edits_rules(struct tg_arena *arena, const struct tg_model_request *request,
                    const struct tg_request_target *target, struct tg_edits *edits);

/* The same for a request that is written anew: those members that are always set, at the end of the top-level object.
 */
void tg_rules_write_set(const struct tg_request_target *target, struct tg_json_writer *json);

/* `body`, the texts and the arena must outlive the pieces. */
void tg_edits_apply(const struct tg_edits *edits, struct tg_text body, struct tg_body *edited);

#endif
