#include "controlplane/replication/feed.h"

#include <assert.h>

#include "controlplane/snapshot/credential.h"

/* A page is at most so many rows and bytes; its last row may pass the bytes alone. It fits into a link's queue. */
#define PAGE_ROWS     "1000"
#define PAGE_BYTES    "1048576"
#define MAX_ROW_BYTES (2 << 20)

enum { ROW_STATE, ROW_DIGEST, ROW_RESOURCE };

const char *tg_feed_phase_name(enum tg_feed_phase phase)
{
    switch (phase) {
    case TG_FEED_IDLE:
        return "idle";
    case TG_FEED_SENDING:
        return "sending";
    case TG_FEED_AWAITING:
        return "awaiting";
    }
    return "unknown";
}

bool tg_feed_needs_full(const struct tg_feed_state *state, struct tg_id epoch, int64_t revision,
                        const struct tg_digest *digest, bool was_refused)
{
    if (was_refused || revision <= 0 || revision > state->revision || !tg_id_equals(epoch, state->epoch))
        return true;
    return revision == state->revision && !tg_digest_equals(digest, &state->digest);
}

static void start_sending(struct tg_feed *feed, int64_t since_revision)
{
    feed->phase = TG_FEED_SENDING;
    feed->cursor_revision = since_revision;
    feed->cursor_type = INT16_MAX; /* behind every resource of that revision */
}

void tg_feed_init(struct tg_feed *feed, const tg_seal_ring *ring, const struct tg_feed_state *state, bool is_full,
                  int64_t held_revision)
{
    *feed = (struct tg_feed){.ring = ring, .held_revision = held_revision};
    if (!is_full)
        return;
    feed->held_revision = 0;
    feed->must_commit = true;
    feed->quiet_through_revision = state->revision;
    start_sending(feed, 0);
}

bool tg_feed_wants_to_send(const struct tg_feed *feed, int64_t latest_revision)
{
    if (feed->phase == TG_FEED_IDLE)
        return latest_revision > feed->held_revision && latest_revision > feed->refused_revision;
    return feed->phase == TG_FEED_SENDING;
}

bool tg_feed_on_ack(struct tg_feed *feed, int64_t revision)
{
    if (feed->phase != TG_FEED_AWAITING || revision != feed->sent_revision)
        return false;
    feed->phase = TG_FEED_IDLE;
    feed->held_revision = revision;
    feed->refused_revision = 0;
    feed->must_commit = false;
    return true;
}

bool tg_feed_on_nack(struct tg_feed *feed, int64_t revision)
{
    if (feed->phase != TG_FEED_AWAITING || revision != feed->sent_revision)
        return false;
    feed->phase = TG_FEED_IDLE; /* it keeps what it had, and all since then is sent with the next revision */
    feed->refused_revision = revision;
    return true;
}

/* ---- reading ---- */

static bool add_digest(struct tg_digest *sum, struct tg_text octets)
{
    if (octets.bytes != sizeof(sum->octets))
        return false;
    tg_digest_add(sum, (const uint8_t *)octets.data);
    return true;
}

/* Reads in a transaction of its own. A connection that was lost while it lay idle is made again. */
static enum tg_status read_rows(tg_db *db, const char *sql, const struct tg_db_value *params, size_t count,
                                tg_db_result **rows, struct tg_error *error)
{
    enum tg_status status = TG_UNAVAILABLE;
    for (int attempt = 0; attempt < 2 && status == TG_UNAVAILABLE; ++attempt) {
        TG_DB_SCOPE tg_db *scope = db;
        status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
        if (status == TG_OK)
            status = tg_db_query(db, sql, params, count, rows, error);
    }
    if (status == TG_OK && tg_db_rows(*rows) == 0)
        status = tg_fail(error, TG_CORRUPT, "the table config_state has no row");
    return status;
}

enum tg_status tg_feed_read_revision(tg_db *db, struct tg_feed_state *state, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status = read_rows(db, "SELECT epoch, revision FROM config_state", NULL, 0, &result, error);
    if (status == TG_OK)
        *state = (struct tg_feed_state){.epoch = tg_db_get_id(result, 0, 0), .revision = tg_db_get_int64(result, 0, 1)};
    return status;
}

enum tg_status tg_feed_read_state(tg_db *db, struct tg_feed_state *state, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *result = NULL;
    enum tg_status status =
        read_rows(db, "SELECT c.epoch, c.revision, d.digest FROM config_state c LEFT JOIN snapshot_digests d ON true",
                  NULL, 0, &result, error);
    if (status != TG_OK)
        return status;
    *state = (struct tg_feed_state){.epoch = tg_db_get_id(result, 0, 0), .revision = tg_db_get_int64(result, 0, 1)};
    for (size_t row = 0; row < tg_db_rows(result); ++row)
        if (!tg_db_is_null(result, row, 2) && !add_digest(&state->digest, tg_db_get_bytes(result, row, 2)))
            return tg_fail(error, TG_CORRUPT, "a snapshot digest is not 32 bytes long");
    return TG_OK;
}

/* One statement, one moment: the revision, how many rows are behind the cursor, the digests, and the rows of the page.
 * Columns mean: what the row is; organization; type; id; revision, or how many; is deleted; payload or digest. */
