/* Turns as messages. What tools gave comes first, in messages of its own, as OpenAI wants it behind the calls; pictures
 * and files among it follow in a user's message, because a tool's message takes text alone. */
#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/chat/chat_internal.h"

/* ---- content ---- */

static bool is_content(const struct tg_part *part)
{
    switch (part->kind) {
    case TG_PART_TEXT:
    case TG_PART_IMAGE:
    case TG_PART_AUDIO:
    case TG_PART_VIDEO:
    case TG_PART_DOCUMENT:
    case TG_PART_OTHER:
        return true;
    case TG_PART_REFUSAL:
    case TG_PART_THINKING:
    case TG_PART_REDACTED_THINKING:
    case TG_PART_TOOL_CALL:
    case TG_PART_TOOL_RESULT:
        break;
    }
    return false;
}

static bool is_text(const struct tg_part *part)
{
    return part->kind == TG_PART_TEXT;
}

static bool is_media(const struct tg_part *part)
{
    return is_content(part) && !is_text(part);
}

/* The first from `part` on that is wanted. */
static const struct tg_part *next(const struct tg_part *part, bool (*is_wanted)(const struct tg_part *part))
{
    while (part != NULL && !is_wanted(part))
        part = part->next;
    return part;
}

/* A string if there is but one text, which is what all servers know; else an array. */
static void write_content(struct chat_writing *writing, const struct tg_turn *turn, const struct tg_part *parts,
                          bool (*is_wanted)(const struct tg_part *part))
{
    const struct tg_part *part = next(parts, is_wanted);
    tg_json_write_key(&writing->json, "content");
    if (part == NULL || (is_text(part) && next(part->next, is_wanted) == NULL)) {
        tg_json_write_written(&writing->json, part == NULL ? tg_json_string_literal("") : part->text);
        return;
    }
    tg_json_write_array_begin(&writing->json);
    for (; part != NULL; part = next(part->next, is_wanted))
        chat_write_part(writing, turn, part, part);
    tg_json_write_array_end(&writing->json);
}

/* Of all that is wanted the text, put together. */
static struct tg_json_string join(struct chat_writing *writing, const struct tg_part *parts,
                                  bool (*is_wanted)(const struct tg_part *part))
{
    size_t bytes = 0, used = 0;
    const struct tg_part *only = next(parts, is_wanted);
    if (only != NULL && next(only->next, is_wanted) == NULL)
        return only->text;
    for (const struct tg_part *part = only; part != NULL; part = next(part->next, is_wanted))
        bytes += part->text.written.bytes;
    char *joined = tg_arena_alloc(writing->arena, bytes + 1);
    for (const struct tg_part *part = only; part != NULL; part = next(part->next, is_wanted)) {
        if (part->text.written.bytes != 0)
            memcpy(joined + used, part->text.written.data, part->text.written.bytes);
        used += part->text.written.bytes;
    }
    return tg_json_string(tg_text(joined, bytes));
}

static void begin_message(struct chat_writing *writing, const char *role)
{
    tg_json_write_object_begin(&writing->json);
    chat_write_text_member(&writing->json, "role", tg_json_string_literal(role));
}

static void write_name(struct chat_writing *writing, const struct tg_turn *turn)
{
    if (!tg_json_string_is_empty(turn->name))
        chat_write_text_member(&writing->json, "name", turn->name);
}

/* ---- users, and what tools gave ---- */

static void write_tool_result(struct chat_writing *writing, const struct tg_turn *turn, const struct tg_part *result)
{
    begin_message(writing, "tool");
    chat_write_text_member(&writing->json, "tool_call_id", result->call_id);
    write_content(writing, turn, result->content, is_text);
    tg_json_write_object_end(&writing->json);
    if (result->is_error) /* the text says so, too, or the model could not know why */
        chat_lose_part(writing, turn, result, ".is_error", TG_LOSS_HARMLESS);
}

static bool result_has_media(const struct tg_turn *turn)
{
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next)
        if (part->kind == TG_PART_TOOL_RESULT && next(part->content, is_media) != NULL)
            return true;
    return false;
}

static void write_result_media(struct chat_writing *writing, const struct tg_turn *turn)
{
    for (const struct tg_part *result = turn->parts; result != NULL; result = result->next) {
        const struct tg_part *part = result->kind == TG_PART_TOOL_RESULT ? next(result->content, is_media) : NULL;
        for (; part != NULL; part = next(part->next, is_media))
            chat_write_part(writing, turn, result, part);
    }
}

