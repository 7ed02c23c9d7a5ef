#include <stdio.h>

#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/responses/encode_internal.h"

static void begin(struct tg_json_writer *json, const struct encoded_item *item, const char *type, const char *status)
{
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "id");
    tg_json_write_written(json, item->id);
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of(type));
    if (status == NULL)
        return;
    tg_json_write_key(json, "status");
    tg_json_write_string(json, tg_text_of(status));
}

static const char *status_name(bool is_done)
{
    return is_done ? "completed" : "in_progress";
}

static struct tg_json_string text_of(const struct tg_growing *growing)
{
    return tg_json_string(tg_growing_text(growing));
}

static void write_list(struct tg_json_writer *json, const char *key, struct tg_text members)
{
    tg_json_write_key(json, key);
    tg_json_write_array_begin(json);
    if (members.bytes != 0)
        tg_json_write_raw(json, members);
    tg_json_write_array_end(json);
}

void tg_responses_write_message(struct tg_json_writer *json, const struct encoded_item *item, const char *status)
{
    begin(json, item, "message", status);
    tg_json_write_key(json, "role");
    tg_json_write_string(json, tg_text_of("assistant"));
    write_list(json, "content", tg_growing_text(&item->content));
    tg_json_write_object_end(json);
}

void tg_responses_write_text_part(struct tg_json_writer *json, const struct encoded_part *part, bool is_done)
{
    struct tg_text nothing = tg_text(NULL, 0);
    bool is_refusal = part->kind == TG_PART_REFUSAL;
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of(is_refusal ? "refusal" : "output_text"));
    if (!is_refusal) {
        write_list(json, "annotations", is_done ? tg_growing_text(&part->annotations) : nothing);
        write_list(json, "logprobs", is_done ? tg_growing_text(&part->logprobs) : nothing);
    }
    tg_json_write_key(json, is_refusal ? "refusal" : "text");
    tg_json_write_quoted(json, is_done ? tg_growing_text(&part->text) : nothing);
    tg_json_write_object_end(json);
}

void tg_responses_write_reasoning(struct tg_json_writer *json, struct tg_arena *arena, const struct encoded_part *part,
                                  bool is_done)
{
    begin(json, part->item, "reasoning", NULL);
    tg_json_write_key(json, "summary");
    tg_json_write_array_begin(json);
    if (is_done && part->text.bytes != 0) {
        tg_json_write_object_begin(json);
        tg_json_write_key(json, "type");
        tg_json_write_string(json, tg_text_of("summary_text"));
        tg_json_write_key(json, "text");
        tg_json_write_written(json, text_of(&part->text));
        tg_json_write_object_end(json);
    }
    tg_json_write_array_end(json);
    if (is_done && part->signature.bytes != 0) {
        struct tg_json_string signature = text_of(&part->signature);
        if (part->kind == TG_PART_REDACTED_THINKING)
            signature = tg_json_string(
                tg_arena_printf(arena, TG_RESPONSES_REDACTED "%.*s", TG_TEXT_ARG(tg_growing_text(&part->signature))));
        tg_json_write_key(json, "encrypted_content");
        tg_json_write_written(json, tg_signature_mark(arena, TG_DIALECT_RESPONSES, part->signature_origin, signature));
    }
    tg_json_write_object_end(json);
}

/* ---- calls ---- */

bool tg_responses_is_freeform(const struct encoded_part *part)
{
    return part->tool != NULL && part->tool->kind == TG_TOOL_FREEFORM;
}

bool tg_responses_is_shell(const struct encoded_part *part)
{
    return part->tool != NULL && part->tool->built_in != NULL &&
           strcmp(part->tool->built_in, TG_RESPONSES_LOCAL_SHELL) == 0;
}

/* {"type":"exec","command":[…],…} of the function's arguments. */
static void write_action(struct tg_json_writer *json, struct tg_arena *arena, struct tg_json_string arguments)
{
    struct tg_arguments said = {.is_string = true, .raw = arguments.written};
    struct tg_text value;
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    bool has_command = false, has_env = false;
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of("exec"));
    if (tg_arguments_value(arena, &said, &value)) {
        tg_json_scan_init(&scan, value);
        (void)tg_json_scan_next(&scan, &root);
        while (tg_json_scan_next_in(&scan, &root, &member)) {
            if (tg_json_text_is(member.key, "type") || !tg_json_scan_skip(&scan, &member))
                continue;
            bool is_string = member.kind == TG_JSON_STRING;
            has_command |= tg_json_text_is(member.key, "command");
            has_env |= tg_json_text_is(member.key, "env");
            tg_json_write_key_text(json, tg_json_unescape(arena, member.key));
            tg_json_write_raw(json, is_string ? tg_text(member.value.data - 1, member.value.bytes + 2) : member.value);
        }
    }
    if (!has_command) {
        tg_json_write_key(json, "command");
        tg_json_write_raw(json, tg_text_of("[]"));
    }
    if (!has_env) {
        tg_json_write_key(json, "env");
        tg_json_write_raw(json, tg_text_of("{}"));
    }
    tg_json_write_object_end(json);
}

