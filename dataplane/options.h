/* The replica's settings: one table, and what it becomes. */
#ifndef TG_DATAPLANE_OPTIONS_H
#define TG_DATAPLANE_OPTIONS_H

#include "common/log/log.h"
#include "common/settings/settings.h"
#include "dataplane/replica/replica.h"

extern const struct tg_settings_program tg_dataplane_program;

struct tg_dataplane_options {
    struct tg_replica_config replica; /* strings belong to the settings */
    int64_t drain_timeout_ms;
    enum tg_log_level log_level;
};

/* TG_INVALID if settings do not fit together. */
enum tg_status tg_dataplane_options_read(const tg_settings *settings, struct tg_dataplane_options *options,
                                         struct tg_error *error) TG_MUST_CHECK;

#endif
