/* How each dialect calls the settings that are no tg_field: for losses, which must name the client's own field. */
#ifndef TG_CANONICAL_ASPECT_H
#define TG_CANONICAL_ASPECT_H

#include "dataplane/dialects/canonical/request.h"

enum tg_aspect {
    TG_ASPECT_CHOICES,
    TG_ASPECT_MAXIMUM,
    TG_ASPECT_STOPS,
    TG_ASPECT_FORMAT,
    TG_ASPECT_THINKING,
    TG_ASPECT_TOOL_CHOICE,
    TG_ASPECT_COUNT
};

/* "generationConfig.candidateCount"; a literal, never empty. */
struct tg_text tg_aspect_path(enum tg_dialect_id dialect, enum tg_aspect aspect);

#endif
