/* Applies migrations/NNNN_name.sql in dbmate's format, so that either tool may go on where the other stopped.
 *
 * A file has a part after `-- migrate:up` and one after `-- migrate:down`. What is applied is remembered by the file's
 * leading digits in dbmate's table schema_migrations. Instances that start at once take turns by an advisory lock. Each
 * migration is one transaction with its row in that table, unless its first line ends with `transaction:false`.
 *
 * The connection's statement and lock timeouts bound how long an instance waits for its turn; give it long ones. */
#ifndef TG_MIGRATE_MIGRATE_H
#define TG_MIGRATE_MIGRATE_H

#include "common/base/buf.h"
#include "controlplane/store/db.h"

enum { TG_MIGRATION_MAX_BYTES = 4 << 20, TG_MIGRATION_NAME_BYTES = 256 };

struct tg_migration {
    char file[TG_MIGRATION_NAME_BYTES];    /* "0001_spine.sql" */
    char version[TG_MIGRATION_NAME_BYTES]; /* "0001" */
    bool is_applied;
};

/* What tg_migrate() tells as it goes: before a migration is applied, or for each one in a status. */
typedef void tg_migration_listener(void *user, const struct tg_migration *migration);

/* Applies what is missing, in order of the file names; `*applied` counts. The error names the file and line-less reason
 * of the database. */
enum tg_status tg_migrate(tg_db *db, const char *folder, tg_migration_listener *on_apply, void *user, size_t *applied,
                          struct tg_error *error) TG_MUST_CHECK;

/* Tells of each migration whether it is applied; changes nothing but for the table being made. */
enum tg_status tg_migrate_status(tg_db *db, const char *folder, tg_migration_listener *on_migration, void *user,
                                 struct tg_error *error) TG_MUST_CHECK;

/* The part of a migration's text between its up marker and its down marker. False without an up marker. Pure. */
bool tg_migration_up_part(struct tg_text text, struct tg_text *up, bool *in_transaction);

/* The leading digits of a name that ends with .sql; false if it is no migration. Pure. */
bool tg_migration_version(const char *file, char version[TG_MIGRATION_NAME_BYTES]);

#endif
