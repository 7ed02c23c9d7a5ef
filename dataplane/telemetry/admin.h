/* The replica's listener for monitoring, apart from the one for clients: GET /metrics, /healthz (the process runs) and
 * /readyz (it has a snapshot and serves; 503 otherwise). It belongs on a loop that may take its time, not on a
 * worker's.
 */
#ifndef TG_TELEMETRY_ADMIN_H
#define TG_TELEMETRY_ADMIN_H

#include "common/http/server.h"
#include "dataplane/telemetry/telemetry.h"

typedef struct tg_admin tg_admin;

struct tg_admin_config {
    const char *host;
    uint16_t port;
    struct tg_telemetry *telemetry;
    void *user;
    void (*read_gauges)(void *user, struct tg_gauges *gauges); /* on the loop's thread */
};

enum tg_status tg_admin_create(tg_loop *loop, const struct tg_admin_config *config, tg_admin **admin,
                               struct tg_error *error) TG_MUST_CHECK;
uint16_t tg_admin_port(const tg_admin *admin);
void tg_admin_destroy(tg_admin *admin); /* NULL is fine */

#endif
