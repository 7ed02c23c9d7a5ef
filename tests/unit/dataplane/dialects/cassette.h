/* Recorded exchanges with real providers (VCR's YAML) for tests of dialects: TOLLGATE_CORPORA, or ../shared/data seen
 * from the project's root. Where the folder is missing, the tests say so and skip. */
#ifndef TG_TESTS_CASSETTE_H
#define TG_TESTS_CASSETTE_H

#include "common/base/arena.h"
#include "common/codec/json.h"

struct cassette_exchange {
    struct tg_arena *arena;
    const char *name; /* of the file */
    struct tg_text uri;
    int status;
    struct tg_text request; /* JSON */
    struct tg_text answer;  /* JSON, or the stream's bytes */
    bool is_stream;
};

struct cassette_count {
    int exchanges; /* handed over */
    int refused;   /* files that the project's YAML reader refuses (anchors, say) */
};

/* Every exchange of `folder` in cassettes/ whose URI contains `uri_part`. Adds to `count`. */
void cassette_each(const char *folder, const char *uri_part,
                   void (*check)(const struct cassette_exchange *exchange, void *user), void *user,
                   struct cassette_count *count);

/* The content of another corpus file, "sse/anthropic/x.txt"; false if it is not there. tg_buf_deinit() it. */
bool cassette_file(const char *path, struct tg_buf *content);

#endif
