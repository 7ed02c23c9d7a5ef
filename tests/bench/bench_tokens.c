/* How fast tokens are counted, in MB per second of processor time, and what of the program becomes resident by it:
 * `build/release/bench/bench_tokens [FILE...]` adds files of one's own. Not a test; timings on a shared machine prove
 * nothing by themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/time.h"
#include "common/tokens/tokens.h"

enum { TEXT_BYTES = 1 << 20, MAX_FILE_BYTES = 64 << 20, RUN_MS = 400, PART_BYTES = 24 };

/* Words of many lengths, so that the tables are used as by a real text; from a small generator with a fixed start. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static const char *const prose[] = {
    "The ",    "gateway ",   "decides ", "before ", "it ",       "answers, ", "and ",     "every ", "request ",
    "of ",     "an ",        "agent ",   "is ",     "measured ", "by ",       "its ",     "own ",   "budget. ",
    "Nobody ", "remembers ", "why ",     "that ",   "would ",    "be ",       "useful; ", "we're ", "unforgettable ",
    "in ",     "1984, ",     "though. ", "\n\n",
};

static const char *const code[] = {
    "static ",      "int ",     "count_pieces(", "struct ", "splitter *", "state, ",         "size_t ",
    "length)\n{\n", "    if (", "state->",       "at == ",  "NULL) {\n",  "        ",        "return ",
    "-1;\n",        "    }\n",  "}\n\n",         "for (",   "i = 0; ",    "i < 16; ",        "++i)\n",
    "0xdeadbeef",   "\"a\\n\"", ");\n",          "/* ",     "why */\n",   "XMLHttpRequest ",
};

static const char *const others[] = {
    "日本語",  "の",        "文章",     "です。", "中文",     "文本",     "，",
    "한국어 ", "Ελληνικά ", "русский ", "текст ", "العربية ", "👍🏽", "\n",
};

static struct tg_buf make_text(const char *const *parts, size_t count)
{
    struct tg_buf text;
    uint32_t state = 1;
    tg_buf_init(&text, 2 * TEXT_BYTES);
    while (text.bytes < TEXT_BYTES)
        if (tg_buf_append(&text, tg_text_of(parts[next_random(&state) % count])) != TG_OK)
            abort();
    return text;
}

static int64_t count_in_parts(enum tg_vocabulary vocabulary, struct tg_text text)
{
    struct tg_token_counter counter;
    tg_token_counter_init(&counter, vocabulary);
    for (size_t at = 0; at < text.bytes; at += PART_BYTES)
        tg_token_counter_feed(
            &counter, tg_text(text.data + at, text.bytes - at < PART_BYTES ? text.bytes - at : (size_t)PART_BYTES));
    return tg_token_counter_finish(&counter);
}

/* Of this program, so that others on the machine disturb less. */
static int64_t processor_ns(void)
{
    struct timespec time;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0)
        abort();
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static double measure(int64_t (*count)(enum tg_vocabulary, struct tg_text), enum tg_vocabulary vocabulary,
                      struct tg_text text, int64_t *tokens)
{
    int64_t best_ns = INT64_MAX;
    int64_t end_ms = tg_time_monotonic_ms() + RUN_MS;
    do {
        int64_t start_ns = processor_ns();
        *tokens = count(vocabulary, text);
        int64_t spent_ns = processor_ns() - start_ns;
        if (spent_ns < best_ns)
            best_ns = spent_ns;
    } while (tg_time_monotonic_ms() < end_ms);
    return (double)text.bytes * 1e3 / (double)best_ns;
}

static void report(const char *name, struct tg_text text)
{
    for (int vocabulary = TG_VOCABULARY_O200K; vocabulary <= TG_VOCABULARY_CL100K; ++vocabulary) {
        int64_t tokens;
        double whole = measure(tg_tokens_count, vocabulary, text, &tokens);
        double parts = measure(count_in_parts, vocabulary, text, &tokens);
        printf("%-28s %-12s %9zu bytes %8lld tokens %7.1f MB/s, in parts of %d bytes %6.1f MB/s\n", name,
               tg_vocabulary_name(vocabulary), text.bytes, (long long)tokens, whole, PART_BYTES, parts);
    }
}

static long resident_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return kib;
    while (fgets(line, sizeof(line), status) != NULL)
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    fclose(status);
    return kib;
}

static void report_text(const char *name, const char *const *parts, size_t count)
{
    struct tg_buf text = make_text(parts, count);
    report(name, tg_buf_text(&text));
    tg_buf_deinit(&text);
}

int main(int argc, char **argv)
{
    long before_kib = resident_kib();
    report_text("prose", prose, sizeof(prose) / sizeof(*prose));
    report_text("code", code, sizeof(code) / sizeof(*code));
    report_text("other scripts", others, sizeof(others) / sizeof(*others));
    report_text("one word of 1 MB", &(const char *){"a"}, 1);
    for (int i = 1; i < argc; ++i) {
        struct tg_buf file;
        struct tg_error error;
        if (tg_file_read(argv[i], MAX_FILE_BYTES, &file, &error) == TG_OK)
            report(argv[i], tg_buf_text(&file));
        else
            fprintf(stderr, "%s\n", error.message);
        tg_buf_deinit(&file);
    }
    printf("resident: %ld KiB before, %ld KiB after\n", before_kib, resident_kib());
    return 0;
}