void tg_responses_write_call(struct tg_json_writer *json, struct tg_arena *arena, const struct encoded_part *part,
                             bool is_done)
{
    bool is_freeform = tg_responses_is_freeform(part), is_shell = tg_responses_is_shell(part);
    struct tg_json_string nothing = tg_json_string(tg_text(NULL, 0));
    begin(json, part->item,
          is_freeform ? "custom_tool_call"
          : is_shell  ? "local_shell_call"
                      : "function_call",
          status_name(is_done));
    tg_json_write_key(json, "call_id");
    tg_json_write_written(json, part->call_id);
    if (is_shell) {
        tg_json_write_key(json, "action");
        write_action(json, arena, is_done ? text_of(&part->text) : nothing);
        tg_json_write_object_end(json);
        return;
    }
    tg_json_write_key(json, "name");
    tg_json_write_written(json, part->name);
    tg_responses_write_string(json, "namespace", part->space);
    tg_json_write_key(json, is_freeform ? "input" : "arguments");
    tg_json_write_written(json, is_done ? text_of(&part->text) : nothing);
    tg_json_write_object_end(json);
}

void tg_responses_write_image(struct tg_json_writer *json, const struct encoded_part *part, bool is_done)
{
    struct tg_text type = part->media_type.written;
    begin(json, part->item, "image_generation_call", status_name(is_done));
    if (is_done && tg_text_starts_with(type, "image/")) {
        tg_json_write_key(json, "output_format");
        tg_json_write_quoted(json, tg_text(type.data + 6, type.bytes - 6));
    }
    tg_json_write_key(json, "result");
    if (is_done)
        tg_json_write_written(json, text_of(&part->text));
    else
        tg_json_write_null(json);
    tg_json_write_object_end(json);
}

/* ---- annotations ---- */

/* Characters of a written string: an escape is one, with its surrogate's partner. */
static int64_t count_characters(struct tg_text written)
{
    const char *end = written.data + written.bytes;
    int64_t count = 0;
    for (const char *at = written.data; at < end; ++count) {
        if (*at == '\\') {
            bool is_low = end - at >= 6 && at[1] == 'u' && (at[2] == 'd' || at[2] == 'D') && strchr("cdefCDEF", at[3]);
            at += end - at >= 6 && at[1] == 'u' ? 6 : 2;
            count -= is_low;
            continue;
        }
        ++at;
        while (at < end && ((unsigned char)*at & 0xc0) == 0x80)
            ++at;
    }
    return count;
}

static void write_number(struct tg_json_writer *json, const char *key, int64_t number)
{
    tg_json_write_key(json, key);
    tg_json_write_i64(json, number);
}

void tg_responses_write_annotation(struct tg_json_writer *json, const struct encoded_part *part,
                                   const struct tg_citation *citation)
{
    bool has_url = !tg_json_string_is_empty(citation->url);
    int64_t end = citation->end;
    if (end < 0)
        end = part->text.bytes == 0 ? 0 : count_characters(tg_growing_text(&part->text));
    tg_json_write_object_begin(json);
    tg_json_write_key(json, "type");
    tg_json_write_string(json, tg_text_of(has_url ? "url_citation" : "file_citation"));
    if (has_url) {
        write_number(json, "start_index", citation->begin < 0 ? 0 : citation->begin);
        write_number(json, "end_index", end);
        tg_json_write_key(json, "title");
        tg_json_write_written(json, citation->title);
        tg_json_write_key(json, "url");
        tg_json_write_written(json, citation->url);
    } else {
        char file_id[40];
        snprintf(file_id, sizeof(file_id), "document_%lld", (long long)citation->document_index);
        tg_json_write_key(json, "file_id");
        tg_json_write_string(json, tg_text_of(file_id));
        tg_json_write_key(json, "filename");
        tg_json_write_written(json, tg_json_string_is_empty(citation->document_title) ? citation->title
                                                                                      : citation->document_title);
        write_number(json, "index", end);
    }
    tg_json_write_object_end(json);
}
