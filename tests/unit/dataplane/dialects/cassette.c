#include "tests/unit/dataplane/dialects/cassette.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/codec/base64.h"
#include "common/codec/yaml.h"

enum { MAX_FILE_BYTES = 32 << 20 };

static void corpus_path(char *path, size_t bytes, const char *name)
{
    const char *root = getenv("TOLLGATE_CORPORA");
    if (root != NULL)
        snprintf(path, bytes, "%s/%s", root, name);
    else
        snprintf(path, bytes, TG_PROJECT_ROOT "/../shared/data/%s", name);
}

bool cassette_file(const char *name, struct tg_buf *content)
{
    char path[1024];
    struct tg_error error;
    corpus_path(path, sizeof(path), name);
    return tg_file_read(path, MAX_FILE_BYTES, content, &error) == TG_OK;
}

/* The project's YAML has no tags: binary values are then the base64 that stands there. */
static void blank_tags(struct tg_buf *content)
{
    char *at = content->data, *end = at + content->bytes;
    while ((at = memmem(at, (size_t)(end - at), "!!binary", 8)) != NULL)
        memset(at, ' ', 8);
}

static struct tg_text without_space(struct tg_arena *arena, struct tg_text text)
{
    char *out = tg_arena_alloc(arena, text.bytes + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < text.bytes; ++i)
        if (text.data[i] > ' ')
            out[bytes++] = text.data[i];
    return tg_text(out, bytes);
}

static struct tg_text json_text(struct tg_arena *arena, const tg_json *value)
{
    struct tg_buf buf;
    tg_buf_init(&buf, MAX_FILE_BYTES);
    assert_int_equal(tg_json_dump(value, TG_JSON_COMPACT, &buf), TG_OK);
    struct tg_text text = tg_arena_copy(arena, tg_buf_text(&buf));
    tg_buf_deinit(&buf);
    return text;
}

static bool take_message(struct tg_arena *arena, const tg_json *message, struct tg_text *body, bool *is_stream)
{
    const tg_json *parsed = tg_json_member(message, "parsed_body"), *raw = tg_json_member(message, "body");
    *is_stream = false;
    if (parsed != NULL) {
        *body = json_text(arena, parsed);
        return true;
    }
    if (tg_json_is(raw, TG_JSON_OBJECT)) {
        raw = tg_json_member(raw, "string");
        *is_stream = true;
    }
    if (!tg_json_is(raw, TG_JSON_STRING))
        return false;
    *body = tg_arena_copy(arena, tg_json_text(raw));
    return true;
}

static bool take_exchange(const tg_json *interaction, struct cassette_exchange *exchange)
{
    const tg_json *request = tg_json_member(interaction, "request"), *answer = tg_json_member(interaction, "response");
    const tg_json *uri = tg_json_member(request, "uri");
    const tg_json *code = tg_json_member(tg_json_member(answer, "status"), "code");
    bool ignored;
    if (!tg_json_is(uri, TG_JSON_STRING) || code == NULL || !tg_json_is_i64(code))
        return false;
    exchange->uri = tg_arena_copy(exchange->arena, tg_json_text(uri));
    exchange->status = (int)tg_json_i64(code);
    if (!take_message(exchange->arena, request, &exchange->request, &ignored) ||
        !take_message(exchange->arena, answer, &exchange->answer, &exchange->is_stream))
        return false;
    struct tg_text compact = without_space(exchange->arena, exchange->answer);
    if (exchange->is_stream && tg_text_starts_with(compact, "AAAA"))
        assert_true(tg_base64_decode(exchange->arena, compact, &exchange->answer));
    else if (exchange->is_stream && tg_text_starts_with(compact, "{"))
        exchange->is_stream = false;
    return true;
}

void cassette_each(const char *folder, const char *uri_part,
                   void (*check)(const struct cassette_exchange *exchange, void *user), void *user,
                   struct cassette_count *count)
{
    char name[512], path[1024];
    snprintf(name, sizeof(name), "cassettes/%s", folder);
    corpus_path(path, sizeof(path), name);
    DIR *entries = opendir(path);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        struct tg_buf content;
        struct tg_error error;
        tg_json *root = NULL;
        if (strstr(entry->d_name, ".yaml") == NULL)
            continue;
        snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
        assert_true(cassette_file(path, &content));
        blank_tags(&content);
        if (tg_yaml_parse(tg_buf_text(&content), &root, &error) != TG_OK)
            ++count->refused;
        const tg_json *interactions = tg_json_member(root, "interactions");
        for (size_t i = 0; i < tg_json_count(interactions); ++i) {
            struct tg_arena arena;
            tg_arena_init(&arena);
            struct cassette_exchange exchange = {.arena = &arena, .name = entry->d_name};
            if (take_exchange(tg_json_at(interactions, i), &exchange) &&
                memmem(exchange.uri.data, exchange.uri.bytes, uri_part, strlen(uri_part)) != NULL) {
                check(&exchange, user);
                ++count->exchanges;
            }
            tg_arena_deinit(&arena);
        }
        tg_json_destroy(root);
        tg_buf_deinit(&content);
    }
    if (entries != NULL)
        closedir(entries);
}
