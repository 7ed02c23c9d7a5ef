#include "controlplane/catalog/client_certificate.h"

#include "common/crypto/certificate.h"
#include "common/crypto/secret.h"
#include "controlplane/catalog/catalog.h"

static const char CERTIFICATE[] = "client_certificate_pem";
static const char KEY[] = "client_key_pem";

/* Neither is left: as if there had never been one. */
static void remove_both(struct tg_record *after, struct tg_refusal *refusal)
{
    if (tg_record_get(after, KEY)->is_given)
        tg_refuse_field(refusal, tg_text_of(KEY), "needs client_certificate_pem beside it");
    *tg_record_value(after, "sealed_client_key") = (struct tg_value){.is_null = true};
    *tg_record_value(after, "expires_at") = (struct tg_value){.is_null = true};
}

static void check_certificate(const struct tg_operation *operation, struct tg_record *after, struct tg_refusal *refusal)
{
    int64_t expires_at_ms;
    struct tg_error reason;
    if (tg_certificate_check(tg_record_get(after, CERTIFICATE)->text, &expires_at_ms, &reason) != TG_OK)
        tg_refuse_field(refusal, tg_text_of(CERTIFICATE), "cannot be used: %s", reason.message);
    else if (expires_at_ms <= operation->now_ms)
        tg_refuse_field(refusal, tg_text_of(CERTIFICATE), "cannot be used: certificate: it has expired");
    else
        tg_value_set_number(tg_record_value(after, "expires_at"), expires_at_ms);
}

/* A certificate that is renewed may come without the key, if that stays the same. */
static enum tg_status check_key(const struct tg_operation *operation, const struct tg_record *after,
                                struct tg_refusal *refusal, struct tg_error *error)
{
    const struct tg_value *given = tg_record_get(after, KEY);
    struct tg_secret stored = {0};
    enum tg_status status = TG_OK;
    if (!given->is_given)
        status = tg_credential_open(operation, after, "sealed_client_key", &stored, error);
    struct tg_text key = given->is_given ? given->text : tg_secret_text(&stored);
    struct tg_error reason;
    if (status == TG_OK && key.bytes == 0)
        tg_refuse_field(refusal, tg_text_of(KEY), "is required beside client_certificate_pem");
    else if (status == TG_OK &&
             tg_certificate_check_key(tg_record_get(after, CERTIFICATE)->text, key, &reason) != TG_OK)
        tg_refuse_field(refusal, tg_text_of(given->is_given ? KEY : CERTIFICATE),
                        given->is_given ? "cannot be used: %s" : "cannot be used with the stored key: %s",
                        reason.message);
    tg_secret_deinit(&stored);
    return status;
}

enum tg_status tg_client_certificate_prepare(const struct tg_operation *operation, struct tg_record *after,
                                             struct tg_refusal *refusal, struct tg_error *error)
{
    const struct tg_value *certificate = tg_record_get(after, CERTIFICATE);
    if (!certificate->is_given && !tg_record_get(after, KEY)->is_given)
        return TG_OK;
    if (certificate->text.bytes == 0) {
        remove_both(after, refusal);
        return TG_OK;
    }
    if (certificate->is_given)
        check_certificate(operation, after, refusal);
    return tg_refused(refusal) ? TG_OK : check_key(operation, after, refusal, error);
}

const char *tg_client_certificate_status(const struct tg_operation *operation, const struct tg_record *record)
{
    const struct tg_value *expires_at = tg_record_get(record, "expires_at");
    if (tg_record_get(record, CERTIFICATE)->text.bytes == 0 || expires_at->is_null)
        return "ready";
    int64_t left_ms = expires_at->number - operation->now_ms;
    return left_ms <= 0 ? "expired" : left_ms < TG_CREDENTIAL_EXPIRING_MS ? "expiring" : "ready";
}
