#include "common/codec/yaml.h"

#include <assert.h>
#include <stdlib.h>

#include <yaml.h>

#include "common/codec/json_scan.h"

/* Where the tree grows: one frame per open mapping or sequence. */
struct frame {
    tg_json *container;
    char *key; /* of the value that comes next; NULL while a key is expected, or in a sequence */
};

struct builder {
    yaml_parser_t parser;
    struct frame frames[TG_JSON_MAX_DEPTH];
    size_t depth;
    tg_json *root;
    struct tg_error *error;
};

static enum tg_status fail_at(struct builder *builder, yaml_mark_t mark, const char *problem, struct tg_text detail)
{
    return tg_fail(builder->error, TG_INVALID, "not valid YAML: line %zu, column %zu: %s%s%.*s", mark.line + 1,
                   mark.column + 1, problem, detail.bytes == 0 ? "" : ": ", detail.bytes > 64 ? 64 : (int)detail.bytes,
                   detail.bytes == 0 ? "" : detail.data);
}

static bool is_any(struct tg_text text, const char *const *words)
{
    while (*words != NULL && !tg_text_is(text, *words))
        ++words;
    return *words != NULL;
}

/* Digits with an optional sign and without a leading zero: "007" is a code, not seven. */
static bool looks_whole(struct tg_text text)
{
    size_t first = text.bytes > 1 && (text.data[0] == '-' || text.data[0] == '+');
    if (text.bytes == 0 || (text.data[first] == '0' && text.bytes > first + 1))
        return false;
    for (size_t i = first; i < text.bytes; ++i)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return true;
}

static enum tg_status resolve_scalar(struct builder *builder, const yaml_event_t *event, tg_json **value)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    struct tg_text text = tg_text((const char *)event->data.scalar.value, event->data.scalar.length);
    if (memchr(text.data, '\0', text.bytes) != NULL)
        return fail_at(builder, event->start_mark, "a string must not contain NUL", tg_text("", 0));
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        *value = tg_json_new_text(text);
    } else if (is_any(text, nulls)) {
        *value = tg_json_new_null();
    } else if (is_any(text, trues) || is_any(text, falses)) {
        *value = tg_json_new_boolean(is_any(text, trues));
    } else if (looks_whole(text)) {
        int64_t number;
        size_t plus = text.data[0] == '+';
        if (tg_json_to_i64(tg_text(text.data + plus, text.bytes - plus), &number) != TG_OK)
            return fail_at(builder, event->start_mark, "the number is too large; quote it if it is text", text);
        *value = tg_json_new_i64(number);
    } else {
        *value = tg_json_new_text(text);
    }
    return TG_OK;
}

/* Is the innermost open container a mapping that waits for its next key? */
static bool expects_key(const struct builder *builder)
{
    if (builder->depth == 0)
        return false;
    const struct frame *frame = &builder->frames[builder->depth - 1];
    return frame->key == NULL && tg_json_is(frame->container, TG_JSON_OBJECT);
}

static enum tg_status take_key(struct builder *builder, const yaml_event_t *event)
{
    struct frame *frame = &builder->frames[builder->depth - 1];
    struct tg_text key = tg_text((const char *)event->data.scalar.value, event->data.scalar.length);
    if (memchr(key.data, '\0', key.bytes) != NULL)
        return fail_at(builder, event->start_mark, "a key must not contain NUL", tg_text("", 0));
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && tg_text_is(key, "<<"))
        return fail_at(builder, event->start_mark, "merge keys are not supported", tg_text("", 0));
    frame->key = tg_text_strdup(key);
    if (tg_json_member(frame->container, frame->key) != NULL)
        return fail_at(builder, event->start_mark, "this key was there before", key);
    return TG_OK;
}

static void place(struct builder *builder, tg_json *value)
{
    if (builder->depth == 0) {
        builder->root = value;
        return;
    }
    struct frame *frame = &builder->frames[builder->depth - 1];
    if (frame->key == NULL) {
        tg_json_append(frame->container, value);
        return;
    }
    tg_json_set(frame->container, frame->key, value);
    free(frame->key);
    frame->key = NULL;
}

