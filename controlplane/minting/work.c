#include "controlplane/minting/work.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/file.h"
#include "common/base/time.h"
#include "common/crypto/random.h"
#include "common/crypto/secret.h"
#include "common/log/log.h"
#include "controlplane/fetch/fetch.h"
#include "controlplane/minting/call.h"
#include "controlplane/minting/form.h"
#include "controlplane/minting/schedule.h"
#include "controlplane/resource/operation.h"

static const char ACTOR[] = "system:minting";

enum { CALL_TIMEOUT_MS = 15 * 1000, MAX_WORKLOAD_TOKEN_BYTES = 32 * 1024 };
_Static_assert((int)CALL_TIMEOUT_MS < (int)TG_MINT_CLAIM_MS, "a claim outlives the call that it is for");

/* ---- what is due ---- */

enum tg_status tg_mint_look(tg_db *db, struct tg_mint_state *state, struct tg_error *error)
{
    *state = (struct tg_mint_state){0};
    TG_DB_SCOPE tg_db *scope = db;
    TG_DB_RESULT tg_db_result *row = NULL;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db,
                             "SELECT count(*) FILTER (WHERE next_mint_at <= now()),"
                             " (extract(epoch FROM min(next_mint_at) FILTER (WHERE next_mint_at > now()) - now())"
                             " * 1000)::bigint,"
                             " count(*) FILTER (WHERE mint_failures > 0)"
                             " FROM credentials WHERE next_mint_at IS NOT NULL AND deleted_at IS NULL",
                             NULL, 0, &row, error);
    if (status == TG_OK)
        status = tg_db_commit(db, error);
    if (status != TG_OK)
        return status;
    state->due = tg_db_get_int64(row, 0, 0);
    state->next_in_ms = tg_db_is_null(row, 0, 1) ? -1 : tg_db_get_int64(row, 0, 1);
    state->failing = tg_db_get_int64(row, 0, 2);
    return TG_OK;
}

enum tg_status tg_mint_take(tg_db *db, struct tg_mint_claim *claim, bool *is_taken, struct tg_error *error)
{
    TG_DB_SCOPE tg_db *scope = db;
    TG_DB_RESULT tg_db_result *row = NULL;
    struct tg_db_value params[] = {tg_db_int64(TG_MINT_CLAIM_MS)};
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = tg_db_query(db,
                             "UPDATE credentials SET next_mint_at = now() + $1::bigint * interval '1 ms'"
                             " WHERE (organization_id, id) = (SELECT organization_id, id FROM credentials"
                             "  WHERE next_mint_at <= now() AND deleted_at IS NULL"
                             "  ORDER BY next_mint_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
                             " RETURNING organization_id, id",
                             params, 1, &row, error);
    if (status == TG_OK)
        status = tg_db_commit(db, error);
    *is_taken = status == TG_OK && tg_db_rows(row) == 1;
    if (*is_taken)
        *claim = (struct tg_mint_claim){tg_db_get_id(row, 0, 0), tg_db_get_id(row, 0, 1)};
    return status;
}

/* ---- one exchange ---- */

/* The change that publishes a token; tg_resource_change() hands the operation to its callback. */
struct publication {
    struct tg_operation operation; /* first, so that one is the other */
    const struct tg_token *token;
    int64_t next_mint_at_ms;
    enum tg_status status;
    struct tg_error *error;
};

struct work {
    const struct tg_mint_worker *worker;
    struct tg_arena arena;
    struct publication publication;
    struct tg_record record;
    struct tg_secret secret, source_session;
    struct tg_buf workload_token;
    struct tg_token token;
};

static struct tg_text text_of(const struct work *work, const char *field)
{
    return tg_record_get(&work->record, field)->text;
}

static enum tg_status load(struct work *work, struct tg_id id, struct tg_error *error)
{
    struct tg_refusal refusal = {0};
    tg_resource_load(&work->publication.operation, &tg_credential_type, id, &work->record, &refusal);
    if (!tg_refused(&refusal))
        return TG_OK;
    enum tg_status status = refusal.kind == TG_REFUSAL_NOT_FOUND ? TG_NOT_FOUND : TG_UNAVAILABLE;
    return tg_fail(error, status, "%s", refusal.detail);
}

/* The token that the platform gives a workload to prove itself with, from a file that it keeps fresh. */
static enum tg_status read_workload_token(struct work *work, struct tg_error *error)
{
    struct tg_text name = text_of(work, "token_file");
    if (name.bytes == 0)
        return TG_OK;
    const char *folder = work->worker->token_dir;
    if (folder == NULL)
        return tg_fail(error, TG_INVALID, "the setting minting.token_dir, where token_file is looked for, is not set");
    const char *path = tg_arena_printf(&work->arena, "%s/%.*s", folder, TG_TEXT_ARG(name)).data;
    tg_buf_deinit(&work->workload_token);
    if (tg_file_read(path, MAX_WORKLOAD_TOKEN_BYTES, &work->workload_token, error) != TG_OK)
        return error->status = TG_INVALID; /* and not what is missing in the database, or has changed there */
    return TG_OK;
}

