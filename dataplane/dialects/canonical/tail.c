#include "dataplane/dialects/canonical/tail.h"

#include "common/codec/json_find.h"

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        ++at;
    return at;
}

static bool is_escaped(const char *begin, const char *quote)
{
    const char *at = quote;
    while (at > begin && at[-1] == '\\')
        --at;
    return (quote - at) % 2 == 1;
}

/* Behind the closing quote of the string whose inside starts at `at`; NULL if it is not there. */
static const char *string_end(const char *at, const char *end)
{
    for (const char *from = at; from < end;) {
        const char *quote = memchr(from, '"', (size_t)(end - from));
        if (quote == NULL)
            return NULL;
        if (!is_escaped(at, quote))
            return quote + 1;
        from = quote + 1;
    }
    return NULL;
}

/* Behind the bracket that closes the last of `depth` containers which are open at `at`; NULL if it is not there. */
static const char *close_of(const char *at, const char *end, int depth)
{
    while (at < end) {
        if (*at == '"') {
            at = string_end(at + 1, end);
            if (at == NULL)
                return NULL;
            continue;
        }
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        ++at;
        if (depth == 0)
            return at;
    }
    return NULL;
}

struct tg_text tg_tail_object(struct tg_text tail, struct tg_text quoted_name)
{
    const char *end = tail.data + tail.bytes;
    for (const char *from = tail.data; tail.bytes != 0 && from < end;) {
        const char *key = tg_json_find(from, end, quoted_name);
        if (key == NULL)
            break;
        from = key + quoted_name.bytes;
        const char *value = skip_space(from, end);
        if (is_escaped(tail.data, key) || value == end || *value != ':')
            continue;
        value = skip_space(value + 1, end);
        if (value == end || *value != '{')
            continue;
        const char *value_end = close_of(value + 1, end, 1);
        const char *document_end = value_end == NULL ? NULL : close_of(value_end, end, 1);
        if (document_end != NULL && skip_space(document_end, end) == end)
            return tg_text(value, (size_t)(value_end - value));
    }
    return tg_text(NULL, 0);
}
