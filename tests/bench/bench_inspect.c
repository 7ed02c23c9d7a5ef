/* What dialects cost the processor: reading 1 MB requests in GB/s, then for every pair of dialects a conversation of
 * 100 KB written anew and a delta of a stream translated: `build/release/bench/bench_inspect`. Where client and
 * provider speak the same, the request is edited and the stream watched, as the gateway does. Each figure is the best
 * of many runs; not a test, as timings on a shared machine prove nothing by themselves. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/time.h"
#include "dataplane/dialects/canonical/passage.h"
#include "dataplane/dialects/canonical/translation.h"
#include "dataplane/dialects/dialects.h"

enum {
    PROMPT_BYTES = 1 << 20,
    CONVERSATION_BYTES = 100 << 10,
    MAX_BYTES = 16 << 20,
    RUN_MS = 60,
    DELTAS = 256,
    MAX_BLOCKS = DELTAS + 64,
};

#define MODEL "gpt-4o-mini"

/* ---- requests ---- */

static const char prose[] = "The quick brown fox jumps over the lazy dog. ";
static const char escaped[] = "if (größe == \"ja\\\\n\")\n\treturn „日本語“;\n";
static const char base64[] = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ+/8EUHwAAAC=";

/* A chat request whose messages have `message_bytes` of text each, in turns; or one image. */
static struct tg_buf make_chat(const char *sentence, size_t message_bytes, size_t total_bytes, bool is_image)
{
    struct tg_buf body, content;
    struct tg_json_writer writer;
    tg_buf_init(&body, MAX_BYTES);
    tg_buf_init(&content, MAX_BYTES);
    if (is_image && tg_buf_append(&content, tg_text_of("data:image/png;base64,")) != TG_OK)
        abort();
    while (content.bytes < message_bytes)
        if (tg_buf_append(&content, tg_text_of(sentence)) != TG_OK)
            abort();
    tg_json_write_init(&writer, &body);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "model");
    tg_json_write_string(&writer, tg_text_of(MODEL));
    tg_json_write_key(&writer, "max_tokens");
    tg_json_write_i64(&writer, 256);
    tg_json_write_key(&writer, "messages");
    tg_json_write_array_begin(&writer);
    for (size_t i = 0; body.bytes < total_bytes; ++i) {
        tg_json_write_object_begin(&writer);
        tg_json_write_key(&writer, "role");
        tg_json_write_string(&writer, tg_text_of(i % 2 == 0 ? "user" : "assistant"));
        tg_json_write_key(&writer, "content");
        if (is_image) {
            tg_json_write_array_begin(&writer);
            tg_json_write_object_begin(&writer);
            tg_json_write_key(&writer, "type");
            tg_json_write_string(&writer, tg_text_of("image_url"));
            tg_json_write_key(&writer, "image_url");
            tg_json_write_object_begin(&writer);
            tg_json_write_key(&writer, "url");
            tg_json_write_string(&writer, tg_buf_text(&content));
            tg_json_write_object_end(&writer);
            tg_json_write_object_end(&writer);
            tg_json_write_array_end(&writer);
        } else {
            tg_json_write_string(&writer, tg_buf_text(&content));
        }
        tg_json_write_object_end(&writer);
    }
    tg_json_write_array_end(&writer);
    tg_json_write_object_end(&writer);
    if (tg_json_write_finish(&writer) != TG_OK)
        abort();
    tg_buf_deinit(&content);
    return body;
}

static void read_body(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body,
                      struct tg_model_request *request)
{
    struct tg_client_error error;
    struct tg_request_source source = {.arena = arena, .path_model = tg_text_of(MODEL), .body = body};
    if (!dialect->read_request(&source, request, &error) || request->untranslatable != NULL) {
        fprintf(stderr, "%s does not take the request: %s\n", dialect->name,
                request->untranslatable != NULL ? request->untranslatable : "invalid");
        abort();
    }
}

static void write_body(const struct tg_dialect *dialect, struct tg_arena *arena, const struct tg_model_request *request,
                       struct tg_buf *out)
{
    struct tg_client_error error;
    struct tg_loss loss = {.policy = TG_LOSS_REFUSE_MEANING};
    const struct tg_request_target target = {.upstream_model = tg_text_of(MODEL), .model_max_output_tokens = 256};
    if (!dialect->write_request(arena, request, &target, &loss, out, &error) || loss.refused.bytes != 0) {
        fprintf(stderr, "%s cannot say the request\n", dialect->name);
        abort();
    }
}

/* The same prompt as a client of that dialect sends it. */
static struct tg_buf as_said_in(const struct tg_dialect *dialect, struct tg_text chat)
{
    struct tg_arena arena;
    struct tg_model_request request;
    struct tg_buf body;
    tg_arena_init(&arena);
    tg_buf_init(&body, MAX_BYTES);
    read_body(tg_dialect_of(TG_DIALECT_CHAT), &arena, chat, &request);
    write_body(dialect, &arena, &request, &body);
    tg_arena_deinit(&arena);
    return body;
}

