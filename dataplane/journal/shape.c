#include "dataplane/journal/shape.h"

#include "common/wire/pack.h"

/* Octets of the well-formed character at `at` (RFC 3629 section 4); 0 if it is none. */
static size_t character_bytes(const unsigned char *at)
{
    if (at[0] < 0x80)
        return 1;
    size_t bytes = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < bytes; ++i) {
        if ((at[i] & 0xc0) != 0x80)
            return 0; /* a NUL ends here too */
    }
    bool is_overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool is_out_of_range = (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f);
    return is_overlong || is_out_of_range ? 0 : bytes;
}

static bool is_short_ascii(const char *text)
{
    size_t bytes = strnlen(text, TG_JOURNAL_TEXT_MAX_BYTES + 1), i = 0;
    uint64_t seen = 0;
    for (uint64_t block; bytes - i >= sizeof(block); i += sizeof(block)) {
        memcpy(&block, text + i, sizeof(block));
        seen |= block;
    }
    for (; i < bytes; ++i)
        seen |= (unsigned char)text[i];
    return bytes <= TG_JOURNAL_TEXT_MAX_BYTES && (seen & UINT64_C(0x8080808080808080)) == 0;
}

/* `text` itself if it is fine; else a cut and cleaned copy in `room`. */
static char *clean(char *text, char room[TG_JOURNAL_TEXT_MAX_BYTES + 1])
{
    const unsigned char *from = (const unsigned char *)text;
    if (is_short_ascii(text))
        return text;
    size_t at = 0, length = 0;
    while (from[at] != '\0') {
        size_t bytes = character_bytes(from + at);
        size_t written = bytes == 0 ? 1 : bytes;
        if (length + written > TG_JOURNAL_TEXT_MAX_BYTES)
            break;
        if (bytes == 0)
            room[length] = '?';
        else
            memcpy(room + length, from + at, bytes);
        at += written;
        length += written;
    }
    room[length] = '\0';
    return room;
}

size_t tg_journal_shape(const Tollgate__V1__UsageRecord *record, char *out)
{
    char rooms[6][TG_JOURNAL_TEXT_MAX_BYTES + 1];
    Tollgate__V1__UsageRecord shaped = *record;
    shaped.endpoint = clean(record->endpoint, rooms[0]);
    shaped.model_name = clean(record->model_name, rooms[1]);
    shaped.upstream_model = clean(record->upstream_model, rooms[2]);
    shaped.provider_request_id = clean(record->provider_request_id, rooms[3]);
    shaped.error_code = clean(record->error_code, rooms[4]);
    shaped.service_tier = clean(record->service_tier, rooms[5]);
    return tg_wire_pack_usage_record(&shaped, out, TG_JOURNAL_RECORD_MAX_BYTES);
}
