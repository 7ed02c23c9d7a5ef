#include "controlplane/api/description.h"
#include "controlplane/api/handlers.h"
#include "controlplane/api/server.h"
#include "controlplane/snapshot/seal_check.h"

static void answer_text(struct tg_api_job *job, const char *text)
{
    if (tg_buf_append(&job->answer, tg_text_of(text)) == TG_OK)
        tg_api_answer(job, 200, "text/plain; charset=utf-8");
}

void tg_api_show_health(struct tg_api_job *job)
{
    answer_text(job, "ok\n");
}

/* Asked as the platform: that proves connection and roles too. A schema that is newer than this program's is fine. */
static enum tg_status find_out_readiness(tg_db *db, bool *is_migrated, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_string(TG_SCHEMA_VERSION)};
    TG_DB_SCOPE tg_db *scope = db;
    TG_DB_RESULT tg_db_result *applied = NULL;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status =
            tg_db_query(db, "SELECT FROM config_state WHERE EXISTS (SELECT FROM schema_migrations WHERE version = $1)",
                        params, 1, &applied, error);
    *is_migrated = status == TG_OK && tg_db_rows(applied) == 1;
    return status;
}

void tg_api_show_readiness(struct tg_api_job *job)
{
    struct tg_error error;
    bool is_migrated;
    enum tg_status status = find_out_readiness(job->db, &is_migrated, &error);
    if (status == TG_OK && is_migrated)
        status = tg_snapshot_check_seal_key(job->db, job->api->seal_ring, &error);
    if (status == TG_OK && is_migrated)
        answer_text(job, "ready\n");
    else if (status == TG_INVALID)
        tg_refuse(&job->refusal, TG_REFUSAL_UNAVAILABLE, "The seal key is not the one that the database expects.");
    else if (status == TG_OK)
        tg_refuse(&job->refusal, TG_REFUSAL_UNAVAILABLE,
                  "The database lacks migrations that this version needs: run tollgate-controlplane migrate.");
    else if (status == TG_IO || status == TG_DENIED)
        tg_refuse(&job->refusal, TG_REFUSAL_UNAVAILABLE,
                  "The database is not migrated, or the service's role may not use it.");
    if (status != TG_OK) /* why is for the log: anybody may ask this */
        tg_refuse_failure(&job->refusal, status, &error);
}

void tg_api_show_metrics(struct tg_api_job *job)
{
    tg_api *api = job->api;
    enum tg_status status =
        tg_api_metrics_render(&api->metrics, tg_api_pool_queued(&api->pool), api->job_count, &job->answer);
    if (status == TG_OK && api->write_metrics != NULL)
        status = api->write_metrics(api->user, &job->answer);
    if (status == TG_OK)
        tg_api_answer(job, 200, "text/plain; version=0.0.4; charset=utf-8");
    else
        tg_refuse(&job->refusal, TG_REFUSAL_INTERNAL, "The metrics do not fit into an answer.");
}

void tg_api_show_description(struct tg_api_job *job)
{
    if (tg_buf_append(&job->answer, tg_text((const char *)tg_api_description, tg_api_description_bytes)) == TG_OK)
        tg_api_answer(job, 200, "application/yaml");
}
