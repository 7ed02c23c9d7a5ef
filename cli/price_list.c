#include "cli/price_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/resource.h"
#include "common/codec/json_scan.h"
#include "common/codec/yaml.h"

const char *tg_price_format_name(enum tg_price_format format)
{
    static const char *const names[] = {"Tollgate's", "LiteLLM's", "models.dev's"};
    return names[format];
}

/* ---- JSON with its numbers as they are written ---- */

static tg_json *scalar(struct tg_arena *arena, const struct tg_json_token *token)
{
    switch (token->kind) {
    case TG_JSON_STRING:
        return tg_json_new_text(tg_json_unescape(arena, token->value));
    case TG_JSON_BOOLEAN:
        return tg_json_new_boolean(token->value.data[0] == 't');
    case TG_JSON_NULL:
        return tg_json_new_null();
    default:
        return tg_json_new_text(token->value);
    }
}

static tg_json *build(struct tg_json_scan *scan, struct tg_arena *arena, const struct tg_json_token *token)
{
    struct tg_json_token child;
    if (token->event != TG_JSON_BEGIN)
        return scalar(arena, token);
    bool is_object = token->kind == TG_JSON_OBJECT;
    tg_json *made = is_object ? tg_json_new_object() : tg_json_new_array();
    while (tg_json_scan_next_in(scan, token, &child)) {
        tg_json *value = build(scan, arena, &child); /* as deep as TG_JSON_MAX_DEPTH */
        if (is_object)
            tg_json_set(made, tg_arena_copy(arena, tg_json_unescape(arena, child.key)).data, value);
        else
            tg_json_append(made, value);
    }
    return made;
}

/* The scanner bounds the members of a top-level object for requests; a list of models has thousands, so it is read as
 * the one element of an array. */
static enum tg_status parse_json(struct tg_text text, tg_json **root, struct tg_error *error)
{
    struct tg_arena arena;
    struct tg_buf wrapped;
    struct tg_json_scan scan;
    struct tg_json_token token;
    *root = NULL;
    tg_arena_init(&arena);
    tg_buf_init(&wrapped, text.bytes + 16);
    enum tg_status status = tg_buf_append(&wrapped, tg_text("[", 1));
    if (status == TG_OK)
        status = tg_buf_append(&wrapped, text);
    if (status == TG_OK)
        status = tg_buf_append(&wrapped, tg_text("]", 1));
    if (status == TG_OK) {
        tg_json *array = NULL;
        tg_json_scan_init(&scan, tg_buf_text(&wrapped));
        if (tg_json_scan_next(&scan, &token) == TG_JSON_BEGIN)
            array = build(&scan, &arena, &token);
        status = tg_json_scan_finish(&scan, error);
        if (status == TG_OK && tg_json_count(array) == 1)
            *root = tg_json_copy(tg_json_at(array, 0));
        tg_json_destroy(array);
    }
    tg_buf_deinit(&wrapped);
    tg_arena_deinit(&arena);
    return status;
}

/* ---- the format ---- */

static bool has_member_with(const tg_json *root, const char *member, enum tg_json_kind kind)
{
    struct tg_json_cursor cursor = {0};
    while (tg_json_next_member(root, &cursor))
        if (tg_json_is(tg_json_member(cursor.value, member), kind))
            return true;
    return false;
}

/* Whole numbers of YAML are numbers, of JSON (which YAML includes) are texts by now: thresholds are to be numbers. */
static enum tg_status parse_own(struct tg_text text, struct tg_price_list *list, struct tg_error *error)
{
    tg_json *root = NULL;
    enum tg_status status = tg_yaml_parse(text, &root, error);
    if (status == TG_OK) {
        tg_json_destroy(list->root);
        list->root = tg_rates_with_texts(root);
    }
    tg_json_destroy(root);
    return status;
}

