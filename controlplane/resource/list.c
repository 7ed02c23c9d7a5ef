#include "controlplane/resource/internal.h"

void tg_resource_load(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_id id,
                      struct tg_record *record, struct tg_refusal *refusal)
{
    TG_DB_SCOPE tg_db *scope = operation->db;
    tg_operation_begin(operation, false, refusal);
    if (!tg_refused(refusal))
        tg_operation_fetch(operation, type, id, "", record, refusal);
}

/* Organizations are listed across tenants, everything else inside one. */
static void begin_list(struct tg_operation *operation, const struct tg_resource_type *type, struct tg_refusal *refusal)
{
    if (!type->is_organization) {
        tg_operation_begin(operation, false, refusal);
        return;
    }
    struct tg_error error;
    enum tg_status status = tg_db_begin(operation->db, TG_DB_PLATFORM, NULL, &error);
    if (status != TG_OK)
        tg_refuse_failure(refusal, status, &error);
}

static enum tg_status select_page(struct tg_operation *operation, const struct tg_resource_type *type,
                                  const struct tg_resource_query *query, tg_db_result **page, struct tg_error *error)
{
    struct tg_db_value params[TG_RESOURCE_MAX_FIELDS + 2] = {tg_db_id(query->after),
                                                             tg_db_int64((int64_t)query->limit + 1)};
    size_t count = 2;
    struct tg_text condition = tg_text_of("deleted_at IS NULL AND id > $1");
    for (size_t i = 0; i < query->filter_count; ++i) {
        const struct tg_resource_filter *filter = &query->filters[i];
        params[count++] = tg_columns_param(filter->field, &filter->value);
        condition = tg_arena_printf(operation->arena, "%.*s AND %s = $%zu", TG_TEXT_ARG(condition),
                                    filter->field->column, count);
    }
    condition = tg_arena_printf(operation->arena, "%.*s ORDER BY id LIMIT $2", TG_TEXT_ARG(condition));
    return tg_db_query(operation->db, tg_columns_select(operation->arena, type, condition.data), params, count, page,
                       error);
}

void tg_resource_list(struct tg_operation *operation, const struct tg_resource_type *type,
                      const struct tg_resource_query *query, struct tg_record **records, size_t *count, bool *has_more,
                      struct tg_refusal *refusal)
{
    TG_DB_SCOPE tg_db *scope = operation->db;
    *count = 0;
    begin_list(operation, type, refusal);
    if (tg_refused(refusal))
        return;
    struct tg_error error;
    TG_DB_RESULT tg_db_result *page = NULL;
    enum tg_status status = select_page(operation, type, query, &page, &error);
    if (status == TG_OK) {
        size_t rows = tg_db_rows(page);
        *has_more = rows > query->limit;
        *count = *has_more ? query->limit : rows;
        *records = tg_arena_alloc(operation->arena, (*count + 1) * sizeof(**records));
        for (size_t i = 0; i < *count; ++i)
            tg_columns_load(operation, type, page, i, &(*records)[i]);
        if (type->enrich != NULL && *count > 0)
            status = type->enrich(operation, *records, *count, &error);
    }
    if (status != TG_OK)
        tg_refuse_failure(refusal, status, &error);
}
