#include "tests/simulator/bill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/time.h"

const char *sim_outcome_name(enum sim_outcome outcome)
{
    static const char *const names[] = {
        [SIM_COMPLETED] = "completed", [SIM_DROPPED] = "dropped", [SIM_CLIENT_LEFT] = "client_left"};
    return names[outcome];
}

enum tg_status sim_bill_open(const char *path, int *fd, struct tg_error *error)
{
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return *fd >= 0 ? TG_OK : tg_fail(error, TG_IO, "cannot open %s: %s", path, strerror(errno));
}

void sim_bill_write(int fd, const struct sim_bill *bill)
{
    if (fd < 0)
        return;
    char *line, at[TG_TIME_TEXT_BYTES];
    tg_time_format(bill->at_unix_ms, at);
    int bytes =
        asprintf(&line,
                 "{\"request_id\":\"%.*s\",\"id\":\"%.*s\",\"endpoint\":\"%s\",\"model\":\"%.*s\""
                 ",\"prompt_tokens\":%" PRId64 ",\"cached_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64
                 ",\"reasoning_tokens\":%" PRId64 ",\"stream\":%s,\"status\":%d,\"outcome\":\"%s\",\"at\":\"%s\"}\n",
                 TG_TEXT_ARG(bill->request_id), TG_TEXT_ARG(bill->id), bill->endpoint, TG_TEXT_ARG(bill->model),
                 bill->prompt_tokens, bill->cached_tokens, bill->completion_tokens, bill->reasoning_tokens,
                 bill->is_streaming ? "true" : "false", bill->status, sim_outcome_name(bill->outcome), at);
    if (bytes < 0)
        abort();
    ssize_t written;
    do
        written = write(fd, line, (size_t)bytes);
    while (written < 0 && errno == EINTR);
    if (written != bytes) {
        fprintf(stderr, "tollgate-provider-simulator: cannot write to the log: %s\n",
                written < 0 ? strerror(errno) : "it was cut short");
        exit(1);
    }
    free(line);
}
