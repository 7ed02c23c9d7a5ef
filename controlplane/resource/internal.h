/* Internal to the room: the steps that operations share. */
#ifndef TG_RESOURCE_INTERNAL_H
#define TG_RESOURCE_INTERNAL_H

#include "controlplane/audit/audit.h"
#include "controlplane/resource/columns.h"
#include "controlplane/resource/operation.h"

/* Loads one live row in the open transaction; `lock` is "", "FOR SHARE" or "FOR UPDATE". NOT_FOUND if there is none. */
void tg_operation_fetch(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const char *lock, struct tg_record *record, struct tg_refusal *refusal);

/* Every reference that is new in `after` must be to a live resource; it is locked. */
void tg_operation_check_references(struct tg_operation *operation, const struct tg_record *before,
                                   const struct tg_record *after, struct tg_refusal *refusal);

/* One touched resource of a change; `before` NULL at creation, `after` NULL at deletion. */
struct tg_touched {
    const struct tg_record *before;
    const struct tg_record *after;
};

/* Revision, snapshot, audit rows and notice, for all of them at once. */
void tg_operation_publish(struct tg_operation *operation, const struct tg_touched *touched, size_t count,
                          struct tg_refusal *refusal);

void tg_operation_commit(struct tg_operation *operation, struct tg_refusal *refusal);

/* What the last failed statement of the operation means to a client. */
void tg_operation_refuse(struct tg_operation *operation, const struct tg_record *record, enum tg_status status,
                         const struct tg_error *error, struct tg_refusal *refusal);

/* Looks the key up. True if it is there: then either *id is what it made, or the request is refused. */
bool tg_idempotency_find(struct tg_operation *operation, const struct tg_idempotency *idempotency, struct tg_id *id,
                         struct tg_refusal *refusal);
/* Remembers it, and forgets those that are older than TG_IDEMPOTENCY_HOURS. */
enum tg_status tg_idempotency_store(struct tg_operation *operation, const struct tg_idempotency *idempotency,
                                    struct tg_id id, struct tg_error *error) TG_MUST_CHECK;

#endif
