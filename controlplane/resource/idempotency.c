#include "controlplane/resource/internal.h"

bool tg_idempotency_find(struct tg_operation *operation, const struct tg_idempotency *idempotency, struct tg_id *id,
                         struct tg_refusal *refusal)
{
    if (idempotency->key.bytes == 0)
        return false;
    struct tg_error error;
    TG_DB_RESULT tg_db_result *result = NULL;
    struct tg_db_value params[] = {tg_db_text(idempotency->key), tg_db_int64(TG_IDEMPOTENCY_HOURS)};
    enum tg_status status = tg_db_query(operation->db,
                                        "SELECT request_sha256, resource_id FROM idempotency_keys"
                                        " WHERE key = $1 AND created_at > now() - $2 * interval '1 hour'",
                                        params, 2, &result, &error);
    if (status != TG_OK) {
        tg_refuse_failure(refusal, status, &error);
        return true;
    }
    if (tg_db_rows(result) == 0)
        return false;
    struct tg_text sha256 = tg_db_get_bytes(result, 0, 0);
    if (!tg_text_equals(sha256,
                        tg_text((const char *)idempotency->request_sha256, sizeof(idempotency->request_sha256))))
        tg_refuse(refusal, TG_REFUSAL_KEY_REUSED, "This Idempotency-Key was sent with another request before.");
    *id = tg_db_get_id(result, 0, 1);
    return true;
}

enum tg_status tg_idempotency_store(struct tg_operation *operation, const struct tg_idempotency *idempotency,
                                    struct tg_id id, struct tg_error *error)
{
    if (idempotency->key.bytes == 0)
        return TG_OK;
    struct tg_db_value hours[] = {tg_db_int64(TG_IDEMPOTENCY_HOURS)};
    enum tg_status status =
        tg_db_query(operation->db, "DELETE FROM idempotency_keys WHERE created_at <= now() - $1 * interval '1 hour'",
                    hours, 1, NULL, error);
    if (status != TG_OK)
        return status;
    struct tg_db_value params[] = {
        tg_db_text(idempotency->key),
        tg_db_bytes(idempotency->request_sha256, sizeof(idempotency->request_sha256)),
        tg_db_id(id),
    };
    return tg_db_query(operation->db,
                       "INSERT INTO idempotency_keys (organization_id, key, request_sha256, status, resource_id)"
                       " VALUES (current_organization_id(), $1, $2, 201, $3)",
                       params, 3, NULL, error);
}
