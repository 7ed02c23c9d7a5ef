#include "tests/simulator/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* With the space that goes before them, and short of SIM_MAX_WORD_BYTES. */
#define WORD(text)                                                                                                     \
    {                                                                                                                  \
        (" " text), sizeof(text)                                                                                       \
    }
static const struct tg_text vocabulary[64] = {
    WORD("river"),  WORD("stone"),   WORD("light"),  WORD("garden"), WORD("paper"),   WORD("window"),  WORD("morning"),
    WORD("silver"), WORD("quiet"),   WORD("harbor"), WORD("letter"), WORD("winter"),  WORD("copper"),  WORD("forest"),
    WORD("signal"), WORD("meadow"),  WORD("bridge"), WORD("candle"), WORD("orchard"), WORD("thunder"), WORD("pebble"),
    WORD("violet"), WORD("engine"),  WORD("island"), WORD("mirror"), WORD("feather"), WORD("lantern"), WORD("marble"),
    WORD("ribbon"), WORD("saddle"),  WORD("timber"), WORD("velvet"), WORD("walnut"),  WORD("yellow"),  WORD("anchor"),
    WORD("basket"), WORD("canyon"),  WORD("dancer"), WORD("ember"),  WORD("falcon"),  WORD("glacier"), WORD("hammer"),
    WORD("ivory"),  WORD("jasmine"), WORD("kettle"), WORD("ladder"), WORD("magnet"),  WORD("needle"),  WORD("oyster"),
    WORD("pillow"), WORD("quartz"),  WORD("rocket"), WORD("shadow"), WORD("temple"),  WORD("umber"),   WORD("valley"),
    WORD("wander"), WORD("yonder"),  WORD("zephyr"), WORD("acorn"),  WORD("breeze"),  WORD("cedar"),   WORD("drift"),
    WORD("echo"),
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void sim_answer_plan(struct tg_arena *arena, const struct sim_chat *chat, struct tg_id id, int64_t unix_ms,
                     struct sim_answer *answer)
{
    const struct sim_directive *directive = &chat->directive;
    *answer = (struct sim_answer){
        .chat = chat,
        .id = id,
        .created_at_s = unix_ms / 1000,
        .seed = tg_text_hash(chat->asked, tg_text_hash(chat->model, chat->is_after_tool)),
        .prompt_tokens = chat->prompt_tokens,
        .cached_tokens = smaller(directive->cached, chat->prompt_tokens),
    };
    sim_tools_choose(arena, chat, answer->seed, &answer->tools);
    int64_t natural = answer->tools.count != 0 ? (int64_t)answer->tools.count
                      : directive->tokens >= 0 ? directive->tokens
                                               : 8 + (int64_t)(answer->seed % 40);
    int64_t most = chat->max_tokens < 0 ? INT64_MAX : chat->max_tokens;
    answer->reasoning = smaller(directive->reasoning, most);
    answer->units = smaller(natural, most - answer->reasoning);
    answer->is_cut = answer->units < natural || answer->reasoning < directive->reasoning;
}

struct tg_text sim_answer_word(const struct sim_answer *answer, int64_t choice, int64_t index)
{
    uint64_t mixed = (answer->seed + (uint64_t)choice * 0x9e3779b97f4a7c15u + (uint64_t)index) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 29)) * 0x94d049bb133111ebu;
    struct tg_text word = vocabulary[mixed >> 58];
    return index == 0 ? tg_text(word.data + 1, word.bytes - 1) : word;
}

int64_t sim_answer_all_units(const struct sim_answer *answer)
{
    return answer->units * answer->chat->choices;
}

int64_t sim_answer_reasoning_tokens(const struct sim_answer *answer, int64_t generated)
{
    bool has_begun = generated > 0 || sim_answer_all_units(answer) == 0;
    return has_begun ? answer->reasoning * answer->chat->choices : 0;
}

int64_t sim_answer_completion_tokens(const struct sim_answer *answer, int64_t generated)
{
    return generated + sim_answer_reasoning_tokens(answer, generated);
}

