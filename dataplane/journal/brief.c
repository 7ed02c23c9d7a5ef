#include "dataplane/journal/brief.h"

#include <stdlib.h>

#include "common/wire/pack.h"
#include "dataplane/journal/shape.h"

enum {
    PATTERNS = 256, /* a power of two */
    IDS = 10,
    MAX_CHARGES = 16, /* an intent with more is always written whole */
};

struct pattern {
    uint64_t file_order; /* 0: none */
    size_t offset, record_bytes;
    struct tg_id ids[IDS];
    char endpoint[TG_JOURNAL_TEXT_MAX_BYTES + 1], model_name[TG_JOURNAL_TEXT_MAX_BYTES + 1];
    size_t charge_count;
    struct {
        struct tg_id lease_id, budget_id;
        int64_t window_start_ms;
    } charges[MAX_CHARGES];
};

struct tg_journal_patterns {
    struct pattern list[PATTERNS]; /* by hash; the newer takes the place */
};

struct tg_journal_patterns *tg_journal_patterns_create(void)
{
    struct tg_journal_patterns *patterns = calloc(1, sizeof(*patterns));
    if (patterns == NULL)
        abort();
    return patterns;
}

void tg_journal_patterns_destroy(struct tg_journal_patterns *patterns)
{
    free(patterns);
}

/* ---- being alike ---- */

/* All but the request's. */
static void list_ids(Tollgate__V1__UsageRecord *record, ProtobufCBinaryData *ids[IDS])
{
    ProtobufCBinaryData *list[IDS] = {&record->organization_id, &record->team_id,       &record->project_id,
                                      &record->application_id,  &record->api_key_id,    &record->access_profile_id,
                                      &record->model_id,        &record->deployment_id, &record->provider_id,
                                      &record->price_id};
    memcpy(ids, list, sizeof(list));
}

static Tollgate__V1__UsageRecord *only_read(const Tollgate__V1__UsageRecord *record)
{
    return (Tollgate__V1__UsageRecord *)(uintptr_t)record;
}

static bool is_id(const ProtobufCBinaryData *field, const struct tg_id *id)
{
    if (field->len == sizeof(id->octets))
        return memcmp(field->data, id->octets, sizeof(id->octets)) == 0;
    return field->len == 0 && tg_id_is_zero(*id);
}

static bool is_like(const struct pattern *pattern, const Tollgate__V1__UsageRecord *record)
{
    ProtobufCBinaryData *ids[IDS];
    list_ids(only_read(record), ids);
    for (size_t i = 0; i < IDS; ++i) {
        if (!is_id(ids[i], &pattern->ids[i]))
            return false;
    }
    if (pattern->charge_count != record->n_charges || strcmp(pattern->endpoint, record->endpoint) != 0 ||
        strcmp(pattern->model_name, record->model_name) != 0)
        return false;
    for (size_t i = 0; i < record->n_charges; ++i) {
        const Tollgate__V1__Charge *charge = record->charges[i];
        if (!is_id(&charge->lease_id, &pattern->charges[i].lease_id) ||
            !is_id(&charge->budget_id, &pattern->charges[i].budget_id) ||
            charge->window_start_ms != pattern->charges[i].window_start_ms)
            return false;
    }
    return true;
}

/* Identifiers end in random bits. */
static uint64_t tail_of(const ProtobufCBinaryData *id)
{
    uint64_t tail = 0;
    if (id->len == sizeof(struct tg_id))
        memcpy(&tail, id->data + sizeof(struct tg_id) - sizeof(tail), sizeof(tail));
    return tail;
}

