#include "controlplane/audit/audit.h"

const char *tg_audit_action_name(enum tg_audit_action action)
{
    static const char *const names[] = {"create", "update", "delete", "repack"};
    return names[action];
}

static struct tg_db_value json_or_null(struct tg_text json)
{
    return json.data == NULL ? tg_db_null() : tg_db_text(json);
}

enum tg_status tg_audit_write(tg_db *db, const struct tg_audit_entry *entry, struct tg_error *error)
{
    struct tg_db_value params[] = {
        tg_db_id(entry->organization_id),
        tg_db_id(tg_id_new()),
        tg_db_int64(entry->revision),
        tg_db_string(entry->actor),
        tg_db_string(entry->source_address),
        tg_db_id(entry->request_id),
        tg_db_string(tg_audit_action_name(entry->action)),
        tg_db_string(entry->resource_type),
        tg_db_id(entry->resource_id),
        json_or_null(entry->before),
        json_or_null(entry->after),
    };
    return tg_db_query(
        db,
        "INSERT INTO audit_log (organization_id, id, revision, actor, source_address, request_id, action,"
        " resource_type, resource_id, before, after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params, sizeof(params) / sizeof(params[0]), NULL, error);
}
