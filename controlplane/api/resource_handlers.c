#include <stdio.h>

#include "common/crypto/digest.h"
#include "controlplane/access/access.h"
#include "controlplane/api/cursor.h"
#include "controlplane/api/handlers.h"
#include "controlplane/resource/read.h"
#include "controlplane/resource/show.h"
#include "controlplane/tenancy/tenancy.h"

static const char *const no_parameters[] = {NULL};

static void answer_record(struct tg_api_job *job, const struct tg_record *record, int status)
{
    struct tg_json_writer writer;
    tg_json_write_init(&writer, &job->answer);
    tg_resource_show(record, TG_RESOURCE_ANSWER, &writer);
    if (tg_json_write_finish(&writer) != TG_OK) {
        tg_refuse(&job->refusal, TG_REFUSAL_INTERNAL, "The resource is too large to be shown.");
        return;
    }
    tg_api_add_header(job, "etag", tg_arena_printf(&job->arena, "\"%lld\"", (long long)record->version));
    tg_api_answer(job, status, "application/json");
}

/* ---- list ---- */

static void read_filters(struct tg_api_job *job, const struct tg_resource_type *type, struct tg_resource_query *query)
{
    const char *known[TG_RESOURCE_MAX_FIELDS + 3] = {"limit", "cursor"};
    size_t known_count = 2;
    for (size_t i = 0; i < type->field_count; ++i) {
        if ((type->fields[i].flags & TG_FIELD_FILTER) != 0)
            known[known_count++] = type->fields[i].name;
    }
    tg_api_check_query(job, known);
    query->limit = tg_api_read_limit(job);
    query->after = tg_api_read_cursor(job);
    for (size_t i = 0; i < type->field_count; ++i) {
        struct tg_text text;
        if ((type->fields[i].flags & TG_FIELD_FILTER) == 0 || !tg_api_query(job, type->fields[i].name, &text))
            continue;
        struct tg_resource_filter *filter = &query->filters[query->filter_count++];
        filter->field = &type->fields[i];
        if (!tg_resource_read_filter(filter->field, text, &filter->value))
            tg_api_refuse_query(job, filter->field->name, "is no value that this field can have");
    }
}

static void list(struct tg_api_job *job, const struct tg_resource_type *type)
{
    struct tg_resource_query query = {0};
    read_filters(job, type, &query);
    if (tg_refused(&job->refusal))
        return;
    struct tg_record *records = NULL;
    size_t count = 0;
    bool has_more = false;
    tg_resource_list(&job->operation, type, &query, &records, &count, &has_more, &job->refusal);
    if (tg_refused(&job->refusal))
        return;
    struct tg_json_writer writer;
    tg_api_page_begin(job, &writer);
    for (size_t i = 0; i < count; ++i)
        tg_resource_show(&records[i], TG_RESOURCE_ANSWER, &writer);
    char cursor[TG_CURSOR_ID_TEXT_BYTES];
    if (has_more)
        tg_cursor_format_id(records[count - 1].id, cursor);
    tg_api_page_end(job, &writer, has_more ? tg_text_of(cursor) : tg_text(NULL, 0));
}

/* ---- create ---- */

static bool read_idempotency(struct tg_api_job *job, struct tg_idempotency *idempotency)
{
    idempotency->key = job->idempotency_key;
    for (size_t i = 0; i < idempotency->key.bytes; ++i) {
        if (idempotency->key.data[i] < '!' || idempotency->key.data[i] > '~' || idempotency->key.bytes > 255) {
            tg_refuse(&job->refusal, TG_REFUSAL_MALFORMED,
                      "The Idempotency-Key must be 1 to 255 visible ASCII characters.");
            return false;
        }
    }
    struct tg_sha256_state state;
    tg_sha256_init(&state);
    tg_sha256_update(&state, job->path.data, job->path.bytes);
    tg_sha256_update(&state, "\n", 1);
    tg_sha256_update(&state, job->body.data, job->body.bytes);
    tg_sha256_finish(&state, idempotency->request_sha256);
    tg_sha256_deinit(&state);
    return true;
}

