/* From a method and a path to what answers it, by one const table. Pure. */
#ifndef TG_API_ROUTE_H
#define TG_API_ROUTE_H

#include "controlplane/resource/type.h"

struct tg_api_job;

enum tg_route_flag {
    TG_ROUTE_PUBLIC = 1 << 0,  /* without authentication */
    TG_ROUTE_ON_LOOP = 1 << 1, /* never blocks: runs on the loop's thread, without a database */
};

struct tg_route {
    const char *method;  /* GET also serves HEAD */
    const char *pattern; /* segments; {organization} and {id} are UUIDs, {collection} is the plural of a type */
    unsigned flags;
    void (*handle)(struct tg_api_job *job);
};

struct tg_route_match {
    const struct tg_route *route; /* NULL: nothing answers that path, or not with that method (then `allow` is set) */
    const struct tg_resource_type *type;
    struct tg_id organization_id;
    struct tg_id id;
    bool has_bad_id; /* {organization} or {id} is no UUID: there is no such thing */
    char allow[64];
};

/* The resources of the API. */
extern const struct tg_resource_type *const tg_api_types[];
extern const size_t tg_api_type_count;

void tg_route_find(const struct tg_route *routes, size_t count, struct tg_text method, struct tg_text path,
                   struct tg_route_match *match);

#endif
