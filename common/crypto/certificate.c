#include "common/crypto/certificate.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/crypto/reason.h"
#include "common/crypto/tls_context.h"

/* ---- reading ---- */

/* A key with a passphrase is an error; the default would ask on the terminal. */
int tg_tls_refuse_passphrase(char *buffer, int size, int is_writing, void *user)
{
    return -1;
}

static BIO *source_of(struct tg_text pem)
{
    BIO *source = BIO_new_mem_buf(pem.bytes == 0 ? "" : pem.data, (int)pem.bytes);
    if (source == NULL)
        abort();
    return source;
}

void tg_tls_free_certificates(STACK_OF(X509) * certificates)
{
    sk_X509_pop_free(certificates, X509_free);
}

enum tg_status tg_tls_read_certificates(struct tg_text pem, const char *what, STACK_OF(X509) * *certificates,
                                        struct tg_error *error)
{
    *certificates = NULL;
    if (pem.bytes > INT_MAX)
        return tg_fail(error, TG_TOO_LARGE, "%s: too long", what);
    ERR_clear_error();
    BIO *source = source_of(pem);
    STACK_OF(X509) *read = sk_X509_new_null();
    X509 *certificate;
    while ((certificate = PEM_read_bio_X509(source, NULL, tg_tls_refuse_passphrase, NULL)) != NULL)
        if (read == NULL || sk_X509_push(read, certificate) == 0)
            abort();
    int count = sk_X509_num(read);
    bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(source);
    if (count <= 0 || !is_at_end) {
        tg_tls_free_certificates(read);
        return tg_fail(error, TG_INVALID, "%s: number %d is not valid PEM: %s", what, count + 1, tg_crypto_reason());
    }
    ERR_clear_error();
    *certificates = read;
    return TG_OK;
}

/* ---- what a context shows of itself ---- */

static enum tg_status use_chain(SSL_CTX *native, STACK_OF(X509) * chain, struct tg_error *error)
{
    if (SSL_CTX_use_certificate(native, sk_X509_value(chain, 0)) != 1)
        return tg_fail(error, TG_INVALID, "certificate: %s", tg_crypto_reason());
    for (int i = 1; i < sk_X509_num(chain); ++i)
        if (SSL_CTX_add1_chain_cert(native, sk_X509_value(chain, i)) != 1)
            return tg_fail(error, TG_INVALID, "certificate number %d: %s", i + 1, tg_crypto_reason());
    return TG_OK;
}

static enum tg_status use_key(SSL_CTX *native, struct tg_text key_pem, struct tg_error *error)
{
    BIO *source = source_of(key_pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(source, NULL, tg_tls_refuse_passphrase, NULL);
    BIO_free(source);
    if (key == NULL) {
        ERR_clear_error();
        return tg_fail(error, TG_INVALID, "private key: not a key in PEM without a passphrase");
    }
    enum tg_status status = TG_OK;
    if (SSL_CTX_use_PrivateKey(native, key) != 1 || SSL_CTX_check_private_key(native) != 1)
        status = tg_fail(error, TG_INVALID, "private key: not that of the certificate");
    EVP_PKEY_free(key);
    ERR_clear_error();
    return status;
}

enum tg_status tg_tls_use_identity(SSL_CTX *native, struct tg_text certificate_pem, struct tg_text key_pem,
                                   struct tg_error *error)
{
    STACK_OF(X509) * chain;
    enum tg_status status = tg_tls_read_certificates(certificate_pem, "certificate", &chain, error);
    if (status != TG_OK)
        return status;
    status = use_chain(native, chain, error);
    tg_tls_free_certificates(chain);
    if (status == TG_OK && key_pem.bytes > INT_MAX)
        return tg_fail(error, TG_TOO_LARGE, "private key: too long");
    return status == TG_OK ? use_key(native, key_pem, error) : status;
}

/* ---- checking ---- */

static int64_t end_ms(const X509 *certificate)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
        return 0; /* a date that is none has passed */
    return (int64_t)timegm(&tm) * 1000;
}

enum tg_status tg_certificate_check(struct tg_text certificate_pem, int64_t *expires_at_ms, struct tg_error *error)
{
    static const char secret[] = "PRIVATE KEY-----";
    *expires_at_ms = 0;
    if (certificate_pem.bytes != 0 &&
        memmem(certificate_pem.data, certificate_pem.bytes, secret, sizeof(secret) - 1) != NULL)
        return tg_fail(error, TG_INVALID, "certificate: there is a private key in it");
    STACK_OF(X509) * chain;
    enum tg_status status = tg_tls_read_certificates(certificate_pem, "certificate", &chain, error);
    if (status != TG_OK)
        return status;
    *expires_at_ms = end_ms(sk_X509_value(chain, 0));
    for (int i = 1; i < sk_X509_num(chain); ++i)
        if (end_ms(sk_X509_value(chain, i)) < *expires_at_ms)
            *expires_at_ms = end_ms(sk_X509_value(chain, i));
    tg_tls_free_certificates(chain);
    return TG_OK;
}

enum tg_status tg_certificate_check_key(struct tg_text certificate_pem, struct tg_text key_pem, struct tg_error *error)
{
    SSL_CTX *native = SSL_CTX_new(TLS_client_method());
    if (native == NULL)
        abort();
    enum tg_status status = tg_tls_use_identity(native, certificate_pem, key_pem, error);
    SSL_CTX_free(native);
    return status;
}
