
#include "controlplane/registry/rows_internal.h"

/* What most providers serve at the same places: a row names it by one word. */
static const struct {
    const char *word;
    struct tg_registry_api api;
} usual_apis[] = {
    {"chat", {"generate", "chat", "/chat/completions", ""}},
    {"responses", {"generate", "responses", "/responses", ""}},
    {"messages", {"generate", "messages", "/messages", ""}},
    {"completions", {"complete", "chat", "/completions", ""}},
    {"embeddings", {"embed", "chat", "/embeddings", ""}},
    {"moderations", {"moderate", "chat", "/moderations", ""}},
    {"rerank", {"rerank", "chat", "/rerank", ""}},
    {"images", {"image", "chat", "/images/generations", ""}},
    {"image_edits", {"image_edit", "chat", "/images/edits", ""}},
    {"speech", {"speech", "chat", "/audio/speech", ""}},
    {"transcriptions", {"transcribe", "chat", "/audio/transcriptions", ""}},
    {"native", {"native", "chat", "", ""}},
};
enum { USUAL_COUNT = sizeof(usual_apis) / sizeof(usual_apis[0]) };

struct reader {
    struct tg_arena *arena;
    const tg_json *value;
    struct tg_registry_row *row;
    struct tg_error *error;
    enum tg_status status; /* the first trouble stands */
};

static void trouble(struct reader *reader, const char *member, const char *what)
{
    if (reader->status == TG_OK)
        reader->status = tg_fail(reader->error, TG_INVALID, "provider \"%s\": '%s' %s",
                                 reader->row->name == NULL ? "?" : reader->row->name, member, what);
}

static const char *string_of(struct reader *reader, const char *member, const tg_json *value)
{
    if (tg_json_is(value, TG_JSON_STRING))
        return tg_arena_copy(reader->arena, tg_json_text(value)).data;
    if (value != NULL)
        trouble(reader, member, "must be a string");
    return "";
}

static const char *read_string(struct reader *reader, const char *member)
{
    return string_of(reader, member, tg_json_member(reader->value, member));
}

/* What can stand in a head or a URL without ending it. */
static bool is_visible(const char *text)
{
    for (const char *c = text; *c != '\0'; ++c)
        if (*c <= ' ' || *c >= 0x7f)
            return false;
    return true;
}

/* ---- auth: "bearer", "none", "header:x-api-key", "header:Authorization Token", "query:key", "aws_sigv4:bedrock" ----
 */

static const struct {
    const char *prefix;
    const char *name;
    enum tg_registry_auth auth;
    bool wants_name;
} schemes[] = {
    {"none", "none", TG_REGISTRY_AUTH_NONE, false},
    {"bearer", "bearer", TG_REGISTRY_AUTH_BEARER, false},
    {"header:", "header", TG_REGISTRY_AUTH_HEADER, true},
    {"query:", "query", TG_REGISTRY_AUTH_QUERY, true},
    {"aws_sigv4:", "aws_sigv4", TG_REGISTRY_AUTH_AWS_SIGV4, true},
};
enum { SCHEME_COUNT = sizeof(schemes) / sizeof(schemes[0]) };

const char *tg_registry_auth_name(enum tg_registry_auth auth)
{
    for (size_t i = 0; i < SCHEME_COUNT; ++i)
        if (schemes[i].auth == auth)
            return schemes[i].name;
    return "";
}

/* "Authorization Token": the header's name, and the word before the secret. */
static void split_scheme(struct reader *reader)
{
    const char *space = strchr(reader->row->auth_name, ' ');
    if (space == NULL || reader->row->auth != TG_REGISTRY_AUTH_HEADER)
        return;
    struct tg_text name = tg_text(reader->row->auth_name, (size_t)(space - reader->row->auth_name));
    reader->row->auth_name = tg_arena_copy(reader->arena, name).data;
    reader->row->auth_scheme = space + 1;
}

