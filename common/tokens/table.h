/* Internal to the room: the tables that the programs carry in their read-only data, and how they are read in place.
 *
 * `make_token_tables` builds them from data/ when the program is built, in the byte order of that machine. Nothing is
 * unpacked at start: the pages of tokens that occur are the pages that become resident. A vocabulary is
 *
 *     struct tg_token_table | slots[slots] | offsets[tokens + 1] | the tokens' bytes, by id
 *
 * where `slots` is a hash table with linear probing. A slot holds the id and, above it, more bits of the hash. */
#ifndef TG_TOKENS_TABLE_H
#define TG_TOKENS_TABLE_H

#include "common/base/text.h"
#include "common/tokens/tokens.h"

enum {
    TG_TOKEN_ID_BITS = 18,
    TG_TOKEN_TAG_BITS = 32 - TG_TOKEN_ID_BITS,
    TG_TOKEN_MAX_BYTES = 128, /* of the longest token in either vocabulary */
};

#define TG_TOKEN_NONE       ((1u << TG_TOKEN_ID_BITS) - 1) /* greater than every id */
#define TG_TOKEN_EMPTY_SLOT UINT32_MAX

struct tg_token_table {
    uint32_t tokens;
    uint32_t slots;
    uint32_t byte_ids[256]; /* the token of each single byte */
};

/* A vocabulary with its parts found. */
struct tg_token_view {
    const struct tg_token_table *table;
    const uint32_t *slots;
    const uint32_t *offsets;
    const uint8_t *bytes;
};

/* Classes of code points, as bits. */
enum {
    TG_CHAR_UPPER = 1,    /* Lu, Lt */
    TG_CHAR_LOWER = 2,    /* Ll */
    TG_CHAR_UNCASED = 4,  /* Lm, Lo */
    TG_CHAR_MARK = 8,     /* M */
    TG_CHAR_NUMBER = 16,  /* N */
    TG_CHAR_SPACE = 32,   /* White_Space but for the next */
    TG_CHAR_NEWLINE = 64, /* CR, LF */
    TG_CHAR_OTHER = 128,  /* everything else, also what is not a code point */
};

enum { TG_CHAR_BLOCK = 128, TG_CHAR_BLOCKS = 0x110000 / TG_CHAR_BLOCK };

struct tg_char_table {
    uint8_t block_of[TG_CHAR_BLOCKS]; /* code point / TG_CHAR_BLOCK -> block; ASCII is block 0 */
    uint8_t classes[][TG_CHAR_BLOCK];
};

extern const struct tg_token_table tg_tokens_o200k;
extern const struct tg_token_table tg_tokens_cl100k;
extern const struct tg_char_table tg_tokens_chars;

struct tg_token_view tg_tokens_view(enum tg_vocabulary vocabulary);

/* The token that is exactly these bytes, or TG_TOKEN_NONE. */
uint32_t tg_tokens_find(const struct tg_token_view *view, const uint8_t *bytes, size_t length);

static inline uint64_t tg_token_load(const uint8_t *bytes, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    return word;
}

/* Of at least one byte. Half of the hash chooses the slot, the other the tag. */
static inline uint64_t tg_token_hash(const uint8_t *bytes, size_t length)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio */
    uint64_t hash = length * odd;
    if (length < 4) {
        hash ^= (uint64_t)bytes[0] | (uint64_t)bytes[length / 2] << 8 | (uint64_t)bytes[length - 1] << 16;
    } else if (length <= 8) {
        hash ^= tg_token_load(bytes, 4) | tg_token_load(bytes + length - 4, 4) << 32;
    } else {
        for (size_t at = 0; at + 8 < length; at += 8) {
            hash = (hash ^ tg_token_load(bytes + at, 8)) * odd;
            hash ^= hash >> 32;
        }
        hash ^= tg_token_load(bytes + length - 8, 8);
    }
    hash *= odd;
    hash ^= hash >> 29;
    hash *= 0xbf58476d1ce4e5b9u;
    return hash ^ hash >> 32;
}

static inline uint32_t tg_token_slot(uint64_t hash, uint32_t slots)
{
    return (uint32_t)(((hash & UINT32_MAX) * slots) >> 32);
}

static inline uint32_t tg_token_tag(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - TG_TOKEN_TAG_BITS));
}

#endif
