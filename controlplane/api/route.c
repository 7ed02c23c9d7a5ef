#include "controlplane/api/route.h"

#include <stdio.h>

static const struct tg_resource_type *find_type(struct tg_text plural)
{
    for (size_t i = 0; i < tg_api_type_count; ++i) {
        if (!tg_api_types[i]->is_organization && tg_text_is(plural, tg_api_types[i]->plural))
            return tg_api_types[i];
    }
    return NULL;
}

/* Takes the next segment off a path that begins with '/'; false at its end. */
static bool take_segment(struct tg_text *path, struct tg_text *segment)
{
    if (path->bytes == 0 || path->data[0] != '/')
        return false;
    const char *begin = path->data + 1;
    size_t left = path->bytes - 1;
    const char *slash = left == 0 ? NULL : memchr(begin, '/', left);
    size_t bytes = slash == NULL ? left : (size_t)(slash - begin);
    *segment = tg_text(begin, bytes);
    *path = tg_text(begin + bytes, left - bytes);
    return true;
}

static bool match_segment(struct tg_text pattern, struct tg_text segment, struct tg_route_match *match)
{
    if (tg_text_is(pattern, "{organization}")) {
        match->has_bad_id |= !tg_id_parse(segment, &match->organization_id) || tg_id_is_zero(match->organization_id);
        return segment.bytes > 0;
    }
    if (tg_text_is(pattern, "{id}")) {
        match->has_bad_id |= !tg_id_parse(segment, &match->id);
        return segment.bytes > 0;
    }
    if (tg_text_is(pattern, "{collection}")) {
        match->type = find_type(segment);
        return match->type != NULL;
    }
    return tg_text_equals(pattern, segment);
}

static bool matches(const struct tg_route *route, struct tg_text path, struct tg_route_match *match)
{
    struct tg_text pattern = tg_text_of(route->pattern);
    struct tg_text wanted, segment;
    match->has_bad_id = false;
    match->type = NULL;
    for (;;) {
        bool is_pattern_left = take_segment(&pattern, &wanted);
        bool is_path_left = take_segment(&path, &segment);
        if (!is_pattern_left || !is_path_left)
            return !is_pattern_left && !is_path_left && path.bytes == 0;
        if (!match_segment(wanted, segment, match))
            return false;
    }
}

static void allow(struct tg_route_match *match, const char *method)
{
    size_t bytes = strlen(match->allow);
    snprintf(match->allow + bytes, sizeof(match->allow) - bytes, "%s%s%s", bytes == 0 ? "" : ", ", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

void tg_route_find(const struct tg_route *routes, size_t count, struct tg_text method, struct tg_text path,
                   struct tg_route_match *match)
{
    struct tg_text wanted = tg_text_is(method, "HEAD") ? tg_text_of("GET") : method;
    *match = (struct tg_route_match){0};
    for (size_t i = 0; i < count; ++i) {
        struct tg_route_match candidate = {0};
        if (!matches(&routes[i], path, &candidate))
            continue;
        if (candidate.type != NULL && candidate.type->is_fixed && strcmp(routes[i].method, "PATCH") == 0)
            continue;
        allow(match, routes[i].method);
        if (match->route == NULL && tg_text_is(wanted, routes[i].method)) {
            memcpy(candidate.allow, match->allow, sizeof(candidate.allow));
            *match = candidate;
            match->route = &routes[i];
        }
    }
}
