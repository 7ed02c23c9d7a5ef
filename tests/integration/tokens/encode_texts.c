/* Reads texts from standard input, each behind a line with its length in bytes, and prints for each a line of JSON: the
 * ids by both vocabularies, and what the counter says when the text comes in parts. */
#include <stdio.h>
#include <stdlib.h>

#include "common/tokens/tokens.h"

enum { MAX_TEXT_BYTES = 64 << 20 };

static void *allocate(size_t bytes)
{
    /* Exactly as much as is used, so that AddressSanitizer sees a read beyond it. */
    void *memory = bytes > MAX_TEXT_BYTES ? NULL : malloc(bytes == 0 ? 1 : bytes);
    if (memory == NULL)
        abort();
    return memory;
}

static void print_ids(enum tg_vocabulary vocabulary, struct tg_text text)
{
    uint32_t *ids = allocate(text.bytes * sizeof(*ids));
    int64_t tokens = tg_tokens_encode(vocabulary, text, ids, text.bytes);
    printf("\"%s\": [", tg_vocabulary_name(vocabulary));
    for (int64_t i = 0; i < tokens; ++i)
        printf(i == 0 ? "%u" : ",%u", ids[i]);
    printf("], ");
    free(ids);
}

static int64_t count_in_parts(enum tg_vocabulary vocabulary, struct tg_text text)
{
    struct tg_token_counter counter;
    size_t part = 1;
    tg_token_counter_init(&counter, vocabulary);
    for (size_t at = 0; at < text.bytes; at += part, part = part % 23 + 1)
        tg_token_counter_feed(&counter, tg_text(text.data + at, part < text.bytes - at ? part : text.bytes - at));
    return tg_token_counter_finish(&counter);
}

int main(void)
{
    size_t bytes;
    while (scanf("%zu", &bytes) == 1 && getchar() == '\n') {
        char *data = allocate(bytes);
        if (fread(data, 1, bytes, stdin) != bytes)
            abort();
        struct tg_text text = tg_text(data, bytes);
        printf("{");
        print_ids(TG_VOCABULARY_O200K, text);
        print_ids(TG_VOCABULARY_CL100K, text);
        printf("\"in_parts\": [%lld, %lld]}\n", (long long)count_in_parts(TG_VOCABULARY_O200K, text),
               (long long)count_in_parts(TG_VOCABULARY_CL100K, text));
        free(data);
    }
    return feof(stdin) ? 0 : 1;
}