/* ---- the clock ---- */

struct clock {
    int64_t end_ms, start_ns, best_ns;
};

static struct clock clock_new(void)
{
    return (struct clock){.end_ms = tg_time_monotonic_ms() + RUN_MS, .best_ns = INT64_MAX};
}

static void clock_start(struct clock *clock)
{
    clock->start_ns = tg_time_monotonic_ns();
}

/* False when it has run long enough. */
static bool clock_stop(struct clock *clock)
{
    int64_t spent_ns = tg_time_monotonic_ns() - clock->start_ns;
    if (spent_ns < clock->best_ns)
        clock->best_ns = spent_ns;
    return tg_time_monotonic_ms() < clock->end_ms;
}

/* ---- what is measured ---- */

static double read_gb_per_s(const struct tg_dialect *dialect, struct tg_text chat)
{
    struct tg_buf body = as_said_in(dialect, chat);
    struct clock clock = clock_new();
    struct tg_arena arena;
    tg_arena_init(&arena);
    do {
        struct tg_model_request request;
        clock_start(&clock);
        read_body(dialect, &arena, tg_buf_text(&body), &request);
        tg_arena_deinit(&arena);
    } while (clock_stop(&clock));
    double rate = (double)body.bytes / (double)clock.best_ns;
    tg_buf_deinit(&body);
    return rate;
}

static double write_us(const struct tg_dialect *client, const struct tg_dialect *provider, struct tg_text chat)
{
    const struct tg_request_target target = {.upstream_model = tg_text_of("another-model"), .max_output_tokens = 200};
    struct tg_buf body = as_said_in(client, chat);
    struct clock clock = clock_new();
    struct tg_arena arena, scratch;
    struct tg_model_request request;
    tg_arena_init(&arena);
    tg_arena_init(&scratch);
    read_body(client, &arena, tg_buf_text(&body), &request);
    do {
        struct tg_buf out;
        struct tg_body edited;
        clock_start(&clock);
        tg_buf_init(&out, MAX_BYTES);
        if (client == provider)
            client->edit_request(&scratch, tg_buf_text(&body), &request, &target, &edited);
        else
            write_body(provider, &scratch, &request, &out);
        tg_buf_deinit(&out);
        tg_arena_deinit(&scratch);
    } while (clock_stop(&clock));
    tg_arena_deinit(&arena);
    tg_buf_deinit(&body);
    return (double)clock.best_ns / 1000;
}

/* A stream as a provider of a dialect tells it, and where its blocks end: they come one by one. */
struct stream {
    struct tg_buf bytes;
    size_t ends[MAX_BLOCKS];
    size_t count;
};

static enum tg_framing framing_of(const struct tg_dialect *dialect)
{
    return dialect->id == TG_DIALECT_CONVERSE ? TG_FRAMING_AWS : TG_FRAMING_SSE;
}

static struct tg_encode_options options_of(const struct tg_dialect *dialect, const struct tg_model_request *request)
{
    return (struct tg_encode_options){.request_id = tg_text_of("0192f000-0000-7000-8000-000000000001"),
                                      .model = tg_text_of(MODEL),
                                      .unix_ms = 1767225600000,
                                      .is_streaming = true,
                                      .framing = framing_of(dialect),
                                      .wants_usage = true,
                                      .request = request};
}

static void tell(struct stream *stream, const struct tg_dialect *dialect, void *encoder, struct tg_answer_event event)
{
    size_t before = stream->bytes.bytes;
    if (dialect->encode(encoder, &event, &stream->bytes) != TG_OK)
        abort();
    if (stream->bytes.bytes != before)
        stream->ends[stream->count++] = stream->bytes.bytes;
}

#define TELL(...) tell(stream, dialect, encoder, (struct tg_answer_event){__VA_ARGS__})

static void make_stream(struct stream *stream, const struct tg_dialect *dialect)
{
    static const struct tg_usage usage = {.of = {[TG_USAGE_INPUT] = 200, [TG_USAGE_OUTPUT] = DELTAS}};
    struct tg_arena arena;
    struct tg_model_request request = {.choices = 1, .is_streaming = true};
    struct tg_encode_options options = options_of(dialect, &request);
    tg_arena_init(&arena);
    tg_buf_init(&stream->bytes, MAX_BYTES);
    stream->count = 0;
    void *encoder = dialect->encoder_new(&arena, &options);
    TELL(.kind = TG_ANSWER_START, .id = tg_json_string_literal("answer-1"), .model = tg_json_string_literal(MODEL));
    TELL(.kind = TG_ANSWER_PART_BEGIN, .part_kind = TG_PART_TEXT);
    for (int i = 0; i < DELTAS; ++i)
        TELL(.kind = TG_ANSWER_DELTA, .part_kind = TG_PART_TEXT, .text = tg_json_string_literal(" lorem"));
    TELL(.kind = TG_ANSWER_PART_END, .part_kind = TG_PART_TEXT);
    TELL(.kind = TG_ANSWER_FINISH, .finish = TG_FINISH_STOP);
    TELL(.kind = TG_ANSWER_USAGE, .usage = &usage);
    TELL(.kind = TG_ANSWER_END);
    tg_arena_deinit(&arena);
}

