/* Google's own form of a schema (https://ai.google.dev/api/caching#Schema) and JSON schema: types are in capitals,
 * "nullable" stands for a second type, and 64-bit numbers may be strings. */
#include "dataplane/dialects/gemini/gemini_internal.h"

static bool is_any_of(struct tg_text key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (tg_gemini_is(key, names[i]))
            return true;
    return false;
}

static bool is_bound(struct tg_text key)
{
    static const char *const names[] = {"minItems",      "maxItems",      "minLength", "maxLength",
                                        "minProperties", "maxProperties", "minimum",   "maximum"};
    return is_any_of(key, names, sizeof(names) / sizeof(names[0]));
}

/* Values, in which nothing is a schema. */
static bool is_value(struct tg_text key)
{
    static const char *const names[] = {"enum", "default", "example", "required", "propertyOrdering"};
    return is_any_of(key, names, sizeof(names) / sizeof(names[0]));
}

static bool is_map(struct tg_text key)
{
    static const char *const names[] = {"properties", "defs", "$defs", "definitions"};
    return is_any_of(key, names, sizeof(names) / sizeof(names[0]));
}

struct converting {
    struct tg_json_writer json;
    struct tg_json_scan scan;
    struct tg_arena *arena;
};

static void convert(struct converting *at, struct tg_json_token *token);

static void copy(struct converting *at, struct tg_json_token *token)
{
    if (!tg_json_scan_skip(&at->scan, token))
        return;
    if (token->kind == TG_JSON_STRING)
        tg_json_write_quoted(&at->json, token->value);
    else
        tg_json_write_raw(&at->json, token->value);
}

static struct tg_text lower(struct tg_arena *arena, struct tg_text text)
{
    char *small = tg_arena_alloc(arena, text.bytes + 1);
    for (size_t i = 0; i < text.bytes; ++i)
        small[i] = text.data[i] >= 'A' && text.data[i] <= 'Z' ? (char)(text.data[i] - 'A' + 'a') : text.data[i];
    return tg_text(small, text.bytes);
}

static void convert_map(struct converting *at, const struct tg_json_token *object)
{
    struct tg_json_token member;
    tg_json_write_object_begin(&at->json);
    while (tg_json_scan_next_in(&at->scan, object, &member)) {
        tg_json_write_key_text(&at->json, tg_json_unescape(at->arena, member.key));
        convert(at, &member);
    }
    tg_json_write_object_end(&at->json);
}

static void write_type(struct converting *at, struct tg_text type, bool is_nullable)
{
    struct tg_json_string small = tg_json_string(lower(at->arena, type));
    tg_json_write_key(&at->json, "type");
    if (!is_nullable) {
        tg_json_write_written(&at->json, small);
        return;
    }
    tg_json_write_array_begin(&at->json);
    tg_json_write_written(&at->json, small);
    tg_json_write_string(&at->json, tg_text_of("null"));
    tg_json_write_array_end(&at->json);
}

static void convert_object(struct converting *at, const struct tg_json_token *object)
{
    struct tg_json_token member;
    struct tg_text type = tg_text(NULL, 0);
    bool is_nullable = false;
    tg_json_write_object_begin(&at->json);
    while (tg_json_scan_next_in(&at->scan, object, &member)) {
        struct tg_text key = member.key;
        if (member.kind == TG_JSON_STRING && tg_json_text_is(key, "type")) {
            type = member.value;
        } else if (member.kind == TG_JSON_BOOLEAN && tg_json_text_is(key, "nullable")) {
            is_nullable = member.value.data[0] == 't';
        } else {
            bool is_number = member.kind == TG_JSON_STRING && is_bound(key);
            tg_json_write_key_text(&at->json,
                                   tg_gemini_is(key, "anyOf") ? tg_text_of("anyOf") : tg_json_unescape(at->arena, key));
            if (is_number)
                tg_json_write_raw(&at->json, member.value);
            else if (is_value(key))
                copy(at, &member);
            else if (member.kind == TG_JSON_OBJECT && is_map(key))
                convert_map(at, &member);
            else
                convert(at, &member);
        }
    }
    if (type.bytes != 0 && !tg_json_text_is(type, "TYPE_UNSPECIFIED"))
        write_type(at, type, is_nullable);
    tg_json_write_object_end(&at->json);
}

static void convert(struct converting *at, struct tg_json_token *token)
{
    struct tg_json_token element;
    if (token->event == TG_JSON_BEGIN && token->kind == TG_JSON_OBJECT) {
        convert_object(at, token);
    } else if (token->event == TG_JSON_BEGIN) {
        tg_json_write_array_begin(&at->json);
        while (tg_json_scan_next_in(&at->scan, token, &element))
            convert(at, &element);
        tg_json_write_array_end(&at->json);
    } else {
        copy(at, token);
    }
}

struct tg_text gemini_json_schema(struct tg_arena *arena, struct tg_text schema)
{
    struct converting at = {.arena = arena};
    struct tg_json_token root;
    struct tg_buf buf;
    if (schema.bytes == 0)
        return schema;
    tg_buf_init(&buf, 64 + 4 * schema.bytes);
    tg_json_write_init(&at.json, &buf);
    tg_json_scan_init(&at.scan, schema);
    if (tg_json_scan_next(&at.scan, &root) == TG_JSON_BEGIN)
        convert(&at, &root);
    bool is_whole = tg_json_scan_finish(&at.scan, NULL) == TG_OK && tg_json_write_finish(&at.json) == TG_OK;
    struct tg_text converted = is_whole ? tg_arena_copy(arena, tg_buf_text(&buf)) : schema;
    tg_buf_deinit(&buf);
    return converted;
}
