/* Speech from text, text from speech. */
#include "dataplane/dialects/operations/operations_internal.h"

/* ---- speech ---- */

/* Unicode characters of a string as written: octets that begin one, escapes as one. */
static int64_t count_characters(struct tg_text written)
{
    int64_t count = 0;
    for (size_t i = 0; i < written.bytes; ++i) {
        unsigned char c = (unsigned char)written.data[i];
        if ((c & 0xc0) == 0x80)
            continue;
        ++count;
        if (c == '\\')
            i += i + 1 < written.bytes && written.data[i + 1] == 'u' ? 5 : 1;
    }
    return count;
}

static void read_input(struct tg_reading *reading, struct tg_json_token *token)
{
    if (token->kind != TG_JSON_STRING) {
        tg_reading_fail_type(reading, "input", "a string", token);
        return;
    }
    reading->request->characters = count_characters(token->value);
    reading->request->prompt_bytes += token->value.bytes;
}

static void read_stream_format(struct tg_reading *reading, struct tg_json_token *token)
{
    reading->request->is_streaming = token->kind == TG_JSON_STRING && tg_json_text_is(token->value, "sse");
}

static bool read_speech(const struct tg_request_source *source, struct tg_model_request *request,
                        struct tg_client_error *error)
{
    static const struct operations_rule rules[] = {
        {"model", operations_read_model, true},
        {"input", read_input, true},
        {"instructions", operations_read_prompt, false},
        {"stream_format", read_stream_format, false},
    };
    return operations_read(source, request, error, TG_DIALECT_CHAT, rules, 4);
}

/* The answer is sound and tells nothing. */
static void watch_speech(struct tg_seen *seen, struct tg_text body)
{
    (void)body;
    seen->is_done = true;
}

static bool tail_of_speech(struct tg_text tail, struct tg_usage *usage)
{
    (void)tail, (void)usage;
    return false;
}

/* ---- streams of both: …text.delta, …audio.delta, and a last one, …done, with the usage ---- */

static enum tg_block_fate watch_events(struct tg_seen *seen, struct tg_text data, const char *last,
                                       enum tg_usage_kind output)
{
    struct operations_answer answer;
    if (tg_text_is(tg_text_trim(data), "[DONE]")) {
        seen->is_done = true;
        return TG_BLOCK_HOLD;
    }
    operations_read_answer(data, &answer);
    bool is_last = tg_json_string_is(answer.type, last);
    if (is_last)
        answer.text_bytes = 0; /* all of it again */
    operations_see(seen, &answer, output);
    seen->has_error = seen->has_error || tg_json_string_is(answer.type, "error");
    seen->is_done = seen->is_done || is_last;
    return is_last ? TG_BLOCK_HOLD_SO_FAR : TG_BLOCK_PASS;
}

static enum tg_block_fate watch_speech_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                             struct tg_text data)
{
    (void)hides_usage, (void)name;
    return watch_events(seen, data, "speech.audio.done", TG_USAGE_OUTPUT_AUDIO);
}

static enum tg_block_fate watch_transcription_block(struct tg_seen *seen, bool hides_usage, struct tg_text name,
                                                    struct tg_text data)
{
    (void)hides_usage, (void)name;
    return watch_events(seen, data, "transcript.text.done", TG_USAGE_OUTPUT);
}

const struct tg_dialect tg_operations_speech = {
    .id = TG_DIALECT_CHAT,
    .name = "speech",
    .read_request = read_speech,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = operations_edit,
    .watch_block = watch_speech_block,
    .watch_whole = watch_speech,
    .watch_tail = tail_of_speech,
};

/* ---- transcriptions and translations ---- */

/* Tokens, or seconds; models that tell neither tell how long the sound was in the verbose form. */
static void watch_transcription(struct tg_seen *seen, struct tg_text body)
{
    struct operations_answer answer;
    operations_read_answer(body, &answer);
    operations_see(seen, &answer, TG_USAGE_OUTPUT);
    seen->is_done = true;
    if (!seen->has_usage && answer.duration_ms >= 0) {
        seen->usage.of[TG_USAGE_AUDIO_MS] = answer.duration_ms;
        seen->has_usage = true;
    }
    if (!answer.is_object)
        seen->text_bytes = body.bytes; /* response_format text, srt, vtt */
}

static bool tail_of_transcription(struct tg_text tail, struct tg_usage *usage)
{
    return operations_tail_usage(tail, TG_USAGE_OUTPUT, usage);
}

const struct tg_dialect tg_operations_transcriptions = {
    .id = TG_DIALECT_CHAT,
    .name = "transcriptions",
    .read_request = operations_read_form,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .read_error = tg_chat_read_error,
    .edit_request = operations_edit_form,
    .watch_block = watch_transcription_block,
    .watch_whole = watch_transcription,
    .watch_tail = tail_of_transcription,
};
