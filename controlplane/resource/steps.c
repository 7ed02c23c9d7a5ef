#include <assert.h>

#include "controlplane/resource/internal.h"
#include "controlplane/resource/show.h"

enum { MAX_AUDIT_BYTES = 1 << 20 };

void tg_operation_begin(struct tg_operation *operation, bool is_locked, struct tg_refusal *refusal)
{
    struct tg_error error;
    enum tg_status status = tg_db_begin(operation->db, TG_DB_TENANT, &operation->organization_id, &error);
    TG_DB_RESULT tg_db_result *result = NULL;
    if (status == TG_OK) {
        struct tg_db_value params[] = {tg_db_id(operation->organization_id)};
        status = tg_db_query(operation->db,
                             is_locked ? "SELECT FROM organizations WHERE id = $1 AND deleted_at IS NULL FOR SHARE"
                                       : "SELECT FROM organizations WHERE id = $1 AND deleted_at IS NULL",
                             params, 1, &result, &error);
    }
    if (status != TG_OK)
        tg_refuse_failure(refusal, status, &error);
    else if (tg_db_rows(result) == 0)
        tg_refuse(refusal, TG_REFUSAL_NOT_FOUND, "There is no such organization.");
}

void tg_operation_fetch(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const char *lock, struct tg_record *record, struct tg_refusal *refusal)
{
    const char *condition = tg_arena_printf(operation->arena, "id = $1 AND deleted_at IS NULL %s", lock).data;
    struct tg_db_value params[] = {tg_db_id(id)};
    struct tg_error error;
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status =
        tg_db_query(operation->db, tg_columns_select(operation->arena, type, condition), params, 1, &result, &error);
    if (status == TG_OK && tg_db_rows(result) == 0) {
        tg_refuse(refusal, TG_REFUSAL_NOT_FOUND, "There is no such %s here.", type->noun);
        return;
    }
    if (status == TG_OK) {
        tg_columns_load(operation, type, result, 0, record);
        if (type->enrich != NULL)
            status = type->enrich(operation, record, 1, &error);
    }
    if (status != TG_OK)
        tg_refuse_failure(refusal, status, &error);
}

/* How many of the ids are live resources of the type; they stay so until the end of the transaction. */
static enum tg_status count_live(struct tg_operation *operation, const struct tg_resource_type *type,
                                 const struct tg_id *ids, size_t count, size_t *live, struct tg_error *error)
{
    const char *sql = tg_arena_printf(operation->arena,
                                      "SELECT FROM %s WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL"
                                      " ORDER BY id FOR SHARE",
                                      type->table)
                          .data;
    struct tg_db_value params[] = {tg_db_ids(ids, count)};
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status = tg_db_query(operation->db, sql, params, 1, &result, error);
    if (status == TG_OK)
        *live = tg_db_rows(result);
    return status;
}

void tg_operation_check_references(struct tg_operation *operation, const struct tg_record *before,
                                   const struct tg_record *after, struct tg_refusal *refusal)
{
    const struct tg_resource_type *type = after->type;
    for (size_t i = 0; i < type->field_count; ++i) {
        const struct tg_field *field = &type->fields[i];
        const struct tg_value *value = &after->values[i];
        if (field->target == NULL || !value->is_given || value->is_null)
            continue;
        if (before != NULL && field->kind == TG_FIELD_ID && tg_id_equals(before->values[i].id, value->id))
            continue;
        bool is_list = field->kind == TG_FIELD_IDS;
        size_t wanted = is_list ? value->id_count : 1;
        size_t live = 0;
        struct tg_error error;
        enum tg_status status =
            count_live(operation, field->target, is_list ? value->ids : &value->id, wanted, &live, &error);
        if (status != TG_OK) {
            tg_refuse_failure(refusal, status, &error);
            return;
        }
        if (live != wanted)
            tg_refuse_field(refusal, tg_text_of(field->name), is_list ? "names what is no %s here" : "is no %s here",
                            field->target->noun);
    }
}