static enum tg_status open_all(struct work *work, struct tg_error *error)
{
    const struct tg_operation *operation = &work->publication.operation;
    enum tg_status status = tg_credential_open(operation, &work->record, "sealed_secret", &work->secret, error);
    if (status == TG_OK)
        status = tg_credential_open(operation, &work->record, "sealed_session_token", &work->source_session, error);
    return status == TG_OK ? read_workload_token(work, error) : status;
}

/* Without the line's end that a file may have. */
static struct tg_text first_line(struct tg_text content)
{
    size_t bytes = 0;
    while (bytes < content.bytes && content.data[bytes] != '\n' && content.data[bytes] != '\r')
        ++bytes;
    return tg_text_trim(tg_text(content.data, bytes));
}

static struct tg_mint_source source_of(struct work *work)
{
    char id[TG_ID_TEXT_BYTES];
    tg_id_format(work->record.id, id);
    return (struct tg_mint_source){
        .kind = text_of(work, "kind"),
        .secret = tg_secret_text(&work->secret),
        .access_key_id = text_of(work, "access_key_id"),
        .session_token = tg_secret_text(&work->source_session),
        .role_arn = text_of(work, "role_arn"),
        .external_id = text_of(work, "external_id"),
        .region = text_of(work, "region"),
        .web_identity_token = first_line(tg_buf_text(&work->workload_token)),
        .tenant_id = text_of(work, "tenant_id"),
        .client_id = text_of(work, "client_id"),
        .token_url = text_of(work, "token_url"),
        .session_name = tg_arena_printf(&work->arena, "tollgate-%s", id),
        .session_duration_s = tg_record_get(&work->record, "session_duration_s")->number,
    };
}

static enum tg_status call(struct work *work, const struct tg_mint_call *made, struct tg_fetch_answer *answer,
                           struct tg_error *error)
{
    struct tg_fetch_request request = {
        .url = made->url.data,
        .header_count = made->header_count,
        .body = tg_buf_text(&made->body),
        .ca_pem = text_of(work, "ca_pem"),
        .timeout_ms = CALL_TIMEOUT_MS,
        .must_stop = work->worker->must_stop,
    };
    _Static_assert((int)TG_MINT_MAX_HEADERS <= (int)TG_FETCH_MAX_HEADERS, "all fit");
    for (size_t i = 0; i < made->header_count; ++i) {
        request.headers[i].name = made->headers[i].name.data;
        request.headers[i].value = made->headers[i].value.data;
    }
    return tg_fetch_post(&request, answer, error);
}

static void wipe(struct tg_buf *buf)
{
    tg_secret_wipe(buf->data, buf->bytes);
    tg_buf_deinit(buf);
}

static enum tg_status exchange(struct work *work, struct tg_error *error)
{
    enum tg_status status = open_all(work, error);
    if (status != TG_OK)
        return status;
    struct tg_mint_source source = source_of(work);
    struct tg_mint_call made;
    int64_t now_ms = tg_time_unix_ms();
    status = tg_mint_call_make(&source, now_ms, &work->arena, &made, error);
    if (status == TG_OK) {
        struct tg_fetch_answer answer;
        status = call(work, &made, &answer, error);
        if (status == TG_OK)
            status = tg_mint_answer_read(&source, answer.status, tg_buf_text(&answer.body), now_ms, &work->arena,
                                         &work->token, error);
        wipe(&answer.body);
    }
    wipe(&made.body);
    return status;
}

/* ---- what comes of it ---- */

static bool put_token(struct tg_operation *operation, struct tg_record *after)
{
    struct publication *publication = (struct publication *)operation;
    publication->status =
        tg_credential_put_token(operation, after, publication->token, publication->next_mint_at_ms, publication->error);
    return publication->status == TG_OK;
}

static uint64_t chance(void)
{
    uint64_t number;
    tg_random_bytes(&number, sizeof(number));
    return number;
}

/* TG_CONFLICT if the credential was changed since it was read. */
static enum tg_status publish(struct work *work, struct tg_error *error)
{
    struct publication *publication = &work->publication;
    int64_t now_ms = tg_time_unix_ms();
    publication->token = &work->token;
    publication->next_mint_at_ms = tg_mint_renewal_ms(now_ms, work->token.expires_at_ms, chance());
    publication->operation.now_ms = now_ms;
    publication->error = error;
    struct tg_text if_match = tg_arena_printf(&work->arena, "\"%" PRId64 "\"", work->record.version);
    struct tg_refusal refusal = {0};
    struct tg_record changed;
    tg_resource_change(&publication->operation, &tg_credential_type, work->record.id, &if_match, put_token, &changed,
                       &refusal);
    if (publication->status != TG_OK)
        return publication->status;
    if (!tg_refused(&refusal))
        return TG_OK;
    enum tg_status status =
        refusal.kind == TG_REFUSAL_CHANGED || refusal.kind == TG_REFUSAL_NOT_FOUND ? TG_CONFLICT : TG_UNAVAILABLE;
    return tg_fail(error, status, "the token could not be published: %s", refusal.detail);
}

