#include "controlplane/ledger/ledger.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/log/log.h"
#include "controlplane/budget/bank_store.h"
#include "controlplane/ledger/staging.h"
#include "controlplane/ledger/validate.h"

enum { KNOWN_DAYS = 64, MAX_ATTEMPTS = 5, MS_PER_DAY = 86400000 };

struct tg_ledger {
    pthread_mutex_t mutex;
    int64_t known_days[KNOWN_DAYS]; /* days whose month has its partition; the oldest entry is overwritten */
    size_t day_count;
};

/* One call of tg_ledger_book(). */
struct booking {
    struct tg_staging to;
    const Tollgate__V1__UsageBatch *batch;
    struct tg_ledger_receipt *receipt;
    struct tg_error *error;
};

/* Part of the batch: records [from, to). With `reason`, its single record is not booked but rejected. */
struct range {
    size_t from, to;
    const char *reason;
};

tg_ledger *tg_ledger_create(void)
{
    tg_ledger *ledger = calloc(1, sizeof(*ledger));
    if (ledger == NULL)
        abort();
    pthread_mutex_init(&ledger->mutex, NULL);
    return ledger;
}

void tg_ledger_destroy(tg_ledger *ledger)
{
    if (ledger == NULL)
        return;
    pthread_mutex_destroy(&ledger->mutex);
    free(ledger);
}

/* ---- partitions ---- */

static bool is_day_known(tg_ledger *ledger, int64_t day)
{
    bool is_known = false;
    pthread_mutex_lock(&ledger->mutex);
    size_t count = ledger->day_count < KNOWN_DAYS ? ledger->day_count : KNOWN_DAYS;
    for (size_t i = 0; i < count && !is_known; ++i)
        is_known = ledger->known_days[i] == day;
    pthread_mutex_unlock(&ledger->mutex);
    return is_known;
}

static void remember_day(tg_ledger *ledger, int64_t day)
{
    pthread_mutex_lock(&ledger->mutex);
    ledger->known_days[ledger->day_count++ % KNOWN_DAYS] = day;
    pthread_mutex_unlock(&ledger->mutex);
}

/* In a transaction of its own, because making a partition takes heavy locks. If it cannot be made now, the default
 * partition takes the records, and gives them up when it can. */
static void ensure_partitions(tg_ledger *ledger, tg_db *db, const Tollgate__V1__UsageBatch *batch)
{
    int64_t last_day = -1;
    for (size_t i = 0; i < batch->n_records; ++i) {
        int64_t day = batch->records[i]->started_at_ms / MS_PER_DAY;
        if (day == last_day || tg_ledger_reject_reason(batch->records[i]) != NULL)
            continue;
        last_day = day;
        if (is_day_known(ledger, day))
            continue;
        struct tg_error error;
        TG_DB_SCOPE tg_db *scope = db;
        struct tg_db_value params[] = {tg_db_time(day * MS_PER_DAY)};
        enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, &error);
        if (status == TG_OK)
            status = tg_db_query(db, "SELECT ensure_usage_partition($1)", params, 1, NULL, &error);
        if (status == TG_OK)
            status = tg_db_commit(db, &error);
        if (status == TG_OK)
            remember_day(ledger, day);
        else
            tg_log(TG_LOG_WARNING, "usage_partition_not_made", tg_log_string("error", error.message));
    }
}

/* ---- boots ---- */

