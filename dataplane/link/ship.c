#include <stdlib.h>

#include "dataplane/link/link_internal.h"

enum {
    GATHER_MS = 50,         /* records of one moment travel together */
    BATCHES_ON_THE_WAY = 4, /* sent and not acknowledged, per boot */
    UNSENT_MAX_BYTES = 1 << 20,
    BATCH_MAX_BYTES = TG_FRAME_MAX_BYTES,
};

void tg_link_init_shipments(tg_link *link)
{
    link->shipment_count = tg_journal_boot_count(link->journal);
    link->shipments = calloc(link->shipment_count + 1, sizeof(*link->shipments));
    if (link->shipments == NULL)
        abort();
    tg_buf_init(&link->batch, BATCH_MAX_BYTES);
    for (size_t i = 0; i < link->shipment_count; ++i)
        link->shipments[i].boot_id = tg_journal_boot_id(link->journal, i);
}

void tg_link_restart_shipments(tg_link *link, int64_t through_sequence)
{
    tg_link_on_usage_ack(link, link->config.boot_id, through_sequence);
    for (size_t i = 0; i < link->shipment_count; ++i) {
        link->shipments[i].sent_through = link->shipments[i].acknowledged_through;
        link->shipments[i].is_close_sent = false;
    }
    link->waits_for_acks = false;
    link->ship_at_ms = 0;
}

static enum tg_status send_close(tg_link *link, struct tg_shipment *shipment, int64_t last_sequence,
                                 struct tg_error *error)
{
    Tollgate__V1__BootClosed closed = TOLLGATE__V1__BOOT_CLOSED__INIT;
    closed.boot_id = tg_wire_id_field(&shipment->boot_id);
    closed.last_sequence = last_sequence;
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_BOOT_CLOSED;
    frame.boot_closed = &closed;
    enum tg_status status = tg_wire_link_send(link->wire, &frame.base);
    if (status != TG_OK)
        return tg_fail(error, status, "a closed boot could not be queued");
    shipment->is_close_sent = true;
    return TG_OK;
}

static bool is_this_boot(const tg_link *link, size_t index)
{
    return index + 1 == link->shipment_count;
}

/* The number to close a boot with; -1 while it cannot be. This boot closes only when the process stops. */
static int64_t closable(const tg_link *link, size_t index)
{
    if (!is_this_boot(link, index))
        return tg_journal_closable(link->journal, index);
    return atomic_load(&link->is_stopping) ? tg_journal_finished(link->journal) : -1;
}

/* Sends one boot's records as far as the bounds allow. *has_more: there may be more, once some are acknowledged. */
static enum tg_status ship_boot(tg_link *link, size_t index, bool *has_more, size_t *shipped, struct tg_error *error)
{
    struct tg_shipment *shipment = &link->shipments[index];
    const int64_t bound = BATCHES_ON_THE_WAY * (int64_t)link->batch_max_records;
    enum tg_status status = TG_OK;
    *has_more = false;
    while (status == TG_OK) {
        if (shipment->sent_through - shipment->acknowledged_through >= bound ||
            tg_wire_link_unsent_bytes(link->wire) > UNSENT_MAX_BYTES) {
            *has_more = true;
            return TG_OK;
        }
        int64_t last_sequence;
        link->batch.bytes = 0;
        size_t count = tg_journal_read(link->journal, index, shipment->sent_through, link->batch_max_records,
                                       &link->batch, &last_sequence);
        if (count != 0) {
            status = tg_wire_link_send_usage_batch(link->wire, tg_buf_text(&link->batch));
            shipment->sent_through = last_sequence;
            *shipped += count;
        } else {
            tg_buf_deinit(&link->batch);
        }
        /* While records flow the clock brings the next round, so the journal is not asked to wake this thread for what
         * came in just now: that is what a read which finds nothing does. */
        if (count == 0 || (is_this_boot(link, index) && count < link->batch_max_records))
            break;
    }
    if (status != TG_OK)
        return tg_fail(error, status, "a usage batch could not be queued");
    int64_t last_sequence = closable(link, index);
    if (last_sequence >= 0 && !shipment->is_close_sent)
        return send_close(link, shipment, last_sequence, error);
    return TG_OK;
}

enum tg_status tg_link_ship(tg_link *link, int64_t now_ms, struct tg_error *error)
{
    size_t shipped = 0;
    bool has_more = false;
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < link->shipment_count && status == TG_OK && !has_more; ++i)
        status = ship_boot(link, i, &has_more, &shipped, error);
    link->waits_for_acks = has_more;
    /* An acknowledgement, or the journal's on_records, brings the next round; while records flow, the clock does. */
    link->ship_at_ms = shipped != 0 && !has_more ? now_ms + GATHER_MS : INT64_MAX;
    return status;
}

static struct tg_shipment *find_shipment(tg_link *link, struct tg_id boot_id)
{
    for (size_t i = 0; i < link->shipment_count; ++i) {
        if (tg_id_equals(link->shipments[i].boot_id, boot_id))
            return &link->shipments[i];
    }
    return NULL;
}

void tg_link_on_usage_ack(tg_link *link, struct tg_id boot_id, int64_t through_sequence)
{
    struct tg_shipment *shipment = find_shipment(link, boot_id);
    if (shipment == NULL || through_sequence <= shipment->acknowledged_through)
        return;
    shipment->acknowledged_through = through_sequence;
    if (shipment->sent_through < through_sequence)
        shipment->sent_through = through_sequence;
    tg_journal_acknowledge(link->journal, boot_id, through_sequence);
    /* Otherwise the clock brings the next round: answering every acknowledgement with what has come in since would make
     * batches as small as the control plane is fast. */
    if (link->waits_for_acks || !tg_id_equals(boot_id, link->config.boot_id) || atomic_load(&link->is_stopping))
        link->ship_at_ms = 0;
}

void tg_link_on_boot_closed(tg_link *link, struct tg_id boot_id)
{
    struct tg_shipment *shipment = find_shipment(link, boot_id);
    if (shipment == NULL || !shipment->is_close_sent)
        return;
    tg_journal_forget_boot(link->journal, boot_id);
    if (tg_id_equals(boot_id, link->config.boot_id)) {
        link->is_boot_closed = true;
        return;
    }
    size_t index = (size_t)(shipment - link->shipments);
    memmove(shipment, shipment + 1, (--link->shipment_count - index) * sizeof(*shipment));
}
