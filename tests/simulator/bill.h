/* The simulator's own log of what it billed: the truth that a ledger is held against. One JSON object per line, each
 * appended with one write before the last byte of the answer is handed to the kernel. Any thread. */
#ifndef TG_SIMULATOR_BILL_H
#define TG_SIMULATOR_BILL_H

#include "common/base/status.h"
#include "common/base/text.h"

enum sim_outcome { SIM_COMPLETED, SIM_DROPPED, SIM_CLIENT_LEFT };
const char *sim_outcome_name(enum sim_outcome outcome); /* "completed", "dropped", "client_left" */

struct sim_bill {
    struct tg_text request_id; /* the x-request-id of the answer */
    struct tg_text id;         /* of the completion; empty for embeddings */
    const char *endpoint;      /* "chat_completions", "embeddings" */
    struct tg_text model;      /* JSON-escaped */
    int64_t prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens;
    bool is_streaming;
    int status;
    enum sim_outcome outcome;
    int64_t at_unix_ms;
};

/* Opens the log for appending. */
enum tg_status sim_bill_open(const char *path, int *fd, struct tg_error *error) TG_MUST_CHECK;

/* Does nothing if fd is -1. A line that cannot be written ends the program: a log with holes proves nothing. */
void sim_bill_write(int fd, const struct sim_bill *bill);

#endif