/* Locks the boot's row, which is made if it is new, until the end of the transaction. */
static enum tg_status lock_boot(tg_db *db, const char *replica, struct tg_id boot_id, int64_t *booked,
                                struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_id(boot_id), tg_db_string(replica)};
    for (bool is_new = false;; is_new = true) {
        TG_DB_RESULT tg_db_result *boot = NULL;
        enum tg_status status =
            tg_db_query(db, "SELECT booked_sequence, replica = $2 FROM replica_boots WHERE boot_id = $1 FOR UPDATE",
                        params, 2, &boot, error);
        if (status != TG_OK)
            return status;
        if (tg_db_rows(boot) == 1) {
            *booked = tg_db_get_int64(boot, 0, 0);
            if (!tg_db_get_bool(boot, 0, 1))
                return tg_fail(error, TG_DENIED, "the boot belongs to another replica");
            return TG_OK;
        }
        if (is_new)
            return tg_fail(error, TG_CORRUPT, "the row of a new boot cannot be read back");
        status = tg_db_query(db, "INSERT INTO replica_boots (boot_id, replica) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                             params, 2, NULL, error);
        if (status != TG_OK)
            return status;
    }
}

static bool may_succeed_again(const tg_db *db, enum tg_status status)
{
    return status == TG_UNAVAILABLE || (status != TG_OK && tg_db_should_retry(db));
}

static enum tg_status try_to_open_boot(tg_db *db, const char *replica, struct tg_id boot_id, int64_t *through_sequence,
                                       struct tg_error *error)
{
    TG_DB_SCOPE tg_db *scope = db;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = lock_boot(db, replica, boot_id, through_sequence, error);
    if (status == TG_OK)
        status = tg_db_commit(db, error);
    return status;
}

enum tg_status tg_ledger_open_boot(tg_db *db, const char *replica, struct tg_id boot_id, int64_t *through_sequence,
                                   struct tg_error *error)
{
    enum tg_status status = TG_OK;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; ++attempt) {
        status = try_to_open_boot(db, replica, boot_id, through_sequence, error);
        if (!may_succeed_again(db, status))
            return status;
    }
    return status;
}

static enum tg_status try_to_close_boot(tg_db *db, const char *replica, struct tg_id boot_id, int64_t last_sequence,
                                        struct tg_error *error)
{
    int64_t booked;
    TG_DB_SCOPE tg_db *scope = db;
    enum tg_status status = tg_db_begin(db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = lock_boot(db, replica, boot_id, &booked, error);
    if (status != TG_OK)
        return status;
    if (booked < last_sequence)
        return tg_fail(error, TG_CONFLICT, "booked up to %" PRId64 ", closed at %" PRId64, booked, last_sequence);
    struct tg_db_value params[] = {tg_db_id(boot_id), tg_db_int64(last_sequence)};
    status = tg_bank_release_boot(db, boot_id, error);
    if (status == TG_OK)
        status = tg_db_query(db,
                             "UPDATE replica_boots SET last_sequence = $2, closed_at = coalesce(closed_at, now()) "
                             "WHERE boot_id = $1",
                             params, 2, NULL, error);
    if (status == TG_OK)
        status = tg_db_commit(db, error);
    return status;
}

enum tg_status tg_ledger_close_boot(tg_db *db, const char *replica, struct tg_id boot_id, int64_t last_sequence,
                                    struct tg_error *error)
{
    enum tg_status status = TG_OK;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; ++attempt) {
        status = try_to_close_boot(db, replica, boot_id, last_sequence, error);
        if (!may_succeed_again(db, status))
            return status;
    }
    return status;
}

/* ---- booking ---- */

static int64_t sequence_at(const struct booking *booking, size_t index)
{
    return booking->batch->first_sequence + (int64_t)index;
}

static enum tg_status note_gap(struct booking *booking, int64_t first, int64_t last)
{
    struct tg_db_value params[] = {tg_db_id(booking->to.boot_id), tg_db_int64(first), tg_db_int64(last)};
    tg_log(TG_LOG_ERROR, "usage_gap", tg_log_string("replica", booking->to.replica),
           tg_log_id("boot", booking->to.boot_id), tg_log_number("first_sequence", first),
           tg_log_number("last_sequence", last));
    return tg_db_query(booking->to.db,
                       "INSERT INTO usage_gaps (boot_id, first_sequence, last_sequence) VALUES ($1, $2, $3)", params, 3,
                       NULL, booking->error);
}

/* Among the first `count` records of the range, whose numbers are passed already, finds any that were noted as
 * missing. Replicas send in order, so this is a fault of the sender; its records are kept all the same. */
