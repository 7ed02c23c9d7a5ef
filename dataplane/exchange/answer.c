/* Hands answers to the server: which header fields they get, and when bytes move on. */
#include <assert.h>

#include "common/base/money.h"
#include "common/base/time.h"
#include "dataplane/exchange/answer_internal.h"

enum {
    MAX_NUMBERS = TG_USAGE_KIND_COUNT + 4,
    MAX_HEADERS = TG_UPSTREAM_PASSED_HEADERS + 16 + MAX_NUMBERS,
    NUMBER_BYTES = 40
};

struct fields {
    struct tg_http_header list[MAX_HEADERS];
    size_t count;
    char numbers[MAX_NUMBERS][NUMBER_BYTES];
    size_t number_count;
};

static void add(struct fields *fields, const char *name, struct tg_text value)
{
    assert(fields->count < MAX_HEADERS);
    fields->list[fields->count++] = (struct tg_http_header){tg_text_of(name), value};
}

/* Decimal digits from the end of `out` backwards. */
static char *digits_before(char *end, uint64_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return end;
}

static void add_number(struct fields *fields, const char *name, int64_t number)
{
    assert(fields->number_count < MAX_NUMBERS);
    char *end = fields->numbers[fields->number_count++] + NUMBER_BYTES;
    char *begin = digits_before(end, number < 0 ? 0 : (uint64_t)number);
    add(fields, name, tg_text(begin, (size_t)(end - begin)));
}

/* Pico-dollars as a decimal number of dollars without needless zeros: "0.000027". */
static void add_usd(struct fields *fields, const char *name, int64_t amount_pusd)
{
    char *end = fields->numbers[fields->number_count++] + NUMBER_BYTES;
    char *last = end;
    uint64_t whole = (uint64_t)amount_pusd / (uint64_t)TG_PUSD_PER_USD;
    uint64_t fraction = (uint64_t)amount_pusd % (uint64_t)TG_PUSD_PER_USD;
    char *begin = end;
    if (fraction != 0) {
        char *point = end - 13; /* twelve places and the point */
        begin = digits_before(end, fraction);
        while (begin > point + 1)
            *--begin = '0';
        *--begin = '.';
        while (last[-1] == '0')
            --last;
    }
    begin = digits_before(begin, whole);
    add(fields, name, tg_text(begin, (size_t)(last - begin)));
}

/* Every answer says which request it belongs to and by which revision it was decided. */
static void add_common(struct fields *fields, const struct tg_exchange *exchange)
{
    add(fields, "x-request-id", tg_text(exchange->id_text, TG_ID_TEXT_BYTES - 1));
    if (exchange->snapshot != NULL)
        add(fields, "x-tollgate-revision", tg_text_of(exchange->snapshot->revision_text));
    if (exchange->reservation_state != TG_RESERVATION_NONE && exchange->reservation.is_clamped)
        add_number(fields, "x-tollgate-clamped-max-tokens", exchange->reservation.output_tokens);
}

/* Of the tokens in both sums, and beside them, the kinds that not every call uses. */
static const char *const detail_names[TG_USAGE_KIND_COUNT] = {
    [TG_USAGE_CACHED_INPUT] = "x-tollgate-cached-input-tokens",
    [TG_USAGE_CACHE_WRITE_5M] = "x-tollgate-cache-write-5m-tokens",
    [TG_USAGE_CACHE_WRITE_1H] = "x-tollgate-cache-write-1h-tokens",
    [TG_USAGE_INPUT_AUDIO] = "x-tollgate-input-audio-tokens",
    [TG_USAGE_CACHED_INPUT_AUDIO] = "x-tollgate-cached-input-audio-tokens",
    [TG_USAGE_INPUT_IMAGE] = "x-tollgate-input-image-tokens",
    [TG_USAGE_REASONING] = "x-tollgate-reasoning-tokens",
    [TG_USAGE_OUTPUT_AUDIO] = "x-tollgate-output-audio-tokens",
    [TG_USAGE_OUTPUT_IMAGE] = "x-tollgate-output-image-tokens",
    [TG_USAGE_IMAGES] = "x-tollgate-images",
    [TG_USAGE_AUDIO_MS] = "x-tollgate-audio-ms",
    [TG_USAGE_CHARACTERS] = "x-tollgate-characters",
    [TG_USAGE_WEB_SEARCHES] = "x-tollgate-web-searches",
    [TG_USAGE_SEARCH_UNITS] = "x-tollgate-search-units",
};

static void add_usage(struct fields *fields, const struct tg_exchange *exchange)
{
    add_number(fields, "x-tollgate-input-tokens", tg_usage_total_input(&exchange->usage));
    add_number(fields, "x-tollgate-output-tokens", tg_usage_total_output(&exchange->usage));
    for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
        if (exchange->usage.of[kind] != 0 && detail_names[kind] != NULL)
            add_number(fields, detail_names[kind], exchange->usage.of[kind]);
    add_usd(fields, "x-tollgate-cost-usd", exchange->cost_pusd);
    if (exchange->is_unpriced)
        add(fields, "x-tollgate-unpriced", tg_text("true", 4));
}

static bool is_of_body(struct tg_text name)
{
    return tg_text_equals_nocase(name, tg_text("content-type", 12)) ||
           tg_text_equals_nocase(name, tg_text("x-amzn-errortype", 16));
}