static void write_user(struct chat_writing *writing, const struct tg_turn *turn)
{
    bool has_results = false, has_media = result_has_media(turn);
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next) {
        if (part->kind != TG_PART_TOOL_RESULT)
            continue;
        has_results = true;
        write_tool_result(writing, turn, part);
    }
    if (has_results && !has_media && next(turn->parts, is_content) == NULL)
        return;
    begin_message(writing, "user");
    write_name(writing, turn);
    if (has_media) {
        tg_json_write_key(&writing->json, "content");
        tg_json_write_array_begin(&writing->json);
        write_result_media(writing, turn);
        for (const struct tg_part *part = next(turn->parts, is_content); part != NULL;
             part = next(part->next, is_content))
            chat_write_part(writing, turn, part, part);
        tg_json_write_array_end(&writing->json);
    } else {
        write_content(writing, turn, turn->parts, is_content);
    }
    tg_json_write_object_end(&writing->json);
}

/* ---- assistants ---- */

static bool is_own_thinking(const struct tg_part *part)
{
    bool is_thinking = part->kind == TG_PART_THINKING || part->kind == TG_PART_REDACTED_THINKING;
    return is_thinking && part->signature_origin == TG_DIALECT_CHAT && !tg_json_string_is_empty(part->signature);
}

static bool is_detail(const struct tg_part *part)
{
    return is_own_thinking(part) && chat_thinking_field(part->signature) == NULL;
}

static bool is_of_field(const struct tg_part *part, const char *field)
{
    const char *own = is_own_thinking(part) ? chat_thinking_field(part->signature) : NULL;
    return own != NULL && strcmp(own, field) == 0;
}

static bool is_reasoning_content(const struct tg_part *part)
{
    return is_of_field(part, "reasoning_content");
}

static bool is_reasoning(const struct tg_part *part)
{
    return is_of_field(part, "reasoning");
}

/* Thinking goes back only to who made it, into the field where it came from. */
static void write_thinking_field(struct chat_writing *writing, const struct tg_turn *turn, const char *field,
                                 bool (*is_wanted)(const struct tg_part *part))
{
    if (next(turn->parts, is_wanted) != NULL)
        chat_write_text_member(&writing->json, field, join(writing, turn->parts, is_wanted));
}

static void write_details(struct chat_writing *writing, const struct tg_turn *turn)
{
    const struct tg_part *part = next(turn->parts, is_detail);
    if (part == NULL)
        return;
    tg_json_write_key(&writing->json, "reasoning_details");
    tg_json_write_array_begin(&writing->json);
    for (unsigned index = 0; part != NULL; part = next(part->next, is_detail)) {
        struct chat_detail detail;
        if (!chat_detail_unpack(part->signature, &detail)) {
            bool is_redacted = part->kind == TG_PART_REDACTED_THINKING;
            detail.kind = is_redacted ? CHAT_DETAIL_ENCRYPTED : CHAT_DETAIL_TEXT;
            detail.signature = part->signature;
        }
        chat_detail_write(&writing->json, &detail, part->text, index++);
    }
    tg_json_write_array_end(&writing->json);
}

static bool is_mistral_thinking(const struct tg_part *part)
{
    return is_of_field(part, "thinking");
}

static bool is_said(const struct tg_part *part)
{
    return is_content(part) || is_mistral_thinking(part);
}

static void write_mistral_thinking(struct chat_writing *writing, const struct tg_part *part)
{
    struct tg_json_writer *json = &writing->json;
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "type", tg_json_string_literal("thinking"));
    tg_json_write_key(json, "thinking");
    tg_json_write_array_begin(json);
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "type", tg_json_string_literal("text"));
    chat_write_text_member(json, "text", part->text);
    tg_json_write_object_end(json);
    tg_json_write_array_end(json);
    tg_json_write_object_end(json);
}

static void write_call(struct chat_writing *writing, const struct tg_part *call)
{
    struct tg_json_writer *json = &writing->json;
    const struct tg_tool *tool = tg_request_tool(writing->request, call->name);
    bool is_custom = tool != NULL && tool->kind == TG_TOOL_FREEFORM;
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "id", call->call_id);
    chat_write_text_member(json, "type", tg_json_string_literal(is_custom ? "custom" : "function"));
    tg_json_write_key(json, is_custom ? "custom" : "function");
    tg_json_write_object_begin(json);
    chat_write_text_member(json, "name", call->name);
    if (is_custom)
        chat_write_text_member(json, "input", tg_freeform_unwrap(writing->arena, &call->arguments));
    else
        chat_write_text_member(json, "arguments",
                               call->arguments.raw.bytes == 0 ? tg_json_string_literal("{}")
                                                              : tg_arguments_string(writing->arena, &call->arguments));
    tg_json_write_object_end(json);
    if (!tg_json_string_is_empty(call->signature) && call->signature_origin == TG_DIALECT_CHAT)
        chat_write_thought_signature(writing->arena, json, TG_DIALECT_CHAT, call->signature);
    tg_json_write_object_end(json);
}

