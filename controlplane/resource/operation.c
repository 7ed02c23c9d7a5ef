#include "controlplane/resource/operation.h"

#include <stdio.h>

#include "controlplane/resource/internal.h"
#include "controlplane/resource/read.h"

bool tg_etag_matches(struct tg_text if_match, int64_t version)
{
    char etag[32];
    snprintf(etag, sizeof(etag), "\"%lld\"", (long long)version);
    while (if_match.bytes > 0) {
        const char *comma = memchr(if_match.data, ',', if_match.bytes); /* our tags contain none */
        size_t bytes = comma == NULL ? if_match.bytes : (size_t)(comma - if_match.data);
        struct tg_text item = tg_text_trim(tg_text(if_match.data, bytes));
        if (tg_text_is(item, "*") || tg_text_is(item, etag))
            return true;
        if (comma == NULL)
            break;
        if_match = tg_text(comma + 1, if_match.bytes - bytes - 1);
    }
    return false;
}

static void check_if_match(const struct tg_text *if_match, const struct tg_record *record, struct tg_refusal *refusal)
{
    if (!tg_refused(refusal) && if_match != NULL && !tg_etag_matches(*if_match, record->version))
        tg_refuse(refusal, TG_REFUSAL_CHANGED, "The %s has changed: it is at version %lld now.", record->type->noun,
                  (long long)record->version);
}

/* ---- create ---- */

/* The organization itself is created inside the tenant that it is about to be; keys of such requests belong to the zero
 * tenant. */
static enum tg_status see_keys(struct tg_operation *operation, const struct tg_resource_type *type, bool sees_keys,
                               struct tg_error *error)
{
    if (!type->is_organization)
        return TG_OK;
    return tg_db_set_organization(operation->db, sees_keys ? (struct tg_id){{0}} : operation->organization_id, error);
}

static void replay(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                   struct tg_record *record, struct tg_refusal *refusal)
{
    struct tg_error error;
    if (type->is_organization) {
        operation->organization_id = id;
        enum tg_status status = see_keys(operation, type, false, &error);
        if (status != TG_OK) {
            tg_refuse_failure(refusal, status, &error);
            return;
        }
    }
    tg_operation_fetch(operation, type, id, "", record, refusal);
    if (refusal->kind == TG_REFUSAL_NOT_FOUND) {
        *refusal = (struct tg_refusal){0};
        tg_refuse(refusal, TG_REFUSAL_CONFLICT, "What the request with this Idempotency-Key made is deleted since.");
    }
}

static void write_new(struct tg_operation *operation, const struct tg_idempotency *idempotency,
                      struct tg_record *record, struct tg_refusal *refusal)
{
    const struct tg_resource_type *type = record->type;
    struct tg_error error;
    enum tg_status status = tg_columns_insert(operation, record, &error);
    if (status == TG_OK && type->store != NULL)
        status = type->store(operation, NULL, record, &error);
    if (status == TG_OK)
        status = see_keys(operation, type, true, &error);
    if (status == TG_OK)
        status = tg_idempotency_store(operation, idempotency, record->id, &error);
    if (status == TG_OK)
        status = see_keys(operation, type, false, &error);
    if (status != TG_OK) {
        tg_operation_refuse(operation, record, status, &error, refusal);
        return;
    }
    struct tg_touched touched = {.after = record};
    tg_operation_publish(operation, &touched, 1, refusal);
}

static void begin_create(struct tg_operation *operation, const struct tg_resource_type *type,
                         struct tg_refusal *refusal)
{
    if (!type->is_organization) {
        tg_operation_begin(operation, true, refusal);
        return;
    }
    struct tg_error error;
    struct tg_id nobody = {{0}};
    enum tg_status status = tg_db_begin(operation->db, TG_DB_TENANT, &nobody, &error);
    if (status != TG_OK)
        tg_refuse_failure(refusal, status, &error);
}

