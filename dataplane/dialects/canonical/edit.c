#include "dataplane/dialects/canonical/edit.h"

#include <assert.h>

#include "common/codec/json_scan.h"

void tg_edits_add(struct tg_edits *edits, struct tg_span span, struct tg_text text)
{
    assert(edits->count < TG_MAX_EDITS);
    size_t i = edits->count++;
    for (; i > 0 && edits->list[i - 1].span.at > span.at; --i)
        edits->list[i] = edits->list[i - 1];
    edits->list[i] = (struct tg_edit){span, text};
}

static bool is_left_out(const struct tg_parameter_rule *rule)
{
    return rule->new_name.bytes == 0 && rule->value.bytes == 0;
}

/* Where the model is in the path alone. */
static bool leaves_model_out(const struct tg_request_target *target)
{
    for (size_t r = 0; r < target->rule_count; ++r)
        if (tg_text_is(target->rules[r].name, "model") && is_left_out(&target->rules[r]))
            return true;
    return false;
}

void tg_edits_model(struct tg_arena *arena, const struct tg_model_request *request,
                    const struct tg_request_target *target, struct tg_edits *edits)
{
    const struct tg_body_marks *marks = &request->marks;
    struct tg_text name = target->upstream_model;
    if (leaves_model_out(target) || name.bytes == 0)
        return;
    struct tg_text written = tg_json_string_of(arena, name).written;
    if (marks->model.bytes != 0 && !tg_text_equals(name, request->model))
        tg_edits_add(edits, marks->model, written);
    else if (marks->model.bytes == 0 && marks->first_member_at != 0)
        tg_edits_add(
            edits, (struct tg_span){marks->first_member_at, 0},
            tg_arena_printf(arena, "\"model\":\"%.*s\"%s", TG_TEXT_ARG(written), marks->member_count == 0 ? "" : ","));
}

static bool overlaps(const struct tg_edits *edits, struct tg_span span)
{
    for (size_t i = 0; i < edits->count; ++i) {
        const struct tg_span *other = &edits->list[i].span;
        if (other->at < span.at + span.bytes && span.at < other->at + other->bytes)
            return true;
        if (other->bytes == 0 && other->at > span.at && other->at < span.at + span.bytes)
            return true;
    }
    return false;
}

/* Runs of members that go are taken out with the commas behind them; the last run with the comma before it. */
static void drop(const struct tg_body_marks *marks, const bool *drops, struct tg_edits *edits)
{
    const struct tg_body_member *members = marks->members;
    for (size_t i = 0; i < marks->member_count && edits->count < TG_MAX_EDITS;) {
        size_t end = i;
        while (end < marks->member_count && drops[end])
            ++end;
        if (end == i) {
            ++i;
            continue;
        }
        bool is_last = end == marks->member_count;
        size_t from = is_last && i != 0 ? members[i - 1].whole.at + members[i - 1].whole.bytes : members[i].whole.at;
        size_t until = is_last ? members[end - 1].whole.at + members[end - 1].whole.bytes : members[end].whole.at;
        tg_edits_add(edits, (struct tg_span){from, until - from}, tg_text(NULL, 0));
        i = end;
    }
}

static void set_member(struct tg_arena *arena, const struct tg_body_marks *marks, const struct tg_parameter_rule *rule,
                       struct tg_edits *edits)
{
    struct tg_text value = tg_json_string_of(arena, rule->value).written;
    for (size_t i = 0; i < marks->member_count; ++i) {
        if (!tg_text_equals(marks->members[i].key, rule->name))
            continue;
        if (!overlaps(edits, marks->members[i].value) && edits->count < TG_MAX_EDITS)
            tg_edits_add(edits, marks->members[i].value, tg_arena_printf(arena, "\"%.*s\"", TG_TEXT_ARG(value)));
        return;
    }
    if (edits->count < TG_MAX_EDITS)
        tg_edits_add(edits, (struct tg_span){marks->first_member_at, 0},
                     tg_arena_printf(arena, "\"%.*s\":\"%.*s\"%s",
                                     TG_TEXT_ARG(tg_json_string_of(arena, rule->name).written), TG_TEXT_ARG(value),
                                     marks->member_count == 0 ? "" : ","));
}

/* Its value may be another edit's. */
static void rename_member(struct tg_arena *arena, const struct tg_body_member *member,
                          const struct tg_parameter_rule *rule, struct tg_edits *edits)
{
    struct tg_span key = {member->whole.at + 1, member->key.bytes};
    if (!overlaps(edits, key) && edits->count < TG_MAX_EDITS)
        tg_edits_add(edits, key, tg_json_string_of(arena, rule->new_name).written);
}

void tg_edits_rules(struct tg_arena *arena, const struct tg_model_request *request,
                    const struct tg_request_target *target, struct tg_edits *edits)
{
    const struct tg_body_marks *marks = &request->marks;
    bool drops[TG_JSON_MAX_MEMBERS] = {false};
    bool drops_any = false;
    for (size_t r = 0; r < target->rule_count; ++r) {
        const struct tg_parameter_rule *rule = &target->rules[r];
        if (rule->value.bytes != 0) {
            set_member(arena, marks, rule, edits);
            continue;
        }
        for (size_t i = 0; i < marks->member_count; ++i) {
            const struct tg_body_member *member = &marks->members[i];
            if (!tg_text_equals(member->key, rule->name))
                continue;
            if (!is_left_out(rule))
                rename_member(arena, member, rule, edits);
            else if (!overlaps(edits, member->whole))
                drops_any = drops[i] = true;
        }
    }
    if (drops_any) /* last: what is inserted where a dropped member begins must stand before it */
        drop(marks, drops, edits);
}

void tg_rules_write_set(const struct tg_request_target *target, struct tg_json_writer *json)
{
    for (size_t r = 0; r < target->rule_count; ++r) {
        if (target->rules[r].value.bytes == 0)
            continue;
        tg_json_write_key_text(json, target->rules[r].name);
        tg_json_write_string(json, target->rules[r].value);
    }
}

static void add_piece(struct tg_body *edited, struct tg_text piece)
{
    if (piece.bytes == 0)
        return;
    edited->pieces[edited->piece_count++] = piece;
    edited->bytes += piece.bytes;
}

void tg_edits_apply(const struct tg_edits *edits, struct tg_text body, struct tg_body *edited)
{
    size_t at = 0;
    edited->piece_count = 0;
    edited->bytes = 0;
    for (size_t i = 0; i < edits->count; ++i) {
        const struct tg_edit *edit = &edits->list[i];
        add_piece(edited, tg_text(body.data + at, edit->span.at - at));
        add_piece(edited, edit->text);
        at = edit->span.at + edit->span.bytes;
    }
    add_piece(edited, tg_text(body.data + at, body.bytes - at));
}
