#include "dataplane/replica/monitor.h"

#include <pthread.h>
#include <stdlib.h>

struct tg_monitor {
    tg_loop *loop;
    tg_admin *admin;
    pthread_t thread;
};

static void *run(void *user)
{
    tg_monitor *monitor = user;
    tg_loop_run(monitor->loop);
    tg_admin_destroy(monitor->admin);
    tg_loop_destroy(monitor->loop);
    return NULL;
}

enum tg_status tg_monitor_start(const char *host, uint16_t port, struct tg_telemetry *telemetry,
                                void (*read_gauges)(void *user, struct tg_gauges *gauges), void *user,
                                tg_monitor **monitor, struct tg_error *error)
{
    *monitor = NULL;
    tg_monitor *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->loop = tg_loop_create();
    const struct tg_admin_config config = {
        .host = host, .port = port, .telemetry = telemetry, .user = user, .read_gauges = read_gauges};
    enum tg_status status = tg_admin_create(made->loop, &config, &made->admin, error);
    int failure = status == TG_OK ? pthread_create(&made->thread, NULL, run, made) : 0;
    if (failure != 0)
        status = tg_fail(error, TG_IO, "a thread for monitoring: %s", strerror(failure));
    if (status != TG_OK) {
        tg_admin_destroy(made->admin);
        tg_loop_destroy(made->loop);
        free(made);
        return status;
    }
    pthread_setname_np(made->thread, "tg-monitor");
    *monitor = made;
    return TG_OK;
}

uint16_t tg_monitor_port(const tg_monitor *monitor)
{
    return tg_admin_port(monitor->admin);
}

struct stop_message {
    struct tg_message message; /* first */
    tg_loop *loop;
};

static void stop_loop(struct tg_message *message)
{
    tg_loop_stop(((struct stop_message *)message)->loop);
    free(message);
}

void tg_monitor_stop(tg_monitor *monitor)
{
    if (monitor == NULL)
        return;
    struct stop_message *message = calloc(1, sizeof(*message));
    if (message == NULL)
        abort();
    message->message.run = stop_loop;
    message->loop = monitor->loop;
    tg_loop_post(monitor->loop, &message->message);
    pthread_join(monitor->thread, NULL);
    free(monitor);
}