static void read_auth(struct reader *reader)
{
    const char *text = read_string(reader, "auth");
    reader->row->auth_name = reader->row->auth_scheme = "";
    for (size_t i = 0; i < SCHEME_COUNT; ++i) {
        size_t bytes = strlen(schemes[i].prefix);
        if (strncmp(text, schemes[i].prefix, bytes) != 0 || (text[bytes] != '\0') != schemes[i].wants_name)
            continue;
        reader->row->auth = schemes[i].auth;
        reader->row->auth_name = text + bytes;
        split_scheme(reader);
        if (!is_visible(reader->row->auth_name) || !is_visible(reader->row->auth_scheme) ||
            (schemes[i].wants_name && reader->row->auth_name[0] == '\0'))
            break;
        return;
    }
    trouble(reader, "auth", "must be none, bearer, header:NAME, header:NAME SCHEME, query:NAME or aws_sigv4:SERVICE");
}

/* ---- apis ---- */

/* What replicas know. They would refuse the whole configuration for a row with another word. */
static const char *const operations[] = {"generate", "count_tokens", "complete", "embed",      "moderate", "rerank",
                                         "image",    "image_edit",   "speech",   "transcribe", "native"};
static const char *const dialects[] = {"chat", "responses", "messages", "gemini", "converse"};

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static void check_api(struct reader *reader, const struct tg_registry_api *api)
{
    bool is_native = strcmp(api->operation, "native") == 0;
    if (!is_one_of(api->operation, operations, sizeof(operations) / sizeof(operations[0])))
        trouble(reader, "apis", "has an operation that there is not");
    else if (!is_one_of(api->dialect, dialects, sizeof(dialects) / sizeof(dialects[0])))
        trouble(reader, "apis", "has a dialect that there is not");
    else if ((api->path[0] != '/' && !(is_native && api->path[0] == '\0')) || !is_visible(api->path))
        trouble(reader, "apis", "has a path that does not begin with a slash, or has a space");
    else if ((api->stream_path[0] != '\0' && api->stream_path[0] != '/') || !is_visible(api->stream_path))
        trouble(reader, "apis", "has a stream_path that does not begin with a slash, or has a space");
}

static bool read_usual(const char *word, struct tg_registry_api *api)
{
    for (size_t i = 0; i < USUAL_COUNT; ++i) {
        if (strcmp(usual_apis[i].word, word) == 0) {
            *api = usual_apis[i].api;
            return true;
        }
    }
    return false;
}

static void read_api(struct reader *reader, const tg_json *value, struct tg_registry_api *api)
{
    *api = (struct tg_registry_api){"", "", "", ""};
    if (tg_json_is(value, TG_JSON_STRING)) {
        if (!read_usual(tg_json_text(value).data, api))
            trouble(reader, "apis", "has a word that stands for nothing");
        return;
    }
    struct tg_json_cursor cursor = {.position = NULL};
    while (tg_json_next_member(value, &cursor)) {
        const char *text = string_of(reader, "apis", cursor.value);
        if (tg_text_is(cursor.key, "operation"))
            api->operation = text;
        else if (tg_text_is(cursor.key, "dialect"))
            api->dialect = text;
        else if (tg_text_is(cursor.key, "path"))
            api->path = text;
        else if (tg_text_is(cursor.key, "stream_path"))
            api->stream_path = text;
        else
            trouble(reader, "apis", "has a member that nothing knows");
    }
    if (!tg_json_is(value, TG_JSON_OBJECT))
        trouble(reader, "apis", "must name operation, dialect and path, or be one of the usual words");
}

static void read_apis(struct reader *reader)
{
    const tg_json *list = tg_json_member(reader->value, "apis");
    size_t count = tg_json_count(list);
    struct tg_registry_api *apis = tg_arena_calloc(reader->arena, (count + 1) * sizeof(*apis));
    if (!tg_json_is(list, TG_JSON_ARRAY) || count == 0)
        trouble(reader, "apis", "must be a list of what it serves");
    for (size_t i = 0; i < count; ++i) {
        read_api(reader, tg_json_at(list, i), &apis[i]);
        check_api(reader, &apis[i]);
        reader->row->blanks |= tg_registry_blanks_in(apis[i].path) | tg_registry_blanks_in(apis[i].stream_path);
    }
    reader->row->apis = apis;
    reader->row->api_count = count;
}

