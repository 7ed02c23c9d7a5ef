/* All dialects in one table: the only place that knows them by name. tg_dialect_of() and tg_dialect_named() of
 * canonical/dialect.h are here, too. */
#ifndef TG_DIALECTS_DIALECTS_H
#define TG_DIALECTS_DIALECTS_H

#include "dataplane/dialects/canonical/dialect.h"
#include "dataplane/dialects/canonical/operation.h"

/* How clients of a dialect speak when they ask for an operation: the dialect itself where that is to generate, else the
 * operation's own reader and watcher (operations/operations.h), without the members that translate. Never NULL: what
 * has none of its own is as the dialect's. */
const struct tg_dialect *tg_dialect_for(enum tg_operation operation, enum tg_dialect_id dialect);

#endif
