/* A few database connections that many threads share, each taken for one short piece of work. */
#ifndef TG_REPLICATION_DB_POOL_H
#define TG_REPLICATION_DB_POOL_H

#include "controlplane/store/db.h"

typedef struct tg_db_pool tg_db_pool;

enum tg_status tg_db_pool_create(const struct tg_db_config *config, size_t count, tg_db_pool **pool,
                                 struct tg_error *error) TG_MUST_CHECK;
void tg_db_pool_destroy(tg_db_pool *pool); /* everything was put back; NULL is fine */

/* Waits for a free one; TG_TIMEOUT after `timeout_ms`. */
enum tg_status tg_db_pool_take(tg_db_pool *pool, int64_t timeout_ms, tg_db **db, struct tg_error *error) TG_MUST_CHECK;
void tg_db_pool_put(tg_db_pool *pool, tg_db *db);

#endif