/* ---- lists ---- */

/* {name: value, …} */
static const struct tg_registry_pair *read_pairs(struct reader *reader, const char *member, size_t *count)
{
    const tg_json *object = tg_json_member(reader->value, member);
    struct tg_json_cursor cursor = {.position = NULL};
    *count = 0;
    if (object != NULL && !tg_json_is(object, TG_JSON_OBJECT))
        trouble(reader, member, "must be names with values");
    struct tg_registry_pair *pairs = tg_arena_calloc(reader->arena, (tg_json_count(object) + 1) * sizeof(*pairs));
    while (tg_json_next_member(object, &cursor))
        pairs[(*count)++] = (struct tg_registry_pair){tg_arena_copy(reader->arena, cursor.key).data,
                                                      string_of(reader, member, cursor.value)};
    return pairs;
}

static void read_headers(struct reader *reader)
{
    reader->row->headers = read_pairs(reader, "headers", &reader->row->header_count);
    for (size_t i = 0; i < reader->row->header_count; ++i) {
        const struct tg_registry_pair *header = &reader->row->headers[i];
        bool is_printable = header->name[0] != '\0' && is_visible(header->name);
        for (const char *c = header->value; *c != '\0'; ++c)
            is_printable = is_printable && *c >= ' ' && *c < 0x7f;
        if (!is_printable)
            trouble(reader, "headers", "has a field that no head can carry");
    }
}

/* {name: new name, name: null, name: {set: value}} */
static void read_rules(struct reader *reader)
{
    const tg_json *object = tg_json_member(reader->value, "parameters");
    struct tg_json_cursor cursor = {.position = NULL};
    size_t count = 0;
    if (object != NULL && !tg_json_is(object, TG_JSON_OBJECT))
        trouble(reader, "parameters", "must be names with values");
    struct tg_registry_rule *rules = tg_arena_calloc(reader->arena, (tg_json_count(object) + 1) * sizeof(*rules));
    while (tg_json_next_member(object, &cursor)) {
        struct tg_registry_rule *rule = &rules[count++];
        *rule = (struct tg_registry_rule){tg_arena_copy(reader->arena, cursor.key).data, "", ""};
        if (tg_json_is(cursor.value, TG_JSON_NULL))
            continue;
        const tg_json *set = tg_json_member(cursor.value, "set");
        const char **text = set == NULL ? &rule->new_name : &rule->value;
        *text = string_of(reader, "parameters", set == NULL ? cursor.value : set);
        if (**text == '\0' || (set != NULL && tg_json_count(cursor.value) != 1))
            trouble(reader, "parameters", "must give each field its new name, null, or {set: VALUE}");
    }
    reader->row->rules = rules;
    reader->row->rule_count = count;
}

static void read_litellm(struct reader *reader)
{
    const tg_json *list = tg_json_member(reader->value, "litellm");
    size_t count = tg_json_count(list);
    const char **names = tg_arena_calloc(reader->arena, (count + 1) * sizeof(*names));
    if (list != NULL && !tg_json_is(list, TG_JSON_ARRAY))
        trouble(reader, "litellm", "must be a list of names");
    for (size_t i = 0; i < count; ++i)
        names[i] = string_of(reader, "litellm", tg_json_at(list, i));
    reader->row->litellm = names;
    reader->row->litellm_count = count;
}

