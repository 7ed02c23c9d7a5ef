/* Whether the principal may come in today. Organization, team, project, application and access profile came with it
 * from the snapshot; what the profile allows is asked by the stages behind. */
#include "common/base/time.h"
#include "dataplane/pipeline/stages_internal.h"

bool stage_resolve_profile_is_expired(const struct tg_principal *principal, int64_t unix_ms)
{
    return principal->expires_at_ms != 0 && principal->expires_at_ms <= unix_ms;
}

enum tg_stage_answer stage_resolve_profile_enter(struct tg_exchange *exchange)
{
    const struct tg_principal *principal = &exchange->principal;
    if (principal->is_revoked)
        return tg_exchange_refuse(exchange, TG_ERROR_API_KEY_REVOKED, NULL, 0);
    if (stage_resolve_profile_is_expired(principal, exchange->started_unix_ms)) {
        char time[TG_TIME_TEXT_BYTES];
        tg_time_format(principal->expires_at_ms, time);
        struct tg_text word = tg_arena_copy(exchange->arena, tg_text_of(time));
        return tg_exchange_refuse(exchange, TG_ERROR_API_KEY_EXPIRED, &word, 1);
    }
    return TG_STAGE_CONTINUE;
}