static const char *finish_reason(const struct sim_answer *answer)
{
    return answer->is_cut ? "length" : answer->tools.count != 0 ? "tool_calls" : "stop";
}

static void hex_id(const struct sim_answer *answer, char out[33])
{
    tg_hex_encode(answer->id.octets, sizeof(answer->id.octets), out);
}

enum { USAGE_BYTES = 512 };

static void print_usage(const struct sim_answer *answer, char out[USAGE_BYTES])
{
    int64_t completion = sim_answer_completion_tokens(answer, sim_answer_all_units(answer));
    snprintf(out, USAGE_BYTES,
             "{\"prompt_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64 ",\"total_tokens\":%" PRId64
             ",\"prompt_tokens_details\":{\"cached_tokens\":%" PRId64 ",\"audio_tokens\":0}"
             ",\"completion_tokens_details\":{\"reasoning_tokens\":%" PRId64
             ",\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}",
             answer->prompt_tokens, completion, answer->prompt_tokens + completion, answer->cached_tokens,
             sim_answer_reasoning_tokens(answer, sim_answer_all_units(answer)));
}

/* ---- whole ---- */

/* Appends to a buffer that was made large enough: see body_bytes(). */
static char *put(char *to, struct tg_text text)
{
    memcpy(to, text.data, text.bytes);
    return to + text.bytes;
}

static char *put_string(char *to, const char *string)
{
    return put(to, tg_text_of(string));
}

static size_t choice_bytes(const struct sim_answer *answer)
{
    size_t bytes = 256;
    if (answer->tools.count == 0)
        return bytes + (size_t)answer->units * SIM_MAX_WORD_BYTES;
    for (size_t i = 0; i < answer->tools.count; ++i) {
        const struct sim_tool_unit *unit = &answer->tools.units[i];
        bytes += 128 + unit->name.bytes + unit->id.bytes + unit->arguments.bytes;
    }
    return bytes;
}

static char *put_text_message(char *to, const struct sim_answer *answer, int64_t choice)
{
    to = put_string(to, "\"content\":\"");
    for (int64_t i = 0; i < answer->units; ++i)
        to = put(to, sim_answer_word(answer, choice, i));
    return put_string(to, "\",\"refusal\":null");
}

static char *put_tool_message(char *to, const struct sim_answer *answer)
{
    to = put_string(to, "\"content\":null,\"refusal\":null,\"tool_calls\":[");
    for (int64_t i = 0; i < answer->units; ++i) {
        const struct sim_tool_unit *unit = &answer->tools.units[i];
        if (unit->name.bytes == 0) {
            to = put(to, unit->arguments);
            continue;
        }
        to = put_string(to, i == 0 ? "{\"id\":\"" : "\"}},{\"id\":\"");
        to = put(to, unit->id);
        to = put_string(to, "\",\"type\":\"function\",\"function\":{\"name\":\"");
        to = put(to, unit->name);
        to = put_string(to, "\",\"arguments\":\"");
    }
    return put_string(to, answer->units == 0 ? "]" : "\"}}]");
}

struct tg_text sim_answer_body(struct tg_arena *arena, const struct sim_answer *answer)
{
    const struct sim_chat *chat = answer->chat;
    size_t capacity = 512 + USAGE_BYTES + chat->model.bytes + (size_t)chat->choices * choice_bytes(answer);
    char *body = tg_arena_alloc(arena, capacity), id[33], usage[USAGE_BYTES];
    hex_id(answer, id);
    char *to =
        body + sprintf(body,
                       "{\"id\":\"chatcmpl-%s\",\"object\":\"chat.completion\",\"created\":%" PRId64 ",\"model\":\"",
                       id, answer->created_at_s);
    to = put(to, chat->model);
    to = put_string(to, "\",\"choices\":[");
    for (int64_t choice = 0; choice < chat->choices; ++choice) {
        to += sprintf(to, "%s{\"index\":%" PRId64 ",\"message\":{\"role\":\"assistant\",", choice == 0 ? "" : ",",
                      choice);
        to = answer->tools.count != 0 ? put_tool_message(to, answer) : put_text_message(to, answer, choice);
        to += sprintf(to, "},\"logprobs\":null,\"finish_reason\":\"%s\"}", finish_reason(answer));
    }
    to = put_string(to, "]");
    if (!chat->directive.hides_usage) {
        print_usage(answer, usage);
        to = put_string(put_string(to, ",\"usage\":"), usage);
    }
    to = put_string(to, ",\"system_fingerprint\":\"fp_simulator\"}");
    return tg_text(body, (size_t)(to - body));
}

