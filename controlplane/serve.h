/* The service: API and stream, from start to shutdown. */
#ifndef TG_CONTROLPLANE_SERVE_H
#define TG_CONTROLPLANE_SERVE_H

#include "common/settings/settings.h"

/* Runs until SIGTERM or SIGINT. TG_OK after an orderly end. */
enum tg_status tg_controlplane_serve(const tg_settings *settings, struct tg_error *error) TG_MUST_CHECK;

#endif
