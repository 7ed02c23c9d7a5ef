/* A file's wishes held against what the API has, resource by resource, in an order in which everything that is referred
 * to comes first. The same walk plans (nothing is sent) and carries out. */
#ifndef TG_CLI_APPLY_WALK_H
#define TG_CLI_APPLY_WALK_H

#include "cli/cli.h"

struct tg_apply {
    struct tg_cli *cli;
    bool is_executing;        /* false: only say what would be done */
    bool is_new_organization; /* while planning: nothing of it exists yet */
    tg_json *changes;         /* array of {action, resource, name, id, key, changed} */
    int64_t unchanged;
    tg_json *declared; /* "noun/name" of everything the walk has passed */
};

/* Walks the whole document. On an error the message says where in the file; what was carried out before it stands, and
 * running it again goes on from there. */
enum tg_status tg_apply_walk(struct tg_apply *apply, const tg_json *document, struct tg_error *error) TG_MUST_CHECK;

#endif
