#include "controlplane/registry/registry.h"

#include <stdlib.h>

#include "common/base/file.h"
#include "common/crypto/digest.h"
#include "controlplane/registry/embed_internal.h"
#include "controlplane/registry/rows_internal.h"

enum { MAX_ROWS = 512, MAX_FILE_BYTES = 4 << 20 };

static struct {
    struct tg_arena arena;
    const struct tg_registry_row *rows[MAX_ROWS]; /* by name */
    const char *source_of[MAX_ROWS];              /* where each was read */
    size_t count;
    uint8_t digest[TG_REGISTRY_DIGEST_BYTES];
} registry;

const char *tg_registry_blank_name(enum tg_registry_blank blank)
{
    static const char *const names[TG_BLANK_COUNT] = {"region", "project", "account", "api_version"};
    return (unsigned)blank < TG_BLANK_COUNT ? names[blank] : "";
}

/* ---- the rows ---- */

/* Where a row of that name is, or where it belongs. */
static size_t place_of(struct tg_text name, bool *is_there)
{
    size_t at = 0;
    while (at < registry.count) {
        struct tg_text other = tg_text_of(registry.rows[at]->name);
        size_t bytes = name.bytes < other.bytes ? name.bytes : other.bytes;
        int order = memcmp(other.data, name.data, bytes);
        if (order > 0 || (order == 0 && other.bytes >= name.bytes))
            break;
        ++at;
    }
    *is_there = at < registry.count && tg_text_is(name, registry.rows[at]->name);
    return at;
}

static enum tg_status add(const struct tg_registry_row *row, const char *source, struct tg_error *error)
{
    bool is_there;
    size_t at = place_of(tg_text_of(row->name), &is_there);
    if (is_there && registry.source_of[at] == source)
        return tg_fail(error, TG_INVALID, "there are two providers \"%s\"", row->name);
    if (!is_there && registry.count == MAX_ROWS)
        return tg_fail(error, TG_INVALID, "there are more than %d kinds of providers", MAX_ROWS);
    if (!is_there) {
        memmove(&registry.rows[at + 1], &registry.rows[at], (registry.count - at) * sizeof(registry.rows[0]));
        memmove(&registry.source_of[at + 1], &registry.source_of[at],
                (registry.count - at) * sizeof(registry.source_of[0]));
        ++registry.count;
    }
    registry.rows[at] = row;
    registry.source_of[at] = source;
    return TG_OK;
}

/* Chains what is read to what was read before. */
static void take_into_digest(struct tg_text text)
{
    uint8_t chain[TG_REGISTRY_DIGEST_BYTES + TG_SHA256_BYTES];
    memcpy(chain, registry.digest, TG_REGISTRY_DIGEST_BYTES);
    tg_sha256(text.data, text.bytes, chain + TG_REGISTRY_DIGEST_BYTES);
    tg_sha256(chain, sizeof(chain), registry.digest);
}

static enum tg_status read_rows(struct tg_text yaml, const char *source, struct tg_error *error)
{
    tg_json *root = NULL;
    struct tg_error reason;
    take_into_digest(yaml);
    enum tg_status status = tg_yaml_parse(yaml, &root, &reason);
    const tg_json *rows = status == TG_OK ? tg_json_member(root, "providers") : NULL;
    if (status == TG_OK && (tg_json_count(root) != 1 || !tg_json_is(rows, TG_JSON_ARRAY)))
        status = tg_fail(&reason, TG_INVALID, "it must have one member, 'providers', with the list of rows");
    for (size_t i = 0; status == TG_OK && i < tg_json_count(rows); ++i) {
        struct tg_registry_row *row = tg_arena_calloc(&registry.arena, sizeof(*row));
        status = tg_registry_read_row(&registry.arena, tg_json_at(rows, i), row, &reason);
        if (status == TG_OK)
            status = add(row, source, &reason);
    }
    tg_json_destroy(root);
    return status == TG_OK ? TG_OK : tg_fail(error, status, "%s: %s", source, reason.message);
}

enum tg_status tg_registry_load(const char *path, struct tg_error *error)
{
    tg_registry_unload();
    tg_arena_init(&registry.arena);
    enum tg_status status = read_rows(tg_text((const char *)tg_registry_builtin, tg_registry_builtin_bytes),
                                      "the provider registry", error);
    if (status == TG_OK && path != NULL) {
        struct tg_buf text;
        struct tg_error reason;
        if (tg_file_read(path, MAX_FILE_BYTES, &text, &reason) == TG_OK)
            status = read_rows(tg_buf_text(&text), path, error);
        else
            status = tg_fail(error, TG_INVALID, "%s", reason.message);
        tg_buf_deinit(&text);
    }
    return status;
}

void tg_registry_unload(void)
{
    tg_arena_deinit(&registry.arena);
    registry.count = 0;
    memset(registry.digest, 0, sizeof(registry.digest));
}

const struct tg_registry_row *tg_registry_find(struct tg_text name)
{
    bool is_there;
    size_t at = place_of(name, &is_there);
    return is_there ? registry.rows[at] : NULL;
}

size_t tg_registry_count(void)
{
    return registry.count;
}

const struct tg_registry_row *tg_registry_at(size_t index)
{
    return registry.rows[index];
}

const uint8_t *tg_registry_digest(void)
{
    return registry.digest;
}

/* ---- blanks ---- */

/* The blank that begins at `at` ("{region}"), TG_BLANK_COUNT if there is none. */
static enum tg_registry_blank blank_at(const char *at, size_t *bytes)
{
    for (enum tg_registry_blank blank = 0; blank < TG_BLANK_COUNT; ++blank) {
        const char *name = tg_registry_blank_name(blank);
        *bytes = strlen(name) + 2;
        if (at[0] == '{' && strncmp(at + 1, name, *bytes - 2) == 0 && at[*bytes - 1] == '}')
            return blank;
    }
    *bytes = 1;
    return TG_BLANK_COUNT;
}

unsigned tg_registry_blanks_in(const char *pattern)
{
    unsigned blanks = 0;
    for (size_t bytes; *pattern != '\0'; pattern += bytes) {
        enum tg_registry_blank blank = blank_at(pattern, &bytes);
        if (blank != TG_BLANK_COUNT)
            blanks |= 1u << blank;
    }
    return blanks;
}

char *tg_registry_fill(const char *pattern, const struct tg_text blanks[TG_BLANK_COUNT])
{
    struct tg_buf out;
    enum { MAX_FILLED_BYTES = 8192 };
    tg_buf_init(&out, MAX_FILLED_BYTES);
    enum tg_status status = TG_OK;
    for (size_t bytes; *pattern != '\0' && status == TG_OK; pattern += bytes) {
        enum tg_registry_blank blank = blank_at(pattern, &bytes);
        if (blank == TG_BLANK_COUNT)
            status = tg_buf_append(&out, tg_text(pattern, 1));
        else
            status = blanks[blank].bytes == 0 ? TG_INVALID : tg_buf_append(&out, blanks[blank]);
    }
    char *filled = status == TG_OK ? tg_text_strdup(tg_buf_text(&out)) : NULL;
    tg_buf_deinit(&out);
    return filled;
}
