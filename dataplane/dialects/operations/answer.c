/* https://platform.openai.com/docs/api-reference/images/object (usage), …/audio/json-object (usage), and
 * https://docs.cohere.com/reference/rerank (meta.billed_units). */
#include "dataplane/dialects/canonical/tail.h"
#include "dataplane/dialects/operations/operations_internal.h"

static const int64_t BOUND = INT64_C(1000000000000);

/* ---- numbers ---- */

struct tally {
    int64_t input, output, total, text, audio, image, cached, output_text, output_audio, output_image;
    int64_t duration_ms;
    bool has_input, has_output, has_total, has_duration, is_absurd;
};

static bool take(struct tally *tally, const struct tg_json_token *token, int64_t *number)
{
    int64_t value;
    if (token->kind == TG_JSON_NULL)
        return false;
    if (token->kind != TG_JSON_NUMBER || tg_json_to_i64(token->value, &value) != TG_OK || value < 0 || value > BOUND) {
        tally->is_absurd = true;
        return false;
    }
    *number = value;
    return true;
}

/* Seconds with a fraction, a number or a string of one, as milliseconds, rounded up; false if it is none. */
static bool take_seconds(struct tg_text text, int64_t *duration_ms)
{
    static const int64_t MOST_SECONDS = 1000000000;
    int64_t ms = 0, scale = 100;
    size_t i = 0;
    bool has_more = false;
    for (; i < text.bytes && text.data[i] >= '0' && text.data[i] <= '9'; ++i) {
        ms = ms * 10 + (text.data[i] - '0');
        if (ms > MOST_SECONDS)
            return false;
    }
    if (i == 0)
        return false;
    ms *= 1000;
    if (i < text.bytes && text.data[i] == '.')
        for (++i; i < text.bytes && text.data[i] >= '0' && text.data[i] <= '9'; ++i, scale /= 10) {
            ms += scale * (text.data[i] - '0');
            has_more = has_more || (scale == 0 && text.data[i] != '0');
        }
    *duration_ms = ms + has_more;
    return i == text.bytes;
}

static void read_details(struct tally *tally, struct tg_json_scan *scan, const struct tg_json_token *object,
                         bool is_output)
{
    struct tg_json_token member;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "text_tokens"))
            take(tally, &member, is_output ? &tally->output_text : &tally->text);
        else if (tg_json_text_is(member.key, "audio_tokens"))
            take(tally, &member, is_output ? &tally->output_audio : &tally->audio);
        else if (tg_json_text_is(member.key, "image_tokens"))
            take(tally, &member, is_output ? &tally->output_image : &tally->image);
        else if (!is_output && tg_json_text_is(member.key, "cached_tokens"))
            take(tally, &member, &tally->cached);
    }
}

static void read_member(struct tally *tally, struct tg_json_scan *scan, const struct tg_json_token *member)
{
    struct tg_text key = member->key;
    if (tg_json_text_is(key, "input_tokens") || tg_json_text_is(key, "prompt_tokens"))
        tally->has_input = take(tally, member, &tally->input) || tally->has_input;
    else if (tg_json_text_is(key, "output_tokens") || tg_json_text_is(key, "completion_tokens"))
        tally->has_output = take(tally, member, &tally->output) || tally->has_output;
    else if (tg_json_text_is(key, "total_tokens"))
        tally->has_total = take(tally, member, &tally->total) || tally->has_total;
    else if (tg_json_text_is(key, "input_tokens_details") || tg_json_text_is(key, "input_token_details") ||
             tg_json_text_is(key, "prompt_tokens_details"))
        read_details(tally, scan, member, false);
    else if (tg_json_text_is(key, "output_tokens_details") || tg_json_text_is(key, "output_token_details") ||
             tg_json_text_is(key, "completion_tokens_details"))
        read_details(tally, scan, member, true);
    else if (tg_json_text_is(key, "seconds"))
        tally->has_duration = take_seconds(member->value, &tally->duration_ms);
}

/* At most what is left of `*rest`, which it is taken from. */
static int64_t part_of(int64_t *rest, int64_t part)
{
    int64_t taken = part < *rest ? part : *rest;
    *rest -= taken;
    return taken;
}

bool operations_usage(struct tg_text object, enum tg_usage_kind output_kind, struct tg_usage *usage)
{
    struct tally tally = {.input = 0};
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, object);
    if (object.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member))
        read_member(&tally, &scan, &member);
    if (tg_json_scan_finish(&scan, NULL) != TG_OK || tally.is_absurd ||
        (!tally.has_input && !tally.has_output && !tally.has_total && !tally.has_duration))
        return false;
    int64_t input = tally.has_input ? tally.input : tally.total > tally.output ? tally.total - tally.output : 0;
    int64_t output = tally.output;
    memset(usage, 0, sizeof(*usage));
    usage->of[TG_USAGE_CACHED_INPUT] = part_of(&input, tally.cached);
    usage->of[TG_USAGE_INPUT_AUDIO] = part_of(&input, tally.audio);
    usage->of[TG_USAGE_INPUT_IMAGE] = part_of(&input, tally.image);
    usage->of[TG_USAGE_INPUT] = input;
    usage->of[TG_USAGE_OUTPUT_IMAGE] = part_of(&output, tally.output_image);
    usage->of[TG_USAGE_OUTPUT_AUDIO] = part_of(&output, tally.output_audio);
    usage->of[TG_USAGE_OUTPUT] = part_of(&output, tally.output_text);
    usage->of[output_kind] += output;
    usage->of[TG_USAGE_AUDIO_MS] = tally.duration_ms;
    return true;
}