static const char *stream_type(enum tg_framing framing)
{
    return framing == TG_FRAMING_AWS   ? "application/vnd.amazon.eventstream"
           : framing == TG_FRAMING_SSE ? "text/event-stream; charset=utf-8"
                                       : "application/json";
}

/* Of a translated answer the fields that speak of its body are the gateway's own. */
static void add_passed(struct fields *fields, const struct tg_exchange *exchange)
{
    const struct tg_upstream_response *response = &exchange->call.response;
    bool is_translated = exchange->upstream_dialect != exchange->client_dialect;
    for (size_t i = 0; i < response->passed_count && fields->count < MAX_HEADERS - 2; ++i)
        if (!is_translated || !is_of_body(response->passed[i].name))
            fields->list[fields->count++] = response->passed[i];
    if (!is_translated)
        return;
    bool is_stream = exchange->asked.is_streaming && exchange->call.status < 300;
    add(fields, "content-type", tg_text_of(is_stream ? stream_type(exchange->client_framing) : "application/json"));
    if (exchange->dropped.bytes != 0)
        add(fields, "x-tollgate-dropped", exchange->dropped);
}

static void note_first_byte(struct tg_exchange *exchange)
{
    if (exchange->first_byte_ns == 0)
        exchange->first_byte_ns = tg_time_monotonic_ns();
}

static void answer_own(struct tg_exchange *exchange)
{
    struct fields fields = {.count = 0};
    add_common(&fields, exchange);
    add(&fields, "content-type", tg_text("application/json", sizeof("application/json") - 1));
    for (size_t i = 0; i < exchange->answer.extra_count; ++i)
        fields.list[fields.count++] = exchange->answer.extra[i];
    tg_http_respond(exchange->request, exchange->answer.status, fields.list, fields.count, exchange->answer.body);
}

void exchange_answer_whole(struct tg_exchange *exchange)
{
    if (exchange->answer.status != 0) {
        answer_own(exchange);
        return;
    }
    struct fields fields;
    fields.count = fields.number_count = 0;
    add_common(&fields, exchange);
    if (!exchange->is_estimated)
        add_usage(&fields, exchange);
    add_passed(&fields, exchange);
    /* A small answer came in one piece and is passed on from where it lies. */
    struct tg_text body = exchange->outbox.bytes == 0 ? exchange->call.piece : tg_buf_text(&exchange->outbox);
    tg_http_respond(exchange->request, exchange->call.status, fields.list, fields.count, body);
    exchange->outbox.bytes = 0;
}

void tg_exchange_begin_relay(struct tg_exchange *exchange, enum tg_relay relay, int64_t content_length)
{
    struct fields fields;
    fields.count = fields.number_count = 0;
    add_common(&fields, exchange);
    add_passed(&fields, exchange);
    note_first_byte(exchange);
    exchange->relay = relay;
    exchange->http_status = exchange->call.status;
    tg_exchange_move(exchange, TG_EXCHANGE_RELAYING);
    tg_http_start(exchange->request, exchange->call.status, fields.list, fields.count, content_length);
}

/* With a length announced the client knows by itself when the answer is whole, so the last byte waits for the record.
 */
static size_t held_back_bytes(const struct tg_exchange *exchange)
{
    return exchange->relay == TG_RELAY_BYTES && exchange->call.content_length >= 0 ? 1 : 0;
}

void tg_exchange_flush(struct tg_exchange *exchange)
{
    struct tg_buf *outbox = &exchange->outbox;
    size_t held_bytes = held_back_bytes(exchange);
    if (outbox->bytes > held_bytes && tg_http_is_writable(exchange->request)) {
        struct tg_text ready = tg_text(outbox->data, outbox->bytes - held_bytes);
        tg_http_forward(exchange->request, &ready, 1, false);
        tg_buf_consume(outbox, ready.bytes);
    }
    if (outbox->bytes >= TG_EXCHANGE_OUTBOX_HIGH_BYTES)
        tg_call_pause(&exchange->call);
    else
        tg_call_resume(&exchange->call);
}

static struct tg_text error_event(struct tg_exchange *exchange)
{
    struct tg_answer_error said = tg_client_error_said(exchange->arena, &exchange->error);
    return tg_answer_stream_error(&exchange->stream, exchange->arena, &said);
}

bool exchange_answer_end_relay(struct tg_exchange *exchange)
{
    struct tg_text pieces[3];
    size_t count = 0;
    bool is_cut = exchange->error.code != TG_ERROR_NONE;
    if (!tg_http_is_writable(exchange->request))
        return false;
    if (is_cut && exchange->relay == TG_RELAY_BYTES) {
        tg_http_abort(exchange->request);
        return true;
    }
    if (exchange->outbox.bytes != 0)
        pieces[count++] = tg_buf_text(&exchange->outbox);
    if (is_cut && !tg_answer_stream_has_said_all(&exchange->stream))
        pieces[count++] = error_event(exchange);
    else if (!is_cut && exchange->relay == TG_RELAY_EVENTS && tg_answer_stream_end(&exchange->stream).bytes != 0)
        pieces[count++] = tg_answer_stream_end(&exchange->stream);
    tg_http_forward(exchange->request, pieces, count, true);
    exchange->outbox.bytes = 0;
    return true;
}
