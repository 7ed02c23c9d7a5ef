/* The client's own bytes for a provider that speaks chat, too. Besides what all dialects change:
 *
 *   stream_options            include_usage, so that a stream ends with its true numbers
 *   max_tokens,
 *   max_completion_tokens     the maximum output, where a budget clamped it */
#include <inttypes.h>

#include "dataplane/dialects/canonical/edit.h"
#include "dataplane/dialects/chat/chat.h"
#include "dataplane/dialects/chat/chat_internal.h"

static void ask_for_usage(const struct tg_body_marks *marks, struct tg_text body, struct tg_edits *edits)
{
    static const struct tg_text WHOLE = TG_TEXT_LITERAL("\"stream_options\":{\"include_usage\":true},");
    static const struct tg_text VALUE = TG_TEXT_LITERAL("{\"include_usage\":true}");
    static const struct tg_text ONLY = TG_TEXT_LITERAL("\"include_usage\":true");
    static const struct tg_text FIRST = TG_TEXT_LITERAL("\"include_usage\":true,");
    static const struct tg_text TRUE = TG_TEXT_LITERAL("true");
    struct tg_span options = marks->stream_options;
    struct tg_span inside = {options.at + 1, 0};
    if (options.bytes == 0)
        tg_edits_add(edits, (struct tg_span){marks->first_member_at, 0}, WHOLE);
    else if (marks->include_usage.bytes != 0)
        tg_edits_add(edits, marks->include_usage, TRUE);
    else if (body.data[options.at] == 'n') /* null */
        tg_edits_add(edits, options, VALUE);
    else
        tg_edits_add(edits, inside, marks->has_stream_options_members ? FIRST : ONLY);
}

static bool is_null(struct tg_text body, struct tg_span span)
{
    return body.data[span.at] == 'n';
}

/* Of two fields one that is null stays so: providers refuse a request that sets both. */
static void limit_output(struct tg_arena *arena, struct tg_text body, const struct tg_body_marks *marks,
                         const struct tg_request_target *target, struct tg_edits *edits)
{
    struct tg_text number = tg_arena_printf(arena, "%" PRId64, target->max_output_tokens);
    bool has_old = marks->older_maximum.bytes != 0, has_new = marks->maximum.bytes != 0;
    bool has_both = has_old && has_new;
    bool keeps_old = has_both && is_null(body, marks->older_maximum);
    bool keeps_new = has_both && !keeps_old && is_null(body, marks->maximum);
    if (has_old && !keeps_old)
        tg_edits_add(edits, marks->older_maximum, number);
    if (has_new && !keeps_new)
        tg_edits_add(edits, marks->maximum, number);
    if (!has_old && !has_new)
        tg_edits_add(edits, (struct tg_span){marks->first_member_at, 0},
                     tg_arena_printf(arena, "\"%s\":%.*s,", chat_maximum_field(target), TG_TEXT_ARG(number)));
}

void chat_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                       const struct tg_request_target *target, struct tg_body *edited)
{
    struct tg_edits edits;
    edits.count = 0;
    tg_edits_model(arena, request, target, &edits);
    if (target->asks_for_usage && !request->wants_usage)
        ask_for_usage(&request->marks, body, &edits);
    if (target->max_output_tokens > 0)
        limit_output(arena, body, &request->marks, target, &edits);
    tg_edits_rules(arena, request, target, &edits);
    tg_edits_apply(&edits, body, edited);
}
