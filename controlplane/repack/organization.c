#include "common/base/time.h"
#include "common/log/log.h"
#include "controlplane/audit/audit.h"
#include "controlplane/repack/organization_internal.h"
#include "controlplane/resource/columns.h"

enum { PAGE_ROWS = 500 };

/* A resource whose stored form is not what it would be packed to now. */
struct stale {
    struct stale *next;
    const struct tg_resource_type *type;
    struct tg_id id;
};

struct repacking {
    const struct tg_repack_config *config;
    struct tg_operation operation; /* its arena: of a page */
    struct tg_arena page, kept;
    struct stale *first, **last;
};

/* ---- rows ---- */

/* Loads the live rows that `condition` finds. */
static enum tg_status load(struct repacking *repacking, const struct tg_resource_type *type, const char *condition,
                           const struct tg_db_value *params, size_t param_count, struct tg_record **records,
                           size_t *count, struct tg_error *error)
{
    struct tg_operation *operation = &repacking->operation;
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status = tg_db_query(operation->db, tg_columns_select(operation->arena, type, condition), params,
                                        param_count, &rows, error);
    if (status != TG_OK)
        return status;
    *count = tg_db_rows(rows);
    *records = tg_arena_alloc(operation->arena, (*count + 1) * sizeof(**records));
    for (size_t i = 0; i < *count; ++i)
        tg_columns_load(operation, type, rows, i, &(*records)[i]);
    return type->enrich == NULL || *count == 0 ? TG_OK : type->enrich(operation, *records, *count, error);
}

/* False, after a line in the log, if it cannot be packed: a provider of a kind that the registry has lost. */
static bool pack(const struct repacking *repacking, const struct tg_record *record, struct tg_packed *packed)
{
    struct tg_error error;
    *packed = (struct tg_packed){0};
    if (record->type->pack(&repacking->operation, record, packed, &error) == TG_OK)
        return true;
    tg_log(TG_LOG_WARNING, "repack_skipped", tg_log_id("organization_id", record->organization_id),
           tg_log_string("type", record->type->name), tg_log_id("id", record->id),
           tg_log_string("reason", error.message));
    return false;
}

/* ---- what is stale ---- */

static void remember(struct repacking *repacking, const struct tg_record *record)
{
    struct stale *stale = tg_arena_alloc(&repacking->kept, sizeof(*stale));
    *stale = (struct stale){NULL, record->type, record->id};
    *repacking->last = stale;
    repacking->last = &stale->next;
}

/* In the order of the database. */
static bool is_before(struct tg_id a, struct tg_id b)
{
    return memcmp(&a, &b, sizeof(a)) < 0;
}

/* `stored` has the ids and hashes of the page's resources, in the order of the ids. */
static void compare_page(struct repacking *repacking, const struct tg_record *records, size_t count,
                         const tg_db_result *stored)
{
    size_t row = 0;
    for (size_t i = 0; i < count; ++i) {
        struct tg_packed packed;
        bool is_packed = pack(repacking, &records[i], &packed);
        while (row < tg_db_rows(stored) && is_before(tg_db_get_id(stored, row, 0), records[i].id))
            ++row;
        bool is_stored = row < tg_db_rows(stored) && tg_id_equals(tg_db_get_id(stored, row, 0), records[i].id);
        if (is_packed &&
            (!is_stored || memcmp(tg_db_get_bytes(stored, row, 1).data, packed.sha256, sizeof(packed.sha256)) != 0))
            remember(repacking, &records[i]);
        tg_packed_deinit(&packed);
    }
}

static enum tg_status scan_page(struct repacking *repacking, const struct tg_resource_type *type, struct tg_id *after,
                                bool *has_more, struct tg_error *error)
{
    struct tg_record *records;
    size_t count;
    struct tg_db_value page[] = {tg_db_id(*after), tg_db_int64(PAGE_ROWS)};
    enum tg_status status =
        load(repacking, type, "deleted_at IS NULL AND id > $1 ORDER BY id LIMIT $2", page, 2, &records, &count, error);
    if (status != TG_OK)
        return status;
    *has_more = count == PAGE_ROWS;
    if (count == 0)
        return TG_OK;
    struct tg_db_value bounds[] = {tg_db_int64(type->wire_type), tg_db_id(*after), tg_db_id(records[count - 1].id)};
    TG_DB_RESULT tg_db_result *stored = NULL;
    status = tg_db_query(repacking->operation.db,
                         "SELECT id, sha256 FROM snapshot_resources WHERE resource_type = $1"
                         " AND id > $2 AND id <= $3 AND NOT is_deleted ORDER BY id",
                         bounds, 3, &stored, error);
    if (status == TG_OK)
        compare_page(repacking, records, count, stored);
    *after = records[count - 1].id;
    return status;
}

