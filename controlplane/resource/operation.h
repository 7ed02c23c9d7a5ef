/* What can be done with a resource, whatever its type: each call is one transaction.
 *
 *   create  read body -> idempotency -> references -> prepare -> insert -> store -> publish
 *   update  lock row -> If-Match -> merge -> references -> prepare -> update -> store -> publish
 *   delete  lock row -> If-Match -> dependents -> mark (and what goes with it) -> publish
 *   publish: snapshot, revision, audit row, notice; then commit
 *
 * The outcome is in `refusal`: not refused means done and committed. Rows that a change refers to are locked (FOR
 * SHARE) so that none of them is deleted meanwhile. Blocking; one thread per operation. */
#ifndef TG_RESOURCE_OPERATION_H
#define TG_RESOURCE_OPERATION_H

#include "common/codec/json.h"
#include "controlplane/resource/type.h"

/* A key that makes a retried creation one; empty: none. */
struct tg_idempotency {
    struct tg_text key;
    uint8_t request_sha256[32];
};

enum { TG_IDEMPOTENCY_HOURS = 24 };

/* `is_replayed`: the record is what an earlier request with that key made. */
void tg_resource_create(struct tg_operation *operation, const struct tg_resource_type *type, const tg_json *body,
                        const struct tg_idempotency *idempotency, struct tg_record *record, bool *is_replayed,
                        struct tg_refusal *refusal);

void tg_resource_load(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                      struct tg_record *record, struct tg_refusal *refusal);

/* `if_match` may be NULL (no condition). */
void tg_resource_update(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const tg_json *body, const struct tg_text *if_match, struct tg_record *record,
                        struct tg_refusal *refusal);

/* An update that is not a body: `mutate` changes `after`, or answers false when there is nothing to change, which is
 * fine and leaves no trace. */
void tg_resource_change(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const struct tg_text *if_match,
                        bool (*mutate)(struct tg_operation *operation, struct tg_record *after),
                        struct tg_record *record, struct tg_refusal *refusal);

void tg_resource_delete(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const struct tg_text *if_match, struct tg_refusal *refusal);

struct tg_resource_filter {
    const struct tg_field *field;
    struct tg_value value;
};

struct tg_resource_query {
    size_t limit;
    struct tg_id after; /* zero: from the beginning */
    struct tg_resource_filter filters[TG_RESOURCE_MAX_FIELDS];
    size_t filter_count;
};

/* `records` is an array of *count in the arena, in the order of their ids. */
void tg_resource_list(struct tg_operation *operation, const struct tg_resource_type *type,
                      const struct tg_resource_query *query, struct tg_record **records, size_t *count, bool *has_more,
                      struct tg_refusal *refusal);

/* Whether an If-Match header (RFC 9110 section 13.1.1) admits this version. */
bool tg_etag_matches(struct tg_text if_match, int64_t version);

/* Begins a transaction of the operation's organization and makes sure that this is there. `is_locked` keeps it from
 * being deleted meanwhile. For handlers of what is not a resource (reports, the audit log). */
void tg_operation_begin(struct tg_operation *operation, bool is_locked, struct tg_refusal *refusal);

#endif
