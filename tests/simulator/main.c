/* tollgate-provider-simulator: an OpenAI-compatible provider whose answers, token counts and faults are known. */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/crypto/tls.h"
#include "common/net/socket.h"
#include "tests/simulator/bill.h"
#include "tests/simulator/handler.h"

enum { MAX_WORKERS = 64 };

struct options {
    const char *host, *log, *key, *certificate, *key_file;
    uint16_t port;
    size_t workers;
    bool is_quiet;
};

struct worker {
    struct sim_handler handler;
    tg_http_server *server;
    pthread_t thread;
};

static const char help[] = "usage: tollgate-provider-simulator [options]\n"
                           "  --host ADDRESS           listen there (127.0.0.1)\n"
                           "  --port PORT              0 picks a free one (0); it is in the line that says \"ready\"\n"
                           "  --key KEY                clients must send it as their bearer token (any)\n"
                           "  --log FILE               append a line of JSON for every billed request\n"
                           "  --workers NUMBER         threads, each with its own listener (1)\n"
                           "  --tls-certificate FILE   serve TLS with this PEM certificate\n"
                           "  --tls-key FILE           and its key\n"
                           "  --quiet                  no summary at the end\n";

static void refuse(const char *message)
{
    fprintf(stderr, "tollgate-provider-simulator: %s\n", message);
    exit(2);
}

static uint64_t number(const char *name, const char *text, uint64_t min, uint64_t max)
{
    uint64_t value;
    if (!tg_text_to_u64(tg_text_of(text), &value) || value < min || value > max) {
        fprintf(stderr, "tollgate-provider-simulator: --%s must be a number from %" PRIu64 " to %" PRIu64 "\n", name,
                min, max);
        exit(2);
    }
    return value;
}

static void read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"host", required_argument, NULL, 'h'},    {"port", required_argument, NULL, 'p'},
        {"log", required_argument, NULL, 'l'},     {"key", required_argument, NULL, 'k'},
        {"workers", required_argument, NULL, 'w'}, {"tls-certificate", required_argument, NULL, 'c'},
        {"tls-key", required_argument, NULL, 'K'}, {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, '?'},          {0},
    };
    *options = (struct options){.host = "127.0.0.1", .key = "", .workers = 1};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'h':
            options->host = optarg;
            break;
        case 'p':
            options->port = (uint16_t)number("port", optarg, 0, UINT16_MAX);
            break;
        case 'l':
            options->log = optarg;
            break;
        case 'k':
            options->key = optarg;
            break;
        case 'w':
            options->workers = (size_t)number("workers", optarg, 1, MAX_WORKERS);
            break;
        case 'c':
            options->certificate = optarg;
            break;
        case 'K':
            options->key_file = optarg;
            break;
        case 'q':
            options->is_quiet = true;
            break;
        default:
            fputs(help, optopt == 0 ? stdout : stderr);
            exit(optopt == 0 ? 0 : 2);
        }
    }
    if (optind != argc)
        refuse("takes options only; see --help");
    if ((options->certificate == NULL) != (options->key_file == NULL))
        refuse("--tls-certificate and --tls-key belong together");
}

static void check(enum tg_status status, const struct tg_error *error)
{
    if (status != TG_OK) {
        fprintf(stderr, "tollgate-provider-simulator: %s\n", error->message);
        exit(1);
    }
}

static void *run(void *user)
{
    struct worker *worker = user;
    tg_loop_run(worker->handler.loop);
    tg_http_server_destroy(worker->server);
    tg_loop_destroy(worker->handler.loop);
    return NULL;
}

struct stop {
    struct tg_message message;
    tg_loop *loop;
};

static void stop_loop(struct tg_message *message)
{
    struct stop *stop = (struct stop *)message;
    tg_loop_stop(stop->loop);
    free(stop);
}

static void start_workers(const struct options *options, struct sim_config *config, const tg_tls_context *tls,
                          struct worker *workers)
{
    struct tg_error error;
    uint16_t port = options->port;
    if (port != 0)
        check(tg_listener_probe(options->host, port, &error), &error);
    for (size_t i = 0; i < options->workers; ++i) {
        struct worker *worker = &workers[i];
        worker->handler = (struct sim_handler){.config = config, .loop = tg_loop_create()};
        struct tg_http_server_config server = sim_handler_server(&worker->handler);
        server.tls = (tg_tls_context *)tls;
        check(tg_http_server_create(worker->handler.loop, options->host, port, &server, &worker->server, &error),
              &error);
        port = tg_http_server_port(worker->server);
    }
    for (size_t i = 0; i < options->workers; ++i) {
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0)
            refuse("cannot start a thread");
    }
    printf("ready on %s://%s:%u\n", tls != NULL ? "https" : "http", options->host, port);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct options options;
    struct tg_error error;
    struct sim_config config = {.log_fd = -1};
    tg_tls_context *tls = NULL;
    static struct worker workers[MAX_WORKERS];
    read_options(argc, argv, &options);
    config.key = tg_text_of(options.key);
    if (options.log != NULL)
        check(sim_bill_open(options.log, &config.log_fd, &error), &error);
    if (options.certificate != NULL)
        check(tg_tls_server_create(options.certificate, options.key_file, NULL, &tls, &error), &error);

    /* The threads inherit this mask: only sigwait() below sees the signals. */
    sigset_t stopping;
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stopping, NULL);
    signal(SIGPIPE, SIG_IGN);
    start_workers(&options, &config, tls, workers);

    int received;
    sigwait(&stopping, &received);
    for (size_t i = 0; i < options.workers; ++i) {
        struct stop *stop = calloc(1, sizeof(*stop));
        if (stop == NULL)
            abort();
        *stop = (struct stop){.message.run = stop_loop, .loop = workers[i].handler.loop};
        tg_loop_post(workers[i].handler.loop, &stop->message);
    }
    for (size_t i = 0; i < options.workers; ++i)
        pthread_join(workers[i].thread, NULL);
    tg_tls_context_destroy(tls);
    if (config.log_fd >= 0)
        close(config.log_fd);
    if (!options.is_quiet)
        fprintf(stderr, "answered %" PRId64 " requests, billed %" PRId64 "\n", config.answered, config.billed);
    return 0;
}