static void read_defaults(struct reader *reader)
{
    size_t count;
    const struct tg_registry_pair *pairs = read_pairs(reader, "defaults", &count);
    for (enum tg_registry_blank blank = 0; blank < TG_BLANK_COUNT; ++blank)
        reader->row->defaults[blank] = "";
    for (size_t i = 0; i < count; ++i) {
        enum tg_registry_blank blank = 0;
        while (blank < TG_BLANK_COUNT && strcmp(pairs[i].name, tg_registry_blank_name(blank)) != 0)
            ++blank;
        if (blank == TG_BLANK_COUNT)
            trouble(reader, "defaults", "names something else than region, project, account, api_version");
        else
            reader->row->defaults[blank] = pairs[i].value;
    }
}

/* ---- the row ---- */

/* "host", "host:80", "[::1]:80/path": what stands behind the scheme. A blank may be a part of the host. */
static bool has_host(const char *rest)
{
    size_t host_bytes = rest[0] == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, ":/");
    if (host_bytes == 0 || host_bytes > strlen(rest))
        return false;
    rest += host_bytes;
    uint64_t port = 1;
    if (*rest == ':') {
        size_t digits = strcspn(++rest, "/");
        if (!tg_text_to_u64(tg_text(rest, digits), &port))
            return false;
        rest += digits;
    }
    return port > 0 && port <= UINT16_MAX && (*rest == '\0' || *rest == '/');
}

static void check_base_url(struct reader *reader)
{
    const char *url = reader->row->base_url;
    size_t scheme_bytes = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    if (*url == '\0')
        return;
    if (scheme_bytes == 0 || !is_visible(url) || strpbrk(url, "?#@\\\"") != NULL || !has_host(url + scheme_bytes))
        trouble(reader, "base_url", "must be http:// or https:// and a host, without a query, a fragment or a user");
}

static void refuse_unknown(struct reader *reader)
{
    static const char *const known[] = {"note",    "name",    "display_name",  "base_url",      "auth",
                                        "apis",    "headers", "parameters",    "maximum_field", "asks_for_usage",
                                        "litellm", "checked", "documentation", "defaults"};
    struct tg_json_cursor cursor = {.position = NULL};
    while (tg_json_next_member(reader->value, &cursor)) {
        size_t i = 0;
        while (i < sizeof(known) / sizeof(known[0]) && !tg_text_is(cursor.key, known[i]))
            ++i;
        if (i == sizeof(known) / sizeof(known[0]))
            trouble(reader, tg_arena_copy(reader->arena, cursor.key).data, "is no member of a row");
    }
}

enum tg_status tg_registry_read_row(struct tg_arena *arena, const tg_json *value, struct tg_registry_row *row,
                                    struct tg_error *error)
{
    struct reader reader = {arena, value, row, error, TG_OK};
    row->name = read_string(&reader, "name");
    row->display_name = read_string(&reader, "display_name");
    row->base_url = read_string(&reader, "base_url");
    row->blanks = tg_registry_blanks_in(row->base_url);
    check_base_url(&reader);
    row->maximum_field = read_string(&reader, "maximum_field");
    row->note = read_string(&reader, "note");
    row->checked = read_string(&reader, "checked");
    row->documentation = read_string(&reader, "documentation");
    read_auth(&reader);
    read_apis(&reader);
    read_headers(&reader);
    read_rules(&reader);
    read_litellm(&reader);
    read_defaults(&reader);
    const tg_json *asks = tg_json_member(value, "asks_for_usage");
    row->asks_for_usage = asks == NULL || (tg_json_is(asks, TG_JSON_BOOLEAN) && tg_json_boolean(asks));
    if (asks != NULL && !tg_json_is(asks, TG_JSON_BOOLEAN))
        trouble(&reader, "asks_for_usage", "must be true or false");
    if (row->name[0] == '\0')
        trouble(&reader, "name", "is missing");
    if (row->checked[0] == '\0')
        trouble(&reader, "checked", "must say what was checked and against what");
    if (row->maximum_field[0] == '\0')
        row->maximum_field = "max_tokens";
    if (!is_visible(row->maximum_field) || strpbrk(row->maximum_field, "\\\"") != NULL)
        trouble(&reader, "maximum_field", "is no name of a field");
    refuse_unknown(&reader);
    return reader.status;
}