static struct tg_text render_for_audit(struct tg_operation *operation, const struct tg_record *record)
{
    if (record == NULL)
        return tg_text(NULL, 0);
    struct tg_buf buf;
    struct tg_json_writer writer;
    tg_buf_init(&buf, MAX_AUDIT_BYTES);
    tg_json_write_init(&writer, &buf);
    tg_resource_show(record, TG_RESOURCE_AUDIT, &writer);
    enum tg_status status = tg_json_write_finish(&writer);
    assert(status == TG_OK); /* every field is bounded */
    (void)status;
    struct tg_text text = tg_arena_copy(operation->arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return text;
}

static enum tg_status publish_one(struct tg_operation *operation, struct tg_snapshot_change *change,
                                  const struct tg_touched *touched, struct tg_error *error)
{
    const struct tg_record *record = touched->after != NULL ? touched->after : touched->before;
    if (touched->after == NULL)
        return tg_snapshot_change_remove(change, record->type->wire_type, record->id, error);
    struct tg_packed packed = {0};
    enum tg_status status = record->type->pack(operation, record, &packed, error);
    if (status == TG_OK)
        status = tg_snapshot_change_put(change, record->type->wire_type, record->id, &packed, error);
    tg_packed_deinit(&packed);
    return status;
}

static enum tg_status audit_one(struct tg_operation *operation, const struct tg_snapshot_change *change,
                                const struct tg_touched *touched, struct tg_text before, struct tg_text after,
                                struct tg_error *error)
{
    const struct tg_record *record = touched->after != NULL ? touched->after : touched->before;
    struct tg_audit_entry entry = {
        .organization_id = operation->organization_id,
        .revision = change->revision,
        .actor = operation->actor,
        .source_address = operation->source_address,
        .request_id = operation->request_id,
        .action = touched->before == NULL  ? TG_AUDIT_CREATE
                  : touched->after == NULL ? TG_AUDIT_DELETE
                                           : TG_AUDIT_UPDATE,
        .resource_type = record->type->name,
        .resource_id = record->id,
        .before = before,
        .after = after,
    };
    return tg_audit_write(operation->db, &entry, error);
}

void tg_operation_publish(struct tg_operation *operation, const struct tg_touched *touched, size_t count,
                          struct tg_refusal *refusal)
{
    struct tg_text *before = tg_arena_alloc(operation->arena, count * sizeof(*before));
    struct tg_text *after = tg_arena_alloc(operation->arena, count * sizeof(*after));
    for (size_t i = 0; i < count; ++i) { /* before the lock that everybody waits for */
        before[i] = render_for_audit(operation, touched[i].before);
        after[i] = render_for_audit(operation, touched[i].after);
    }
    struct tg_snapshot_change change;
    struct tg_error error;
    enum tg_status status = tg_snapshot_change_begin(&change, operation->db, operation->organization_id, &error);
    for (size_t i = 0; i < count && status == TG_OK; ++i) {
        status = publish_one(operation, &change, &touched[i], &error);
        if (status == TG_OK)
            status = audit_one(operation, &change, &touched[i], before[i], after[i], &error);
    }
    if (status == TG_OK)
        status = tg_snapshot_change_end(&change, &error);
    if (status != TG_OK)
        tg_refuse_failure(refusal, status, &error);
}

void tg_operation_commit(struct tg_operation *operation, struct tg_refusal *refusal)
{
    struct tg_error error;
    enum tg_status status = tg_db_commit(operation->db, &error);
    if (status == TG_UNAVAILABLE)
        tg_refuse(refusal, TG_REFUSAL_UNAVAILABLE,
                  "The connection to the database was lost while the change was committed: whether it was made is not"
                  " known. Look before you try again, or repeat a POST with its Idempotency-Key.");
    else if (status != TG_OK)
        tg_refuse_failure(refusal, status, &error);
}

void tg_operation_refuse(struct tg_operation *operation, const struct tg_record *record, enum tg_status status,
                         const struct tg_error *error, struct tg_refusal *refusal)
{
    const char *constraint = tg_db_constraint(operation->db);
    size_t bytes = strlen(constraint);
    int name = tg_resource_find_field(record->type, tg_text_of("name"));
    if (status == TG_CONFLICT && name >= 0 && bytes > 5 && strcmp(constraint + bytes - 5, "_name") == 0)
        tg_refuse(refusal, TG_REFUSAL_CONFLICT, "There is %s named \"%.*s\" already.", record->type->article_noun,
                  TG_TEXT_ARG(record->values[name].text));
    else if (status == TG_CONFLICT && strcmp(constraint, "idempotency_keys_pkey") == 0)
        tg_refuse(refusal, TG_REFUSAL_CONFLICT, "A request with this Idempotency-Key is being answered right now.");
    else if (status == TG_CONFLICT && strcmp(constraint, "api_keys_sha256") == 0)
        tg_refuse(refusal, TG_REFUSAL_CONFLICT, "This key is in use already.");
    else if (status == TG_CONFLICT && strcmp(constraint, "prices_date") == 0)
        tg_refuse(refusal, TG_REFUSAL_CONFLICT, "The deployment has a price from that moment already.");
    else
        tg_refuse_failure(refusal, status, error);
}
