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
static void list_ids(const Tollgate__V1__UsageRecord *record, const ProtobufCBinaryData *ids[IDS])
{
    const ProtobufCBinaryData *list[IDS] = {
        &record->organization_id, &record->team_id,           &record->project_id, &record->application_id,
        &record->api_key_id,      &record->access_profile_id, &record->model_id,   &record->deployment_id,
        &record->provider_id,     &record->price_id};
    memcpy(ids, list, sizeof(list));
}

static bool is_id(const ProtobufCBinaryData *field, const struct tg_id *id)
{
    if (field->len == sizeof(id->octets))
        return memcmp(field->data, id->octets, sizeof(id->octets)) == 0;
    return field->len == 0 && tg_id_is_zero(*id);
}

/* An intent knows nothing of the answer yet; one that does is no pattern and has none. */
static bool has_end(const Tollgate__V1__UsageRecord *record)
{
    return record->upstream_model[0] != '\0' || record->provider_request_id[0] != '\0' ||
           record->error_code[0] != '\0' || record->service_tier[0] != '\0';
}

static bool is_like(const struct pattern *pattern, const Tollgate__V1__UsageRecord *record)
{
    const ProtobufCBinaryData *ids[IDS];
    list_ids(record, ids);
    for (size_t i = 0; i < IDS; ++i) {
        if (!is_id(ids[i], &pattern->ids[i]))
            return false;
    }
    if (pattern->charge_count != record->n_charges || has_end(record) ||
        strcmp(pattern->endpoint, record->endpoint) != 0 || strcmp(pattern->model_name, record->model_name) != 0)
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
    const ProtobufCBinaryData *ids[IDS];
    size_t endpoint_bytes = strlen(record->endpoint), name_bytes = strlen(record->model_name);
    pattern->file_order = 0;
    if (record->n_charges > MAX_CHARGES || endpoint_bytes > TG_JOURNAL_TEXT_MAX_BYTES ||
        name_bytes > TG_JOURNAL_TEXT_MAX_BYTES || has_end(record))
        return;
    list_ids(record, ids);
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

/* The numbers of a record, and of its charges, which are as many as there are in `to`. */
static void copy_numbers(Tollgate__V1__UsageRecord *to, const Tollgate__V1__UsageRecord *from)
{
    to->started_at_ms = from->started_at_ms;
    to->duration_ms = from->duration_ms;
    to->first_byte_ms = from->first_byte_ms;
    to->is_streaming = from->is_streaming;
    to->is_estimated = from->is_estimated;
    to->outcome = from->outcome;
    to->http_status = from->http_status;
    struct tg_usage usage = tg_wire_usage(from);
    tg_wire_set_usage(to, &usage);
    to->cost_pusd = from->cost_pusd;
    to->snapshot_revision = from->snapshot_revision;
    to->is_clamped = from->is_clamped;
    to->attempt = from->attempt;
    to->is_unpriced = from->is_unpriced;
    for (size_t i = 0; i < to->n_charges; ++i)
        to->charges[i]->amount = from->charges[i]->amount;
}

size_t tg_journal_brief_pack(const Tollgate__V1__UsageRecord *record, char *out)
{
    Tollgate__V1__Charge charges[MAX_CHARGES], *charge_list[MAX_CHARGES];
    Tollgate__V1__UsageRecord own = TOLLGATE__V1__USAGE_RECORD__INIT;
    if (record->n_charges > MAX_CHARGES)
        return 0;
    for (size_t i = 0; i < record->n_charges; ++i) {
        tollgate__v1__charge__init(&charges[i]);
        charge_list[i] = &charges[i];
    }
    own.request_id = record->request_id;
    own.n_charges = record->n_charges;
    own.charges = charge_list;
    copy_numbers(&own, record);
    return tg_wire_pack_usage_record(&own, out, TG_JOURNAL_RECORD_MAX_BYTES);
}

Tollgate__V1__UsageRecord *tg_journal_intent_unpack(const struct tg_journal_entry *entry)
{
    Tollgate__V1__UsageRecord *whole, *own;
    if (entry->kind != TG_JOURNAL_BRIEF)
        return tg_wire_unpack_usage_record(entry->record, &whole, NULL) == TG_OK ? whole : NULL;
    if (tg_wire_unpack_usage_record(entry->pattern, &whole, NULL) != TG_OK)
        return NULL;
    if (tg_wire_unpack_usage_record(entry->record, &own, NULL) != TG_OK || own->n_charges != whole->n_charges) {
        tg_wire_free(whole);
        tg_wire_free(own);
        return NULL;
    }
    copy_numbers(whole, own);
    ProtobufCBinaryData pattern_id = whole->request_id;
    whole->request_id = own->request_id; /* changed places: each is freed with the other's message */
    own->request_id = pattern_id;
    tg_wire_free(own);
    return whole;
}
