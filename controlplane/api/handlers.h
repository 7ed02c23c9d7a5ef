/* Internal to the room: what answers the routes. */
#ifndef TG_API_HANDLERS_H
#define TG_API_HANDLERS_H

#include "common/codec/json_write.h"
#include "controlplane/api/job.h"

/* resource_handlers.c: every resource */
void tg_api_list(struct tg_api_job *job);
void tg_api_create_resource(struct tg_api_job *job);
void tg_api_show(struct tg_api_job *job);
void tg_api_update(struct tg_api_job *job);
void tg_api_delete(struct tg_api_job *job);
void tg_api_list_organizations(struct tg_api_job *job);
void tg_api_create_organization(struct tg_api_job *job);
void tg_api_show_organization(struct tg_api_job *job);
void tg_api_update_organization(struct tg_api_job *job);
void tg_api_delete_organization(struct tg_api_job *job);
void tg_api_revoke_key(struct tg_api_job *job);

/* log_handlers.c, fleet_handlers.c, usage_handlers.c */
void tg_api_list_audit_log(struct tg_api_job *job);
void tg_api_list_replicas(struct tg_api_job *job);
void tg_api_list_provider_kinds(struct tg_api_job *job);
void tg_api_list_leases(struct tg_api_job *job);
void tg_api_export_usage(struct tg_api_job *job);
void tg_api_summarize_usage(struct tg_api_job *job);

/* process_handlers.c */
void tg_api_show_health(struct tg_api_job *job);
void tg_api_show_readiness(struct tg_api_job *job);
void tg_api_show_metrics(struct tg_api_job *job);
void tg_api_show_description(struct tg_api_job *job);

/* ---- pages of lists ---- */

enum { TG_API_DEFAULT_LIMIT = 50, TG_API_MAX_LIMIT = 200 };

/* `limit`, or the default; refused if it is no such number. */
size_t tg_api_read_limit(struct tg_api_job *job);
/* `cursor`, or the zero id. */
struct tg_id tg_api_read_cursor(struct tg_api_job *job);

/* {"items":[ … ],"next_cursor":…} around what the handler writes. */
void tg_api_page_begin(struct tg_api_job *job, struct tg_json_writer *writer);
/* `next_cursor` with NULL data: this is the last page. Answers 200. */
void tg_api_page_end(struct tg_api_job *job, struct tg_json_writer *writer, struct tg_text next_cursor);

#endif
