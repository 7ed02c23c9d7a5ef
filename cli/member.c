#include <stdlib.h>

#include "cli/lookup.h"
#include "cli/resource.h"
#include "common/base/file.h"
#include "common/crypto/secret.h"

enum { MAX_FILE_BYTES = 256 * 1024, MAX_SECRET_BYTES = 8192 };

static enum tg_status look_up_id(struct tg_cli *cli, const char *noun, const char *name, const char *filter,
                                 struct tg_id *id, struct tg_error *error)
{
    if (tg_id_parse(tg_text_of(name), id))
        return TG_OK;
    const struct tg_resource *resource = tg_resource_find(noun);
    tg_json *found = NULL;
    enum tg_status status = tg_lookup(cli, resource->collection, resource->singular, name, filter, &found, error);
    if (status == TG_OK)
        status = tg_json_read_id(found, "id", id, error);
    tg_json_destroy(found);
    return status;
}

static enum tg_status set_references(struct tg_cli *cli, const struct tg_member *member, const char *text,
                                     tg_json *body, struct tg_error *error)
{
    tg_json *ids = tg_json_new_array();
    enum tg_status status = TG_OK;
    for (const char *at = text; *at != '\0' && status == TG_OK;) {
        size_t bytes = strcspn(at, ",");
        struct tg_text part = tg_text_trim(tg_text(at, bytes));
        if (part.bytes != 0) {
            char *name = tg_text_strdup(part);
            struct tg_id id;
            status = look_up_id(cli, member->refers, name, NULL, &id, error);
            free(name);
            if (status == TG_OK) {
                char formatted[TG_ID_TEXT_BYTES];
                tg_id_format(id, formatted);
                tg_json_append(ids, tg_json_new_text(tg_text_of(formatted)));
            }
        }
        at += bytes + (at[bytes] == ',');
    }
    if (status == TG_OK)
        tg_json_set(body, member->member, ids);
    else
        tg_json_destroy(ids);
    return status;
}

/* "organization" or "team:search"; the API says application and api_key where people say app and key. */
static enum tg_status set_scope(struct tg_cli *cli, const char *text, tg_json *body, struct tg_error *error)
{
    static const struct {
        const char *said, *sent;
    } scopes[] = {{"team", "team"},   {"project", "project"}, {"app", "application"}, {"application", "application"},
                  {"key", "api_key"}, {"api_key", "api_key"}};
    if (strcmp(text, "organization") == 0) {
        tg_json_set_text(body, "scope", tg_text_of(text));
        return TG_OK;
    }
    const char *colon = strchr(text, ':');
    for (size_t i = 0; colon != NULL && i < sizeof(scopes) / sizeof(scopes[0]); ++i) {
        if (!tg_text_is(tg_text(text, (size_t)(colon - text)), scopes[i].said))
            continue;
        const char *noun = strcmp(scopes[i].sent, "application") == 0 ? "app"
                           : strcmp(scopes[i].sent, "api_key") == 0   ? "key"
                                                                      : scopes[i].sent;
        struct tg_id id;
        enum tg_status status = look_up_id(cli, noun, colon + 1, NULL, &id, error);
        if (status != TG_OK)
            return status;
        tg_json_set_text(body, "scope", tg_text_of(scopes[i].sent));
        tg_json_set_id(body, "scope_id", id);
        return TG_OK;
    }
    return tg_fail(error, TG_INVALID,
                   "scope must be organization, team:NAME, project:NAME, app:NAME or key:NAME, not \"%s\"", text);
}

static enum tg_status set_integer(const struct tg_member *member, const char *text, tg_json *body,
                                  struct tg_error *error)
{
    uint64_t number;
    if (!tg_text_to_u64(tg_text_of(text), &number) || number > INT64_MAX)
        return tg_fail(error, TG_INVALID, "%s must be a whole number, not \"%s\"", member->flag, text);
    tg_json_set_i64(body, member->member, (int64_t)number);
    return TG_OK;
}

static enum tg_status set_boolean(const struct tg_member *member, const char *text, tg_json *body,
                                  struct tg_error *error)
{
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0)
        return tg_fail(error, TG_INVALID, "%s must be true or false, not \"%s\"", member->flag, text);
    tg_json_set_boolean(body, member->member, is_true);
    return TG_OK;
}

