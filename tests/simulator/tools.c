#include "tests/simulator/tools.h"

#include <stdio.h>

#include "common/codec/json.h"
#include "common/codec/json_write.h"

enum { MAX_CALLS = 16, MAX_ARGUMENT_BYTES = 65536 };

/* Whether the text says "call NAME", followed by something that cannot belong to a name. */
static bool says_call(struct tg_text asked, struct tg_text name)
{
    static const char verb[] = "call ";
    struct tg_text left = asked;
    const char *at;
    while (left.bytes != 0 && (at = memmem(left.data, left.bytes, verb, sizeof(verb) - 1)) != NULL) {
        left.bytes -= (size_t)(at + sizeof(verb) - 1 - left.data);
        left.data = at + sizeof(verb) - 1;
        if (left.bytes < name.bytes || memcmp(left.data, name.data, name.bytes) != 0)
            continue;
        char next = left.bytes == name.bytes ? ' ' : left.data[name.bytes];
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", next) == NULL || next == '\0')
            return true;
    }
    return false;
}

static void write_value(struct tg_json_writer *writer, const tg_json *schema, struct tg_text name, uint64_t seed)
{
    const tg_json *type = tg_json_member(schema, "type"), *choices = tg_json_member(schema, "enum");
    struct tg_text word = tg_json_is(type, TG_JSON_STRING) ? tg_json_text(type) : tg_text_of("string");
    char value[64];
    if (tg_json_count(choices) != 0 && tg_json_is(tg_json_at(choices, 0), TG_JSON_STRING)) {
        tg_json_write_string(writer, tg_json_text(tg_json_at(choices, seed % tg_json_count(choices))));
    } else if (tg_text_is(word, "integer") || tg_text_is(word, "number")) {
        tg_json_write_i64(writer, (int64_t)(seed % 100));
    } else if (tg_text_is(word, "boolean")) {
        tg_json_write_boolean(writer, seed % 2 == 0);
    } else if (tg_text_is(word, "array")) {
        tg_json_write_raw(writer, tg_text_of("[]"));
    } else if (tg_text_is(word, "object")) {
        tg_json_write_raw(writer, tg_text_of("{}"));
    } else {
        snprintf(value, sizeof(value), "some %.*s %d", (int)(name.bytes < 40 ? name.bytes : 40), name.data,
                 (int)(seed % 100));
        tg_json_write_string(writer, tg_text_of(value));
    }
}

/* The arguments as JSON text; "{}" if the schema names no properties or is too large. */
static struct tg_text write_arguments(struct tg_arena *arena, const tg_json *function, uint64_t seed)
{
    tg_json *properties = tg_json_member(tg_json_member(function, "parameters"), "properties");
    struct tg_buf buf;
    struct tg_json_writer writer;
    tg_buf_init(&buf, MAX_ARGUMENT_BYTES);
    tg_json_write_init(&writer, &buf);
    tg_json_write_object_begin(&writer);
    struct tg_json_cursor cursor = {0};
    while (properties != NULL && tg_json_next_member(properties, &cursor)) {
        tg_json_write_key_text(&writer, cursor.key);
        write_value(&writer, cursor.value, cursor.key, tg_text_hash(cursor.key, seed));
    }
    tg_json_write_object_end(&writer);
    bool is_whole = tg_json_write_finish(&writer) == TG_OK;
    struct tg_text arguments = tg_arena_copy(arena, is_whole ? tg_buf_text(&buf) : tg_text_of("{}"));
    tg_buf_deinit(&buf);
    return arguments;
}

/* As the inside of a JSON string. */
static struct tg_text escape(struct tg_arena *arena, struct tg_text text)
{
    char *out = tg_arena_alloc(arena, 2 * text.bytes + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < text.bytes; ++i) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            out[bytes++] = '\\';
        out[bytes++] = text.data[i]; /* the writer has escaped control characters already */
    }
    return tg_text(out, bytes);
}

/* One unit for the name, one for each word of the arguments with the space that follows it. */
static void add_call(struct tg_arena *arena, const tg_json *function, size_t call, uint64_t seed,
                     struct sim_tool_units *units)
{
    struct tg_text arguments = write_arguments(arena, function, seed);
    size_t most = units->count + 2 + (size_t)sim_count_words(arguments);
    struct sim_tool_unit *grown = tg_arena_alloc(arena, most * sizeof(*grown));
    if (units->count != 0)
        memcpy(grown, units->units, units->count * sizeof(*grown));
    units->units = grown;
    units->units[units->count++] = (struct sim_tool_unit){
        .call = call,
        .name = escape(arena, tg_json_text(tg_json_member(function, "name"))),
        .id = tg_arena_printf(arena, "call_%016llx%zu", (unsigned long long)seed, call),
    };
    for (size_t at = 0; at < arguments.bytes;) {
        const char *space = memchr(arguments.data + at, ' ', arguments.bytes - at);
        size_t end = space == NULL ? arguments.bytes : (size_t)(space - arguments.data) + 1;
        units->units[units->count++] =
            (struct sim_tool_unit){.call = call, .arguments = escape(arena, tg_text(arguments.data + at, end - at))};
        at = end;
    }
}

/* What tool_choice demands: "none", "required", or the name of a function. */
static struct tg_text demanded(struct tg_arena *arena, const struct sim_chat *chat)
{
    tg_json *choice;
    if (chat->tool_choice.bytes == 0 || chat->tool_choice.data[0] != '{')
        return chat->tool_choice;
    struct tg_text name = {0};
    if (tg_json_parse(chat->tool_choice, &choice, NULL) == TG_OK) {
        const tg_json *member = tg_json_member(tg_json_member(choice, "function"), "name");
        if (tg_json_is(member, TG_JSON_STRING))
            name = tg_arena_copy(arena, tg_json_text(member));
        tg_json_destroy(choice);
    }
    return name;
}

void sim_tools_choose(struct tg_arena *arena, const struct sim_chat *chat, uint64_t seed, struct sim_tool_units *units)
{
    *units = (struct sim_tool_units){0};
    struct tg_text demand = demanded(arena, chat);
    tg_json *tools;
    if (chat->tools.bytes == 0 || chat->is_after_tool || tg_text_is(demand, "none") ||
        tg_json_parse(chat->tools, &tools, NULL) != TG_OK)
        return;
    size_t calls = 0;
    for (size_t i = 0; i < tg_json_count(tools) && calls < MAX_CALLS; ++i) {
        tg_json *function = tg_json_member(tg_json_at(tools, i), "function");
        const tg_json *name = tg_json_member(function, "name");
        if (!tg_json_is(name, TG_JSON_STRING))
            continue;
        bool is_demanded = tg_text_equals(demand, tg_json_text(name)) || (tg_text_is(demand, "required") && calls == 0);
        if (is_demanded || says_call(chat->asked, tg_json_text(name)))
            add_call(arena, function, calls++, seed, units);
    }
    tg_json_destroy(tools);
}
