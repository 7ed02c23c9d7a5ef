#include "dataplane/pipeline/pipeline.h"

#include "dataplane/pipeline/stages_internal.h"

/* meter is entered first so that it finishes last: whatever ends a request, it is recorded after everything else is
 * settled. */
static const struct tg_stage stages[] = {
    /* name              on entry                 on resume         on finish */
    {"meter", meter_enter, NULL, meter_finish},
    {"identify", identify_enter, NULL, NULL},
    {"resolve_profile", resolve_profile_enter, NULL, NULL},
    {"inspect", inspect_enter, NULL, NULL},
    {"authorize", authorize_enter, NULL, NULL},
    {"reserve", reserve_enter, reserve_resume, reserve_finish},
    {"route", route_enter, NULL, NULL},
    {"call", call_enter, call_resume, call_finish},
};

const struct tg_pipeline tg_pipeline = {stages, sizeof(stages) / sizeof(stages[0])};