static void create(struct tg_api_job *job, const struct tg_resource_type *type)
{
    struct tg_idempotency idempotency;
    tg_api_check_query(job, no_parameters);
    if (tg_refused(&job->refusal) || !read_idempotency(job, &idempotency))
        return;
    tg_json *body = tg_api_read_body(job);
    if (body == NULL)
        return;
    struct tg_record record;
    bool is_replayed = false;
    tg_resource_create(&job->operation, type, body, &idempotency, &record, &is_replayed, &job->refusal);
    tg_json_destroy(body);
    if (tg_refused(&job->refusal))
        return;
    char id[TG_ID_TEXT_BYTES];
    tg_id_format(record.id, id);
    tg_api_add_header(job, "location", tg_arena_printf(&job->arena, "%.*s/%s", TG_TEXT_ARG(job->path), id));
    if (is_replayed)
        tg_api_add_header(job, "idempotent-replayed", tg_text_of("true"));
    answer_record(job, &record, 201);
}

/* ---- one resource ---- */

static void show(struct tg_api_job *job, const struct tg_resource_type *type, struct tg_id id)
{
    struct tg_record record;
    tg_api_check_query(job, no_parameters);
    if (!tg_refused(&job->refusal))
        tg_resource_load(&job->operation, type, id, &record, &job->refusal);
    if (!tg_refused(&job->refusal))
        answer_record(job, &record, 200);
}

static void update(struct tg_api_job *job, const struct tg_resource_type *type, struct tg_id id)
{
    tg_api_check_query(job, no_parameters);
    tg_json *body = tg_refused(&job->refusal) ? NULL : tg_api_read_body(job);
    if (body == NULL)
        return;
    struct tg_record record;
    tg_resource_update(&job->operation, type, id, body, job->if_match, &record, &job->refusal);
    tg_json_destroy(body);
    if (!tg_refused(&job->refusal))
        answer_record(job, &record, 200);
}

static void delete (struct tg_api_job *job, const struct tg_resource_type *type, struct tg_id id)
{
    tg_api_check_query(job, no_parameters);
    if (!tg_refused(&job->refusal))
        tg_resource_delete(&job->operation, type, id, job->if_match, &job->refusal);
    if (!tg_refused(&job->refusal))
        tg_api_answer(job, 204, NULL);
}

void tg_api_list(struct tg_api_job *job)
{
    list(job, job->match.type);
}

void tg_api_create_resource(struct tg_api_job *job)
{
    create(job, job->match.type);
}

void tg_api_show(struct tg_api_job *job)
{
    show(job, job->match.type, job->match.id);
}

void tg_api_update(struct tg_api_job *job)
{
    update(job, job->match.type, job->match.id);
}

void tg_api_delete(struct tg_api_job *job)
{
    delete (job, job->match.type, job->match.id);
}

void tg_api_list_organizations(struct tg_api_job *job)
{
    list(job, &tg_organization_type);
}

void tg_api_create_organization(struct tg_api_job *job)
{
    create(job, &tg_organization_type);
}

void tg_api_show_organization(struct tg_api_job *job)
{
    show(job, &tg_organization_type, job->match.organization_id);
}

void tg_api_update_organization(struct tg_api_job *job)
{
    update(job, &tg_organization_type, job->match.organization_id);
}

void tg_api_delete_organization(struct tg_api_job *job)
{
    delete (job, &tg_organization_type, job->match.organization_id);
}

void tg_api_revoke_key(struct tg_api_job *job)
{
    struct tg_record record;
    tg_api_check_query(job, no_parameters);
    if (!tg_refused(&job->refusal))
        tg_api_key_revoke(&job->operation, job->match.id, job->if_match, &record, &job->refusal);
    if (!tg_refused(&job->refusal))
        answer_record(job, &record, 200);
}
