#include "controlplane/replication/recalls.h"

void tg_recent_recalls_init(struct tg_recent_recalls *recent)
{
    memset(recent, 0, sizeof(*recent));
    pthread_mutex_init(&recent->mutex, NULL);
}

void tg_recent_recalls_deinit(struct tg_recent_recalls *recent)
{
    pthread_mutex_destroy(&recent->mutex);
}

bool tg_recent_recalls_admit(struct tg_recent_recalls *recent, struct tg_id budget_id, int64_t now_ms)
{
    struct tg_text octets = tg_text((const char *)budget_id.octets, sizeof(budget_id.octets));
    size_t slot = tg_text_hash(octets, 0) % TG_RECENT_RECALLS;
    pthread_mutex_lock(&recent->mutex);
    bool is_recent = tg_id_equals(recent->slots[slot].budget_id, budget_id) &&
                     now_ms - recent->slots[slot].at_ms < TG_RECALL_PAUSE_MS;
    if (!is_recent) {
        recent->slots[slot].budget_id = budget_id;
        recent->slots[slot].at_ms = now_ms;
    }
    pthread_mutex_unlock(&recent->mutex);
    return !is_recent;
}

bool tg_pending_recalls_add(struct tg_pending_recalls *pending, struct tg_id budget_id)
{
    for (size_t i = 0; i < pending->count; ++i)
        if (tg_id_equals(pending->budget_ids[i], budget_id))
            return false;
    if (pending->count == TG_PENDING_RECALLS)
        return false;
    pending->budget_ids[pending->count++] = budget_id;
    return true;
}
