#include "cli/lookup.h"

#include <stdlib.h>

enum { MAX_PATH_BYTES = 16384 };

enum tg_status tg_lookup_organization(struct tg_cli *cli, struct tg_error *error)
{
    if (cli->organization_path[0] != '\0')
        return TG_OK;
    tg_json *organization = NULL;
    enum tg_status status;
    if (cli->organization != NULL) {
        status = tg_lookup(cli, "organizations", "organization", cli->organization, NULL, &organization, error);
    } else {
        tg_json *items = NULL;
        status = tg_lookup_all(cli, "organizations", NULL, &items, error);
        if (status == TG_OK && tg_json_count(items) == 0)
            status = tg_fail(error, TG_NOT_FOUND, "there is no organization yet: tollgate org create NAME");
        else if (status == TG_OK && tg_json_count(items) > 1)
            status = tg_fail(error, TG_INVALID,
                             "there are several organizations: say which with --org or TOLLGATE_ORGANIZATION");
        else if (status == TG_OK)
            organization = tg_json_copy(tg_json_at(items, 0));
        tg_json_destroy(items);
    }
    if (status == TG_OK)
        snprintf(cli->organization_path, sizeof(cli->organization_path), "/api/v1/organizations/%s",
                 tg_json_text(tg_json_member(organization, "id")).data);
    tg_json_destroy(organization);
    return status;
}

enum tg_status tg_lookup_collection(struct tg_cli *cli, const char *collection, struct tg_buf *path,
                                    struct tg_error *error)
{
    enum tg_status status;
    if (strcmp(collection, "organizations") == 0 || strcmp(collection, "replicas") == 0) {
        status = tg_buf_printf(path, "/api/v1/%s", collection);
    } else {
        status = tg_lookup_organization(cli, error);
        if (status != TG_OK)
            return status;
        status = tg_buf_printf(path, "%s/%s", cli->organization_path, collection);
    }
    return status == TG_OK ? TG_OK : tg_fail(error, status, "the request is too long");
}

static enum tg_status read_page(struct tg_cli *cli, const char *base, const char *filter, struct tg_text cursor,
                                tg_json **page, struct tg_error *error)
{
    struct tg_buf path;
    tg_buf_init(&path, MAX_PATH_BYTES);
    enum tg_status status =
        tg_buf_printf(&path, "%s?limit=200%s%s", base, filter != NULL ? "&" : "", filter != NULL ? filter : "");
    if (status == TG_OK && cursor.bytes != 0) {
        status = tg_buf_printf(&path, "&cursor=");
        if (status == TG_OK)
            status = tg_client_escape(&path, cursor);
    }
    if (status == TG_OK)
        status = tg_buf_append(&path, tg_text("", 1));
    if (status == TG_OK)
        status = tg_client_call(cli->client, "GET", path.data, NULL, page, error);
    else
        tg_fail(error, status, "the request is too long");
    tg_buf_deinit(&path);
    return status;
}

enum tg_status tg_lookup_all(struct tg_cli *cli, const char *collection, const char *filter, tg_json **items,
                             struct tg_error *error)
{
    struct tg_buf base;
    tg_buf_init(&base, MAX_PATH_BYTES);
    tg_json *all = tg_json_new_array(), *page = NULL;
    struct tg_text cursor = {0};
    enum tg_status status = tg_lookup_collection(cli, collection, &base, error);
    while (status == TG_OK) {
        tg_json *next = NULL;
        status = read_page(cli, base.data, filter, cursor, &next, error);
        tg_json_destroy(page);
        page = next;
        if (status != TG_OK)
            break;
        const tg_json *listed = tg_json_member(page, "items");
        for (size_t i = 0; i < tg_json_count(listed); ++i)
            tg_json_append(all, tg_json_copy(tg_json_at(listed, i)));
        const tg_json *more = tg_json_member(page, "next_cursor");
        if (!tg_json_is(more, TG_JSON_STRING))
            break;
        cursor = tg_json_text(more);
    }
    tg_json_destroy(page);
    tg_buf_deinit(&base);
    if (status != TG_OK) {
        tg_json_destroy(all);
        all = NULL;
    }
    *items = all;
    return status;
}

static enum tg_status lookup_id(struct tg_cli *cli, const char *collection, const char *id, tg_json **found,
                                struct tg_error *error)
{
    struct tg_buf path;
    tg_buf_init(&path, MAX_PATH_BYTES);
    enum tg_status status = tg_lookup_collection(cli, collection, &path, error);
    if (status == TG_OK)
        status = tg_buf_printf(&path, "/%s", id);
    if (status == TG_OK)
        status = tg_client_call(cli->client, "GET", path.data, NULL, found, error);
    tg_buf_deinit(&path);
    return status;
}

static enum tg_status choose(tg_json *items, const char *noun, const char *name, tg_json **found,
                             struct tg_error *error)
{
    if (tg_json_count(items) == 1) {
        *found = tg_json_copy(tg_json_at(items, 0));
        return TG_OK;
    }
    if (tg_json_count(items) == 0)
        return tg_fail(error, TG_NOT_FOUND, "there is no %s named \"%s\"", noun, name);
    char ids[256] = "";
    for (size_t i = 0, used = 0; i < tg_json_count(items) && used < sizeof(ids); ++i)
        used += (size_t)snprintf(ids + used, sizeof(ids) - used, " %s",
                                 tg_json_text(tg_json_member(tg_json_at(items, i), "id")).data);
    return tg_fail(error, TG_CONFLICT, "several have the name \"%s\": give the id of the %s instead:%s", name, noun,
                   ids);
}

enum tg_status tg_lookup(struct tg_cli *cli, const char *collection, const char *noun, const char *name_or_id,
                         const char *filter, tg_json **found, struct tg_error *error)
{
    struct tg_id id;
    *found = NULL;
    if (tg_id_parse(tg_text_of(name_or_id), &id))
        return lookup_id(cli, collection, name_or_id, found, error);
    struct tg_buf query;
    tg_buf_init(&query, MAX_PATH_BYTES);
    tg_json *items = NULL;
    enum tg_status status = tg_buf_printf(&query, "%s%sname=", filter != NULL ? filter : "", filter != NULL ? "&" : "");
    if (status == TG_OK)
        status = tg_client_escape(&query, tg_text_of(name_or_id));
    if (status == TG_OK)
        status = tg_buf_append(&query, tg_text("", 1));
    if (status != TG_OK)
        tg_fail(error, status, "the name of the %s is too long", noun);
    if (status == TG_OK)
        status = tg_lookup_all(cli, collection, query.data, &items, error);
    if (status == TG_OK)
        status = choose(items, noun, name_or_id, found, error);
    tg_json_destroy(items);
    tg_buf_deinit(&query);
    return status;
}