/* ---- streamed ---- */

void sim_stream_init(struct sim_stream *stream, struct tg_arena *arena, const struct sim_answer *answer)
{
    char id[33];
    hex_id(answer, id);
    *stream = (struct sim_stream){.answer = answer, .arena = arena};
    stream->before =
        tg_arena_printf(arena,
                        "data: {\"id\":\"chatcmpl-%s\",\"object\":\"chat.completion.chunk\",\"created\":%" PRId64
                        ",\"model\":\"%.*s\",\"system_fingerprint\":\"fp_simulator\",\"choices\":[{\"index\":",
                        id, answer->created_at_s, TG_TEXT_ARG(answer->chat->model));
    bool has_usage = answer->chat->wants_usage && !answer->chat->directive.hides_usage;
    stream->after = tg_text_of(has_usage ? "\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
                                         : "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    size_t head_bytes = stream->before.bytes + 64;
    size_t chunk_bytes =
        head_bytes + (size_t)answer->chat->directive.chunk_tokens * SIM_MAX_WORD_BYTES + stream->after.bytes;
    stream->head = tg_arena_alloc(arena, head_bytes);
    stream->head_choice = -1;
    stream->burst = tg_arena_alloc(arena, (size_t)answer->chat->directive.burst * chunk_bytes);
}

static const char *end_of_chunk(const struct sim_stream *stream)
{
    const struct sim_chat *chat = stream->answer->chat;
    return chat->wants_usage && !chat->directive.hides_usage ? ",\"usage\":null}\n\n" : "}\n\n";
}

void sim_stream_open(struct sim_stream *stream, struct sim_event *event)
{
    int64_t choices = stream->answer->chat->choices;
    bool has_tools = stream->answer->tools.count != 0;
    size_t each = stream->before.bytes + 192;
    char *events = tg_arena_alloc(stream->arena, (size_t)choices * each), *to = events;
    for (int64_t choice = 0; choice < choices; ++choice) {
        to = put(to, stream->before);
        to += sprintf(to,
                      "%" PRId64 ",\"delta\":{\"role\":\"assistant\",\"content\":%s,\"refusal\":null},"
                      "\"logprobs\":null,\"finish_reason\":null}]%s",
                      choice, has_tools ? "null" : "\"\"", end_of_chunk(stream));
    }
    *event = (struct sim_event){.pieces = {tg_text(events, (size_t)(to - events))}, .count = 1};
}

static void tool_chunk(struct sim_stream *stream, int64_t choice, int64_t index, struct sim_event *event)
{
    const struct sim_tool_unit *unit = &stream->answer->tools.units[index];
    struct tg_text delta;
    if (unit->name.bytes != 0)
        delta =
            tg_arena_printf(stream->arena,
                            "%" PRId64 ",\"delta\":{\"tool_calls\":[{\"index\":%zu,\"id\":\"%.*s\",\"type\":"
                            "\"function\",\"function\":{\"name\":\"%.*s\",\"arguments\":\"\"}}]},"
                            "\"logprobs\":null,\"finish_reason\":null}]%s",
                            choice, unit->call, TG_TEXT_ARG(unit->id), TG_TEXT_ARG(unit->name), end_of_chunk(stream));
    else
        delta = tg_arena_printf(stream->arena,
                                "%" PRId64 ",\"delta\":{\"tool_calls\":[{\"index\":%zu,\"function\":{\"arguments\":"
                                "\"%.*s\"}}]},\"logprobs\":null,\"finish_reason\":null}]%s",
                                choice, unit->call, TG_TEXT_ARG(unit->arguments), end_of_chunk(stream));
    *event = (struct sim_event){.pieces = {stream->before, delta}, .count = 2};
}

/* Most of it is the same for all chunks of a choice: only the words and what follows are put behind it. */
static char *put_text_chunk(char *to, struct sim_stream *stream, int64_t units)
{
    int64_t choice = stream->choice;
    if (stream->head_choice != choice) {
        char *head = put(stream->head, stream->before);
        head += sprintf(head, "%" PRId64 ",\"delta\":{\"content\":\"", choice);
        stream->head_bytes = (size_t)(head - stream->head);
        stream->head_choice = choice;
    }
    to = put(to, tg_text(stream->head, stream->head_bytes));
    for (int64_t i = 0; i < units; ++i)
        to = put(to, sim_answer_word(stream->answer, choice, stream->index + i));
    return put(to, stream->after);
}

/* What a provider in trouble sends: an event that ends in the middle of its JSON. */
static char *put_broken_chunk(char *to, const struct sim_stream *stream)
{
    to = put(to, tg_text(stream->before.data, stream->before.bytes / 2));
    return put_string(to, "\n\n");
}

/* Choices take turns, so that a reader has to keep them apart. */
static void advance(struct sim_stream *stream, int64_t units)
{
    ++stream->chunks;
    stream->generated += units;
    if (++stream->choice == stream->answer->chat->choices) {
        stream->choice = 0;
        stream->index += units;
    }
}

static void next_text_chunks(struct sim_stream *stream, struct sim_event *event)
{
    const struct sim_answer *answer = stream->answer;
    const struct sim_directive *directive = &answer->chat->directive;
    char *to = stream->burst;
    for (int64_t i = 0; i < directive->burst && stream->index < answer->units; ++i) {
        if (i != 0 && stream->chunks == directive->drop_after)
            break;
        int64_t units = smaller(directive->chunk_tokens, answer->units - stream->index);
        to = stream->chunks + 1 == directive->malformed ? put_broken_chunk(to, stream)
                                                        : put_text_chunk(to, stream, units);
        advance(stream, units);
    }
    *event = (struct sim_event){.pieces = {tg_text(stream->burst, (size_t)(to - stream->burst))}, .count = 1};
}

bool sim_stream_next(struct sim_stream *stream, struct sim_event *event)
{
    const struct sim_answer *answer = stream->answer;
    if (stream->index >= answer->units)
        return false;
    if (answer->tools.count == 0) {
        next_text_chunks(stream, event);
        return true;
    }
    tool_chunk(stream, stream->choice, stream->index, event);
    if (stream->chunks + 1 == answer->chat->directive.malformed)
        *event = (struct sim_event){
            .pieces = {tg_text(stream->before.data, stream->before.bytes / 2), tg_text_of("\n\n")}, .count = 2};
    advance(stream, 1);
    return true;
}

void sim_stream_end(struct sim_stream *stream, struct sim_event *event)
{
    const struct sim_chat *chat = stream->answer->chat;
    size_t each = stream->before.bytes + 128;
    char *events = tg_arena_alloc(stream->arena, ((size_t)chat->choices + 1) * each + USAGE_BYTES), *to = events;
    for (int64_t choice = 0; choice < chat->choices; ++choice) {
        to = put(to, stream->before);
        to += sprintf(to, "%" PRId64 ",\"delta\":{},\"logprobs\":null,\"finish_reason\":\"%s\"}]%s", choice,
                      finish_reason(stream->answer), end_of_chunk(stream));
    }
    if (chat->wants_usage && !chat->directive.hides_usage) {
        char usage[USAGE_BYTES];
        print_usage(stream->answer, usage);
        /* All but the opening of its first choice. */
        to = put(to, tg_text(stream->before.data, stream->before.bytes - strlen("{\"index\":")));
        to = put_string(put_string(put_string(to, "],\"usage\":"), usage), "}\n\n");
    }
    to = put_string(to, "data: [DONE]\n\n");
    *event = (struct sim_event){.pieces = {tg_text(events, (size_t)(to - events))}, .count = 1};
}
