#include "controlplane/api/description.h"
#include "controlplane/api/handlers.h"
#include "controlplane/api/server.h"

static void answer_text(struct tg_api_job *job, const char *text)
{
    if (tg_buf_append(&job->answer, tg_text_of(text)) == TG_OK)
        tg_api_answer(job, 200, "text/plain; charset=utf-8");
}

void tg_api_show_health(struct tg_api_job *job)
{
    answer_text(job, "ok\n");
}

/* Reading the one row of config_state as the platform proves connection, roles and migrations at once. */
void tg_api_show_readiness(struct tg_api_job *job)
{
    struct tg_error error;
    TG_DB_SCOPE tg_db *scope = job->db;
    TG_DB_RESULT tg_db_result *state = NULL;
    enum tg_status status = tg_db_begin(job->db, TG_DB_PLATFORM, NULL, &error);
    if (status == TG_OK)
        status = tg_db_query(job->db, "SELECT revision FROM config_state", NULL, 0, &state, &error);
    if (status == TG_OK)
        answer_text(job, "ready\n");
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
