#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/money.h"
#include "common/base/time.h"
#include "common/codec/json_write.h"
#include "controlplane/reports/csv.h"
#include "controlplane/reports/reports.h"

/* A page is written to the sink in pieces of at least PIECE_BYTES; one line may take the buffer to its maximum. */
enum { PAGE_ROWS = 1000, PIECE_BYTES = 64 << 10, MAX_PIECE_BYTES = 8 << 20 };

enum kind { ID, NAME, NUMBER, MOMENT, MONEY, FLAG };

/* An export's columns in order: what each is called, how it is written, and where it comes from. `r` is the record. */
#define NAME_OF(table, id)                                                                                             \
    "(SELECT name FROM " table " n WHERE n.organization_id = r.organization_id AND n.id = r." id ")"
#define USED(column) {#column, NUMBER, "r." #column},
#define KINDS        TG_USAGE_COLUMNS(USED)
static const struct column {
    const char *name;
    enum kind kind;
    const char *sql;
} columns[] = {
    {"request_id", ID, "r.request_id"},
    {"started_at", MOMENT, "r.started_at"},
    {"duration_ms", NUMBER, "r.duration_ms"},
    {"organization_id", ID, "r.organization_id"},
    {"organization", NAME, "(SELECT name FROM organizations n WHERE n.id = r.organization_id)"},
    {"team_id", ID, "r.team_id"},
    {"team", NAME, NAME_OF("teams", "team_id")},
    {"project_id", ID, "r.project_id"},
    {"project", NAME, NAME_OF("projects", "project_id")},
    {"application_id", ID, "r.application_id"},
    {"application", NAME, NAME_OF("applications", "application_id")},
    {"api_key_id", ID, "r.api_key_id"},
    {"api_key", NAME, NAME_OF("api_keys", "api_key_id")},
    {"model", NAME, "r.model_name"},
    {"upstream_model", NAME, "r.upstream_model"},
    {"provider", NAME, NAME_OF("providers", "provider_id")},
    {"deployment", NAME, NAME_OF("deployments", "deployment_id")},
    {"endpoint", NAME, "r.endpoint"},
    {"outcome", NAME, "r.outcome"},
    {"http_status", NUMBER, "r.http_status"},
    {"error_code", NAME, "r.error_code"},
    KINDS /* of usage */
    {"cost_usd", MONEY, "r.cost_pusd"},
    {"price_id", ID, "r.price_id"},
    {"service_tier", NAME, "r.service_tier"},
    {"is_unpriced", FLAG, "r.is_unpriced"},
    {"is_estimated", FLAG, "r.is_estimated"},
    {"is_clamped", FLAG, "r.is_clamped"},
    {"attempt", NUMBER, "r.attempt"},
    {"provider_request_id", NAME, "r.provider_request_id"},
    {"replica", NAME, "r.replica"},
    {"boot_id", ID, "r.boot_id"},
    {"sequence", NUMBER, "r.sequence"},
    {"revision", NUMBER, "r.snapshot_revision"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), STARTED_AT = 1, BOOT_ID = COLUMNS - 3, SEQUENCE = COLUMNS - 2 };

const char *tg_report_format_name(enum tg_report_format format)
{
    return format == TG_REPORT_CSV ? "csv" : "jsonl";
}

bool tg_report_format_parse(struct tg_text name, enum tg_report_format *format)
{
    for (int i = TG_REPORT_CSV; i <= TG_REPORT_JSONL; ++i) {
        *format = (enum tg_report_format)i;
        if (tg_text_is(name, tg_report_format_name(*format)))
            return true;
    }
    return false;
}

const char *tg_report_media_type(enum tg_report_format format)
{
    return format == TG_REPORT_CSV ? "text/csv; charset=utf-8; header=present" : "application/jsonl";
}

/* One export under way. */
struct export
{
    tg_db *db;
    struct tg_id organization_id;
    enum tg_report_format format;
    struct tg_report_range range;
    tg_report_sink *sink;
    void *user;
    struct tg_buf sql, out;
    /* The last record written: the next page begins behind it. */
    int64_t started_at_ms;
    struct tg_id boot_id;
    int64_t sequence;
};

/* ---- one cell ---- */

/* A value that is no free text, as both formats write it but for quotes; `out` holds 64. */
static const char *plain_value(const tg_db_result *page, size_t row, size_t column, char out[64])
{
    switch (columns[column].kind) {
    case ID:
        tg_id_format(tg_db_get_id(page, row, column), out);
        break;
    case MOMENT:
        tg_time_format(tg_db_get_time_ms(page, row, column), out);
        break;
    case MONEY:
        tg_money_format(tg_db_get_int64(page, row, column), out);
        break;
    case NUMBER:
        snprintf(out, 64, "%" PRId64, tg_db_get_int64(page, row, column));
        break;
    case FLAG:
        return tg_db_get_bool(page, row, column) ? "true" : "false";
    case NAME:
        assert(false);
        break;
    }
    return out;
}

static enum tg_status write_csv_cell(struct tg_buf *out, const tg_db_result *page, size_t row, size_t column)
{
    char plain[64];
    if (column > 0) {
        enum tg_status status = tg_buf_append(out, tg_text_of(","));
        if (status != TG_OK)
            return status;
    }
    if (tg_db_is_null(page, row, column))
        return TG_OK;
    if (columns[column].kind == NAME)
        return tg_csv_append_text(out, tg_db_get_text(page, row, column));
    return tg_buf_append(out, tg_text_of(plain_value(page, row, column, plain)));
}