/* With the credential that it happened to: `failures` in a row, and when to try again. */
static enum tg_status note(struct work *work, struct tg_id id, int64_t failures, int64_t wait_ms, struct tg_text words,
                           struct tg_error *error)
{
    tg_db *db = work->worker->db;
    TG_DB_SCOPE tg_db *scope = db;
    struct tg_db_value params[] = {tg_db_id(id), tg_db_int64(failures), tg_db_int64(wait_ms), tg_db_text(words)};
    enum tg_status status = tg_db_begin(db, TG_DB_TENANT, &work->publication.operation.organization_id, error);
    if (status == TG_OK)
        status = tg_db_query(db,
                             "UPDATE credentials SET mint_failures = $2, last_error = $4,"
                             " next_mint_at = now() + $3::bigint * interval '1 ms' WHERE id = $1",
                             params, 4, NULL, error);
    return status == TG_OK ? tg_db_commit(db, error) : status;
}

static void log_failure(const struct work *work, const struct tg_mint_claim *claim, int64_t failures,
                        const struct tg_error *error)
{
    tg_log(TG_LOG_ERROR, "token_minting_failed", tg_log_id("organization_id", claim->organization_id),
           tg_log_id("credential_id", claim->credential_id),
           tg_log_text("credential", work->record.type == NULL ? tg_text("", 0) : text_of(work, "name")),
           tg_log_number("failures", failures), tg_log_string("error", error->message));
}

static bool settle_failure(struct work *work, const struct tg_mint_claim *claim, enum tg_status status,
                           struct tg_error *error)
{
    struct tg_error ignored;
    if (status == TG_CONFLICT) { /* the change made it due anew, or nearly so */
        int64_t failures = tg_record_get(&work->record, "mint_failures")->number;
        if (note(work, claim->credential_id, failures, 0, text_of(work, "last_error"), &ignored) != TG_OK)
            tg_log(TG_LOG_WARNING, "token_minting_postponed", tg_log_id("credential_id", claim->credential_id));
        return true;
    }
    if (status == TG_NOT_FOUND) /* deleted since */
        return true;
    if (atomic_load(work->worker->must_stop))
        return false; /* not the provider's fault; another instance takes it when the claim has run out */
    int64_t failures = work->record.type == NULL ? 1 : tg_record_get(&work->record, "mint_failures")->number + 1;
    log_failure(work, claim, failures, error);
    struct tg_text words = tg_form_quote(tg_text_of(error->message), &work->arena);
    if (note(work, claim->credential_id, failures, tg_mint_backoff_ms(failures, chance()), words, &ignored) != TG_OK)
        tg_log(TG_LOG_ERROR, "token_minting_unnoted", tg_log_id("credential_id", claim->credential_id),
               tg_log_string("error", ignored.message));
    return false;
}

static void forget(struct work *work)
{
    if (work->token.secret.bytes != 0)
        tg_secret_wipe((char *)work->token.secret.data, work->token.secret.bytes);
    if (work->token.session_token.bytes != 0)
        tg_secret_wipe((char *)work->token.session_token.data, work->token.session_token.bytes);
    tg_secret_deinit(&work->secret);
    tg_secret_deinit(&work->source_session);
    wipe(&work->workload_token);
    tg_arena_deinit(&work->arena);
}

bool tg_mint_do(const struct tg_mint_worker *worker, const struct tg_mint_claim *claim)
{
    struct work work = {.worker = worker};
    struct tg_error error = {0};
    tg_arena_init(&work.arena);
    tg_buf_init(&work.workload_token, MAX_WORKLOAD_TOKEN_BYTES);
    work.publication.operation = (struct tg_operation){
        .db = worker->db,
        .ring = worker->ring,
        .arena = &work.arena,
        .organization_id = claim->organization_id,
        .request_id = tg_id_new(),
        .actor = ACTOR,
        .source_address = "",
        .now_ms = tg_time_unix_ms(),
    };
    enum tg_status status = load(&work, claim->credential_id, &error);
    if (status == TG_OK)
        status = exchange(&work, &error);
    if (status == TG_OK)
        status = publish(&work, &error);
    bool is_fine = true;
    if (status == TG_OK)
        tg_log(TG_LOG_INFO, "token_minted", tg_log_id("organization_id", claim->organization_id),
               tg_log_id("credential_id", claim->credential_id), tg_log_text("credential", text_of(&work, "name")),
               tg_log_number("expires_in_ms", work.token.expires_at_ms - tg_time_unix_ms()));
    else
        is_fine = settle_failure(&work, claim, status, &error);
    forget(&work);
    return is_fine;
}