static enum tg_status set_file(const struct tg_member *member, const char *path, tg_json *body, struct tg_error *error)
{
    struct tg_buf content;
    enum tg_status status = tg_file_read(path, MAX_FILE_BYTES, &content, error);
    if (status == TG_OK)
        tg_json_set_text(body, member->member, tg_buf_text(&content));
    tg_buf_deinit(&content);
    return status;
}

static enum tg_status set_secret_file(const struct tg_member *member, const char *path, tg_json *body,
                                      struct tg_error *error)
{
    struct tg_secret secret = {0};
    enum tg_status status = tg_secret_read_file(path, MAX_SECRET_BYTES, &secret, error);
    if (status == TG_OK)
        tg_json_set_text(body, member->member, tg_secret_text(&secret));
    tg_secret_deinit(&secret);
    return status;
}

/* "input=2.50,output=10" */
static enum tg_status split_rates(const struct tg_member *member, const char *text, tg_json *rates,
                                  struct tg_error *error)
{
    for (const char *at = text; *at != '\0';) {
        size_t bytes = strcspn(at, ",");
        const char *equals = memchr(at, '=', bytes);
        if (equals == NULL)
            return tg_fail(error, TG_INVALID, "%s must be like input=2.50,output=10, or JSON", member->flag);
        char *kind = tg_text_strdup(tg_text_trim(tg_text(at, (size_t)(equals - at))));
        tg_json_set_text(rates, kind, tg_text_trim(tg_text(equals + 1, bytes - (size_t)(equals - at) - 1)));
        free(kind);
        at += bytes + (at[bytes] == ',');
    }
    return TG_OK;
}

static enum tg_status set_rates(const struct tg_member *member, const char *text, tg_json *body, struct tg_error *error)
{
    bool is_short = strcmp(member->member, "rates") == 0 && text[0] != '{';
    tg_json *value = is_short ? tg_json_new_object() : NULL;
    enum tg_status status =
        is_short ? split_rates(member, text, value, error) : tg_json_parse(tg_text_of(text), &value, error);
    if (status == TG_OK)
        status = tg_member_set_rates(member, value, body, error);
    else if (!is_short)
        tg_fail_context(error, status, "%s", member->flag);
    tg_json_destroy(value);
    return status;
}

static enum tg_status set_reference(struct tg_cli *cli, const struct tg_member *member, const char *name, tg_json *body,
                                    struct tg_error *error)
{
    /* A credential's name is unique within its provider only, which stands before it in the body. */
    char filter[64] = "";
    const tg_json *provider = tg_json_member(body, "provider_id");
    if (strcmp(member->refers, "credential") == 0 && provider != NULL)
        snprintf(filter, sizeof(filter), "provider_id=%s", tg_json_text(provider).data);
    struct tg_id id;
    enum tg_status status = look_up_id(cli, member->refers, name, filter[0] != '\0' ? filter : NULL, &id, error);
    if (status == TG_OK)
        tg_json_set_id(body, member->member, id);
    return status;
}

enum tg_status tg_member_set(struct tg_cli *cli, const struct tg_member *member, const char *text, tg_json *body,
                             struct tg_error *error)
{
    switch (member->kind) {
    case TG_MEMBER_TEXT:
        tg_json_set_text(body, member->member, tg_text_of(text));
        return TG_OK;
    case TG_MEMBER_INTEGER:
        return set_integer(member, text, body, error);
    case TG_MEMBER_BOOLEAN:
        return set_boolean(member, text, body, error);
    case TG_MEMBER_REFERENCE:
        return set_reference(cli, member, text, body, error);
    case TG_MEMBER_REFERENCES:
        return set_references(cli, member, text, body, error);
    case TG_MEMBER_SCOPE:
        return set_scope(cli, text, body, error);
    case TG_MEMBER_RATES:
        return set_rates(member, text, body, error);
    case TG_MEMBER_FILE:
        return set_file(member, text, body, error);
    case TG_MEMBER_SECRET_FILE:
        return set_secret_file(member, text, body, error);
    case TG_MEMBER_SECRET_ENV: {
        const char *secret = getenv(text);
        if (secret == NULL || *secret == '\0')
            return tg_fail(error, TG_INVALID, "the environment variable %s is not set", text);
        tg_json_set_text(body, member->member, tg_text_of(secret));
        return TG_OK;
    }
    }
    return tg_fail(error, TG_INVALID, "%s cannot be set", member->flag);
}
