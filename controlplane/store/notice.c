#include <assert.h>
#include <poll.h>
#include <stdio.h>

#include "common/base/time.h"
#include "controlplane/store/internal.h"

static bool is_channel(const tg_db *db, const char *channel)
{
    for (size_t i = 0; i < db->channel_count; ++i)
        if (strcmp(db->channels[i], channel) == 0)
            return true;
    return false;
}

enum tg_status tg_db_listen(tg_db *db, const char *channel, struct tg_error *error)
{
    assert(!db->in_transaction);
    if (is_channel(db, channel)) /* every new connection listens to it */
        return TG_OK;
    assert(db->channel_count < TG_DB_MAX_CHANNELS);
    char sql[96];
    snprintf(sql, sizeof(sql), "LISTEN %s", channel);
    enum tg_status status = tg_db_query(db, sql, NULL, 0, NULL, error);
    if (status == TG_OK)
        db->channels[db->channel_count++] = tg_text_strdup(tg_text_of(channel));
    return status;
}

static bool take_notice(tg_db *db, struct tg_db_notice *notice)
{
    PGnotify *native = PQnotifies(db->connection);
    if (native == NULL)
        return false;
    snprintf(notice->channel, sizeof(notice->channel), "%s", native->relname);
    snprintf(notice->payload, sizeof(notice->payload), "%s", native->extra);
    PQfreemem(native);
    return true;
}

enum tg_status tg_db_wait_notice(tg_db *db, int64_t timeout_ms, int wake_fd, struct tg_db_notice *notice,
                                 struct tg_error *error)
{
    enum tg_status status = tg_db_connect(db, error);
    if (status != TG_OK)
        return status;
    int64_t deadline_ms = tg_time_monotonic_ms() + timeout_ms;
    for (;;) {
        if (!PQconsumeInput(db->connection))
            return tg_db_fail(db, NULL, error);
        if (take_notice(db, notice))
            return TG_OK;
        int64_t left_ms = deadline_ms - tg_time_monotonic_ms();
        if (left_ms <= 0)
            return tg_fail(error, TG_TIMEOUT, "no notice came");
        struct pollfd watched[] = {{.fd = PQsocket(db->connection), .events = POLLIN},
                                   {.fd = wake_fd, .events = POLLIN}}; /* a negative fd is passed over */
        int ready = poll(watched, 2, left_ms > 60000 ? 60000 : (int)left_ms);
        if (ready > 0 && watched[1].revents != 0)
            return tg_fail(error, TG_TIMEOUT, "woken");
    }
}
