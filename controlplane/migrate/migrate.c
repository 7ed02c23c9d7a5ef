#include "controlplane/migrate/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/file.h"

/* A number of our own among the advisory locks of the database. */
static const int64_t lock_key = INT64_C(0x746f6c6c67617465);

/* ---- the folder ---- */

static int is_migration(const struct dirent *entry)
{
    char version[TG_MIGRATION_NAME_BYTES];
    return tg_migration_version(entry->d_name, version);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The migrations in the order of their names, on the heap. */
static enum tg_status read_folder(const char *folder, struct tg_migration **migrations, size_t *count,
                                  struct tg_error *error)
{
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, is_migration, by_name);
    if (found < 0)
        return tg_fail(error, errno == ENOENT ? TG_NOT_FOUND : TG_IO, "%s: cannot be read: %s", folder,
                       strerror(errno));
    *migrations = calloc((size_t)found + 1, sizeof(**migrations));
    if (*migrations == NULL)
        abort();
    for (int i = 0; i < found; ++i) {
        snprintf((*migrations)[i].file, TG_MIGRATION_NAME_BYTES, "%s", entries[i]->d_name);
        tg_migration_version(entries[i]->d_name, (*migrations)[i].version);
        free(entries[i]);
    }
    free(entries);
    *count = (size_t)found;
    if (found == 0)
        return tg_fail(error, TG_NOT_FOUND, "%s: has no migrations (NNNN_name.sql)", folder);
    return TG_OK;
}

/* ---- the database ---- */

static enum tg_status lock(tg_db *db, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_int64(lock_key)};
    enum tg_status status = tg_db_query(db, "SELECT pg_advisory_lock($1)", params, 1, NULL, error);
    if (status == TG_OK)
        status = tg_db_run_script(db,
                                  "SET client_min_messages = warning;"
                                  "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)",
                                  error);
    return status;
}

static enum tg_status mark_applied(tg_db *db, struct tg_migration *migrations, size_t count, struct tg_error *error)
{
    TG_DB_RESULT tg_db_result *rows = NULL;
    enum tg_status status = tg_db_query(db, "SELECT version FROM schema_migrations", NULL, 0, &rows, error);
    if (status != TG_OK)
        return status;
    for (size_t i = 0; i < count; ++i) {
        for (size_t row = 0; row < tg_db_rows(rows) && !migrations[i].is_applied; ++row)
            migrations[i].is_applied = tg_text_is(tg_db_get_text(rows, row, 0), migrations[i].version);
    }
    return TG_OK;
}

static enum tg_status run_up_part(tg_db *db, const struct tg_migration *migration, struct tg_text up,
                                  bool in_transaction, struct tg_error *error)
{
    TG_DB_SCOPE tg_db *scope = db;
    char *sql = tg_text_strdup(up);
    enum tg_status status = in_transaction ? tg_db_begin(db, TG_DB_LOGIN, NULL, error) : TG_OK;
    if (status == TG_OK)
        status = tg_db_run_script(db, sql, error);
    free(sql);
    struct tg_db_value params[] = {tg_db_string(migration->version)};
    if (status == TG_OK)
        status = tg_db_query(db, "INSERT INTO schema_migrations (version) VALUES ($1)", params, 1, NULL, error);
    if (status == TG_OK && in_transaction)
        status = tg_db_commit(db, error);
    return status;
}

static enum tg_status apply(tg_db *db, const char *folder, const struct tg_migration *migration, struct tg_error *error)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, migration->file);
    struct tg_buf content;
    struct tg_text up;
    bool in_transaction = true;
    enum tg_status status = tg_file_read(path, TG_MIGRATION_MAX_BYTES, &content, error);
    if (status == TG_OK && !tg_migration_up_part(tg_buf_text(&content), &up, &in_transaction))
        status = tg_fail(error, TG_INVALID, "%s: has no line \"-- migrate:up\"", path);
    if (status == TG_OK) {
        status = run_up_part(db, migration, up, in_transaction, error);
        if (status != TG_OK)
            tg_fail_context(error, status, "%s", migration->file);
    }
    tg_buf_deinit(&content);
    return status;
}

/* Reads the folder, takes the lock and finds out what is applied. *migrations is to be freed in every case. */
static enum tg_status survey(tg_db *db, const char *folder, struct tg_migration **migrations, size_t *count,
                             struct tg_error *error)
{
    *migrations = NULL;
    *count = 0;
    enum tg_status status = read_folder(folder, migrations, count, error);
    if (status == TG_OK)
        status = lock(db, error);
    if (status == TG_OK)
        status = mark_applied(db, *migrations, *count, error);
    return status;
}

static enum tg_status unlock(tg_db *db, struct tg_error *error)
{
    struct tg_db_value params[] = {tg_db_int64(lock_key)};
    return tg_db_query(db, "SELECT pg_advisory_unlock($1)", params, 1, NULL, error);
}

enum tg_status tg_migrate(tg_db *db, const char *folder, tg_migration_listener *on_apply, void *user, size_t *applied,
                          struct tg_error *error)
{
    struct tg_migration *migrations;
    size_t count;
    *applied = 0;
    enum tg_status status = survey(db, folder, &migrations, &count, error);
    for (size_t i = 0; i < count && status == TG_OK; ++i) {
        if (migrations[i].is_applied)
            continue;
        on_apply(user, &migrations[i]);
        status = apply(db, folder, &migrations[i], error);
        *applied += status == TG_OK;
    }
    free(migrations);
    return status != TG_OK ? status : unlock(db, error); /* after a failure the connection's end unlocks */
}

enum tg_status tg_migrate_status(tg_db *db, const char *folder, tg_migration_listener *on_migration, void *user,
                                 struct tg_error *error)
{
    struct tg_migration *migrations;
    size_t count;
    enum tg_status status = survey(db, folder, &migrations, &count, error);
    for (size_t i = 0; i < count && status == TG_OK; ++i)
        on_migration(user, &migrations[i]);
    free(migrations);
    return status != TG_OK ? status : unlock(db, error);
}