static enum tg_status keep_late_records(struct booking *booking, size_t from, size_t count)
{
    struct tg_db_value params[] = {tg_db_id(booking->to.boot_id), tg_db_int64(sequence_at(booking, from)),
                                   tg_db_int64(sequence_at(booking, from + count - 1))};
    TG_DB_RESULT tg_db_result *gaps = NULL;
    enum tg_status status = tg_db_query(booking->to.db,
                                        "SELECT greatest(first_sequence, $2), least(last_sequence, $3) FROM usage_gaps "
                                        "WHERE boot_id = $1 AND first_sequence <= $3 AND last_sequence >= $2",
                                        params, 3, &gaps, booking->error);
    for (size_t row = 0; status == TG_OK && row < tg_db_rows(gaps); ++row) {
        int64_t first = tg_db_get_int64(gaps, row, 0), last = tg_db_get_int64(gaps, row, 1);
        tg_log(TG_LOG_ERROR, "usage_after_gap", tg_log_string("replica", booking->to.replica),
               tg_log_id("boot", booking->to.boot_id), tg_log_number("first_sequence", first),
               tg_log_number("last_sequence", last));
        for (int64_t n = first; n <= last && status == TG_OK; ++n)
            status = tg_staging_reject(&booking->to, booking->batch->records[n - booking->batch->first_sequence], n,
                                       "arrived after its number had been noted as missing", booking->error);
    }
    return status;
}

static const char *reject_reason(const struct booking *booking, const struct range *range, size_t index)
{
    return range->reason != NULL ? range->reason : tg_ledger_reject_reason(booking->batch->records[index]);
}

static void log_rejected(const struct booking *booking, const struct range *range)
{
    for (size_t i = range->from; i < range->to; ++i) {
        const char *reason = reject_reason(booking, range, i);
        if (reason != NULL)
            tg_log(TG_LOG_ERROR, "usage_rejected", tg_log_string("replica", booking->to.replica),
                   tg_log_id("boot", booking->to.boot_id), tg_log_number("sequence", sequence_at(booking, i)),
                   tg_log_string("reason", reason));
    }
}

/* Rejects what cannot be booked and copies the rest. */
static enum tg_status stage(struct booking *booking, struct range range, size_t *rejected)
{
    const Tollgate__V1__UsageBatch *batch = booking->batch;
    enum tg_status status = tg_staging_prepare(&booking->to, booking->error);
    for (size_t i = range.from; i < range.to && status == TG_OK; ++i) {
        const char *reason = reject_reason(booking, &range, i);
        if (reason == NULL)
            continue;
        status = tg_staging_reject(&booking->to, batch->records[i], sequence_at(booking, i), reason, booking->error);
        ++*rejected;
    }
    if (status == TG_OK)
        status = tg_staging_begin(&booking->to, booking->error);
    for (size_t i = range.from; i < range.to && status == TG_OK; ++i)
        if (reject_reason(booking, &range, i) == NULL)
            status = tg_staging_add(&booking->to, batch->records[i], sequence_at(booking, i), booking->error);
    if (status == TG_OK)
        status = tg_staging_end(&booking->to, booking->error);
    return status;
}

