#include "controlplane/api/cursor.h"
#include "controlplane/api/handlers.h"
#include "controlplane/resource/show.h"

static void show_json(struct tg_json_writer *writer, const char *key, const tg_db_result *rows, size_t row,
                      size_t column)
{
    tg_json_write_key(writer, key);
    if (tg_db_is_null(rows, row, column))
        tg_json_write_null(writer);
    else
        tg_json_write_raw(writer, tg_db_get_text(rows, row, column));
}

static void show_entry(struct tg_json_writer *writer, const tg_db_result *rows, size_t row)
{
    tg_json_write_object_begin(writer);
    tg_show_id(writer, "id", tg_db_get_id(rows, row, 0));
    tg_show_i64(writer, "revision", tg_db_get_int64(rows, row, 1));
    tg_show_time(writer, "at", tg_db_get_time_ms(rows, row, 2));
    tg_show_text(writer, "actor", tg_db_get_text(rows, row, 3));
    tg_show_text(writer, "source_address", tg_db_get_text(rows, row, 4));
    tg_show_id(writer, "request_id", tg_db_get_id(rows, row, 5));
    tg_show_text(writer, "action", tg_db_get_text(rows, row, 6));
    tg_show_text(writer, "resource_type", tg_db_get_text(rows, row, 7));
    tg_show_id(writer, "resource_id", tg_db_get_id(rows, row, 8));
    show_json(writer, "before", rows, row, 9);
    show_json(writer, "after", rows, row, 10);
    tg_json_write_object_end(writer);
}

static bool is_resource_type(struct tg_text name)
{
    for (size_t i = 0; i < tg_api_type_count; ++i) {
        if (tg_text_is(name, tg_api_types[i]->name))
            return true;
    }
    return false;
}

struct log_query {
    size_t limit;
    struct tg_id before; /* zero: from the latest */
    struct tg_text type; /* empty: any */
    struct tg_id resource_id;
};

static void read_query(struct tg_api_job *job, struct log_query *query)
{
    static const char *const known[] = {"limit", "cursor", "resource_type", "resource_id", NULL};
    struct tg_text text;
    tg_api_check_query(job, known);
    query->limit = tg_api_read_limit(job);
    query->before = tg_api_read_cursor(job);
    if (tg_api_query(job, "resource_type", &query->type) && !is_resource_type(query->type))
        tg_api_refuse_query(job, "resource_type", "is no type of resource");
    if (tg_api_query(job, "resource_id", &text) && !tg_id_parse(text, &query->resource_id))
        tg_api_refuse_query(job, "resource_id", "must be a UUID");
}

void tg_api_list_audit_log(struct tg_api_job *job)
{
    struct log_query query = {0};
    TG_DB_SCOPE tg_db *scope = job->db;
    read_query(job, &query);
    if (!tg_refused(&job->refusal))
        tg_operation_begin(&job->operation, false, &job->refusal);
    if (tg_refused(&job->refusal))
        return;
    struct tg_db_value params[] = {
        tg_db_id_or_null(query.before),
        query.type.bytes == 0 ? tg_db_null() : tg_db_text(query.type),
        tg_db_id_or_null(query.resource_id),
        tg_db_int64((int64_t)query.limit + 1),
    };
    struct tg_error error;
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status =
        tg_db_query(job->db,
                    "SELECT id, revision, at, actor, source_address, request_id, action,"
                    " resource_type, resource_id, before, after FROM audit_log"
                    " WHERE organization_id = current_organization_id()"
                    " AND ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR resource_type = $2)"
                    " AND ($3::uuid IS NULL OR resource_id = $3) ORDER BY id DESC LIMIT $4",
                    params, 4, &rows, &error);
    if (status != TG_OK) {
        tg_refuse_failure(&job->refusal, status, &error);
        return;
    }
    bool has_more = tg_db_rows(rows) > query.limit;
    size_t count = has_more ? query.limit : tg_db_rows(rows);
    struct tg_json_writer writer;
    tg_api_page_begin(job, &writer);
    for (size_t i = 0; i < count; ++i)
        show_entry(&writer, rows, i);
    char cursor[TG_CURSOR_ID_TEXT_BYTES];
    if (has_more)
        tg_cursor_format_id(tg_db_get_id(rows, count - 1, 0), cursor);
    tg_api_page_end(job, &writer, has_more ? tg_text_of(cursor) : tg_text(NULL, 0));
}
