#include "tests/simulator/embeddings.h"

#include <inttypes.h>
#include <stdio.h>

/* Millionths, from -999,999 to 999,999. */
static int64_t component(uint64_t seed, int64_t index)
{
    uint64_t mixed = (seed ^ (uint64_t)index * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 31)) * 0x94d049bb133111ebu;
    return (int64_t)(mixed % 1999999) - 999999;
}

static char *put_numbers(char *to, uint64_t seed, int64_t dimensions)
{
    *to++ = '[';
    for (int64_t i = 0; i < dimensions; ++i) {
        int64_t millionths = component(seed, i);
        to += sprintf(to, "%s%s0.%06" PRId64, i == 0 ? "" : ",", millionths < 0 ? "-" : "",
                      millionths < 0 ? -millionths : millionths);
    }
    *to++ = ']';
    return to;
}

static void put_float(uint8_t *to, uint64_t seed, int64_t index)
{
    float number = (float)((double)component(seed, index) / 1e6);
    uint32_t bits;
    memcpy(&bits, &number, sizeof(bits));
    for (int i = 0; i < 4; ++i)
        to[i] = (uint8_t)(bits >> (8 * i));
}

/* RFC 4648 section 4. */
static char *put_base64(char *to, const uint8_t *data, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        size_t left = bytes - i;
        uint32_t group =
            (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
        *to++ = digits[group >> 18 & 63];
        *to++ = digits[group >> 12 & 63];
        *to++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *to++ = left > 2 ? digits[group & 63] : '=';
    }
    return to;
}

static char *put_floats(char *to, struct tg_arena *arena, uint64_t seed, int64_t dimensions)
{
    uint8_t *octets = tg_arena_alloc(arena, (size_t)dimensions * 4);
    for (int64_t i = 0; i < dimensions; ++i)
        put_float(octets + 4 * i, seed, i);
    *to++ = '"';
    to = put_base64(to, octets, (size_t)dimensions * 4);
    *to++ = '"';
    return to;
}

struct tg_text sim_embeddings_body(struct tg_arena *arena, const struct sim_embeddings *embeddings)
{
    size_t each = 64 + (size_t)embeddings->dimensions * 12;
    char *body = tg_arena_alloc(arena, 256 + embeddings->model.bytes + (size_t)embeddings->input_count * each);
    char *to = body + sprintf(body, "{\"object\":\"list\",\"data\":[");
    for (int64_t i = 0; i < embeddings->input_count; ++i) {
        to += sprintf(to, "%s{\"object\":\"embedding\",\"index\":%" PRId64 ",\"embedding\":", i == 0 ? "" : ",", i);
        uint64_t seed = embeddings->seeds[i];
        to = embeddings->is_base64 ? put_floats(to, arena, seed, embeddings->dimensions)
                                   : put_numbers(to, seed, embeddings->dimensions);
        *to++ = '}';
    }
    to += sprintf(to, "],\"model\":\"");
    memcpy(to, embeddings->model.data, embeddings->model.bytes);
    to += embeddings->model.bytes;
    to += sprintf(to, "\",\"usage\":{\"prompt_tokens\":%" PRId64 ",\"total_tokens\":%" PRId64 "}}",
                  embeddings->prompt_tokens, embeddings->prompt_tokens);
    return tg_text(body, (size_t)(to - body));
}
