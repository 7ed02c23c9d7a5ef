#include <inttypes.h>

#include "common/base/time.h"
#include "controlplane/api/handlers.h"
#include "controlplane/reports/reports.h"
#include "controlplane/resource/show.h"

static int64_t read_moment(struct tg_api_job *job, const char *name)
{
    struct tg_text text;
    int64_t unix_ms = 0;
    if (!tg_api_query(job, name, &text))
        tg_api_refuse_query(job, name, "is required");
    else if (!tg_time_parse(text, &unix_ms))
        tg_api_refuse_query(job, name, "must be a date such as 2026-01-31 or an RFC 3339 time");
    return unix_ms;
}

static struct tg_report_range read_range(struct tg_api_job *job)
{
    struct tg_report_range range = {.from_ms = read_moment(job, "from"), .to_ms = read_moment(job, "to")};
    if (!tg_refused(&job->refusal) && range.to_ms < range.from_ms)
        tg_api_refuse_query(job, "to", "lies before from");
    return range;
}

/* Reports have transactions of their own: this one only finds out whether the organization is there. */
static bool has_organization(struct tg_api_job *job)
{
    TG_DB_SCOPE tg_db *scope = job->db;
    tg_operation_begin(&job->operation, false, &job->refusal);
    return !tg_refused(&job->refusal);
}

struct export
{
    struct tg_api_job *job;
    const char *media_type;
};

static enum tg_status stream_piece(void *user, struct tg_text piece)
{
    const struct export *export = user;
    return tg_api_stream(export->job, export->media_type, piece);
}

static void write_export(struct tg_api_job *job, struct tg_report_range range, enum tg_report_format format)
{
    struct export export = {job, tg_report_media_type(format)};
    struct tg_error error = {0};
    enum tg_status status = TG_OK;
    if (!tg_text_is(job->method, "HEAD")) /* which wants to know the head alone */
        status =
            tg_report_export(job->db, job->operation.organization_id, range, format, stream_piece, &export, &error);
    if (status == TG_OK)
        status = tg_api_stream(job, export.media_type, tg_text(NULL, 0)); /* an answer also if there was no record */
    if (status != TG_OK && !atomic_load(&job->is_abandoned))
        tg_refuse_failure(&job->refusal, status, &error);
}

void tg_api_export_usage(struct tg_api_job *job)
{
    static const char *const known[] = {"from", "to", "format", NULL};
    enum tg_report_format format = TG_REPORT_CSV;
    struct tg_text text;
    tg_api_check_query(job, known);
    struct tg_report_range range = read_range(job);
    if (tg_api_query(job, "format", &text) && !tg_report_format_parse(text, &format))
        tg_api_refuse_query(job, "format", "must be csv or jsonl");
    if (!tg_refused(&job->refusal) && has_organization(job) && tg_api_begin_download(job))
        write_export(job, range, format);
}

static void show_count(struct tg_json_writer *writer, struct tg_arena *arena, const char *key, int64_t count)
{
    tg_show_text(writer, key, tg_arena_printf(arena, "%" PRId64, count));
}

struct summary {
    struct tg_json_writer writer;
    struct tg_arena *arena;
};

static enum tg_status show_sum(void *user, const struct tg_report_sum *sum)
{
    struct summary *summary = user;
    struct tg_json_writer *writer = &summary->writer;
    tg_json_write_object_begin(writer);
    if (tg_id_is_zero(sum->id)) {
        tg_show_null(writer, "id");
        tg_show_null(writer, "name");
    } else {
        tg_show_id(writer, "id", sum->id);
        tg_show_text(writer, "name", sum->name);
    }
    tg_show_i64(writer, "requests", sum->requests);
    tg_show_i64(writer, "refused", sum->refused);
    tg_show_i64(writer, "unpriced_requests", sum->unpriced_requests);
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        show_count(writer, summary->arena, tg_usage_kind_name((enum tg_usage_kind)kind), sum->usage.of[kind]);
    tg_show_text(writer, "cost_usd", sum->cost_usd);
    tg_json_write_object_end(writer);
    return writer->is_full ? TG_TOO_LARGE : TG_OK;
}

void tg_api_summarize_usage(struct tg_api_job *job)
{
    static const char *const known[] = {"by", "from", "to", NULL};
    enum tg_report_dimension by = TG_REPORT_TEAM;
    struct tg_text text;
    tg_api_check_query(job, known);
    struct tg_report_range range = read_range(job);
    if (!tg_api_query(job, "by", &text) || !tg_report_dimension_parse(text, &by))
        tg_api_refuse_query(job, "by", "must be team, project, application or model");
    if (tg_refused(&job->refusal) || !has_organization(job))
        return;
    struct summary summary = {.arena = &job->arena};
    tg_json_write_init(&summary.writer, &job->answer);
    tg_json_write_object_begin(&summary.writer);
    tg_json_write_key(&summary.writer, "items");
    tg_json_write_array_begin(&summary.writer);
    struct tg_error error = {0};
    enum tg_status status =
        tg_report_summarize(job->db, job->operation.organization_id, range, by, show_sum, &summary, &error);
    if (status != TG_OK) {
        tg_refuse_failure(&job->refusal, status, &error);
        return;
    }
    tg_json_write_array_end(&summary.writer);
    tg_json_write_object_end(&summary.writer);
    if (tg_json_write_finish(&summary.writer) != TG_OK)
        tg_refuse(&job->refusal, TG_REFUSAL_INTERNAL, "The summary is too large.");
    else
        tg_api_answer(job, 200, "application/json");
}