static void create_once(struct tg_operation *operation, const struct tg_resource_type *type, const tg_json *body,
                        const struct tg_idempotency *idempotency, struct tg_record *record, bool *is_replayed,
                        struct tg_refusal *refusal)
{
    TG_DB_SCOPE tg_db *scope = operation->db;
    struct tg_id made = {{0}};
    begin_create(operation, type, refusal);
    if (tg_refused(refusal))
        return;
    *is_replayed = tg_idempotency_find(operation, idempotency, &made, refusal);
    if (*is_replayed) {
        if (!tg_refused(refusal))
            replay(operation, type, made, record, refusal);
        return;
    }
    *record = (struct tg_record){.type = type, .id = tg_id_new()};
    if (type->is_organization)
        operation->organization_id = record->id;
    record->organization_id = operation->organization_id;
    tg_resource_read(type, body, true, operation->arena, record, refusal);
    tg_operation_check_references(operation, NULL, record, refusal);
    struct tg_error error;
    enum tg_status status = see_keys(operation, type, false, &error);
    if (status == TG_OK && type->prepare != NULL)
        status = type->prepare(operation, NULL, record, refusal, &error);
    if (status != TG_OK)
        tg_operation_refuse(operation, record, status, &error, refusal);
    if (!tg_refused(refusal))
        write_new(operation, idempotency, record, refusal);
    if (!tg_refused(refusal) && type->enrich != NULL) {
        status = type->enrich(operation, record, 1, &error);
        if (status != TG_OK)
            tg_refuse_failure(refusal, status, &error);
    }
    if (!tg_refused(refusal))
        tg_operation_commit(operation, refusal);
}

void tg_resource_create(struct tg_operation *operation, const struct tg_resource_type *type, const tg_json *body,
                        const struct tg_idempotency *idempotency, struct tg_record *record, bool *is_replayed,
                        struct tg_refusal *refusal)
{
    create_once(operation, type, body, idempotency, record, is_replayed, refusal);
    /* What stands in the way may be the same request, committed by another thread since we looked for its key: then its
     * answer is ours. */
    if (refusal->kind == TG_REFUSAL_CONFLICT && idempotency->key.bytes > 0) {
        *refusal = (struct tg_refusal){0};
        create_once(operation, type, body, idempotency, record, is_replayed, refusal);
    }
}

/* ---- update ---- */

struct mutation {
    const tg_json *body; /* or */
    bool (*mutate)(struct tg_operation *operation, struct tg_record *after);
};

/* Puts the new values over the old ones; false if nothing is to be done. */
static bool merge(struct tg_operation *operation, const struct mutation *mutation, const struct tg_record *before,
                  struct tg_record *after, struct tg_refusal *refusal)
{
    *after = *before;
    if (mutation->mutate != NULL)
        return mutation->mutate(operation, after);
    struct tg_record sent = {.type = before->type};
    tg_resource_read(before->type, mutation->body, false, operation->arena, &sent, refusal);
    for (size_t i = 0; i < before->type->field_count; ++i) {
        if (sent.values[i].is_given)
            after->values[i] = sent.values[i];
    }
    return true;
}

static void write_changed(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                          struct tg_refusal *refusal)
{
    const struct tg_resource_type *type = after->type;
    struct tg_error error;
    enum tg_status status = tg_columns_update(operation, after, &error);
    if (status == TG_OK && type->store != NULL)
        status = type->store(operation, before, after, &error);
    if (status == TG_OK && type->enrich != NULL)
        status = type->enrich(operation, after, 1, &error);
    if (status != TG_OK) {
        tg_operation_refuse(operation, after, status, &error, refusal);
        return;
    }
    struct tg_touched touched = {.before = before, .after = after};
    tg_operation_publish(operation, &touched, 1, refusal);
    if (!tg_refused(refusal))
        tg_operation_commit(operation, refusal);
}

static void update(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                   const struct tg_text *if_match, const struct mutation *mutation, struct tg_record *record,
                   struct tg_refusal *refusal)
{
    TG_DB_SCOPE tg_db *scope = operation->db;
    struct tg_record before;
    tg_operation_begin(operation, false, refusal);
    if (!tg_refused(refusal))
        tg_operation_fetch(operation, type, id, "FOR UPDATE", &before, refusal);
    check_if_match(if_match, &before, refusal);
    if (tg_refused(refusal))
        return;
    if (!merge(operation, mutation, &before, record, refusal))
        return;
    tg_operation_check_references(operation, &before, record, refusal);
    struct tg_error error;
    enum tg_status status = type->prepare == NULL ? TG_OK : type->prepare(operation, &before, record, refusal, &error);
    if (status != TG_OK)
        tg_operation_refuse(operation, record, status, &error, refusal);
    if (!tg_refused(refusal))
        write_changed(operation, &before, record, refusal);
}

void tg_resource_update(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const tg_json *body, const struct tg_text *if_match, struct tg_record *record,
                        struct tg_refusal *refusal)
{
    update(operation, type, id, if_match, &(struct mutation){.body = body}, record, refusal);
}

