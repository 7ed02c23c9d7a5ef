#include "tests/simulator/directive.h"

static const struct {
    const char *name;
    size_t offset;
    int64_t max;
} words[] = {
    {"latency", offsetof(struct sim_directive, latency_ms), 600000},
    {"drip", offsetof(struct sim_directive, drip_ms), 600000},
    {"tokens", offsetof(struct sim_directive, tokens), 10000000},
    {"chunk_tokens", offsetof(struct sim_directive, chunk_tokens), 64},
    {"burst", offsetof(struct sim_directive, burst), 64},
    {"status", offsetof(struct sim_directive, status), 599},
    {"retry_after", offsetof(struct sim_directive, retry_after_s), 86400},
    {"drop_after", offsetof(struct sim_directive, drop_after), INT64_MAX},
    {"malformed", offsetof(struct sim_directive, malformed), INT64_MAX},
    {"cached", offsetof(struct sim_directive, cached), INT64_MAX},
    {"reasoning", offsetof(struct sim_directive, reasoning), 10000000},
};

static enum tg_status set_word(struct sim_directive *directive, struct tg_text word, struct tg_error *error)
{
    if (tg_text_is(word, "usage=none")) {
        directive->hides_usage = true;
        return TG_OK;
    }
    const char *equals = memchr(word.data, '=', word.bytes);
    size_t name_bytes = equals == NULL ? word.bytes : (size_t)(equals - word.data);
    for (size_t i = 0; equals != NULL && i < sizeof(words) / sizeof(words[0]); ++i) {
        uint64_t value;
        if (!tg_text_is(tg_text(word.data, name_bytes), words[i].name))
            continue;
        if (!tg_text_to_u64(tg_text(equals + 1, word.bytes - name_bytes - 1), &value) || value > (uint64_t)words[i].max)
            break;
        *(int64_t *)((char *)directive + words[i].offset) = (int64_t)value;
        return TG_OK;
    }
    return tg_fail(error, TG_INVALID, "the simulator does not understand \"%.*s\" in [[sim ...]]", TG_TEXT_ARG(word));
}

enum tg_status sim_directive_find(struct tg_text text, struct sim_directive *directive, struct tg_error *error)
{
    *directive =
        (struct sim_directive){.tokens = -1, .chunk_tokens = 1, .burst = 1, .retry_after_s = -1, .drop_after = -1};
    static const char opening[] = "[[sim ";
    const char *at = text.bytes == 0 ? NULL : memmem(text.data, text.bytes, opening, sizeof(opening) - 1);
    if (at == NULL)
        return TG_OK;
    at += sizeof(opening) - 1;
    const char *end = memmem(at, (size_t)(text.data + text.bytes - at), "]]", 2);
    if (end == NULL)
        return tg_fail(error, TG_INVALID, "[[sim ... is not closed by ]]");
    enum tg_status status = TG_OK;
    while (at < end && status == TG_OK) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        const char *word_end = space == NULL ? end : space;
        if (word_end > at)
            status = set_word(directive, tg_text(at, (size_t)(word_end - at)), error);
        at = word_end + 1;
    }
    if (status == TG_OK && (directive->chunk_tokens == 0 || directive->burst == 0))
        return tg_fail(error, TG_INVALID, "chunk_tokens and burst must be at least 1");
    if (status == TG_OK && directive->status != 0 && directive->status < 400)
        return tg_fail(error, TG_INVALID, "status must be an error, from 400 to 599");
    return status;
}
