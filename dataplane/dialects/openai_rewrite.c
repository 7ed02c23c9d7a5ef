#include "dataplane/dialects/openai_rewrite.h"

#include <assert.h>
#include <inttypes.h>

#include "common/codec/json_write.h"

/* `removed` bytes at `at` give way to `text`. */
struct splice {
    size_t at;
    size_t removed;
    struct tg_text text;
};

struct splices {
    struct splice list[4];
    size_t count;
};

static void add(struct splices *splices, struct tg_body_span span, struct tg_text text)
{
    assert(splices->count < sizeof(splices->list) / sizeof(splices->list[0]));
    size_t i = splices->count++;
    for (; i > 0 && splices->list[i - 1].at > span.at; --i)
        splices->list[i] = splices->list[i - 1];
    splices->list[i] = (struct splice){span.at, span.bytes, text};
}

/* As the inside of a JSON string: nearly every model's name is that already. */
static struct tg_text escape(struct tg_arena *arena, struct tg_text text)
{
    size_t plain = 0;
    while (plain < text.bytes && text.data[plain] >= 0x20 && text.data[plain] < 0x7f && text.data[plain] != '"' &&
           text.data[plain] != '\\')
        ++plain;
    if (plain == text.bytes)
        return text;
    struct tg_buf buf;
    struct tg_json_writer writer;
    tg_buf_init(&buf, text.bytes * 6 + 2);
    tg_json_write_init(&writer, &buf);
    tg_json_write_string(&writer, text);
    if (tg_json_write_finish(&writer) != TG_OK)
        assert(!"an escaped byte takes at most six");
    struct tg_text escaped = tg_arena_copy(arena, tg_text(buf.data + 1, buf.bytes - 2));
    tg_buf_deinit(&buf);
    return escaped;
}

static void change_model(struct tg_arena *arena, const struct tg_openai_request *request, struct tg_text upstream_model,
                         struct splices *splices)
{
    if (upstream_model.bytes != 0 && !tg_text_equals(upstream_model, request->model))
        add(splices, request->model_span, escape(arena, upstream_model));
}

static void ask_for_usage(const struct tg_openai_request *request, struct splices *splices)
{
    static const struct tg_text WHOLE = TG_TEXT_LITERAL("\"stream_options\":{\"include_usage\":true},");
    static const struct tg_text VALUE = TG_TEXT_LITERAL("{\"include_usage\":true}");
    static const struct tg_text ONLY = TG_TEXT_LITERAL("\"include_usage\":true");
    static const struct tg_text FIRST = TG_TEXT_LITERAL("\"include_usage\":true,");
    static const struct tg_text TRUE = TG_TEXT_LITERAL("true");
    struct tg_body_span options = request->stream_options_span;
    struct tg_body_span inside = {options.at + 1, 0};
    if (options.bytes == 0)
        add(splices, (struct tg_body_span){request->first_member_at, 0}, WHOLE);
    else if (request->include_usage_span.bytes != 0)
        add(splices, request->include_usage_span, TRUE);
    else if (request->stream_options == TG_STREAM_OPTIONS_NONE)
        add(splices, options, VALUE);
    else
        add(splices, inside, request->stream_options == TG_STREAM_OPTIONS_EMPTY ? ONLY : FIRST);
}

static bool is_null(struct tg_text body, struct tg_body_span span)
{
    return body.data[span.at] == 'n';
}

/* Of two fields one that is null stays so: providers refuse a request that sets both. */
static void limit_output(struct tg_arena *arena, struct tg_text body, const struct tg_openai_request *request,
                         int64_t tokens, const char *field, struct splices *splices)
{
    struct tg_text number = tg_arena_printf(arena, "%" PRId64, tokens);
    bool has_old = request->max_tokens_span.bytes != 0, has_new = request->max_completion_tokens_span.bytes != 0;
    bool has_both = has_old && has_new;
    bool keeps_old = has_both && is_null(body, request->max_tokens_span);
    bool keeps_new = has_both && !keeps_old && is_null(body, request->max_completion_tokens_span);
    if (has_old && !keeps_old)
        add(splices, request->max_tokens_span, number);
    if (has_new && !keeps_new)
        add(splices, request->max_completion_tokens_span, number);
    if (!has_old && !has_new)
        add(splices, (struct tg_body_span){request->first_member_at, 0},
            tg_arena_printf(arena, "\"%s\":%" PRId64 ",", field, tokens));
}

static void add_piece(struct tg_openai_body *rewritten, struct tg_text piece)
{
    if (piece.bytes == 0)
        return;
    rewritten->pieces[rewritten->piece_count++] = piece;
    rewritten->bytes += piece.bytes;
}

void tg_openai_rewrite(struct tg_arena *arena, struct tg_text body, const struct tg_openai_request *request,
                       const struct tg_openai_changes *changes, struct tg_openai_body *rewritten)
{
    struct splices splices = {.count = 0};
    change_model(arena, request, changes->upstream_model, &splices);
    if (changes->asks_for_usage && !request->wants_usage)
        ask_for_usage(request, &splices);
    if (changes->max_output_tokens > 0)
        limit_output(arena, body, request, changes->max_output_tokens, changes->maximum_field, &splices);

    rewritten->piece_count = 0;
    rewritten->bytes = 0;
    size_t at = 0;
    for (size_t i = 0; i < splices.count; ++i) {
        const struct splice *splice = &splices.list[i];
        add_piece(rewritten, tg_text(body.data + at, splice->at - at));
        add_piece(rewritten, splice->text);
        at = splice->at + splice->removed;
    }
    add_piece(rewritten, tg_text(body.data + at, body.bytes - at));
}

static bool is_host_or_below(struct tg_text host, const char *domain)
{
    struct tg_text name = tg_text_of(domain);
    if (host.bytes < name.bytes)
        return false;
    struct tg_text tail = tg_text(host.data + host.bytes - name.bytes, name.bytes);
    return tg_text_equals_nocase(tail, name) && (host.bytes == name.bytes || tail.data[-1] == '.');
}

const char *tg_openai_maximum_field(struct tg_text provider_host)
{
    return is_host_or_below(provider_host, "openai.com") || is_host_or_below(provider_host, "openai.azure.com")
               ? "max_completion_tokens"
               : "max_tokens";
}