void tg_resource_change(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const struct tg_text *if_match,
                        bool (*mutate)(struct tg_operation *operation, struct tg_record *after),
                        struct tg_record *record, struct tg_refusal *refusal)
{
    update(operation, type, id, if_match, &(struct mutation){.mutate = mutate}, record, refusal);
}

/* ---- delete ---- */

static void check_dependents(struct tg_operation *operation, const struct tg_record *record, struct tg_refusal *refusal)
{
    const struct tg_dependent *dependent = record->type->dependents;
    for (; dependent != NULL && dependent->noun != NULL && !tg_refused(refusal); ++dependent) {
        struct tg_db_value params[] = {tg_db_id(record->id)};
        struct tg_error error;
        TG_DB_RESULT tg_db_result *names = NULL;
        enum tg_status status = tg_db_query(operation->db, dependent->sql, params, 1, &names, &error);
        if (status != TG_OK) {
            tg_refuse_failure(refusal, status, &error);
            return;
        }
        size_t count = tg_db_rows(names);
        if (count == 0)
            continue;
        struct tg_text list = tg_db_get_text(names, 0, 0);
        for (size_t i = 1; i < count && i < 3; ++i)
            list = tg_arena_printf(operation->arena, "%.*s, %.*s", TG_TEXT_ARG(list),
                                   TG_TEXT_ARG(tg_db_get_text(names, i, 0)));
        tg_refuse(refusal, TG_REFUSAL_CONFLICT, "The %s is still in use by %s: %.*s%s. Delete them first.",
                  record->type->noun, dependent->noun, TG_TEXT_ARG(list), count > 3 ? " …" : "");
    }
}

/* What goes with the record: marks its rows and adds them to `touched`. */
static enum tg_status cascade(struct tg_operation *operation, const struct tg_record *record,
                              struct tg_touched **touched, size_t *count, struct tg_error *error)
{
    const struct tg_resource_type *type = record->type->cascade_type;
    int field = tg_resource_find_field(type, tg_text_of(record->type->cascade_field));
    const char *condition = tg_arena_printf(operation->arena, "%s = $1 AND deleted_at IS NULL ORDER BY id FOR UPDATE",
                                            type->fields[field].column)
                                .data;
    struct tg_db_value params[] = {tg_db_id(record->id)};
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status =
        tg_db_query(operation->db, tg_columns_select(operation->arena, type, condition), params, 1, &rows, error);
    if (status != TG_OK)
        return status;
    size_t more = tg_db_rows(rows);
    struct tg_touched *all = tg_arena_calloc(operation->arena, (more + 1) * sizeof(*all));
    struct tg_record *records = tg_arena_alloc(operation->arena, (more + 1) * sizeof(*records));
    all[0] = (*touched)[0];
    for (size_t i = 0; i < more && status == TG_OK; ++i) {
        tg_columns_load(operation, type, rows, i, &records[i]);
        all[i + 1].before = &records[i];
        status = tg_columns_mark_deleted(operation, &records[i], error);
    }
    if (status == TG_OK && type->enrich != NULL && more > 0) /* the audit log shows what was deleted */
        status = type->enrich(operation, records, more, error);
    *touched = all;
    *count = more + 1;
    return status;
}

void tg_resource_delete(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                        const struct tg_text *if_match, struct tg_refusal *refusal)
{
    TG_DB_SCOPE tg_db *scope = operation->db;
    struct tg_record record;
    tg_operation_begin(operation, false, refusal);
    if (!tg_refused(refusal))
        tg_operation_fetch(operation, type, id, "FOR UPDATE", &record, refusal);
    check_if_match(if_match, &record, refusal);
    if (!tg_refused(refusal))
        check_dependents(operation, &record, refusal);
    if (!tg_refused(refusal) && type->check_delete != NULL)
        type->check_delete(operation, &record, refusal);
    if (tg_refused(refusal))
        return;
    struct tg_error error;
    struct tg_touched own = {.before = &record};
    struct tg_touched *touched = &own;
    size_t count = 1;
    enum tg_status status = tg_columns_mark_deleted(operation, &record, &error);
    if (status == TG_OK && type->cascade_type != NULL)
        status = cascade(operation, &record, &touched, &count, &error);
    if (status != TG_OK) {
        tg_refuse_failure(refusal, status, &error);
        return;
    }
    tg_operation_publish(operation, touched, count, refusal);
    if (!tg_refused(refusal))
        tg_operation_commit(operation, refusal);
}
