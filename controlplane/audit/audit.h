/* The audit log: one row for every change of the configuration, written in its transaction, never edited. */
#ifndef TG_AUDIT_AUDIT_H
#define TG_AUDIT_AUDIT_H

#include "controlplane/store/db.h"

enum tg_audit_action {
    TG_AUDIT_CREATE,
    TG_AUDIT_UPDATE,
    TG_AUDIT_DELETE,
    TG_AUDIT_REPACK, /* of an organization: what replicas are told of it was brought up to date with the program */
};
const char *tg_audit_action_name(enum tg_audit_action action);

struct tg_audit_entry {
    struct tg_id organization_id;
    int64_t revision;
    const char *actor;
    const char *source_address;
    struct tg_id request_id;
    enum tg_audit_action action;
    const char *resource_type;
    struct tg_id resource_id;
    struct tg_text before; /* JSON as the API shows it; NULL data: there was nothing */
    struct tg_text after;
};

enum tg_status tg_audit_write(tg_db *db, const struct tg_audit_entry *entry, struct tg_error *error) TG_MUST_CHECK;

#endif
