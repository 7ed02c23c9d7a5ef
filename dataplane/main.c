/* tollgate-dataplane: one replica. It runs until SIGTERM or SIGINT, then drains and ends with 0. A second signal ends
 * it at once: what is journaled is shipped by the next start. Exit codes: 0 done, 1 failed, 2 called or configured
 * wrongly. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log/log.h"
#include "dataplane/options.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

extern char **environ;

/* Every thread starts with these blocked; only main's sigwait takes them. */
static void block_signals(sigset_t *ending)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(ending);
    sigaddset(ending, SIGTERM);
    sigaddset(ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, ending, NULL);
}

static void *end_at_once_when_signalled(void *user)
{
    int number;
    sigwait(user, &number);
    tg_log(TG_LOG_WARNING, "ended_without_draining", tg_log_number("signal", number));
    _exit(EXIT_FAILED);
}

static int serve(const struct tg_dataplane_options *options)
{
    static sigset_t ending; /* outlives this function: a detached thread looks at it */
    block_signals(&ending);
    tg_log_init("dataplane", options->log_level);
    tg_replica *replica;
    struct tg_error error;
    if (tg_replica_start(&options->replica, &replica, &error) != TG_OK) {
        tg_log(TG_LOG_ERROR, "start_failed", tg_log_string("error", error.message));
        return EXIT_FAILED;
    }
    int number;
    sigwait(&ending, &number);
    tg_log(TG_LOG_INFO, "signalled", tg_log_number("signal", number));
    pthread_t impatient;
    if (pthread_create(&impatient, NULL, end_at_once_when_signalled, &ending) == 0)
        pthread_detach(impatient);
    tg_replica_stop(replica, options->drain_timeout_ms);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    tg_settings *settings;
    struct tg_error error;
    if (tg_settings_load(&tg_dataplane_program, argc, argv, environ, &settings, &error) != TG_OK) {
        fprintf(stderr, "%s: %s\n", tg_dataplane_program.name, error.message);
        return EXIT_USAGE;
    }
    int result = EXIT_DONE;
    struct tg_dataplane_options options;
    switch (tg_settings_request(settings)) {
    case TG_SETTINGS_HELP:
        tg_settings_print_help(&tg_dataplane_program, stdout);
        break;
    case TG_SETTINGS_VERSION:
        printf("%s %s\n", tg_dataplane_program.name, TG_VERSION);
        break;
    case TG_SETTINGS_PRINT:
        tg_settings_print_markdown(&tg_dataplane_program, stdout);
        break;
    case TG_SETTINGS_RUN:
        if (tg_dataplane_options_read(settings, &options, &error) == TG_OK) {
            result = serve(&options);
        } else {
            fprintf(stderr, "%s: %s\n", tg_dataplane_program.name, error.message);
            result = EXIT_USAGE;
        }
        break;
    }
    tg_settings_destroy(settings);
    return result;
}
