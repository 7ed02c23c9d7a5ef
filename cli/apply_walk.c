#include "cli/apply_walk.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/lookup.h"
#include "cli/resource.h"
#include "common/base/money.h"
#include "common/base/time.h"

enum { MAX_PATH_BYTES = 16384 };

/* Where each kind of resource stands in the file: its key, its noun, and the member that ties it to what it is in. */
struct place {
    const char *key;
    const char *noun;
    const char *parent_member;
    const struct place *children; /* ends with a NULL key */
};

static const struct place in_provider[] = {{"credentials", "credential", "provider_id", NULL},
                                           {NULL, NULL, NULL, NULL}};
static const struct place in_deployment[] = {{"prices", "price", "deployment_id", NULL}, {NULL, NULL, NULL, NULL}};
static const struct place in_model[] = {{"deployments", "deployment", "model_id", in_deployment},
                                        {NULL, NULL, NULL, NULL}};
static const struct place in_application[] = {{"keys", "key", "application_id", NULL}, {NULL, NULL, NULL, NULL}};
static const struct place in_project[] = {{"applications", "app", "project_id", in_application},
                                          {NULL, NULL, NULL, NULL}};
static const struct place in_team[] = {{"projects", "project", "team_id", in_project}, {NULL, NULL, NULL, NULL}};
static const struct place in_document[] = {
    {"providers", "provider", NULL, in_provider},
    {"models", "model", NULL, in_model},
    {"access_profiles", "profile", NULL, NULL},
    {"teams", "team", NULL, in_team},
    {"budgets", "budget", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

/* What the current item is inside of: its id, or none while it is only planned. */
struct parent {
    const char *path; /* for messages: "teams/search/projects" */
    const char *id;   /* NULL: will be new, so nothing can exist below it */
};

static bool key_is_flag(struct tg_text key, const char *flag)
{
    if (key.bytes != strlen(flag))
        return false;
    for (size_t i = 0; i < key.bytes; ++i) {
        if (key.data[i] != (flag[i] == '-' ? '_' : flag[i]))
            return false;
    }
    return true;
}

static enum tg_status refuse_unknown_keys(const tg_json *item, const struct tg_resource *resource,
                                          const struct place *children, const char *path, struct tg_error *error)
{
    struct tg_json_cursor cursor = {0};
    while (tg_json_next_member(item, &cursor)) {
        bool is_known = !resource->is_nameless && tg_text_is(cursor.key, "name");
        for (const struct tg_member *member = resource->members; member->flag != NULL && !is_known; ++member)
            is_known = member->verbs & TG_ON_CREATE && key_is_flag(cursor.key, member->flag);
        for (const struct place *child = children; child != NULL && child->key != NULL && !is_known; ++child)
            is_known = tg_text_is(cursor.key, child->key);
        if (!is_known)
            return tg_fail(error, TG_INVALID, "%s: a %s has no \"%.*s\"", path, resource->singular,
                           TG_TEXT_ARG(cursor.key));
    }
    return TG_OK;
}

/* A scalar, or a list of them separated by commas, as the text that tg_member_set() reads. */
static enum tg_status scalar_text(const tg_json *value, struct tg_buf *text)
{
    if (tg_json_is(value, TG_JSON_STRING))
        return tg_buf_append(text, tg_json_text(value));
    if (tg_json_is(value, TG_JSON_BOOLEAN))
        return tg_buf_printf(text, "%s", tg_json_boolean(value) ? "true" : "false");
    if (tg_json_is_i64(value))
        return tg_buf_printf(text, "%" PRId64, tg_json_i64(value));
    if (!tg_json_is(value, TG_JSON_ARRAY))
        return TG_INVALID;
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < tg_json_count(value) && status == TG_OK; ++i) {
        const tg_json *element = tg_json_at(value, i);
        if (!tg_json_is(element, TG_JSON_STRING))
            return TG_INVALID;
        status = tg_buf_printf(text, "%s%s", i == 0 ? "" : ",", tg_json_text(element).data);
    }
    return status;
}

static bool is_declared(const struct tg_apply *apply, const char *noun, struct tg_text name)
{
    char key[256];
    snprintf(key, sizeof(key), "%s/%.*s", noun, TG_TEXT_ARG(name));
    return tg_json_member(apply->declared, key) != NULL;
}

/* Whether all that a reference names and that does not exist yet is made by this file. */
static bool will_exist(struct tg_apply *apply, const struct tg_member *member, const char *text)
{
    if (member->kind == TG_MEMBER_SCOPE) {
        const char *colon = strchr(text, ':');
        if (colon == NULL)
            return true;
        struct tg_text noun = tg_text(text, (size_t)(colon - text));
        const char *said = tg_text_is(noun, "application") ? "app" : tg_text_is(noun, "api_key") ? "key" : NULL;
        char short_noun[32];
        snprintf(short_noun, sizeof(short_noun), "%.*s", TG_TEXT_ARG(noun));
        return is_declared(apply, said != NULL ? said : short_noun, tg_text_of(colon + 1));
    }
    const struct tg_resource *resource = tg_resource_find(member->refers);
    for (const char *at = text; *at != '\0';) {
        size_t bytes = member->kind == TG_MEMBER_REFERENCES ? strcspn(at, ",") : strlen(at);
        struct tg_text name = tg_text_trim(tg_text(at, bytes));
        if (name.bytes != 0 && !is_declared(apply, member->refers, name)) {
            char *copy = tg_text_strdup(name);
            tg_json *found = NULL;
            struct tg_error ignored;
            bool exists = !apply->is_new_organization && tg_lookup(apply->cli, resource->collection, resource->singular,
                                                                   copy, NULL, &found, &ignored) == TG_OK;
            tg_json_destroy(found);
            free(copy);
            if (!exists)
                return false;
        }
        at += bytes + (at[bytes] == ',');
    }
    return true;
}

static bool is_reference(const struct tg_member *member)
{
    return member->kind == TG_MEMBER_REFERENCE || member->kind == TG_MEMBER_REFERENCES ||
           member->kind == TG_MEMBER_SCOPE;
}

/* The body that the file asks for. While planning, a reference to something that this file will make is left out, and
 * *is_pending says so. */
static enum tg_status read_wish(struct tg_apply *apply, const struct tg_resource *resource, const tg_json *item,
                                const char *path, tg_json *wish, bool *is_pending, struct tg_error *error)
{
    for (const struct tg_member *member = resource->members; member->flag != NULL; ++member) {
        struct tg_json_cursor cursor = {0};
        const tg_json *value = NULL;
        while (value == NULL && tg_json_next_member(item, &cursor)) {
            if (member->verbs & TG_ON_CREATE && key_is_flag(cursor.key, member->flag))
                value = cursor.value;
        }
        if (value == NULL || tg_json_is(value, TG_JSON_NULL))
            continue;
        if (member->kind == TG_MEMBER_RATES) {
            enum tg_status status = tg_member_set_rates(member, value, wish, error);
            if (status != TG_OK)
                return tg_fail_context(error, status, "%s", path);
            continue;
        }
        struct tg_buf text;
        tg_buf_init(&text, 65536);
        enum tg_status status = scalar_text(value, &text);
        if (status == TG_OK)
            status = tg_buf_append(&text, tg_text("", 1));
        if (status != TG_OK) {
            tg_fail(error, TG_INVALID, "%s cannot be %s", member->flag, tg_json_kind_name(tg_json_kind(value)));
        } else if (!apply->is_executing && is_reference(member) && apply->is_new_organization) {
            *is_pending = true;
            if (!will_exist(apply, member, text.data))
                status = tg_fail(error, TG_NOT_FOUND, "%s: there is no \"%s\", nor is it made above", member->flag,
                                 text.data);
        } else {
            status = tg_member_set(apply->cli, member, text.data, wish, error);
            if (status == TG_NOT_FOUND && !apply->is_executing && is_reference(member) &&
                will_exist(apply, member, text.data)) {
                *is_pending = true;
                status = TG_OK;
            }
        }
        tg_buf_deinit(&text);
        if (status != TG_OK)
            return tg_fail_context(error, status, "%s", path);
    }
    return TG_OK;
}

static enum tg_status find_existing(struct tg_apply *apply, const struct place *place,
                                    const struct tg_resource *resource, const char *name, const tg_json *wish,
                                    const struct parent *parent, tg_json **found, struct tg_error *error)
{
    char filter[96] = "";
    *found = NULL;
    if (apply->is_new_organization || (place->parent_member != NULL && parent->id == NULL))
        return TG_OK;
    if (place->parent_member != NULL)
        snprintf(filter, sizeof(filter), "%s=%s", place->parent_member, parent->id);
    if (name != NULL) {
        enum tg_status status = tg_lookup(apply->cli, resource->collection, resource->singular, name,
                                          filter[0] != '\0' ? filter : NULL, found, error);
        return status == TG_NOT_FOUND ? TG_OK : status;
    }
    tg_json *items = NULL; /* a price is known by the moment it applies from */
    enum tg_status status = tg_lookup_all(apply->cli, resource->collection, filter, &items, error);
    int64_t wanted_ms = 0, has_ms = 0;
    const tg_json *effective_from = tg_json_member(wish, "effective_from");
    bool is_dated = effective_from != NULL && tg_time_parse(tg_json_text(effective_from), &wanted_ms);
    for (size_t i = 0; i < tg_json_count(items) && is_dated && *found == NULL; ++i) {
        const tg_json *item = tg_json_at(items, i);
        if (tg_time_parse(tg_json_text(tg_json_member(item, "effective_from")), &has_ms) && has_ms == wanted_ms)
            *found = tg_json_copy(item);
    }
    tg_json_destroy(items);
    return status;
}

static bool has_element(const tg_json *array, const tg_json *wanted)
{
    for (size_t i = 0; i < tg_json_count(array); ++i) {
        if (tg_json_equals(tg_json_at(array, i), wanted))
            return true;
    }
    return false;
}

/* Equal in meaning: 0.60 is 0.6, one moment may be written in several ways, and lists of ids are sets. */
static bool means_the_same(const tg_json *a, const tg_json *b)
{
    if (tg_json_equals(a, b))
        return true;
    if (tg_json_is(a, TG_JSON_ARRAY) && tg_json_is(b, TG_JSON_ARRAY)) {
        bool is_same = tg_json_count(a) == tg_json_count(b);
        for (size_t i = 0; i < tg_json_count(a) && is_same; ++i)
            is_same = has_element(b, tg_json_at(a, i));
        return is_same;
    }
    if (!tg_json_is(a, TG_JSON_STRING) || !tg_json_is(b, TG_JSON_STRING))
        return false;
    int64_t x, y;
    if (tg_money_parse(tg_json_text(a), &x) && tg_money_parse(tg_json_text(b), &y))
        return x == y;
    return tg_time_parse(tg_json_text(a), &x) && tg_time_parse(tg_json_text(b), &y) && x == y;
}

/* Leaves in `wish` only what differs from what is there. A secret cannot be read back: its last four characters tell.
 */
static void keep_differences(tg_json *wish, const tg_json *existing)
{
    tg_json *copy = tg_json_copy(wish);
    struct tg_json_cursor cursor = {0};
    while (tg_json_next_member(copy, &cursor)) {
        char key[64];
        snprintf(key, sizeof(key), "%.*s", TG_TEXT_ARG(cursor.key));
        if (strcmp(key, "secret") == 0) {
            struct tg_text secret = tg_json_text(cursor.value);
            struct tg_text last_four = tg_json_text(tg_json_member(existing, "last_four"));
            struct tg_text end = secret.bytes < 12 ? tg_text("", 0) : tg_text(secret.data + secret.bytes - 4, 4);
            if (tg_text_equals(end, last_four))
                tg_json_remove(wish, key);
        } else if (strcmp(key, "sha256") == 0 || means_the_same(cursor.value, tg_json_member(existing, key))) {
            tg_json_remove(wish, key);
        }
    }
    tg_json_destroy(copy);
}

static void note_change(struct tg_apply *apply, const char *action, const struct tg_resource *resource,
                        const char *path, const tg_json *wish, const tg_json *answer)
{
    tg_json *change = tg_json_new_object();
    tg_json_set_text(change, "action", tg_text_of(action));
    tg_json_set_text(change, "resource", tg_text_of(resource->singular));
    tg_json_set_text(change, "path", tg_text_of(path));
    tg_json *members = tg_json_new_array();
    struct tg_json_cursor cursor = {0};
    while (tg_json_next_member(wish, &cursor))
        tg_json_append(members, tg_json_new_text(cursor.key));
    tg_json_set(change, "members", members);
    const char *const shown[] = {"id", "key"};
    for (size_t i = 0; i < 2; ++i) {
        const tg_json *value = tg_json_member(answer, shown[i]);
        if (value != NULL)
            tg_json_set(change, shown[i], tg_json_copy(value));
    }
    tg_json_append(apply->changes, change);
}

static enum tg_status carry_out(struct tg_apply *apply, const struct tg_resource *resource, const char *id,
                                const tg_json *body, tg_json **answer, struct tg_error *error)
{
    struct tg_buf path;
    tg_buf_init(&path, MAX_PATH_BYTES);
    enum tg_status status = tg_lookup_collection(apply->cli, resource->collection, &path, error);
    if (status == TG_OK && id != NULL)
        status = tg_buf_printf(&path, "/%s", id);
    if (status == TG_OK)
        status = tg_client_call(apply->cli->client, id == NULL ? "POST" : "PATCH", path.data, body, answer, error);
    tg_buf_deinit(&path);
    return status;
}

/* Creates or changes one resource as far as needed. *result is what there is afterwards; NULL while it is only planned.
 */
static enum tg_status settle_item(struct tg_apply *apply, const struct place *place, const struct tg_resource *resource,
                                  const tg_json *item, const char *name, const struct parent *parent, const char *path,
                                  tg_json **result, struct tg_error *error)
{
    tg_json *wish = tg_json_new_object(), *existing = NULL, *answer = NULL;
    bool is_pending = false;
    *result = NULL;
    enum tg_status status = read_wish(apply, resource, item, path, wish, &is_pending, error);
    if (status == TG_OK)
        status = find_existing(apply, place, resource, name, wish, parent, &existing, error);
    if (status != TG_OK)
        goto done;
    if (existing != NULL)
        keep_differences(wish, existing);
    if (existing != NULL && tg_json_count(wish) == 0 && !is_pending) {
        ++apply->unchanged;
        goto done;
    }
    if (existing != NULL && resource->is_immutable) {
        status = tg_fail(error, TG_CONFLICT, "%s: a %s cannot be changed; add one with a later effective_from", path,
                         resource->singular);
        goto done;
    }
    if (existing == NULL && name != NULL)
        tg_json_set_text(wish, "name", tg_text_of(name));
    if (existing == NULL && place->parent_member != NULL && parent->id != NULL)
        tg_json_set_text(wish, place->parent_member, tg_text_of(parent->id));
    if (apply->is_executing) {
        const char *id = existing == NULL ? NULL : tg_json_text(tg_json_member(existing, "id")).data;
        status = carry_out(apply, resource, id, wish, &answer, error);
        if (status != TG_OK)
            tg_fail_context(error, status, "%s", path);
    }
    if (status == TG_OK)
        note_change(apply, existing == NULL ? "create" : "update", resource, path, wish, answer);
done:
    if (status == TG_OK)
        *result = answer != NULL ? tg_json_copy(answer) : existing != NULL ? tg_json_copy(existing) : NULL;
    tg_json_destroy(answer);
    tg_json_destroy(existing);
    tg_json_destroy(wish);
    return status;
}

static enum tg_status walk_places(struct tg_apply *apply, const struct place *places, const tg_json *container,
                                  const struct parent *parent, struct tg_error *error);

static enum tg_status walk_item(struct tg_apply *apply, const struct place *place, const tg_json *item, size_t index,
                                const struct parent *parent, struct tg_error *error)
{
    const struct tg_resource *resource = tg_resource_find(place->noun);
    char path[512];
    const tg_json *said = tg_json_member(item, "name");
    if (!tg_json_is(item, TG_JSON_OBJECT) || (!resource->is_nameless && !tg_json_is(said, TG_JSON_STRING)))
        return tg_fail(error, TG_INVALID, "%s%s[%zu]: each %s is a mapping%s", parent->path, place->key, index,
                       resource->singular, resource->is_nameless ? "" : " with a name");
    const char *name = resource->is_nameless ? NULL : tg_json_text(said).data;
    if (name != NULL)
        snprintf(path, sizeof(path), "%s%s/%s", parent->path, place->key, name);
    else
        snprintf(path, sizeof(path), "%s%s[%zu]", parent->path, place->key, index);
    if (resource->is_nameless && !tg_json_is(tg_json_member(item, "effective_from"), TG_JSON_STRING))
        return tg_fail(error, TG_INVALID,
                       "%s: a price in a file needs effective_from, so that it is the same each time", path);
    enum tg_status status = refuse_unknown_keys(item, resource, place->children, path, error);
    tg_json *result = NULL;
    if (status == TG_OK)
        status = settle_item(apply, place, resource, item, name, parent, path, &result, error);
    if (status == TG_OK && name != NULL) {
        char key[256];
        snprintf(key, sizeof(key), "%s/%s", place->noun, name);
        tg_json_set_boolean(apply->declared, key, true);
    }
    if (status == TG_OK && place->children != NULL) {
        snprintf(path + strlen(path), sizeof(path) - strlen(path), "/");
        struct parent self = {path, result == NULL ? NULL : tg_json_text(tg_json_member(result, "id")).data};
        status = walk_places(apply, place->children, item, &self, error);
    }
    tg_json_destroy(result);
    return status;
}

static enum tg_status walk_places(struct tg_apply *apply, const struct place *places, const tg_json *container,
                                  const struct parent *parent, struct tg_error *error)
{
    for (const struct place *place = places; place->key != NULL; ++place) {
        const tg_json *list = tg_json_member(container, place->key);
        if (list == NULL || tg_json_is(list, TG_JSON_NULL))
            continue;
        if (!tg_json_is(list, TG_JSON_ARRAY))
            return tg_fail(error, TG_INVALID, "%s%s must be a list", parent->path, place->key);
        for (size_t i = 0; i < tg_json_count(list); ++i) {
            enum tg_status status = walk_item(apply, place, tg_json_at(list, i), i, parent, error);
            if (status != TG_OK)
                return status;
        }
    }
    return TG_OK;
}

/* The organization itself: named, or described; made if it is not there. Without one in the file, the command line's.
 */
static enum tg_status settle_organization(struct tg_apply *apply, const tg_json *document, struct tg_error *error)
{
    static const struct place place = {"organization", "org", NULL, NULL};
    const struct tg_resource *resource = tg_resource_find("org");
    const tg_json *said = tg_json_member(document, "organization");
    if (said == NULL)
        return tg_lookup_organization(apply->cli, error);
    tg_json *item = tg_json_is(said, TG_JSON_STRING) ? tg_json_new_object() : tg_json_copy(said);
    if (tg_json_is(said, TG_JSON_STRING))
        tg_json_set(item, "name", tg_json_copy(said));
    const tg_json *name = tg_json_member(item, "name");
    tg_json *result = NULL;
    enum tg_status status = TG_OK;
    if (!tg_json_is(name, TG_JSON_STRING))
        status = tg_fail(error, TG_INVALID, "organization must be a name, or a mapping with a name");
    if (status == TG_OK)
        status = refuse_unknown_keys(item, resource, NULL, "organization", error);
    apply->is_new_organization = false;
    if (status == TG_OK)
        status = settle_item(apply, &place, resource, item, tg_json_text(name).data, &(struct parent){"", NULL},
                             "organization", &result, error);
    apply->is_new_organization = status == TG_OK && result == NULL;
    if (result != NULL)
        snprintf(apply->cli->organization_path, sizeof(apply->cli->organization_path), "/api/v1/organizations/%s",
                 tg_json_text(tg_json_member(result, "id")).data);
    tg_json_destroy(result);
    tg_json_destroy(item);
    return status;
}

enum tg_status tg_apply_walk(struct tg_apply *apply, const tg_json *document, struct tg_error *error)
{
    struct tg_json_cursor cursor = {0};
    if (!tg_json_is(document, TG_JSON_OBJECT))
        return tg_fail(error, TG_INVALID, "the file must be a mapping");
    while (tg_json_next_member(document, &cursor)) {
        bool is_known = tg_text_is(cursor.key, "organization");
        for (const struct place *place = in_document; place->key != NULL && !is_known; ++place)
            is_known = tg_text_is(cursor.key, place->key);
        if (!is_known)
            return tg_fail(error, TG_INVALID,
                           "there is no \"%.*s\" in a file for apply; there is organization, providers, models, "
                           "access_profiles, teams, budgets",
                           TG_TEXT_ARG(cursor.key));
    }
    enum tg_status status = settle_organization(apply, document, error);
    if (status != TG_OK)
        return status;
    return walk_places(apply, in_document, document, &(struct parent){"", NULL}, error);
}
