/* How a test tells the simulator to misbehave: `[[sim latency=2000 tokens=45]]` in the last user message (or in an
 * embedding's input), which any client and gateway passes on. The words are listed in README.md. */
#ifndef TG_SIMULATOR_DIRECTIVE_H
#define TG_SIMULATOR_DIRECTIVE_H

#include "common/base/status.h"
#include "common/base/text.h"

struct sim_directive {
    int64_t latency_ms;        /* before the first byte */
    int64_t drip_ms;           /* between two chunks of a stream */
    int64_t tokens;            /* natural length of the answer; -1: the simulator's own choice */
    int64_t chunk_tokens;      /* words in one chunk of a stream */
    int64_t burst;             /* text chunks handed to the kernel at once */
    int64_t status;            /* answer this error; 0: none */
    int64_t retry_after_s;     /* with it; -1: no such header */
    int64_t drop_after;        /* cut the connection after so many chunks; 0: before the first byte; -1: never */
    int64_t malformed;         /* the chunk with this number, from 1, is broken JSON; 0: none */
    int64_t cached, reasoning; /* tokens to report as such */
    bool hides_usage;
};

/* The directive in the text, or the defaults if there is none. TG_INVALID, naming the word, if it is not understood. */
enum tg_status sim_directive_find(struct tg_text text, struct sim_directive *directive,
                                  struct tg_error *error) TG_MUST_CHECK;

#endif
