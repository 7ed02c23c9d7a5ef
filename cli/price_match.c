/* Which entry of a list is the one for a deployment. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/price_list.h"

/* What models.dev calls providers, where it is not the registry's word with dashes. */
static const struct {
    const char *kind, *id;
} models_dev_ids[] = {
    {"gemini", "google"},          {"vertex_ai", "google-vertex"}, {"vertex_ai", "google-vertex-anthropic"},
    {"bedrock", "amazon-bedrock"}, {"together_ai", "togetherai"},  {"moonshot", "moonshotai"},
    {"dashscope", "alibaba"},      {"nvidia_nim", "nvidia"},       {"cloudflare", "cloudflare-workers-ai"},
    {"github", "github-models"},
};

/* Prefixes of Bedrock's inference profiles, which stand for a group of regions:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html */
static const char *const geographies[] = {"us.", "eu.", "apac.", "global.", "us-gov.", "jp.", "au.", "ca."};

struct search {
    const struct tg_price_list *list;
    const struct tg_price_place *place;
    struct tg_price_entry *entry;
};

static bool is_named(const tg_json *names, struct tg_text wanted)
{
    for (size_t i = 0; i < tg_json_count(names); ++i) {
        const tg_json *name = tg_json_at(names, i);
        if (tg_json_is(name, TG_JSON_STRING) && tg_text_equals(tg_json_text(name), wanted))
            return true;
    }
    return false;
}

static bool take(struct search *search, const char *name, const tg_json *node)
{
    snprintf(search->entry->name, sizeof(search->entry->name), "%s", name);
    search->entry->node = node;
    return true;
}

/* ---- one name ---- */

/* Of that key, if it is of the deployment's provider. */
static bool try_litellm_key(struct search *search, const char *key)
{
    const tg_json *node = tg_json_member(search->list->root, key);
    const tg_json *provider = tg_json_member(node, "litellm_provider");
    return tg_json_is(provider, TG_JSON_STRING) && is_named(search->place->litellm, tg_json_text(provider)) &&
           take(search, key, node);
}

/* As it is, behind the provider's name ("groq/…"; of vertex_ai-anthropic_models the first part), for the region. */
static bool try_litellm(struct search *search, const char *model)
{
    char key[512];
    const struct tg_price_place *place = search->place;
    for (size_t i = 0; i < tg_json_count(place->litellm) && place->region[0] != '\0'; ++i) {
        snprintf(key, sizeof(key), "%s/%s/%s", tg_json_text(tg_json_at(place->litellm, i)).data, place->region, model);
        if (try_litellm_key(search, key))
            return true;
    }
    if (try_litellm_key(search, model))
        return true;
    for (size_t i = 0; i < tg_json_count(place->litellm); ++i) {
        const char *name = tg_json_text(tg_json_at(place->litellm, i)).data;
        snprintf(key, sizeof(key), "%s/%s", name, model);
        if (try_litellm_key(search, key))
            return true;
        snprintf(key, sizeof(key), "%.*s/%s", (int)strcspn(name, "-"), name, model);
        if (try_litellm_key(search, key))
            return true;
    }
    return false;
}

static bool try_models_dev_at(struct search *search, const char *id, const char *model)
{
    char name[512];
    const tg_json *models = tg_json_member(tg_json_member(search->list->root, id), "models");
    const tg_json *node = tg_json_member(models, model);
    snprintf(name, sizeof(name), "%s/%s", id, model);
    return tg_json_is(tg_json_member(node, "cost"), TG_JSON_OBJECT) && take(search, name, node);
}

static bool try_models_dev(struct search *search, const char *model)
{
    char id[128];
    snprintf(id, sizeof(id), "%s", search->place->kind);
    for (char *at = id; *at != '\0'; ++at)
        *at = *at == '_' ? '-' : *at;
    if (try_models_dev_at(search, id, model))
        return true;
    for (size_t i = 0; i < sizeof(models_dev_ids) / sizeof(models_dev_ids[0]); ++i)
        if (strcmp(models_dev_ids[i].kind, search->place->kind) == 0 &&
            try_models_dev_at(search, models_dev_ids[i].id, model))
            return true;
    return false;
}

static bool try_own(struct search *search, const char *model)
{
    const tg_json *prices = tg_json_member(search->list->root, "prices");
    for (size_t i = 0; i < tg_json_count(prices); ++i) {
        const tg_json *node = tg_json_at(prices, i);
        const tg_json *provider = tg_json_member(node, "provider"), *models = tg_json_member(node, "models");
        if (tg_json_is(provider, TG_JSON_STRING) && tg_text_is(tg_json_text(provider), search->place->kind) &&
            is_named(models, tg_text_of(model)))
            return take(search, model, node);
    }
    return false;
}

static bool try_name(struct search *search, const char *model)
{
    switch (search->list->format) {
    case TG_PRICES_LITELLM:
        return try_litellm(search, model);
    case TG_PRICES_MODELS_DEV:
        return try_models_dev(search, model);
    case TG_PRICES_OWN:
        break;
    }
    return try_own(search, model);
}

/* ---- variants of it ---- */

static size_t count_digits_at_end(struct tg_text text)
{
    size_t digits = 0;
    while (digits < text.bytes && text.data[text.bytes - 1 - digits] >= '0' &&
           text.data[text.bytes - 1 - digits] <= '9')
        ++digits;
    return digits;
}

static bool take_digits(struct tg_text *text, size_t count, const char *marks)
{
    if (count_digits_at_end(*text) != count || text->bytes < count + 2 ||
        strchr(marks, text->data[text->bytes - count - 1]) == NULL)
        return false;
    text->bytes -= count + 1;
    return true;
}

/* "-2024-07-18", "-20250929", "@20250929" and "-latest" off; false if it ends in none. */
static bool cut_date(struct tg_text *model)
{
    static const char latest[] = "-latest";
    struct tg_text rest = *model;
    bool is_dated = take_digits(&rest, 8, "-@");
    if (!is_dated) {
        static const size_t digits[] = {2, 2, 4};
        rest = *model;
        is_dated = true;
        for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]) && is_dated; ++i)
            is_dated = take_digits(&rest, digits[i], "-");
    }
    if (!is_dated && model->bytes > sizeof(latest) &&
        memcmp(model->data + model->bytes - (sizeof(latest) - 1), latest, sizeof(latest) - 1) == 0) {
        rest = tg_text(model->data, model->bytes - (sizeof(latest) - 1));
        is_dated = true;
    }
    if (is_dated)
        *model = rest;
    return is_dated;
}

static bool try_with_and_without_date(struct search *search, const char *model)
{
    char undated[256];
    struct tg_text text = tg_text_of(model);
    if (try_name(search, model))
        return true;
    if (!cut_date(&text))
        return false;
    snprintf(undated, sizeof(undated), "%.*s", TG_TEXT_ARG(text));
    return try_name(search, undated);
}

bool tg_price_list_find(const struct tg_price_list *list, const struct tg_price_place *place,
                        struct tg_price_entry *entry)
{
    struct search search = {list, place, entry};
    if (try_with_and_without_date(&search, place->upstream_model))
        return true;
    for (size_t i = 0; i < sizeof(geographies) / sizeof(geographies[0]); ++i)
        if (strcmp(place->kind, "bedrock") == 0 &&
            tg_text_starts_with(tg_text_of(place->upstream_model), geographies[i]))
            return try_with_and_without_date(&search, place->upstream_model + strlen(geographies[i]));
    return false;
}
