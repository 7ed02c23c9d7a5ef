#include "dataplane/dialects/gemini/gemini_internal.h"

static void add_run(struct gemini_ruler *ruler, struct tg_arena *arena, int64_t width)
{
    if (ruler->run_count != 0 && ruler->runs[ruler->run_count - 1].width == width) {
        ++ruler->runs[ruler->run_count - 1].count;
        return;
    }
    if (ruler->run_count == GEMINI_RULER_MAX_RUNS) {
        ruler->is_full = true;
        return;
    }
    if (ruler->run_count == ruler->run_capacity) {
        size_t capacity = ruler->run_capacity == 0 ? 8 : ruler->run_capacity * 2;
        struct gemini_run *runs = tg_arena_alloc(arena, capacity * sizeof(*runs));
        if (ruler->run_count != 0)
            memcpy(runs, ruler->runs, ruler->run_count * sizeof(*runs));
        ruler->runs = runs;
        ruler->run_capacity = capacity;
    }
    ruler->runs[ruler->run_count++] = (struct gemini_run){1, width};
}

static unsigned hex_value(const char *digits)
{
    unsigned value = 0;
    for (int i = 0; i < 4; ++i) {
        char c = digits[i];
        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

/* Behind an escape at `at`, whose character has *width octets in UTF-8; a surrogate without its partner is U+FFFD. */
static const char *skip_escape(const char *at, const char *end, int64_t *width)
{
    *width = 1;
    if (end - at < 6 || at[1] != 'u')
        return end - at < 2 ? end : at + 2;
    unsigned code = hex_value(at + 2);
    if (code >= 0xd800 && code < 0xdc00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
        unsigned low = hex_value(at + 8);
        if (low >= 0xdc00 && low < 0xe000) {
            *width = 4;
            return at + 12;
        }
    }
    *width = code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
    return at + 6;
}

void gemini_ruler_add(struct gemini_ruler *ruler, struct tg_arena *arena, struct tg_json_string text)
{
    const char *at = text.written.data, *end = at + text.written.bytes;
    while (at < end && !ruler->is_full) {
        unsigned char first = (unsigned char)*at;
        int64_t width;
        if (first == '\\') {
            at = skip_escape(at, end, &width);
        } else {
            width = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
            at = end - at < width ? end : at + width;
        }
        add_run(ruler, arena, width);
    }
}

/* Walks along until `wanted` of the one measure is reached and tells the other. */
static int64_t measure(const struct gemini_ruler *ruler, int64_t wanted, bool is_octets)
{
    int64_t characters = 0, octets = 0;
    if (wanted < 0)
        return -1;
    for (size_t i = 0; i < ruler->run_count; ++i) {
        const struct gemini_run *run = &ruler->runs[i];
        int64_t reached = is_octets ? octets : characters;
        int64_t left = wanted - reached;
        if (left <= run->count * (is_octets ? run->width : 1))
            return is_octets ? characters + left / run->width : octets + left * run->width;
        characters += run->count;
        octets += run->count * run->width;
    }
    return wanted == (is_octets ? octets : characters) ? (is_octets ? characters : octets) : -1;
}

int64_t gemini_ruler_characters(const struct gemini_ruler *ruler, int64_t octets)
{
    return measure(ruler, octets, true);
}

int64_t gemini_ruler_octets(const struct gemini_ruler *ruler, int64_t characters)
{
    return measure(ruler, characters, false);
}
