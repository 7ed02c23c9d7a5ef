/* A kind of resource, described by data: what the API accepts and shows, how it is stored, what replicas are told.
 *
 * One const table of fields per type drives everything that is the same for all: reading and checking a body, SQL,
 * JSON, filters, audit. What is particular to a type are a few hooks beside its table. The tables live with their
 * subjects (tenancy, catalog, access, budget); this room knows none of them.
 *
 * Every type has, besides its fields: id, organization_id (not the organization itself), version, created_at,
 * updated_at in that order around them, and deleted_at in its table. */
#ifndef TG_RESOURCE_TYPE_H
#define TG_RESOURCE_TYPE_H

#include "common/base/arena.h"
#include "common/crypto/seal.h"
#include "controlplane/resource/refusal.h"
#include "controlplane/snapshot/change.h"
#include "controlplane/store/db.h"

enum tg_field_kind {
    TG_FIELD_NAME,    /* what people type: see the domain resource_name of the migrations */
    TG_FIELD_TEXT,    /* min..max bytes */
    TG_FIELD_CHOICE,  /* one of `choices` */
    TG_FIELD_INTEGER, /* min..max */
    TG_FIELD_BOOLEAN,
    TG_FIELD_ID,  /* of a live resource of type `target` in the same organization, if that is not NULL */
    TG_FIELD_IDS, /* the same, a list without repetitions; max items; never a column */
    TG_FIELD_TIME,
    TG_FIELD_MONEY,    /* pico-dollars in the table, decimal dollars outside */
    TG_FIELD_AMOUNT,   /* pico-dollars or tokens, as the field `unit` says; a decimal string outside */
    TG_FIELD_HEX,      /* bytea; `max` octets as hex outside */
    TG_FIELD_BYTES,    /* bytea; internal only */
    TG_FIELD_JSON,     /* made by `enrich`, shown as it is */
    TG_FIELD_DOCUMENT, /* any JSON, kept as text: the type's hooks check it and bring it into its form */
};

enum tg_field_flag {
    TG_FIELD_REQUIRED = 1 << 0,  /* at creation */
    TG_FIELD_IMMUTABLE = 1 << 1, /* accepted at creation only */
    TG_FIELD_COMPUTED = 1 << 2,  /* never accepted */
    TG_FIELD_HIDDEN = 1 << 3,    /* never shown, not in the audit log either */
    TG_FIELD_ONCE = 1 << 4,      /* shown in the answer to its creation, never again, never in the audit log */
    TG_FIELD_VOLATILE = 1 << 5,  /* shown, but no part of the configuration: not in the audit log */
    TG_FIELD_NULLABLE = 1 << 6,
    TG_FIELD_FILTER = 1 << 7,        /* a query parameter of the list */
    TG_FIELD_VISIBLE_ASCII = 1 << 8, /* text of the characters ! to ~ only */
};

struct tg_field {
    const char *name;   /* in JSON */
    const char *column; /* NULL: it has none (a hook stores or makes it) */
    enum tg_field_kind kind;
    unsigned flags;
    int64_t min, max;
    const char *const *choices; /* NULL-terminated */
    const char *default_text;   /* for text and choices that are not sent */
    int64_t default_number;     /* for numbers and booleans that are not sent */
    const struct tg_resource_type *target;
};

enum { TG_RESOURCE_MAX_FIELDS = 32 };

struct tg_value {
    bool is_given; /* sent by the client or set by a hook */
    bool is_null;
    struct tg_text text; /* also bytes and JSON */
    int64_t number;      /* integers, booleans, money, times in milliseconds */
    struct tg_id id;
    const struct tg_id *ids;
    size_t id_count;
};

/* A resource in memory. Everything it points to lives in the operation's arena. */
struct tg_record {
    const struct tg_resource_type *type;
    struct tg_id organization_id;
    struct tg_id id;
    int64_t version;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    struct tg_value values[TG_RESOURCE_MAX_FIELDS]; /* in the order of the type's fields */
};

/* What an operation works with, and in whose name. */
struct tg_operation {
    tg_db *db;
    const tg_seal_ring *ring;
    struct tg_arena *arena;
    struct tg_id organization_id; /* zero while an organization is being created */
    struct tg_id request_id;
    const char *actor;
    const char *source_address;
    int64_t now_ms;
};

/* A kind of resource that stands in the way of a deletion. */
struct tg_dependent {
    const char *noun; /* plural: "projects" */
    const char *sql;  /* SELECT name … LIMIT 4; $1 is the id */
};

struct tg_resource_type {
    const char *name;         /* "access_profile": in the audit log, in paths' parameters */
    const char *plural;       /* "access-profiles": in paths */
    const char *noun;         /* "access profile": in sentences */
    const char *article_noun; /* "an access profile" */
    const char *table;
    Tollgate__V1__ResourceType wire_type;
    bool is_organization; /* its id is the organization's */
    bool is_fixed;        /* cannot be updated */
    const struct tg_field *fields;
    size_t field_count;
    const struct tg_dependent *dependents; /* ends with a NULL noun; NULL: nothing depends on it */

    /* All optional but `pack`. They run inside the operation's transaction. A client's mistake goes into `refusal`,
     * with TG_OK; another result than TG_OK, with `error`, is a failure of ours. */

    /* Rules across fields, and computed fields. `before` is NULL at creation. Runs also when fields have errors
     * already, to find the others: values of those fields are not given. */
    enum tg_status (*prepare)(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error);
    /* Fills, after loading, what is not in columns of the table. */
    enum tg_status (*enrich)(struct tg_operation *operation, struct tg_record *records, size_t count,
                             struct tg_error *error);
    /* Writes, after the row, what lives in other tables. `before` is NULL at creation. */
    enum tg_status (*store)(struct tg_operation *operation, const struct tg_record *before,
                            const struct tg_record *after, struct tg_error *error);
    /* May this be deleted? Besides what `dependents` say. */
    void (*check_delete)(const struct tg_operation *operation, const struct tg_record *record,
                         struct tg_refusal *refusal);
    /* What is deleted with it: resources of this type whose field of that name is its id. NULL: nothing. */
    const struct tg_resource_type *cascade_type;
    const char *cascade_field;
    /* The record as replicas see it; `packed` as for tg_snapshot_pack(). */
    enum tg_status (*pack)(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error);
};

/* The index of a field, or -1. */
int tg_resource_find_field(const struct tg_resource_type *type, struct tg_text name);

/* The value of a field that the type has. */
struct tg_value *tg_record_value(struct tg_record *record, const char *field);
const struct tg_value *tg_record_get(const struct tg_record *record, const char *field);

/* Setting computed fields. */
void tg_value_set_text(struct tg_value *value, struct tg_text text);
void tg_value_set_number(struct tg_value *value, int64_t number);

/* A field's text with the NUL that protobuf-c wants; never NULL. In the operation's arena. */
char *tg_record_string(const struct tg_operation *operation, const struct tg_record *record, const char *field);

#endif