static const char page_sql[] =
    "WITH behind AS MATERIALIZED (SELECT organization_id, resource_type, id, revision, is_deleted, payload"
    "  FROM snapshot_resources WHERE (revision, resource_type, id) > ($1, $2::smallint, $3)"
    "  ORDER BY revision, resource_type, id LIMIT " PAGE_ROWS "),"
    " page AS MATERIALIZED (SELECT * FROM (SELECT behind.*, sum(octet_length(payload)) OVER w - octet_length(payload)"
    "  AS bytes_before FROM behind WINDOW w AS (ORDER BY revision, resource_type, id)) s"
    "  WHERE bytes_before < " PAGE_BYTES "),"
    " size AS (SELECT (SELECT count(*) FROM page) AS rows,"
    "  (SELECT count(*) FROM behind) < " PAGE_ROWS
    "  AND (SELECT count(*) FROM page) = (SELECT count(*) FROM behind) AS is_last) "
    "SELECT 0 AS part, epoch AS organization_id, 0::smallint AS resource_type, epoch AS id, revision,"
    " size.is_last AS is_deleted, ''::bytea AS payload FROM config_state, size "
    "UNION ALL SELECT 1, organization_id, 0::smallint, organization_id, 0, false, digest FROM snapshot_digests, size"
    " WHERE size.is_last "
    "UNION ALL SELECT 2, organization_id, resource_type, id, revision, is_deleted, payload FROM page "
    "ORDER BY part, revision, resource_type, id";

/* ---- sending ---- */

static enum tg_status queue(tg_wire_link *link, Tollgate__V1__ControlFrame *frame, struct tg_error *error)
{
    enum tg_status status = tg_wire_link_send(link, &frame->base);
    return status == TG_OK ? TG_OK : tg_fail(error, status, "a change does not fit into the queue to the replica");
}

static enum tg_status send_delete(tg_wire_link *link, const tg_db_result *page, size_t row, struct tg_error *error)
{
    struct tg_id id = tg_db_get_id(page, row, 3);
    Tollgate__V1__Delete deletion = TOLLGATE__V1__DELETE__INIT;
    deletion.type = (Tollgate__V1__ResourceType)tg_db_get_int64(page, row, 2);
    deletion.id = tg_wire_id_field(&id);
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_DELETE;
    frame.delete_ = &deletion;
    return queue(link, &frame, error);
}

static enum tg_status send_resource(const struct tg_feed *feed, tg_wire_link *link, const tg_db_result *page,
                                    size_t row, struct tg_error *error)
{
    struct tg_buf revealed;
    tg_buf_init(&revealed, MAX_ROW_BYTES);
    enum tg_status status =
        tg_snapshot_reveal(feed->ring, tg_db_get_id(page, row, 1), (int)tg_db_get_int64(page, row, 2),
                           tg_db_get_bytes(page, row, 6), &revealed, error);
    if (status == TG_OK) {
        status = tg_wire_link_send_upsert(link, tg_buf_text(&revealed));
        if (status != TG_OK)
            tg_fail(error, status, "a resource does not fit into the queue to the replica");
    }
    if (revealed.data != NULL)
        tg_secret_wipe(revealed.data, revealed.capacity);
    tg_buf_deinit(&revealed);
    return status;
}

static enum tg_status send_commit(struct tg_feed *feed, tg_wire_link *link, int64_t revision,
                                  const struct tg_digest *digest, struct tg_error *error)
{
    Tollgate__V1__Commit commit = TOLLGATE__V1__COMMIT__INIT;
    commit.revision = revision;
    commit.digest = tg_wire_bytes(digest->octets, sizeof(digest->octets));
    Tollgate__V1__ControlFrame frame = TOLLGATE__V1__CONTROL_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT;
    frame.commit = &commit;
    feed->sent_revision = revision;
    feed->phase = TG_FEED_AWAITING;
    return queue(link, &frame, error);
}

static enum tg_status send_rows(struct tg_feed *feed, const tg_db_result *page, tg_wire_link *link,
                                struct tg_error *error)
{
    assert(tg_db_get_int64(page, 0, 0) == ROW_STATE);
    int64_t revision = tg_db_get_int64(page, 0, 4);
    bool is_last = tg_db_get_bool(page, 0, 5);
    struct tg_digest digest = {0};
    enum tg_status status = TG_OK;
    for (size_t row = 1; row < tg_db_rows(page) && status == TG_OK; ++row) {
        if (tg_db_get_int64(page, row, 0) == ROW_DIGEST) {
            if (!add_digest(&digest, tg_db_get_bytes(page, row, 6)))
                return tg_fail(error, TG_CORRUPT, "a snapshot digest is not 32 bytes long");
            continue;
        }
        feed->cursor_revision = tg_db_get_int64(page, row, 4);
        feed->cursor_type = (int16_t)tg_db_get_int64(page, row, 2);
        feed->cursor_id = tg_db_get_id(page, row, 3);
        if (!tg_db_get_bool(page, row, 5))
            status = send_resource(feed, link, page, row, error);
        else if (feed->cursor_revision > feed->quiet_through_revision)
            status = send_delete(link, page, row, error);
    }
    if (status != TG_OK || !is_last)
        return status;
    if (revision == feed->held_revision && !feed->must_commit) {
        feed->phase = TG_FEED_IDLE;
        return TG_OK;
    }
    return send_commit(feed, link, revision, &digest, error);
}

enum tg_status tg_feed_send_page(struct tg_feed *feed, tg_db *db, tg_wire_link *link, struct tg_error *error)
{
    if (feed->phase == TG_FEED_IDLE)
        start_sending(feed, feed->held_revision);
    struct tg_db_value cursor[] = {tg_db_int64(feed->cursor_revision), tg_db_int64(feed->cursor_type),
                                   tg_db_id(feed->cursor_id)};
    TG_DB_RESULT tg_db_result *page = NULL;
    enum tg_status status = read_rows(db, page_sql, cursor, 3, &page, error);
    return status == TG_OK ? send_rows(feed, page, link, error) : status;
}
