#include "dataplane/dialects/canonical/edit.h"

#include "dataplane/dialects/gemini/gemini_internal.h"

/* The model is in the path. The maximum replaces the client's, or is put into generationConfig, which may be missing or
 * null. */
void gemini_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                         const struct tg_request_target *target, struct tg_body *edited)
{
    const struct tg_body_marks *marks = &request->marks;
    struct tg_edits edits = {.count = 0};
    long long maximum = (long long)target->max_output_tokens;
    bool is_null = marks->config.bytes > 1; /* else it is the opening brace */
    if (maximum > 0 && marks->maximum.bytes != 0)
        tg_edits_add(&edits, marks->maximum, tg_arena_printf(arena, "%lld", maximum));
    else if (maximum > 0 && is_null)
        tg_edits_add(&edits, marks->config, tg_arena_printf(arena, "{\"maxOutputTokens\":%lld}", maximum));
    else if (maximum > 0 && marks->config.bytes != 0)
        tg_edits_add(
            &edits, (struct tg_span){marks->config.at + 1, 0},
            tg_arena_printf(arena, "\"maxOutputTokens\":%lld%s", maximum, marks->has_config_members ? "," : ""));
    else if (maximum > 0)
        tg_edits_add(&edits, (struct tg_span){marks->first_member_at, 0},
                     tg_arena_printf(arena, "\"generationConfig\":{\"maxOutputTokens\":%lld}%s", maximum,
                                     marks->member_count == 0 ? "" : ","));
    tg_edits_rules(arena, request, target, &edits);
    tg_edits_apply(&edits, body, edited);
}