enum tg_status tg_price_list_parse(struct tg_text text, struct tg_price_list *list, struct tg_error *error)
{
    size_t begin = 0;
    while (begin < text.bytes && memchr(" \t\r\n", text.data[begin], 4) != NULL)
        ++begin;
    bool is_json = begin < text.bytes && text.data[begin] == '{';
    *list = (struct tg_price_list){.root = NULL};
    enum tg_status status = is_json ? parse_json(text, &list->root, error) : TG_OK;
    if (status == TG_OK && (!is_json || tg_json_is(tg_json_member(list->root, "prices"), TG_JSON_ARRAY)))
        status = parse_own(text, list, error);
    if (status != TG_OK)
        return status;
    if (tg_json_is(tg_json_member(list->root, "prices"), TG_JSON_ARRAY))
        list->format = TG_PRICES_OWN;
    else if (has_member_with(list->root, "litellm_provider", TG_JSON_STRING))
        list->format = TG_PRICES_LITELLM;
    else if (has_member_with(list->root, "models", TG_JSON_OBJECT))
        list->format = TG_PRICES_MODELS_DEV;
    else
        return tg_fail(error, TG_INVALID,
                       "this is no list of prices: neither LiteLLM's, nor models.dev's, nor one with prices: of ours");
    return TG_OK;
}

void tg_price_list_deinit(struct tg_price_list *list)
{
    tg_json_destroy(list->root);
    list->root = NULL;
}

/* ---- reading an entry ---- */

enum tg_status tg_price_column(struct tg_text column, const tg_json *value, int scale, int64_t *pusd,
                               struct tg_error *error)
{
    struct tg_text text = tg_json_is(value, TG_JSON_STRING) ? tg_json_text(value) : tg_text(NULL, 0);
    int name_bytes = column.bytes > 80 ? 80 : (int)column.bytes;
    int text_bytes = text.bytes > 40 ? 40 : (int)text.bytes;
    switch (tg_decimal_parse(text, scale, pusd)) {
    case TG_DECIMAL_OK:
        return TG_OK;
    case TG_DECIMAL_MALFORMED:
        return tg_fail(error, TG_INVALID, "%.*s is no number", name_bytes, column.data);
    case TG_DECIMAL_NEGATIVE:
        return tg_fail(error, TG_INVALID, "%.*s is negative: %.*s", name_bytes, column.data, text_bytes, text.data);
    case TG_DECIMAL_TOO_FINE:
        return tg_fail(error, TG_INVALID, "%.*s is finer than a pico-dollar a unit and would have to be rounded: %.*s",
                       name_bytes, column.data, text_bytes, text.data);
    case TG_DECIMAL_TOO_LARGE:
        break;
    }
    return tg_fail(error, TG_INVALID, "%.*s is too large: %.*s", name_bytes, column.data, text_bytes, text.data);
}

void tg_price_pass_over(struct tg_price_offer *offer, struct tg_text column)
{
    size_t used = strlen(offer->passed_over);
    snprintf(offer->passed_over + used, sizeof(offer->passed_over) - used, "%s%.*s", used == 0 ? "" : ", ",
             column.bytes > 80 ? 80 : (int)column.bytes, column.data);
}

static bool is_free(const struct tg_price_offer *offer)
{
    for (size_t i = 0; i < offer->rates.count; ++i)
        for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
            if (offer->rates.sets[i].pusd[kind] != 0)
                return false;
    return offer->request_pusd == 0;
}

enum tg_status tg_price_list_read(const struct tg_price_list *list, const struct tg_price_entry *entry,
                                  struct tg_price_offer *offer, struct tg_error *error)
{
    *offer = (struct tg_price_offer){.request_pusd = 0};
    /* The first set is the standard one, whether or not anything is stated in it. */
    (void)tg_rates_set(&offer->rates, tg_text(NULL, 0), 0);
    enum tg_status status = list->format == TG_PRICES_LITELLM      ? tg_price_read_litellm(entry->node, offer, error)
                            : list->format == TG_PRICES_MODELS_DEV ? tg_price_read_models_dev(entry->node, offer, error)
                                                                   : tg_price_read_own(entry->node, offer, error);
    if (status == TG_OK && list->format != TG_PRICES_OWN && is_free(offer))
        status = tg_fail(error, TG_NOT_FOUND, "the list has no price for it: all it says is zero");
    else if (status == TG_OK && offer->rates.sets[0].has == 0)
        status = tg_fail(error, TG_NOT_FOUND, "the list has no standard rate for it");
    return status;
}