static size_t place_of(const Tollgate__V1__UsageRecord *record)
{
    uint64_t mixed = tail_of(&record->api_key_id) ^ tail_of(&record->deployment_id) * 3;
    return (size_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (PATTERNS - 1);
}

bool tg_journal_pattern_find(const struct tg_journal_patterns *patterns, const Tollgate__V1__UsageRecord *record,
                             uint64_t file_order, size_t *offset, size_t *record_bytes)
{
    const struct pattern *pattern = &patterns->list[place_of(record)];
    if (pattern->file_order != file_order || !is_like(pattern, record))
        return false;
    *offset = pattern->offset;
    *record_bytes = pattern->record_bytes;
    return true;
}

void tg_journal_pattern_add(struct tg_journal_patterns *patterns, const Tollgate__V1__UsageRecord *record,
                            uint64_t file_order, size_t offset, size_t record_bytes)
{
    struct pattern *pattern = &patterns->list[place_of(record)];
    ProtobufCBinaryData *ids[IDS];
    size_t endpoint_bytes = strlen(record->endpoint), name_bytes = strlen(record->model_name);
    pattern->file_order = 0;
    if (record->n_charges > MAX_CHARGES || endpoint_bytes > TG_JOURNAL_TEXT_MAX_BYTES ||
        name_bytes > TG_JOURNAL_TEXT_MAX_BYTES)
        return;
    list_ids(only_read(record), ids);
    for (size_t i = 0; i < IDS; ++i) {
        if (!tg_wire_optional_id(*ids[i], &pattern->ids[i]))
            return;
    }
    memcpy(pattern->endpoint, record->endpoint, endpoint_bytes + 1);
    memcpy(pattern->model_name, record->model_name, name_bytes + 1);
    for (size_t i = 0; i < record->n_charges; ++i) {
        const Tollgate__V1__Charge *charge = record->charges[i];
        if (!tg_wire_optional_id(charge->lease_id, &pattern->charges[i].lease_id) ||
            !tg_wire_optional_id(charge->budget_id, &pattern->charges[i].budget_id))
            return;
        pattern->charges[i].window_start_ms = charge->window_start_ms;
    }
    pattern->charge_count = record->n_charges;
    pattern->offset = offset;
    pattern->record_bytes = record_bytes;
    pattern->file_order = file_order;
}

/* ---- what is its own ---- */

size_t tg_journal_brief_pack(const Tollgate__V1__UsageRecord *record, char *out)
{
    static char none[1];
    Tollgate__V1__Charge charges[MAX_CHARGES], *charge_list[MAX_CHARGES];
    Tollgate__V1__UsageRecord own = *record;
    ProtobufCBinaryData *ids[IDS];
    if (record->n_charges > MAX_CHARGES)
        return 0;
    list_ids(&own, ids);
    for (size_t i = 0; i < IDS; ++i)
        *ids[i] = tg_wire_bytes(NULL, 0);
    own.endpoint = own.model_name = none;
    for (size_t i = 0; i < record->n_charges; ++i) {
        charges[i] = *record->charges[i];
        charges[i].lease_id = charges[i].budget_id = tg_wire_bytes(NULL, 0);
        charges[i].window_start_ms = 0;
        charge_list[i] = &charges[i];
    }
    own.charges = charge_list;
    return tg_wire_pack_usage_record(&own, out, TG_JOURNAL_RECORD_MAX_BYTES);
}

/* What two messages own changes places, so that each is freed with its new one. */
static void swap_bytes(ProtobufCBinaryData *a, ProtobufCBinaryData *b)
{
    ProtobufCBinaryData moved = *a;
    *a = *b;
    *b = moved;
}

static void swap_texts(char **a, char **b)
{
    char *moved = *a;
    *a = *b;
    *b = moved;
}

/* Moves what a brief intent lacks from its pattern to it; they have the same number of charges. */
static void complete(Tollgate__V1__UsageRecord *own, Tollgate__V1__UsageRecord *pattern)
{
    ProtobufCBinaryData *own_ids[IDS], *pattern_ids[IDS];
    list_ids(own, own_ids);
    list_ids(pattern, pattern_ids);
    for (size_t i = 0; i < IDS; ++i)
        swap_bytes(own_ids[i], pattern_ids[i]);
    swap_texts(&own->endpoint, &pattern->endpoint);
    swap_texts(&own->model_name, &pattern->model_name);
    for (size_t i = 0; i < own->n_charges; ++i) {
        swap_bytes(&own->charges[i]->lease_id, &pattern->charges[i]->lease_id);
        swap_bytes(&own->charges[i]->budget_id, &pattern->charges[i]->budget_id);
        own->charges[i]->window_start_ms = pattern->charges[i]->window_start_ms;
    }
}

Tollgate__V1__UsageRecord *tg_journal_intent_unpack(const struct tg_journal_entry *entry)
{
    Tollgate__V1__UsageRecord *record, *pattern;
    if (tg_wire_unpack_usage_record(entry->record, &record, NULL) != TG_OK)
        return NULL;
    if (entry->kind != TG_JOURNAL_BRIEF)
        return record;
    bool is_complete =
        tg_wire_unpack_usage_record(entry->pattern, &pattern, NULL) == TG_OK && pattern->n_charges == record->n_charges;
    if (is_complete)
        complete(record, pattern);
    tg_wire_free(pattern);
    if (is_complete)
        return record;
    tg_wire_free(record);
    return NULL;
}
