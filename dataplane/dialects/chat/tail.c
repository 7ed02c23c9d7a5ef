/* What stands near the end of an answer, read without what stands before. */
#include "common/codec/json_find.h"
#include "dataplane/dialects/chat/walk_internal.h"
#include "dataplane/dialects/chat/watch_internal.h"

/* Whether `text` closes exactly one container that was open before it, the top-level one, and ends there. Then what
 * stands before `text` is a member of the top-level object. */
static bool closes_the_document(struct tg_text text)
{
    int depth = 1;
    const char *end = text.data + text.bytes;
    for (const char *at = text.data; at < end; ++at) {
        if (*at == '"') {
            at = chat_string_end(at + 1, end);
            if (at == end)
                return false;
        } else if (*at == '{' || *at == '[') {
            ++depth;
        } else if (*at == '}' || *at == ']') {
            if (--depth == 0)
                return chat_skip_space(at + 1, end) == end;
        }
    }
    return false;
}

static const char *number_end(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' && *at != '\t' && *at != '\r' &&
           *at != '\n')
        ++at;
    return at;
}

/* The same as chat_usage_read() for the object that starts at `at`, without a scan before: a walk from name to name,
 * which for so small an object costs a quarter of one. Returns the end of the object; NULL if it does not end before
 * `end`. */
static const char *read_usage_text(const char *at, const char *end, struct chat_reported *reported)
{
    struct tg_text parent = {NULL, 0};
    int depth = 0;
    while (at < end) {
        if (*at != '"') {
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
            ++at;
            if (depth == 0)
                return at;
            if (depth == 1)
                parent = tg_text(NULL, 0);
            continue;
        }
        const char *name_end = chat_string_end(at + 1, end);
        struct tg_text name = tg_text(at + 1, (size_t)(name_end - at - 1));
        at = name_end == end ? end : chat_skip_space(name_end + 1, end);
        if (at == end || *at != ':')
            continue;
        at = chat_skip_space(at + 1, end);
        if (at == end)
            break;
        if (*at == '{' && depth == 1) {
            parent = name;
            ++depth;
            ++at;
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            const char *number = at;
            at = number_end(at, end);
            if (depth <= 2)
                chat_usage_take(reported, parent, name, tg_text(number, (size_t)(at - number)));
        }
    }
    return NULL;
}

/* The next place where `quoted_name` is the name of a member, from `*from` on: its value's first byte. NULL if there is
 * none. */
static const char *next_value(struct tg_text tail, struct tg_text quoted_name, const char **from)
{
    const char *end = tail.data + tail.bytes;
    while (*from < end) {
        const char *key = tg_json_find(*from, end, quoted_name);
        if (key == NULL)
            return NULL;
        *from = key + quoted_name.bytes;
        const char *value = chat_skip_space(*from, end);
        if (chat_is_escaped(tail.data, key) || value == end || *value != ':')
            continue;
        value = chat_skip_space(value + 1, end);
        return value == end ? NULL : value;
    }
    return NULL;
}

static bool read_tail(struct tg_text tail, struct tg_usage *usage)
{
    static const struct tg_text KEY = TG_TEXT_LITERAL("\"usage\"");
    const char *end = tail.data + tail.bytes;
    const char *from = tail.data, *value;
    while (tail.bytes != 0 && (value = next_value(tail, KEY, &from)) != NULL) {
        struct chat_reported reported = {.prompt = 0};
        if (*value != '{')
            continue;
        const char *object_end = read_usage_text(value, end, &reported);
        if (object_end != NULL && closes_the_document(tg_text(object_end, (size_t)(end - object_end))) &&
            chat_usage_count_once(&reported, usage))
            return true;
    }
    return false;
}

/* Where usage stands in nearly every answer; searched first, because searching costs more than reading. */
enum { LIKELY_TAIL_BYTES = 640, BEHIND_USAGE_BYTES = 256 };

static struct tg_text last(struct tg_text tail, size_t most)
{
    return tail.bytes <= most ? tail : tg_text(tail.data + tail.bytes - most, most);
}

bool chat_tail_usage(struct tg_text tail, struct tg_usage *usage)
{
    return (tail.bytes > LIKELY_TAIL_BYTES && read_tail(last(tail, LIKELY_TAIL_BYTES), usage)) ||
           read_tail(tail, usage);
}

struct tg_text chat_tail_string(struct tg_text tail, struct tg_text quoted_name)
{
    struct tg_text likely = last(tail, BEHIND_USAGE_BYTES);
    const char *end = likely.data + likely.bytes;
    const char *from = likely.data, *value;
    while (likely.bytes != 0 && (value = next_value(likely, quoted_name, &from)) != NULL) {
        if (*value != '"')
            continue;
        const char *value_end = chat_string_end(value + 1, end);
        if (value_end != end && closes_the_document(tg_text(value_end + 1, (size_t)(end - value_end - 1))))
            return tg_text(value + 1, (size_t)(value_end - value - 1));
    }
    return tg_text(NULL, 0);
}
