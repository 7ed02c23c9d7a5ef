#include "dataplane/dialects/chat/usage_internal.h"

#include "common/base/money.h"

/* No call has more of any kind: a provider that says so is not believed. */
enum { MOST_TOKENS = INT32_MAX };

/* Names are compared as they are written: servers do not escape them. */
struct number {
    struct tg_text name;
    uint8_t offset; /* in struct chat_reported */
};

static const struct number of_usage[] = {
    {TG_TEXT_LITERAL("prompt_tokens"), offsetof(struct chat_reported, prompt)},
    {TG_TEXT_LITERAL("completion_tokens"), offsetof(struct chat_reported, completion)},
    {TG_TEXT_LITERAL("total_tokens"), offsetof(struct chat_reported, total)},
    {TG_TEXT_LITERAL("prompt_cache_hit_tokens"), offsetof(struct chat_reported, cached)},
    {TG_TEXT_LITERAL("num_cached_tokens"), offsetof(struct chat_reported, cached)},
    {TG_TEXT_LITERAL("reasoning_tokens"), offsetof(struct chat_reported, reasoning)},
    {TG_TEXT_LITERAL("citation_tokens"), offsetof(struct chat_reported, citations)},
    {TG_TEXT_LITERAL("num_search_queries"), offsetof(struct chat_reported, searches)},
    {{NULL, 0}, 0},
};
static const struct number of_prompt[] = {
    {TG_TEXT_LITERAL("cached_tokens"), offsetof(struct chat_reported, cached)},
    {TG_TEXT_LITERAL("audio_tokens"), offsetof(struct chat_reported, input_audio)},
    {TG_TEXT_LITERAL("cache_write_tokens"), offsetof(struct chat_reported, written)},
    {TG_TEXT_LITERAL("image_tokens"), offsetof(struct chat_reported, input_image)},
    {{NULL, 0}, 0},
};
static const struct number of_completion[] = {
    {TG_TEXT_LITERAL("reasoning_tokens"), offsetof(struct chat_reported, reasoning)},
    {TG_TEXT_LITERAL("audio_tokens"), offsetof(struct chat_reported, output_audio)},
    {TG_TEXT_LITERAL("image_tokens"), offsetof(struct chat_reported, output_image)},
    {{NULL, 0}, 0},
};

/* NULL if nothing is known of what stands in `parent`. */
static const struct number *numbers_in(struct tg_text parent)
{
    static const struct tg_text PROMPT = TG_TEXT_LITERAL("prompt_tokens_details");
    static const struct tg_text COMPLETION = TG_TEXT_LITERAL("completion_tokens_details");
    if (parent.bytes == 0)
        return of_usage;
    if (tg_text_equals(parent, PROMPT))
        return of_prompt;
    return tg_text_equals(parent, COMPLETION) ? of_completion : NULL;
}

/* Of the details, what is no number of tokens counts as none, which is the dearer reading. */
void chat_usage_take(struct chat_reported *reported, struct tg_text parent, struct tg_text name, struct tg_text text)
{
    int64_t tokens = 0;
    const struct number *number = numbers_in(parent);
    while (number != NULL && number->name.bytes != 0 && !tg_text_equals(number->name, name))
        ++number;
    if (number == NULL || number->name.bytes == 0)
        return;
    bool is_absurd = tg_json_to_i64(text, &tokens) != TG_OK || tokens < 0 || tokens > MOST_TOKENS;
    if (is_absurd)
        tokens = 0;
    *(int64_t *)(void *)((char *)reported + number->offset) = tokens;
    bool is_prompt = number == &of_usage[0], is_completion = number == &of_usage[1];
    reported->has_prompt |= is_prompt;
    reported->has_completion |= is_completion;
    reported->is_absurd |= is_absurd && (is_prompt || is_completion);
}

/* At most what is left of a sum, which shrinks by it: parts that overlap or exceed the whole count nothing twice. */
static int64_t take_part(int64_t *left, int64_t part)
{
    if (part > *left)
        part = *left;
    *left -= part;
    return part;
}

