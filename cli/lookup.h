/* People say names, the API says ids: the way from one to the other. */
#ifndef TG_CLI_LOOKUP_H
#define TG_CLI_LOOKUP_H

#include "cli/cli.h"

/* Finds the organization that the command works in (the named one, else the only one) and fills
 * cli->organization_path. Once per run. */
enum tg_status tg_lookup_organization(struct tg_cli *cli, struct tg_error *error) TG_MUST_CHECK;

/* "<organization_path>/<collection>" or, for "organizations" itself, "/api/v1/organizations". */
enum tg_status tg_lookup_collection(struct tg_cli *cli, const char *collection, struct tg_buf *path,
                                    struct tg_error *error) TG_MUST_CHECK;

/* The resource of that name or id, whole; the caller destroys it. `filter` ("team_id=…", or NULL) narrows it. A name
 * that several have (projects of different teams) is TG_CONFLICT and the message lists their ids. `noun` is for the
 * message. */
enum tg_status tg_lookup(struct tg_cli *cli, const char *collection, const char *noun, const char *name_or_id,
                         const char *filter, tg_json **found, struct tg_error *error) TG_MUST_CHECK;

/* All pages of a list as one array. `filter` may be NULL. */
enum tg_status tg_lookup_all(struct tg_cli *cli, const char *collection, const char *filter, tg_json **items,
                             struct tg_error *error) TG_MUST_CHECK;

#endif
