#include "dataplane/dialects/canonical/edit.h"

#include "dataplane/dialects/messages/messages_internal.h"

/* Also where its value is no maximum: 0, which fills the prompt cache alone. */
static bool has_maximum(const struct tg_body_marks *marks)
{
    for (size_t i = 0; i < marks->member_count; ++i)
        if (tg_json_text_is(marks->members[i].key, "max_tokens"))
            return true;
    return false;
}

void tg_messages_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                              const struct tg_request_target *target, struct tg_body *edited)
{
    const struct tg_body_marks *marks = &request->marks;
    struct tg_edits edits = {.count = 0};
    tg_edits_model(arena, request, target, &edits);
    if (target->max_output_tokens > 0) {
        if (marks->maximum.bytes != 0)
            tg_edits_add(&edits, marks->maximum, tg_arena_printf(arena, "%lld", (long long)target->max_output_tokens));
        else if (!has_maximum(marks))
            tg_edits_add(&edits, (struct tg_span){marks->first_member_at, 0},
                         tg_arena_printf(arena, "\"max_tokens\":%lld%s", (long long)target->max_output_tokens,
                                         marks->member_count == 0 ? "" : ","));
    }
    tg_edits_rules(arena, request, target, &edits);
    tg_edits_apply(&edits, body, edited);
}
