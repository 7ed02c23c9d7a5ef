#include "dataplane/pipeline/pipeline.h"

#include "dataplane/pipeline/stages_internal.h"

/* meter is entered first so that it finishes last: whatever ends a request, it is recorded after everything that the
 * record tells of, and what was reserved is given back after that. */
/* clang-format off */
static const struct tg_stage stages[] = {
    /* name              on entry                     when what it waits for comes  on finish */
    {"meter",            stage_meter_enter,           NULL,                         stage_meter_finish},
    {"identify",         stage_identify_enter,        NULL,                         NULL},
    {"resolve_profile",  stage_resolve_profile_enter, NULL,                         NULL},
    {"inspect",          stage_inspect_enter,         NULL,                         NULL},
    {"authorize",        stage_authorize_enter,       NULL,                         NULL},
    {"reserve",          stage_reserve_enter,         stage_reserve_resume,         stage_reserve_finish},
    {"route",            stage_route_enter,           NULL,                         NULL},
    {"call",             stage_call_enter,            stage_call_resume,            stage_call_finish},
};
/* clang-format on */

const struct tg_pipeline tg_pipeline = {stages, sizeof(stages) / sizeof(stages[0]), stage_identify_admits};