/* One transaction. */
static enum tg_status try_to_book(struct booking *booking, struct range range)
{
    struct tg_error *error = booking->error;
    struct tg_ledger_receipt receipt = {.through_sequence = sequence_at(booking, range.to - 1)};
    int64_t booked;
    TG_DB_SCOPE tg_db *scope = booking->to.db;
    enum tg_status status = tg_db_begin(booking->to.db, TG_DB_PLATFORM, NULL, error);
    if (status == TG_OK)
        status = lock_boot(booking->to.db, booking->to.replica, booking->to.boot_id, &booked, error);
    if (status != TG_OK)
        return status;
    int64_t first = sequence_at(booking, range.from);
    if (first <= booked) {
        int64_t passed = booked - first + 1, records = (int64_t)(range.to - range.from);
        receipt.repeated = (size_t)(passed < records ? passed : records);
        status = keep_late_records(booking, range.from, receipt.repeated);
        range.from += receipt.repeated;
    } else if (first > booked + 1) {
        receipt.missing = first - booked - 1;
        status = note_gap(booking, booked + 1, first - 1);
    }
    if (status == TG_OK && range.from < range.to) {
        status = stage(booking, range, &receipt.rejected);
        receipt.booked = range.to - range.from - receipt.rejected;
        if (status == TG_OK && receipt.booked > 0)
            status = tg_staging_book_records(&booking->to, error);
        if (status == TG_OK && receipt.booked > 0)
            status = tg_staging_settle_charges(&booking->to, &receipt.uncovered_accounts, error);
        struct tg_db_value params[] = {tg_db_id(booking->to.boot_id), tg_db_int64(receipt.through_sequence)};
        if (status == TG_OK)
            status = tg_db_query(booking->to.db, "UPDATE replica_boots SET booked_sequence = $2 WHERE boot_id = $1",
                                 params, 2, NULL, error);
    } else {
        receipt.through_sequence = booked;
    }
    if (status == TG_OK)
        status = tg_db_commit(booking->to.db, error);
    if (status != TG_OK)
        return status;
    if (receipt.rejected > 0)
        log_rejected(booking, &range);
    struct tg_ledger_receipt *total = booking->receipt;
    total->through_sequence = receipt.through_sequence;
    total->booked += receipt.booked;
    total->repeated += receipt.repeated;
    total->rejected += receipt.rejected;
    total->missing += receipt.missing;
    total->uncovered_accounts += receipt.uncovered_accounts;
    return TG_OK;
}

/* Whether Postgres refused because of what is in the records, and not because of how it is. */
static bool is_fault_of_a_record(enum tg_status status)
{
    return status == TG_INVALID || status == TG_NOT_FOUND || status == TG_CONFLICT || status == TG_TOO_LARGE;
}

/* Books a range; where one record spoils it, halves it until that record stands alone, and rejects that. */
static enum tg_status book_range(struct booking *booking, struct range range)
{
    enum tg_status status = TG_OK;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; ++attempt) {
        status = try_to_book(booking, range);
        if (!may_succeed_again(booking->to.db, status))
            break;
    }
    if (!is_fault_of_a_record(status) || range.reason != NULL)
        return status;
    if (range.to - range.from == 1) {
        struct tg_error why = *booking->error;
        range.reason = why.message;
        return book_range(booking, range);
    }
    size_t middle = range.from + (range.to - range.from) / 2;
    status = book_range(booking, (struct range){.from = range.from, .to = middle});
    if (status == TG_OK)
        status = book_range(booking, (struct range){.from = middle, .to = range.to});
    return status;
}

enum tg_status tg_ledger_book(tg_ledger *ledger, tg_db *db, const char *replica, const Tollgate__V1__UsageBatch *batch,
                              struct tg_ledger_receipt *receipt, struct tg_error *error)
{
    *receipt = (struct tg_ledger_receipt){0};
    struct tg_error ignored;
    struct booking booking = {
        .to = {.db = db, .replica = replica},
        .batch = batch,
        .receipt = receipt,
        .error = error != NULL ? error : &ignored,
    };
    if (!tg_wire_id(batch->boot_id, &booking.to.boot_id))
        return tg_fail(error, TG_INVALID, "a usage batch without a boot_id");
    if (batch->first_sequence < 1 || batch->first_sequence > INT64_MAX - (int64_t)batch->n_records)
        return tg_fail(error, TG_INVALID, "a usage batch with first_sequence out of range");
    if (batch->n_records == 0)
        return tg_ledger_open_boot(db, replica, booking.to.boot_id, &receipt->through_sequence, error);
    ensure_partitions(ledger, db, batch);
    return book_range(&booking, (struct range){.to = batch->n_records});
}
