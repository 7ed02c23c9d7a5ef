/* Part of the build: turns data/ into the tables of table.h.
 *
 *   make_token_tables vocabulary FROM.vocabulary TO.table
 *   make_token_tables classes    FROM.classes    TO.table */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/file.h"
#include "common/tokens/table.h"

enum { MAX_FILE_BYTES = 16 << 20, HEAD_BYTES = 16, BYTE_TOKENS = 256, MAX_BLOCKS = 256 };

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "make_token_tables: %s\n", what);
        exit(1);
    }
}

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    require(memory != NULL, "out of memory");
    return memory;
}

/* ---- vocabularies ---- */

struct bits {
    const uint8_t *bytes;
    size_t length;
    size_t at_bit;
};

static uint32_t read_bits(struct bits *bits, uint32_t count)
{
    uint32_t value = 0;
    require((bits->at_bit + count + 7) / 8 <= bits->length, "the vocabulary is cut short");
    for (uint32_t i = 0; i < count; ++i, ++bits->at_bit)
        value |= (uint32_t)(bits->bytes[bits->at_bit / 8] >> bits->at_bit % 8 & 1) << i;
    return value;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

struct vocabulary {
    struct tg_token_table head;
    uint32_t *slots;
    uint32_t *offsets;
    uint8_t *bytes;
};

static void append_token(struct vocabulary *vocabulary, uint32_t id, uint32_t part)
{
    uint32_t *end = &vocabulary->offsets[id + 1];
    uint32_t part_bytes = vocabulary->offsets[part + 1] - vocabulary->offsets[part];
    require(part < id && *end - vocabulary->offsets[id] + part_bytes <= TG_TOKEN_MAX_BYTES, "a token is too long");
    memcpy(vocabulary->bytes + *end, vocabulary->bytes + vocabulary->offsets[part], part_bytes);
    *end += part_bytes;
}

static void read_tokens(struct vocabulary *vocabulary, struct tg_text file)
{
    const uint8_t *data = (const uint8_t *)file.data;
    require(file.bytes >= HEAD_BYTES + BYTE_TOKENS && memcmp(data, "TGVOCAB1", 8) == 0, "not a vocabulary");
    uint32_t tokens = read_u32(data + 8);
    uint32_t id_bits = read_u32(data + 12);
    require(tokens > BYTE_TOKENS && tokens < TG_TOKEN_NONE && id_bits <= TG_TOKEN_ID_BITS, "too many tokens");
    vocabulary->head.tokens = tokens;
    vocabulary->offsets = allocate(tokens + 1, sizeof(uint32_t));
    vocabulary->bytes = allocate(tokens, TG_TOKEN_MAX_BYTES);
    for (uint32_t id = 0; id < BYTE_TOKENS; ++id) {
        vocabulary->bytes[id] = data[HEAD_BYTES + id];
        vocabulary->head.byte_ids[data[HEAD_BYTES + id]] = id;
        vocabulary->offsets[id + 1] = id + 1;
    }
    struct bits bits = {data + HEAD_BYTES + BYTE_TOKENS, file.bytes - HEAD_BYTES - BYTE_TOKENS, 0};
    for (uint32_t id = BYTE_TOKENS; id < tokens; ++id) {
        vocabulary->offsets[id + 1] = vocabulary->offsets[id];
        append_token(vocabulary, id, read_bits(&bits, id_bits));
        append_token(vocabulary, id, read_bits(&bits, id_bits));
    }
}

static void fill_slots(struct vocabulary *vocabulary)
{
    uint32_t slots = vocabulary->head.tokens / 5 * 8; /* five eighths full: short ways also for what is absent */
    vocabulary->head.slots = slots;
    vocabulary->slots = allocate(slots, sizeof(uint32_t));
    memset(vocabulary->slots, 0xff, slots * sizeof(uint32_t));
    for (uint32_t id = 0; id < vocabulary->head.tokens; ++id) {
        uint32_t offset = vocabulary->offsets[id];
        uint64_t hash = tg_token_hash(vocabulary->bytes + offset, vocabulary->offsets[id + 1] - offset);
        uint32_t slot = tg_token_slot(hash, slots);
        while (vocabulary->slots[slot] != TG_TOKEN_EMPTY_SLOT)
            slot = slot + 1 == slots ? 0 : slot + 1;
        vocabulary->slots[slot] = tg_token_tag(hash) << TG_TOKEN_ID_BITS | id;
    }
}

static void write_part(FILE *file, const void *data, size_t bytes)
{
    require(fwrite(data, 1, bytes, file) == bytes, "cannot write the table");
}

static void make_vocabulary(struct tg_text source, FILE *target)
{
    struct vocabulary vocabulary = {0};
    read_tokens(&vocabulary, source);
    fill_slots(&vocabulary);
    uint32_t tokens = vocabulary.head.tokens;
    write_part(target, &vocabulary.head, sizeof(vocabulary.head));
    write_part(target, vocabulary.slots, vocabulary.head.slots * sizeof(uint32_t));
    write_part(target, vocabulary.offsets, (tokens + 1) * sizeof(uint32_t));
    write_part(target, vocabulary.bytes, vocabulary.offsets[tokens]);
    free(vocabulary.slots);
    free(vocabulary.offsets);
    free(vocabulary.bytes);
}

/* ---- classes of characters ---- */

static uint8_t class_of_letter(char letter)
{
    switch (letter) {
    case 'U':
        return TG_CHAR_UPPER;
    case 'L':
        return TG_CHAR_LOWER;
    case 'B':
        return TG_CHAR_UNCASED;
    case 'M':
        return TG_CHAR_MARK;
    case 'N':
        return TG_CHAR_NUMBER;
    case 'S':
        return TG_CHAR_SPACE;
    default:
        require(false, "a class that is not known");
        return 0;
    }
}

static void read_classes(uint8_t *classes, const char *lines)
{
    memset(classes, TG_CHAR_OTHER, (size_t)TG_CHAR_BLOCKS * TG_CHAR_BLOCK);
    for (const char *line = lines; *line != '\0'; line = strchr(line, '\n') + 1) {
        char *end;
        unsigned long first = strtoul(line, &end, 16);
        unsigned long last = strtoul(end, &end, 16);
        require(first <= last && last < 0x110000 && end[0] == ' ' && end[1] != '\0' && end[2] == '\n', "a bad line");
        memset(classes + first, class_of_letter(end[1]), last - first + 1);
    }
    classes['\r'] = classes['\n'] = TG_CHAR_NEWLINE;
}

static void make_classes(struct tg_text source, FILE *target)
{
    uint8_t *classes = allocate(TG_CHAR_BLOCKS, TG_CHAR_BLOCK);
    struct tg_char_table *table = allocate(1, sizeof(*table) + (size_t)MAX_BLOCKS * TG_CHAR_BLOCK);
    char *lines = tg_text_strdup(source);
    read_classes(classes, lines);
    size_t blocks = 0;
    for (size_t i = 0; i < TG_CHAR_BLOCKS; ++i) {
        size_t block = 0;
        while (block < blocks && memcmp(table->classes[block], classes + i * TG_CHAR_BLOCK, TG_CHAR_BLOCK) != 0)
            ++block;
        require(block < MAX_BLOCKS, "too many different blocks");
        if (block == blocks)
            memcpy(table->classes[blocks++], classes + i * TG_CHAR_BLOCK, TG_CHAR_BLOCK);
        table->block_of[i] = (uint8_t)block;
    }
    write_part(target, table, sizeof(*table) + blocks * TG_CHAR_BLOCK);
    free(lines);
    free(table);
    free(classes);
}

int main(int argc, char **argv)
{
    struct tg_buf source;
    struct tg_error error;
    require(argc == 4, "usage: make_token_tables vocabulary|classes FROM TO");
    require(tg_file_read(argv[2], MAX_FILE_BYTES, &source, &error) == TG_OK, "cannot read the source");
    FILE *target = fopen(argv[3], "wb");
    require(target != NULL, "cannot write the table");
    if (strcmp(argv[1], "vocabulary") == 0)
        make_vocabulary(tg_buf_text(&source), target);
    else
        make_classes(tg_buf_text(&source), target);
    require(fclose(target) == 0, "cannot write the table");
    tg_buf_deinit(&source);
    return 0;
}
