#include <inttypes.h>

#include "dataplane/dialects/canonical/edit.h"
#include "dataplane/dialects/responses/internal.h"

void tg_responses_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                               const struct tg_request_target *target, struct tg_body *edited)
{
    struct tg_edits edits = {.count = 0};
    tg_edits_model(arena, request, target, &edits);
    if (target->max_output_tokens > 0 && request->marks.maximum.bytes != 0) {
        tg_edits_add(&edits, request->marks.maximum, tg_arena_printf(arena, "%" PRId64, target->max_output_tokens));
    } else if (target->max_output_tokens > 0) { /* there is a member behind it: the model */
        tg_edits_add(&edits, (struct tg_span){request->marks.first_member_at, 0},
                     tg_arena_printf(arena, "\"max_output_tokens\":%" PRId64 ",", target->max_output_tokens));
    }
    tg_edits_rules(arena, request, target, &edits);
    tg_edits_apply(&edits, body, edited);
}
