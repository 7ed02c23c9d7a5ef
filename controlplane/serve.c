#include "controlplane/serve.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "common/log/log.h"
#include "controlplane/api/api.h"
#include "controlplane/api/route.h"
#include "controlplane/minting/minting.h"
#include "controlplane/options.h"
#include "controlplane/registry/registry.h"
#include "controlplane/repack/repack.h"
#include "controlplane/replication/replication.h"
#include "controlplane/snapshot/seal_check.h"

enum { SHUTDOWN_DEADLINE_MS = 10 * 1000, SEAL_KEY_ID = 1, MIN_TOKEN_BYTES = 16, MAX_TOKEN_BYTES = 4096 };

struct service {
    tg_loop *loop;
    tg_seal_ring *ring;
    tg_tls_context *tls;
    tg_api *api;
    tg_replication *replication;
    tg_minting *minting;
    tg_repack *repack;
    pthread_t signal_thread;
    sigset_t signals;
};

/* ---- signals: blocked everywhere, waited for by one thread, handed to the loop ---- */

struct stop_message {
    struct tg_message message; /* first, so that one is the other */
    struct service *service;
};

static void on_api_stopped(void *user)
{
    struct service *service = user;
    tg_loop_stop(service->loop);
}

static void run_stop(struct tg_message *message)
{
    struct service *service = ((struct stop_message *)message)->service;
    free(message);
    tg_api_stop(service->api, SHUTDOWN_DEADLINE_MS, on_api_stopped, service);
}

static void *wait_for_signal(void *argument)
{
    struct service *service = argument;
    int number = 0;
    while (sigwait(&service->signals, &number) != 0)
        ;
    tg_log(TG_LOG_INFO, "stopping", tg_log_string("signal", number == SIGTERM ? "TERM" : "INT"));
    struct stop_message *stop = calloc(1, sizeof(*stop));
    if (stop == NULL)
        abort();
    stop->message.run = run_stop;
    stop->service = service;
    tg_loop_post(service->loop, &stop->message);
    return NULL;
}

/* ---- start ---- */

static enum tg_status read_keys(struct service *service, const tg_settings *settings, struct tg_secret *token,
                                struct tg_error *error)
{
    uint8_t key[TG_SEAL_KEY_BYTES];
    enum tg_status status = tg_secret_read_key(tg_settings_string(settings, "seal.key_file"), key, error);
    service->ring = tg_seal_ring_create();
    if (status == TG_OK)
        status = tg_seal_ring_add(service->ring, SEAL_KEY_ID, key, error);
    tg_secret_wipe(key, sizeof(key));
    if (status == TG_OK)
        status = tg_secret_read_file(tg_settings_string(settings, "admin.token_file"), MAX_TOKEN_BYTES, token, error);
    if (status == TG_OK && token->bytes < MIN_TOKEN_BYTES)
        status =
            tg_fail(error, TG_INVALID, "admin.token_file: the token is shorter than %d characters", MIN_TOKEN_BYTES);
    return status;
}

/* A wrong key would be found out only when a replica asks for a credential, or worse, seal new ones. Without a
 * database, or before its migrations, the control plane starts all the same; /readyz makes up for it. */
static enum tg_status check_seal_key(struct service *service, const tg_settings *settings, struct tg_error *error)
{
    struct tg_db_config config = {.url = tg_settings_string(settings, "database.url"),
                                  .application_name = "tollgate-controlplane start"};
    tg_db *db;
    enum tg_status status = tg_db_open(&config, &db, error);
    if (status != TG_OK)
        return status;
    status = tg_snapshot_check_seal_key(db, service->ring, error);
    tg_db_close(db);
    if (status == TG_OK || status == TG_INVALID)
        return status;
    tg_log(TG_LOG_WARNING, "seal_key_unchecked", tg_log_string("reason", error->message));
    return TG_OK;
}

static enum tg_status open_tls(struct service *service, const tg_settings *settings, struct tg_error *error)
{
    const char *certificate = tg_settings_string(settings, "api.tls_certificate_file");
    const char *key = tg_settings_string(settings, "api.tls_key_file");
    if (certificate == NULL && key == NULL)
        return TG_OK;
    if (certificate == NULL || key == NULL)
        return tg_fail(error, TG_INVALID, "api.tls_certificate_file and api.tls_key_file go together");
    return tg_tls_server_create(certificate, key, NULL, &service->tls, error);
}

static enum tg_status write_metrics(void *user, struct tg_buf *out)
{
    const struct service *service = user;
    enum tg_status status = tg_replication_render_metrics(service->replication, out);
    return status == TG_OK ? tg_minting_render_metrics(service->minting, out) : status;
}