static void write_json_cell(struct tg_json_writer *writer, const tg_db_result *page, size_t row, size_t column)
{
    char plain[64];
    tg_json_write_key(writer, columns[column].name);
    if (tg_db_is_null(page, row, column))
        tg_json_write_null(writer);
    else if (columns[column].kind == NAME)
        tg_json_write_string(writer, tg_db_get_text(page, row, column));
    else if (columns[column].kind == NUMBER)
        tg_json_write_i64(writer, tg_db_get_int64(page, row, column));
    else if (columns[column].kind == FLAG)
        tg_json_write_boolean(writer, tg_db_get_bool(page, row, column));
    else
        tg_json_write_string(writer, tg_text_of(plain_value(page, row, column, plain)));
}

/* ---- lines and pages ---- */

static enum tg_status write_line(struct export *export, const tg_db_result *page, size_t row)
{
    enum tg_status status = TG_OK;
    if (export->format == TG_REPORT_CSV) {
        for (size_t column = 0; column < COLUMNS && status == TG_OK; ++column)
            status = write_csv_cell(&export->out, page, row, column);
        return status == TG_OK ? tg_buf_append(&export->out, tg_text_of("\r\n")) : status;
    }
    struct tg_json_writer writer;
    tg_json_write_init(&writer, &export->out);
    tg_json_write_object_begin(&writer);
    for (size_t column = 0; column < COLUMNS; ++column)
        write_json_cell(&writer, page, row, column);
    tg_json_write_object_end(&writer);
    status = tg_json_write_finish(&writer);
    return status == TG_OK ? tg_buf_append(&export->out, tg_text_of("\n")) : status;
}

static enum tg_status write_header(struct export *export)
{
    enum tg_status status = TG_OK;
    if (export->format != TG_REPORT_CSV)
        return TG_OK;
    for (size_t i = 0; i < COLUMNS && status == TG_OK; ++i)
        status = tg_buf_printf(&export->out, "%s%s", i == 0 ? "" : ",", columns[i].name);
    return status == TG_OK ? tg_buf_append(&export->out, tg_text_of("\r\n")) : status;
}

static enum tg_status pass_on(struct export *export, size_t at_least_bytes)
{
    if (export->out.bytes < at_least_bytes || export->out.bytes == 0)
        return TG_OK;
    enum tg_status status = export->sink(export->user, tg_buf_text(&export->out));
    export->out.bytes = 0;
    return status;
}

static enum tg_status build_sql(struct export *export)
{
    enum tg_status status = tg_buf_append(&export->sql, tg_text_of("SELECT "));
    for (size_t i = 0; i < COLUMNS && status == TG_OK; ++i)
        status = tg_buf_printf(&export->sql, "%s%s", i == 0 ? "" : ", ", columns[i].sql);
    if (status == TG_OK)
        status = tg_buf_printf(&export->sql,
                               " FROM usage_records r WHERE organization_id = $1 AND started_at >= $2"
                               " AND started_at < $3 AND (started_at, boot_id, sequence) > ($4, $5, $6) "
                               "ORDER BY started_at, boot_id, sequence LIMIT %d%c",
                               PAGE_ROWS, '\0');
    return status;
}

static enum tg_status read_page(struct export *export, tg_db_result **page, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_id(export->organization_id), tg_db_time(export->started_at_ms),
                                   tg_db_time(export->range.to_ms),   tg_db_time(export->started_at_ms),
                                   tg_db_id(export->boot_id),         tg_db_int64(export->sequence)};
    TG_DB_SCOPE tg_db *scope = export->db;
    enum tg_status status = tg_db_begin(export->db, TG_DB_TENANT, &export->organization_id, error);
    if (status == TG_OK)
        status = tg_db_query(export->db, export->sql.data, params, 6, page, error);
    return status;
}

static enum tg_status export_page(struct export *export, bool *is_last, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *page = NULL;
    enum tg_status status = read_page(export, &page, error);
    if (status != TG_OK)
        return status;
    size_t rows = tg_db_rows(page);
    *is_last = rows < PAGE_ROWS;
    for (size_t row = 0; row < rows && status == TG_OK; ++row) {
        status = write_line(export, page, row);
        if (status != TG_OK)
            return tg_fail(error, status, "a usage record is too large for a line of the export");
        status = pass_on(export, PIECE_BYTES);
    }
    if (rows > 0) {
        export->started_at_ms = tg_db_get_time_ms(page, rows - 1, STARTED_AT);
        export->boot_id = tg_db_get_id(page, rows - 1, BOOT_ID);
        export->sequence = tg_db_get_int64(page, rows - 1, SEQUENCE);
    }
    return status;
}

enum tg_status tg_report_export(tg_db *db, struct tg_id organization_id, struct tg_report_range range,
                                enum tg_report_format format, tg_report_sink *sink, void *user, struct tg_error *error)
{
    struct export export = {.db = db,
                            .organization_id = organization_id,
                            .format = format,
                            .range = range,
                            .sink = sink,
                            .user = user,
                            .started_at_ms = range.from_ms};
    bool is_last = false;
    tg_buf_init(&export.sql, 16 << 10);
    tg_buf_init(&export.out, MAX_PIECE_BYTES);
    enum tg_status status = build_sql(&export);
    if (status == TG_OK)
        status = write_header(&export);
    while (status == TG_OK && !is_last)
        status = export_page(&export, &is_last, error);
    if (status == TG_OK)
        status = pass_on(&export, 0);
    tg_buf_deinit(&export.sql);
    tg_buf_deinit(&export.out);
    return status;
}
