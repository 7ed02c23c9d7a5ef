#include "dataplane/route/route.h"

/* splitmix64 (Steele, Lea, Flood 2014): turns one number into as many as a draw needs. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A weight of 0 is the least there is: drawn only after the others of its priority. */
static uint64_t weight_of(const struct tg_deployment *deployment)
{
    return deployment->weight > 0 ? (uint64_t)deployment->weight : 0;
}

/* Puts one of list[0 .. count) first, each with the chance of its weight. */
static void draw_first(const struct tg_deployment **list, size_t count, uint64_t *random)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; ++i)
        total += weight_of(list[i]);
    uint64_t at = total == 0 ? 0 : next_random(random) % total;
    size_t drawn = 0;
    while (total != 0 && at >= weight_of(list[drawn]))
        at -= weight_of(list[drawn++]);
    const struct tg_deployment *first = list[drawn];
    list[drawn] = list[0];
    list[0] = first;
}

static bool fulfils(const struct tg_deployment *deployment, const struct tg_route_wish *wish)
{
    const struct tg_provider *provider = deployment->provider;
    struct tg_text kind = wish->provider_kind;
    if (kind.bytes != 0 &&
        (provider->kind.bytes < kind.bytes || memcmp(provider->kind.data, kind.data, kind.bytes) != 0))
        return false;
    const struct tg_provider_api *api = tg_provider_find_api(provider, wish->operation, wish->dialect);
    /* A conversation is translated; everything else is said in the provider's own words or not at all. */
    if (api == NULL || (api->dialect != wish->dialect && wish->operation != TG_OPERATION_GENERATE))
        return false;
    return !wish->needs_price || tg_deployment_price(deployment, wish->unix_ms) != NULL;
}

/* A credential that is exchanged for tokens may be waiting for the first one, or the last one has ended. */
static bool has_good_token(const struct tg_deployment *deployment, int64_t unix_ms)
{
    bool wants_token = deployment->credential_kind == TG_CREDENTIAL_AWS_KEYS ||
                       deployment->credential_kind == TG_CREDENTIAL_BEARER_TOKEN;
    bool has_ended = deployment->credential_expires_at_ms != 0 && deployment->credential_expires_at_ms <= unix_ms;
    return !(wants_token && deployment->secret.bytes == 0) && !has_ended;
}

void tg_route_plan(const struct tg_model *model, uint64_t random, const struct tg_route_wish *wish,
                   struct tg_route *route)
{
    route->count = route->next = 0;
    route->is_without_a_token = false;
    for (size_t i = 0; i < model->deployment_count && route->count < TG_ROUTE_MAX_CANDIDATES; ++i) {
        const struct tg_deployment *deployment = &model->deployments[i];
        if (!fulfils(deployment, wish))
            continue;
        if (has_good_token(deployment, wish->unix_ms))
            route->candidates[route->count++] = deployment;
        else
            route->is_without_a_token = true;
    }

    for (size_t begin = 0; begin < route->count;) { /* the snapshot lists them by priority */
        size_t end = begin;
        while (end < route->count && route->candidates[end]->priority == route->candidates[begin]->priority)
            ++end;
        for (; begin + 1 < end; ++begin)
            draw_first(route->candidates + begin, end - begin, &random);
        begin = end;
    }
}

const struct tg_deployment *tg_route_next(struct tg_route *route)
{
    return tg_route_has_next(route) ? route->candidates[route->next++] : NULL;
}

bool tg_route_has_next(const struct tg_route *route)
{
    return route->next < route->count;
}