static void must(enum tg_status status)
{
    if (status != TG_OK)
        abort();
}

static void translate(const struct stream *stream, const struct tg_dialect *client, const struct tg_dialect *provider,
                      struct tg_buf *out)
{
    struct tg_arena arena;
    struct tg_translation translation;
    struct tg_model_request request = {.choices = 1, .is_streaming = true};
    struct tg_encode_options options = options_of(client, &request);
    tg_arena_init(&arena);
    tg_translation_init(&translation, provider, client, framing_of(provider), &arena, &options);
    for (size_t i = 0, at = 0; i < stream->count; at = stream->ends[i++]) {
        must(tg_translation_feed(&translation, tg_text(stream->bytes.data + at, stream->ends[i] - at), out));
        out->bytes = 0; /* sent */
    }
    must(tg_translation_finish(&translation, out));
    if (!translation.seen.has_usage || translation.seen.has_error)
        abort();
    tg_translation_deinit(&translation);
    tg_arena_deinit(&arena);
}

static void watch(const struct stream *stream, const struct tg_dialect *dialect, struct tg_buf *out)
{
    struct tg_passage passage;
    tg_passage_init_framed(&passage, dialect, framing_of(dialect), framing_of(dialect), false);
    for (size_t i = 0, at = 0; i < stream->count; at = stream->ends[i++]) {
        must(tg_passage_feed(&passage, tg_text(stream->bytes.data + at, stream->ends[i] - at), out));
        out->bytes = 0;
    }
    must(tg_passage_finish(&passage, out));
    if (!passage.seen.has_usage || passage.seen.has_error)
        abort();
    tg_passage_deinit(&passage);
}

/* Of a whole stream, shared among its deltas. */
static double delta_ns(const struct tg_dialect *client, const struct tg_dialect *provider)
{
    struct stream stream;
    struct tg_buf out;
    struct clock clock = clock_new();
    make_stream(&stream, provider);
    tg_buf_init(&out, MAX_BYTES);
    do {
        clock_start(&clock);
        if (client == provider)
            watch(&stream, client, &out);
        else
            translate(&stream, client, provider, &out);
    } while (clock_stop(&clock));
    tg_buf_deinit(&out);
    tg_buf_deinit(&stream.bytes);
    return (double)clock.best_ns / DELTAS;
}

/* ---- what is printed ---- */

static void print_head(const char *what)
{
    printf("%-34s", what);
    for (unsigned id = 0; id < TG_DIALECT_COUNT; ++id)
        printf(" %10s", tg_dialect_of((enum tg_dialect_id)id)->name);
    printf("\n");
}

static void print_reading(const char *prompt, struct tg_buf chat)
{
    printf("%-34s", prompt);
    for (unsigned id = 0; id < TG_DIALECT_COUNT; ++id)
        printf(" %10.2f", read_gb_per_s(tg_dialect_of((enum tg_dialect_id)id), tg_buf_text(&chat)));
    printf("\n");
    tg_buf_deinit(&chat);
}

static void print_pairs(const struct tg_buf *conversation)
{
    for (unsigned client = 0; client < TG_DIALECT_COUNT; ++client) {
        const struct tg_dialect *from = tg_dialect_of((enum tg_dialect_id)client);
        printf("client: %-26s", from->name);
        for (unsigned provider = 0; provider < TG_DIALECT_COUNT; ++provider) {
            const struct tg_dialect *to = tg_dialect_of((enum tg_dialect_id)provider);
            printf(" %10.1f",
                   conversation == NULL ? delta_ns(from, to) : write_us(from, to, tg_buf_text(conversation)));
        }
        printf("\n");
    }
}

int main(void)
{
    struct tg_buf conversation = make_chat(escaped, 1000, CONVERSATION_BYTES, false);
    print_head("read a request of 1 MB, GB/s");
    print_reading("one text, ASCII", make_chat(prose, PROMPT_BYTES, PROMPT_BYTES, false));
    print_reading("one text, escapes and beyond ASCII", make_chat(escaped, PROMPT_BYTES, PROMPT_BYTES, false));
    print_reading("messages of 16 bytes", make_chat("Hello, gateway!\n", 16, PROMPT_BYTES, false));
    print_reading("an image in base64", make_chat(base64, PROMPT_BYTES, PROMPT_BYTES, true));
    print_head("\nwrite one of 100 KB for, µs");
    print_pairs(&conversation);
    print_head("\na delta of a stream from, ns");
    print_pairs(NULL);
    tg_buf_deinit(&conversation);
    return 0;
}
