/* How fast the JSON scanner validates, in GB/s, for bodies of different make: `build/release/bin/bench_json_scan`.
 * Not a test; timings on a shared machine prove nothing by themselves. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/time.h"
#include "common/codec/json_scan.h"
#include "common/codec/json_write.h"

enum { TARGET_BYTES = 1 << 20, RUN_MS = 200 };

static struct tg_buf make_messages(const char *sentence, size_t repeats)
{
    struct tg_buf body;
    struct tg_buf content;
    struct tg_json_writer writer;
    tg_buf_init(&body, 16 * TARGET_BYTES);
    tg_buf_init(&content, 16 * TARGET_BYTES);
    for (size_t i = 0; i < repeats; ++i)
        if (tg_buf_append(&content, tg_text_of(sentence)) != TG_OK)
            abort();
    tg_json_write_init(&writer, &body);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "model");
    tg_json_write_string(&writer, tg_text_of("gpt-4o-mini"));
    tg_json_write_key(&writer, "messages");
    tg_json_write_array_begin(&writer);
    do {
        tg_json_write_object_begin(&writer);
        tg_json_write_key(&writer, "role");
        tg_json_write_string(&writer, tg_text_of("user"));
        tg_json_write_key(&writer, "content");
        tg_json_write_string(&writer, tg_buf_text(&content));
        tg_json_write_object_end(&writer);
    } while (body.bytes < TARGET_BYTES);
    tg_json_write_array_end(&writer);
    tg_json_write_object_end(&writer);
    if (tg_json_write_finish(&writer) != TG_OK)
        abort();
    tg_buf_deinit(&content);
    return body;
}

static void measure(const char *name, struct tg_buf body)
{
    int64_t best_ns = INT64_MAX;
    int64_t end_ms = tg_time_monotonic_ms() + RUN_MS;
    do {
        struct tg_json_scan scan;
        int64_t start_ns = tg_time_monotonic_ns();
        tg_json_scan_init(&scan, tg_buf_text(&body));
        if (tg_json_scan_finish(&scan, NULL) != TG_OK)
            abort();
        int64_t spent_ns = tg_time_monotonic_ns() - start_ns;
        if (spent_ns < best_ns)
            best_ns = spent_ns;
    } while (tg_time_monotonic_ms() < end_ms);
    printf("%-34s %8zu bytes  %6.2f GB/s\n", name, body.bytes, (double)body.bytes / (double)best_ns);
    tg_buf_deinit(&body);
}

int main(void)
{
    measure("one long ASCII string", make_messages("The quick brown fox jumps over the lazy dog. ", 24000));
    measure("ASCII messages of 1 KB", make_messages("The quick brown fox jumps over the lazy dog. ", 23));
    measure("lines of text with \\n", make_messages("The quick brown fox jumps over the lazy dog.\n", 24000));
    measure("source code with many escapes", make_messages("\tif (x == \"a\\n\")\n\t\treturn;\n", 40000));
    measure("Japanese",
            make_messages("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe7\xab\xa0", 40000));
    measure("messages of 16 bytes", make_messages("Hello, gateway!\n", 1));
    return 0;
}