static enum tg_status create_api(struct service *service, const tg_settings *settings, struct tg_text token,
                                 struct tg_error *error)
{
    struct tg_api_config config = {
        .host = tg_settings_string(settings, "api.host"),
        .port = (uint16_t)tg_settings_integer(settings, "api.port"),
        .tls = service->tls,
        .workers = (size_t)tg_settings_integer(settings, "api.workers"),
        .database_url = tg_settings_string(settings, "database.url"),
        .seal_ring = service->ring,
        .admin_token = token,
        .write_metrics = write_metrics,
        .user = service,
    };
    return tg_api_create(service->loop, &config, &service->api, error);
}

static enum tg_status create_stream(struct service *service, const tg_settings *settings, struct tg_error *error)
{
    struct tg_replication_config config = {
        .host = tg_settings_string(settings, "stream.host"),
        .port = (uint16_t)tg_settings_integer(settings, "stream.port"),
        .certificate_file = tg_settings_string(settings, "stream.certificate_file"),
        .key_file = tg_settings_string(settings, "stream.key_file"),
        .client_ca_file = tg_settings_string(settings, "stream.client_ca_file"),
        .database_url = tg_settings_string(settings, "database.url"),
        .seal_ring = service->ring,
    };
    enum tg_status status = tg_replication_create(&config, &service->replication, error);
    return status != TG_OK ? status : tg_replication_start(service->replication, error);
}

static enum tg_status start_minting(struct service *service, const tg_settings *settings, struct tg_error *error)
{
    struct tg_minting_config config = {
        .database_url = tg_settings_string(settings, "database.url"),
        .seal_ring = service->ring,
        .token_dir = tg_settings_string(settings, "minting.token_dir"),
    };
    return tg_minting_start(&config, &service->minting, error);
}

static enum tg_status start_repack(struct service *service, const tg_settings *settings, struct tg_error *error)
{
    struct tg_repack_config config = {
        .database_url = tg_settings_string(settings, "database.url"),
        .seal_ring = service->ring,
        .types = tg_api_types,
        .type_count = tg_api_type_count,
    };
    return tg_repack_start(&config, &service->repack, error);
}

static enum tg_status start(struct service *service, const tg_settings *settings, struct tg_error *error)
{
    static const char *const required[] = {"database.url",          "stream.certificate_file", "stream.key_file",
                                           "stream.client_ca_file", "seal.key_file",           "admin.token_file"};
    enum tg_status status = tg_controlplane_require(settings, required, sizeof(required) / sizeof(required[0]), error);
    if (status != TG_OK)
        return status;
    status = tg_registry_load(tg_settings_string(settings, "provider_registry.file"), error);
    if (status != TG_OK)
        return status;
    struct tg_secret token = {0};
    status = read_keys(service, settings, &token, error);
    if (status == TG_OK)
        status = check_seal_key(service, settings, error);
    if (status == TG_OK)
        status = open_tls(service, settings, error);
    if (status == TG_OK)
        status = create_stream(service, settings, error);
    if (status == TG_OK)
        status = start_minting(service, settings, error);
    if (status == TG_OK)
        status = start_repack(service, settings, error);
    if (status == TG_OK)
        status = create_api(service, settings, tg_secret_text(&token), error);
    tg_secret_deinit(&token);
    return status;
}

/* ---- the whole life ---- */

static void tear_down(struct service *service)
{
    tg_api_destroy(service->api);
    tg_repack_destroy(service->repack);
    tg_minting_destroy(service->minting);
    tg_replication_destroy(service->replication);
    tg_loop_destroy(service->loop);
    tg_tls_context_destroy(service->tls);
    tg_seal_ring_destroy(service->ring);
    tg_registry_unload();
}

enum tg_status tg_controlplane_serve(const tg_settings *settings, struct tg_error *error)
{
    struct service service = {0};
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&service.signals);
    sigaddset(&service.signals, SIGTERM);
    sigaddset(&service.signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &service.signals, NULL); /* inherited by every thread that is started from here on */
    service.loop = tg_loop_create();
    enum tg_status status = start(&service, settings, error);
    if (status == TG_OK && pthread_create(&service.signal_thread, NULL, wait_for_signal, &service) != 0)
        status = tg_fail(error, TG_EXHAUSTED, "cannot start a thread");
    if (status == TG_OK) {
        tg_log(TG_LOG_INFO, "ready", tg_log_string("version", TG_VERSION),
               tg_log_number("api_port", tg_api_port(service.api)),
               tg_log_number("stream_port", tg_replication_port(service.replication)));
        tg_loop_run(service.loop);
        pthread_join(service.signal_thread, NULL);
        tg_log(TG_LOG_INFO, "stopped");
    }
    tear_down(&service);
    return status;
}
