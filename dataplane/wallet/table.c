#include "dataplane/wallet/table.h"

#include <stdlib.h>

void table_deinit(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}

static size_t slot_of(const struct table *table, struct tg_id id)
{
    return (size_t)tg_text_hash(tg_text((const char *)id.octets, sizeof(id.octets)), 0) & (table->capacity - 1);
}

static size_t next_slot(const struct table *table, size_t slot)
{
    return (slot + 1) & (table->capacity - 1);
}

void *table_find(const struct table *table, struct tg_id id)
{
    if (table->count == 0)
        return NULL;
    for (size_t slot = slot_of(table, id); table->slots[slot] != NULL; slot = next_slot(table, slot)) {
        if (tg_id_equals(*table->slots[slot], id))
            return table->slots[slot];
    }
    return NULL;
}

static void insert(struct table *table, struct tg_id *entry)
{
    size_t slot = slot_of(table, *entry);
    while (table->slots[slot] != NULL)
        slot = next_slot(table, slot);
    table->slots[slot] = entry;
}

void table_add(struct table *table, void *entry)
{
    if (2 * (table->count + 1) > table->capacity) {
        struct table bigger = {.capacity = table->capacity == 0 ? 16 : 2 * table->capacity, .count = table->count};
        bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
        if (bigger.slots == NULL)
            abort();
        for (size_t i = 0; i < table->capacity; ++i) {
            if (table->slots[i] != NULL)
                insert(&bigger, table->slots[i]);
        }
        free(table->slots);
        *table = bigger;
    }
    insert(table, entry);
    ++table->count;
}

void table_remove(struct table *table, struct tg_id id)
{
    if (table->count == 0)
        return;
    size_t hole = slot_of(table, id);
    while (table->slots[hole] != NULL && !tg_id_equals(*table->slots[hole], id))
        hole = next_slot(table, hole);
    if (table->slots[hole] == NULL)
        return;
    table->slots[hole] = NULL;
    --table->count;
    /* Entries after the hole may have been pushed past it: put them back so that no search stops early. */
    for (size_t slot = next_slot(table, hole); table->slots[slot] != NULL; slot = next_slot(table, slot)) {
        struct tg_id *entry = table->slots[slot];
        table->slots[slot] = NULL;
        insert(table, entry);
    }
}
