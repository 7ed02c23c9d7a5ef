/* The listener for monitoring, on a loop and a thread of its own: it answers also when every worker is busy. */
#ifndef TG_REPLICA_MONITOR_H
#define TG_REPLICA_MONITOR_H

#include "dataplane/telemetry/admin.h"

typedef struct tg_monitor tg_monitor;

enum tg_status tg_monitor_start(const char *host, uint16_t port, struct tg_telemetry *telemetry,
                                void (*read_gauges)(void *user, struct tg_gauges *gauges), void *user,
                                tg_monitor **monitor, struct tg_error *error) TG_MUST_CHECK;
uint16_t tg_monitor_port(const tg_monitor *monitor);
void tg_monitor_stop(tg_monitor *monitor); /* NULL is fine */

#endif
