#include "controlplane/ledger/validate.h"

/* The end of the year 9999, beyond which no calendar in the system reaches. */
#define LATEST_MS INT64_C(253402300799999)

static bool is_moment(int64_t unix_ms)
{
    return unix_ms >= 0 && unix_ms <= LATEST_MS;
}

static bool are_ids_well_formed(const Tollgate__V1__UsageRecord *record)
{
    const ProtobufCBinaryData fields[] = {
        record->organization_id,   record->team_id,  record->project_id,    record->application_id, record->api_key_id,
        record->access_profile_id, record->model_id, record->deployment_id, record->provider_id,    record->price_id,
    };
    struct tg_id id;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); ++i)
        if (!tg_wire_optional_id(fields[i], &id))
            return false;
    return true;
}

static const char *reject_charges(const Tollgate__V1__UsageRecord *record)
{
    struct tg_id id;
    if (record->n_charges > TG_LEDGER_MAX_CHARGES)
        return "more charges than budgets can apply to one call";
    if (record->n_charges > 0 && !tg_wire_id(record->organization_id, &id))
        return "charges without an organization";
    for (size_t i = 0; i < record->n_charges; ++i) {
        const Tollgate__V1__Charge *charge = record->charges[i];
        if (!tg_wire_id(charge->budget_id, &id))
            return "a charge without a budget";
        if (!tg_wire_optional_id(charge->lease_id, &id))
            return "a charge with a malformed lease_id";
        if (!is_moment(charge->window_start_ms))
            return "a charge with window_start_ms out of range";
        if (charge->amount < 0)
            return "a charge with a negative amount";
    }
    return NULL;
}

const char *tg_ledger_reject_reason(const Tollgate__V1__UsageRecord *record)
{
    struct tg_id id;
    if (!tg_wire_id(record->request_id, &id))
        return "no request_id";
    if (!are_ids_well_formed(record))
        return "an identifier that is not 16 bytes long";
    if (!is_moment(record->started_at_ms))
        return "started_at_ms out of range";
    if (record->outcome <= TOLLGATE__V1__OUTCOME__OUTCOME_UNSPECIFIED ||
        record->outcome > TOLLGATE__V1__OUTCOME__OUTCOME_INTERRUPTED)
        return "an unknown outcome";
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        if (tg_wire_used(record, (enum tg_usage_kind)kind) < 0)
            return "a negative number of tokens or other units";
    if (record->attempt < 0)
        return "a negative attempt";
    if (record->cost_pusd < 0)
        return "a negative cost";
    return reject_charges(record);
}

/* The length of the well-formed UTF-8 sequence at the front (RFC 3629 section 4), 0 if there is none. */
static size_t sequence_bytes(const unsigned char *text)
{
    if (text[0] < 0x80)
        return 1;
    unsigned char low = 0x80, high = 0xbf;
    size_t bytes;
    if (text[0] >= 0xc2 && text[0] <= 0xdf) {
        bytes = 2;
    } else if (text[0] >= 0xe0 && text[0] <= 0xef) {
        bytes = 3;
        low = text[0] == 0xe0 ? 0xa0 : low;
        high = text[0] == 0xed ? 0x9f : high;
    } else if (text[0] >= 0xf0 && text[0] <= 0xf4) {
        bytes = 4;
        low = text[0] == 0xf0 ? 0x90 : low;
        high = text[0] == 0xf4 ? 0x8f : high;
    } else {
        return 0;
    }
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < bytes; ++i) /* the NUL at the end of the string is no continuation */
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return bytes;
}

struct tg_text tg_ledger_clean_text(struct tg_arena *arena, const char *string)
{
    static const char replacement[] = "\xef\xbf\xbd";
    size_t bytes = strlen(string), good = 0, bad = 0;
    for (size_t i = 0; i < bytes;) {
        size_t step = sequence_bytes((const unsigned char *)string + i);
        bad += step == 0;
        i += step == 0 ? 1 : step;
    }
    if (bad == 0)
        return tg_text(string, bytes);
    char *out = tg_arena_alloc(arena, bytes + bad * (sizeof(replacement) - 2));
    for (size_t i = 0; i < bytes;) {
        size_t step = sequence_bytes((const unsigned char *)string + i);
        memcpy(out + good, step == 0 ? replacement : string + i, step == 0 ? sizeof(replacement) - 1 : step);
        good += step == 0 ? sizeof(replacement) - 1 : step;
        i += step == 0 ? 1 : step;
    }
    return tg_text(out, good);
}