static bool is_call(const struct tg_part *part)
{
    return part->kind == TG_PART_TOOL_CALL;
}

static bool is_refusal(const struct tg_part *part)
{
    return part->kind == TG_PART_REFUSAL;
}

/* An earlier answer's sound, which only its own dialect can refer to. */
static bool is_audio_reference(const struct tg_part *part)
{
    return part->kind == TG_PART_OTHER && tg_json_string_is(part->name, "audio");
}

static bool is_assistant_content(const struct tg_part *part)
{
    return is_said(part) && !is_audio_reference(part);
}

/* A string, null beside calls and refusals, or an array where Mistral's thinking stands among the text. Texts are
 * joined: not all servers take an array of an assistant. */
static void write_assistant_content(struct chat_writing *writing, const struct tg_turn *turn)
{
    const struct tg_part *part = next(turn->parts, is_assistant_content);
    bool is_beside = next(turn->parts, is_call) != NULL || next(turn->parts, is_refusal) != NULL;
    bool has_thinking = next(turn->parts, is_mistral_thinking) != NULL;
    tg_json_write_key(&writing->json, "content");
    if (part == NULL && is_beside) {
        tg_json_write_null(&writing->json);
        return;
    }
    if (has_thinking)
        tg_json_write_array_begin(&writing->json);
    else
        tg_json_write_written(&writing->json, join(writing, turn->parts, is_text));
    for (; part != NULL; part = next(part->next, is_assistant_content)) {
        if (has_thinking && is_mistral_thinking(part))
            write_mistral_thinking(writing, part);
        else if (has_thinking)
            chat_write_part(writing, turn, part, part);
        else if (!is_text(part)) /* a model's own pictures and the like */
            chat_lose_part(writing, turn, part, "", TG_LOSS_MEANING);
    }
    if (has_thinking)
        tg_json_write_array_end(&writing->json);
}

static void write_assistant(struct chat_writing *writing, const struct tg_turn *turn)
{
    struct tg_json_writer *json = &writing->json;
    const struct tg_part *call = next(turn->parts, is_call);
    const struct tg_part *refusal = next(turn->parts, is_refusal);
    const struct tg_part *audio = next(turn->parts, is_audio_reference);
    bool is_empty = call == NULL && refusal == NULL && next(turn->parts, is_said) == NULL &&
                    next(turn->parts, is_own_thinking) == NULL && turn->parts != NULL;
    if (is_empty)
        return; /* nothing but another maker's thinking */
    begin_message(writing, "assistant");
    write_name(writing, turn);
    write_assistant_content(writing, turn);
    write_thinking_field(writing, turn, "reasoning_content", is_reasoning_content);
    write_thinking_field(writing, turn, "reasoning", is_reasoning);
    write_details(writing, turn);
    if (refusal != NULL)
        chat_write_text_member(json, "refusal", refusal->text);
    if (audio != NULL && writing->request->dialect == TG_DIALECT_CHAT)
        chat_write_raw_member(json, "audio", audio->raw);
    if (call != NULL) {
        tg_json_write_key(json, "tool_calls");
        tg_json_write_array_begin(json);
        for (; call != NULL; call = next(call->next, is_call))
            write_call(writing, call);
        tg_json_write_array_end(json);
    }
    tg_json_write_object_end(json);
}

/* A message of a role that nobody knows, in its own dialect. */
static bool is_whole_message(const struct chat_writing *writing, const struct tg_turn *turn)
{
    const struct tg_part *part = turn->parts;
    return writing->request->dialect == TG_DIALECT_CHAT && turn->role == TG_ROLE_USER && part != NULL &&
           part->kind == TG_PART_OTHER && part->next == NULL && part->is_item;
}

void chat_write_turn(struct chat_writing *writing, const struct tg_turn *turn)
{
    if (is_whole_message(writing, turn)) {
        tg_json_write_raw(&writing->json, turn->parts->raw);
        return;
    }
    switch (turn->role) {
    case TG_ROLE_SYSTEM:
    case TG_ROLE_DEVELOPER: /* not all servers know developers; OpenAI takes both for the same */
        begin_message(writing, "system");
        write_name(writing, turn);
        write_content(writing, turn, turn->parts, is_content);
        tg_json_write_object_end(&writing->json);
        break;
    case TG_ROLE_USER:
        write_user(writing, turn);
        break;
    case TG_ROLE_ASSISTANT:
        write_assistant(writing, turn);
        break;
    }
}