static enum tg_status scan(struct repacking *repacking, struct tg_error *error)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < repacking->config->type_count && status == TG_OK; ++i) {
        struct tg_id after = {{0}};
        for (bool has_more = true; has_more && status == TG_OK;) {
            status = scan_page(repacking, repacking->config->types[i], &after, &has_more, error);
            tg_arena_reset(&repacking->page);
        }
    }
    return status;
}

/* ---- the change ---- */

/* As it is now, under the lock: it may have been changed or deleted since it was looked at. */
static enum tg_status put(struct repacking *repacking, struct tg_snapshot_change *change, const struct stale *stale,
                          int64_t *count, struct tg_error *error)
{
    struct tg_record *records;
    size_t found;
    struct tg_db_value params[] = {tg_db_id(stale->id)};
    enum tg_status status =
        load(repacking, stale->type, "id = $1 AND deleted_at IS NULL", params, 1, &records, &found, error);
    struct tg_packed packed = {0};
    if (status == TG_OK && found == 1 && pack(repacking, &records[0], &packed)) {
        status = tg_snapshot_change_put(change, stale->type->wire_type, stale->id, &packed, error);
        ++*count;
    }
    tg_packed_deinit(&packed);
    tg_arena_reset(&repacking->page);
    return status;
}

static enum tg_status audit(const struct repacking *repacking, int64_t revision, int64_t count, struct tg_error *error)
{
    const struct tg_operation *operation = &repacking->operation;
    struct tg_text after = tg_arena_printf(operation->arena, "{\"resources\":%lld}", (long long)count);
    struct tg_audit_entry entry = {
        .organization_id = operation->organization_id,
        .revision = revision,
        .actor = operation->actor,
        .source_address = operation->source_address,
        .request_id = operation->request_id,
        .action = TG_AUDIT_REPACK,
        .resource_type = "organization",
        .resource_id = operation->organization_id,
        .after = after,
    };
    return tg_audit_write(operation->db, &entry, error);
}

static enum tg_status write_change(struct repacking *repacking, int64_t *count, struct tg_error *error)
{
    struct tg_snapshot_change change;
    tg_db *db = repacking->operation.db;
    enum tg_status status = tg_snapshot_change_begin(&change, db, repacking->operation.organization_id, error);
    for (const struct stale *stale = repacking->first; stale != NULL && status == TG_OK; stale = stale->next)
        status = put(repacking, &change, stale, count, error);
    if (status != TG_OK || *count == 0) /* all of them were deleted meanwhile */
        return status;
    status = tg_snapshot_change_end(&change, error);
    if (status == TG_OK)
        status = audit(repacking, change.revision, *count, error);
    if (status == TG_OK)
        status = tg_db_commit(db, error);
    if (status == TG_OK)
        tg_log(TG_LOG_INFO, "repacked", tg_log_id("organization_id", change.organization_id),
               tg_log_number("revision", change.revision), tg_log_number("resources", *count));
    return status;
}

enum tg_status tg_repack_organization(const struct tg_repack_config *config, tg_db *db, struct tg_id organization_id,
                                      int64_t *count, struct tg_error *error)
{
    struct repacking repacking = {.config = config};
    TG_DB_SCOPE tg_db *scope = db;
    *count = 0;
    repacking.last = &repacking.first;
    tg_arena_init(&repacking.page);
    tg_arena_init(&repacking.kept);
    repacking.operation = (struct tg_operation){
        .db = db,
        .ring = config->seal_ring,
        .arena = &repacking.page,
        .organization_id = organization_id,
        .request_id = tg_id_new(),
        .actor = "system:repack",
        .source_address = "",
        .now_ms = tg_time_unix_ms(),
    };
    enum tg_status status = tg_db_begin(db, TG_DB_TENANT, &organization_id, error);
    if (status == TG_OK)
        status = scan(&repacking, error);
    if (status == TG_OK && repacking.first != NULL)
        status = write_change(&repacking, count, error);
    tg_arena_deinit(&repacking.kept);
    tg_arena_deinit(&repacking.page);
    return status;
}
