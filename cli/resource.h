/* The resources of the admin API as the command line sees them: one row each, and one row for each of their members.
 * The verbs (resource_verbs.c) and `apply` (apply.c) are written once over these rows. */
#ifndef TG_CLI_RESOURCE_H
#define TG_CLI_RESOURCE_H

#include "cli/cli.h"

enum tg_member_kind {
    TG_MEMBER_TEXT,
    TG_MEMBER_INTEGER,
    TG_MEMBER_BOOLEAN,
    TG_MEMBER_REFERENCE,   /* said by name, sent as id */
    TG_MEMBER_REFERENCES,  /* several, separated by commas */
    TG_MEMBER_SCOPE,       /* "team:search", or "organization": two members, scope and scope_id */
    TG_MEMBER_RATES,       /* of a price: "input=2.50,output=10", or as JSON; tiers and service_tiers always as JSON */
    TG_MEMBER_FILE,        /* the content of the named file */
    TG_MEMBER_SECRET_FILE, /* likewise, of a file that only its owner may read */
    TG_MEMBER_SECRET_ENV,  /* the content of the named environment variable */
};

enum { TG_ON_CREATE = 1, TG_ON_UPDATE = 2, TG_ON_LIST = 4 };

struct tg_member {
    const char *flag;   /* "--flag"; with underscores the key in a file for apply */
    const char *member; /* of the API's JSON */
    enum tg_member_kind kind;
    const char *refers; /* the noun that a reference names */
    int verbs;          /* where it may be given */
    const char *help;
};

enum { TG_MAX_MEMBERS = 24, TG_MAX_COLUMNS = 8 };

struct tg_resource {
    const char *noun;                    /* the command's word */
    const char *singular;                /* for sentences: "API key" */
    const char *collection;              /* the API's path segment */
    const char *columns[TG_MAX_COLUMNS]; /* of a list, after the name; members of the answer */
    struct tg_member members[TG_MAX_MEMBERS];
    bool is_nameless; /* prices, leases: shown and deleted by id */
    bool is_read_only;
    bool is_immutable; /* no update */
};

/* NULL if there is none of that noun. */
const struct tg_resource *tg_resource_find(const char *noun);

/* Sets what `text` says into `body` as the member wants it: a number, a looked-up id, a file's content. */
enum tg_status tg_member_set(struct tg_cli *cli, const struct tg_member *member, const char *text, tg_json *body,
                             struct tg_error *error) TG_MUST_CHECK;

/* A copy in which whole numbers are texts, as everywhere else where money is; above_input_tokens stays a number. */
tg_json *tg_rates_with_texts(const tg_json *value);

/* The same from a file's value, for TG_MEMBER_RATES. */
enum tg_status tg_member_set_rates(const struct tg_member *member, const tg_json *value, tg_json *body,
                                   struct tg_error *error) TG_MUST_CHECK;

#endif
