/* Finds accounts by budget and leases by their identifier. Open addressing; the entries begin with their key. */
#ifndef TG_WALLET_TABLE_H
#define TG_WALLET_TABLE_H

#include "common/base/id.h"

struct table {
    struct tg_id **slots;   /* the first member of an entry; NULL is free */
    size_t count, capacity; /* capacity is 0 or a power of two */
};

void table_deinit(struct table *table);
/* The entry whose key is `id`, or NULL. */
void *table_find(const struct table *table, struct tg_id id);
/* `entry` begins with a struct tg_id that is not in the table and does not change while it is. */
void table_add(struct table *table, void *entry);
void table_remove(struct table *table, struct tg_id id);

#endif