bool chat_usage_count_once(const struct chat_reported *reported, struct tg_usage *usage)
{
    if (!reported->has_prompt || reported->is_absurd)
        return false;
    int64_t prompt = reported->prompt, completion = reported->completion, reasoning = reported->reasoning;
    int64_t total = reported->total;
    if (!reported->has_completion && total > prompt)
        completion = total - prompt;
    bool is_beside = reasoning > completion || prompt + completion + reasoning == total;
    if (reasoning == 0 && total > prompt + completion) {
        is_beside = true;
        reasoning = total - prompt - completion;
    }
    memset(usage, 0, sizeof(*usage));
    usage->of[TG_USAGE_CACHED_INPUT] = take_part(&prompt, reported->cached);
    usage->of[TG_USAGE_CACHE_WRITE_5M] = take_part(&prompt, reported->written);
    usage->of[TG_USAGE_INPUT_AUDIO] = take_part(&prompt, reported->input_audio);
    usage->of[TG_USAGE_INPUT_IMAGE] = take_part(&prompt, reported->input_image);
    usage->of[TG_USAGE_INPUT] = prompt + reported->citations;
    usage->of[TG_USAGE_REASONING] = is_beside ? reasoning : take_part(&completion, reasoning);
    usage->of[TG_USAGE_OUTPUT_AUDIO] = take_part(&completion, reported->output_audio);
    usage->of[TG_USAGE_OUTPUT_IMAGE] = take_part(&completion, reported->output_image);
    usage->of[TG_USAGE_OUTPUT] = completion;
    usage->of[TG_USAGE_WEB_SEARCHES] = reported->searches;
    return true;
}

bool chat_usage_read(struct tg_json_scan *scan, const struct tg_json_token *object, struct tg_usage *usage)
{
    struct chat_reported reported = {.prompt = 0};
    struct tg_json_token member, detail;
    while (tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind == TG_JSON_NUMBER)
            chat_usage_take(&reported, tg_text(NULL, 0), member.key, member.value);
        while (member.event == TG_JSON_BEGIN && tg_json_scan_next_in(scan, &member, &detail))
            if (detail.kind == TG_JSON_NUMBER && member.kind == TG_JSON_OBJECT)
                chat_usage_take(&reported, member.key, detail.key, detail.value);
    }
    return chat_usage_count_once(&reported, usage);
}

static void write_number(struct tg_json_writer *writer, const char *key, int64_t number)
{
    tg_json_write_key(writer, key);
    tg_json_write_i64(writer, number);
}

void chat_usage_write(struct tg_json_writer *writer, const struct tg_usage *usage)
{
    int64_t input = tg_usage_total_input(usage), output = tg_usage_total_output(usage);
    tg_json_write_object_begin(writer);
    write_number(writer, "prompt_tokens", input);
    write_number(writer, "completion_tokens", output);
    write_number(writer, "total_tokens", tg_money_add(input, output));
    tg_json_write_key(writer, "prompt_tokens_details");
    tg_json_write_object_begin(writer);
    write_number(writer, "cached_tokens",
                 tg_money_add(usage->of[TG_USAGE_CACHED_INPUT], usage->of[TG_USAGE_CACHED_INPUT_AUDIO]));
    write_number(writer, "audio_tokens", usage->of[TG_USAGE_INPUT_AUDIO]);
    write_number(writer, "cache_write_tokens",
                 tg_money_add(usage->of[TG_USAGE_CACHE_WRITE_5M], usage->of[TG_USAGE_CACHE_WRITE_1H]));
    if (usage->of[TG_USAGE_INPUT_IMAGE] != 0)
        write_number(writer, "image_tokens", usage->of[TG_USAGE_INPUT_IMAGE]);
    tg_json_write_object_end(writer);
    tg_json_write_key(writer, "completion_tokens_details");
    tg_json_write_object_begin(writer);
    write_number(writer, "reasoning_tokens", usage->of[TG_USAGE_REASONING]);
    write_number(writer, "audio_tokens", usage->of[TG_USAGE_OUTPUT_AUDIO]);
    if (usage->of[TG_USAGE_OUTPUT_IMAGE] != 0)
        write_number(writer, "image_tokens", usage->of[TG_USAGE_OUTPUT_IMAGE]);
    write_number(writer, "accepted_prediction_tokens", 0);
    write_number(writer, "rejected_prediction_tokens", 0);
    tg_json_write_object_end(writer);
    if (usage->of[TG_USAGE_WEB_SEARCHES] != 0)
        write_number(writer, "num_search_queries", usage->of[TG_USAGE_WEB_SEARCHES]);
    tg_json_write_object_end(writer);
}