static enum tg_status refuse_extras(struct builder *builder, const yaml_event_t *event, const yaml_char_t *anchor,
                                    const yaml_char_t *tag)
{
    if (anchor != NULL)
        return fail_at(builder, event->start_mark, "anchors are not supported", tg_text_of((const char *)anchor));
    if (tag != NULL)
        return fail_at(builder, event->start_mark, "tags are not supported; quote what is text",
                       tg_text_of((const char *)tag));
    return TG_OK;
}

static enum tg_status open_container(struct builder *builder, const yaml_event_t *event, tg_json *container,
                                     const yaml_char_t *anchor, const yaml_char_t *tag)
{
    enum tg_status status = refuse_extras(builder, event, anchor, tag);
    if (status == TG_OK && expects_key(builder))
        status = fail_at(builder, event->start_mark, "a key must be a single word or string", tg_text("", 0));
    if (status == TG_OK && builder->depth == TG_JSON_MAX_DEPTH)
        status = fail_at(builder, event->start_mark, "values are nested too deeply", tg_text("", 0));
    if (status != TG_OK) {
        tg_json_destroy(container);
        return status;
    }
    place(builder, container);
    builder->frames[builder->depth++] = (struct frame){container, NULL};
    return TG_OK;
}

static enum tg_status take_scalar(struct builder *builder, const yaml_event_t *event)
{
    enum tg_status status = refuse_extras(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (status != TG_OK)
        return status;
    if (expects_key(builder))
        return take_key(builder, event);
    tg_json *value;
    status = resolve_scalar(builder, event, &value);
    if (status == TG_OK)
        place(builder, value);
    return status;
}

static enum tg_status take_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root != NULL)
            return fail_at(builder, event->start_mark, "there must be one document only", tg_text("", 0));
        return TG_OK;
    case YAML_SCALAR_EVENT:
        return take_scalar(builder, event);
    case YAML_MAPPING_START_EVENT:
        return open_container(builder, event, tg_json_new_object(), event->data.mapping_start.anchor,
                              event->data.mapping_start.tag);
    case YAML_SEQUENCE_START_EVENT:
        return open_container(builder, event, tg_json_new_array(), event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        --builder->depth;
        return TG_OK;
    case YAML_ALIAS_EVENT:
        return fail_at(builder, event->start_mark, "aliases are not supported",
                       tg_text_of((const char *)event->data.alias.anchor));
    default:
        return TG_OK;
    }
}

/* libyaml's reader knows an offset only, its scanner and parser a line. */
static enum tg_status fail_parser(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        abort();
    if (parser->error == YAML_READER_ERROR)
        return tg_fail(builder->error, TG_INVALID, "not valid YAML: byte %zu: %s", parser->problem_offset + 1,
                       parser->problem);
    return fail_at(builder, parser->problem_mark, parser->problem, tg_text_of(parser->context));
}

static enum tg_status build(struct builder *builder)
{
    bool is_over = false;
    enum tg_status status = TG_OK;
    while (status == TG_OK && !is_over) {
        yaml_event_t event;
        if (yaml_parser_parse(&builder->parser, &event) != 1)
            return fail_parser(builder);
        is_over = event.type == YAML_STREAM_END_EVENT;
        status = take_event(builder, &event);
        yaml_event_delete(&event);
    }
    return status;
}

enum tg_status tg_yaml_parse(struct tg_text text, tg_json **root, struct tg_error *error)
{
    *root = NULL;
    struct builder *builder = calloc(1, sizeof(*builder));
    if (builder == NULL || yaml_parser_initialize(&builder->parser) != 1)
        abort();
    builder->error = error;
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)(text.bytes == 0 ? "" : text.data),
                                 text.bytes);
    enum tg_status status = build(builder);
    for (size_t i = 0; i < builder->depth; ++i)
        free(builder->frames[i].key);
    if (status == TG_OK)
        *root = builder->root != NULL ? builder->root : tg_json_new_null();
    else
        tg_json_destroy(builder->root);
    yaml_parser_delete(&builder->parser);
    free(builder);
    return status;
}
