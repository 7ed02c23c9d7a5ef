/* The settings of tollgate-controlplane. */
#ifndef TG_CONTROLPLANE_OPTIONS_H
#define TG_CONTROLPLANE_OPTIONS_H

#include "common/settings/settings.h"

extern const struct tg_settings_program tg_controlplane_program;

/* Words of log.level, in the order of enum tg_log_level. */
extern const char *const tg_controlplane_log_levels[];

/* TG_INVALID, naming the setting, if it is not set: for settings that one command needs and another does not. */
enum tg_status tg_controlplane_require(const tg_settings *settings, const char *const *keys, size_t count,
                                       struct tg_error *error) TG_MUST_CHECK;

#endif