bool operations_billed_units(struct tg_text object, struct tg_usage *usage)
{
    struct tally tally = {.input = 0};
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    int64_t searches = 0, images = 0;
    bool is_told = false;
    tg_json_scan_init(&scan, object);
    if (object.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (tg_json_text_is(member.key, "search_units"))
            is_told = take(&tally, &member, &searches) || is_told;
        else if (tg_json_text_is(member.key, "input_tokens"))
            is_told = take(&tally, &member, &tally.input) || is_told;
        else if (tg_json_text_is(member.key, "output_tokens"))
            is_told = take(&tally, &member, &tally.output) || is_told;
        else if (tg_json_text_is(member.key, "image_tokens"))
            is_told = take(&tally, &member, &images) || is_told;
    }
    if (tg_json_scan_finish(&scan, NULL) != TG_OK || tally.is_absurd || !is_told)
        return false;
    memset(usage, 0, sizeof(*usage));
    usage->of[TG_USAGE_SEARCH_UNITS] = searches;
    usage->of[TG_USAGE_INPUT] = tally.input;
    usage->of[TG_USAGE_INPUT_IMAGE] = images;
    usage->of[TG_USAGE_OUTPUT] = tally.output;
    return true;
}

/* ---- the members of an answer ---- */

static struct tg_text object_of(struct tg_json_scan *scan, struct tg_json_token *token)
{
    return token->kind == TG_JSON_OBJECT && tg_json_scan_skip(scan, token) ? token->value : tg_text(NULL, 0);
}

static void read_meta(struct tg_json_scan *scan, const struct tg_json_token *object, struct operations_answer *answer)
{
    struct tg_json_token member;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member))
        if (tg_json_text_is(member.key, "billed_units"))
            answer->billed_units = object_of(scan, &member);
}

static void read_answer_member(struct tg_json_scan *scan, struct tg_json_token *member,
                               struct operations_answer *answer)
{
    struct tg_text key = member->key;
    bool is_string = member->kind == TG_JSON_STRING;
    struct tg_json_token element;
    if (tg_json_text_is(key, "usage")) {
        answer->usage = object_of(scan, member);
    } else if (tg_json_text_is(key, "meta")) {
        read_meta(scan, member, answer);
    } else if (tg_json_text_is(key, "usageMetadata")) {
        answer->usage_metadata = object_of(scan, member);
    } else if (tg_json_text_is(key, "error")) {
        answer->has_error = member->kind == TG_JSON_OBJECT;
    } else if (is_string && tg_json_text_is(key, "type")) {
        answer->type = tg_json_string(member->value);
    } else if (is_string && tg_json_text_is(key, "model")) {
        answer->model = tg_json_string(member->value);
    } else if (is_string && (tg_json_text_is(key, "text") || tg_json_text_is(key, "delta"))) {
        answer->text_bytes += member->value.bytes;
    } else if (tg_json_text_is(key, "duration") && (is_string || member->kind == TG_JSON_NUMBER)) {
        if (!take_seconds(member->value, &answer->duration_ms))
            answer->duration_ms = -1;
    } else if (member->kind == TG_JSON_ARRAY && tg_json_text_is(key, "data")) {
        answer->data_count = 0;
        while (tg_json_scan_next_in(scan, member, &element))
            ++answer->data_count;
    }
}

void operations_read_answer(struct tg_text body, struct operations_answer *answer)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    *answer = (struct operations_answer){.data_count = -1, .duration_ms = -1};
    tg_json_scan_init(&scan, body);
    if (body.bytes == 0 || tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return;
    while (tg_json_scan_next_in(&scan, &root, &member))
        read_answer_member(&scan, &member, answer);
    if (tg_json_scan_finish(&scan, NULL) != TG_OK)
        *answer = (struct operations_answer){.data_count = -1, .duration_ms = -1};
    else
        answer->is_object = true;
}

/* ---- what is seen ---- */

void operations_see(struct tg_seen *seen, const struct operations_answer *answer, enum tg_usage_kind output)
{
    struct tg_usage usage;
    struct tg_text model = answer->model.written;
    if (operations_billed_units(answer->billed_units, &usage) || operations_usage(answer->usage, output, &usage)) {
        seen->usage = usage;
        seen->has_usage = true;
    }
    seen->has_error = seen->has_error || answer->has_error;
    seen->text_bytes += answer->text_bytes;
    if (seen->model_bytes == 0 && model.bytes != 0 && model.bytes <= sizeof(seen->model)) {
        memcpy(seen->model, model.data, model.bytes);
        seen->model_bytes = model.bytes;
    }
}

bool operations_tail_usage(struct tg_text tail, enum tg_usage_kind output, struct tg_usage *usage)
{
    return tail.bytes != 0 && operations_usage(tg_tail_object(tail, tg_text_of("\"usage\"")), output, usage);
}

void operations_watch_free(struct tg_seen *seen, struct tg_text body)
{
    struct operations_answer answer;
    operations_read_answer(body, &answer);
    seen->is_done = answer.is_object;
    seen->has_error = answer.has_error;
    seen->has_usage = true; /* none */
}

bool operations_tail_free(struct tg_text tail, struct tg_usage *usage)
{
    (void)tail;
    memset(usage, 0, sizeof(*usage));
    return true;
}

enum tg_block_fate operations_watch_no_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                             struct tg_text data)
{
    (void)seen, (void)hides_usage, (void)name, (void)data;
    return TG_BLOCK_PASS;
}
