#include "common/crypto/digest.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

/* Fetched once: EVP_sha256() would look the implementation up at every digest, which costs more than hashing a key. */
static EVP_MD *sha256;

/* Of this thread, for one-shot digests, and freed with it: made anew each time it would cost as much as hashing a key.
 */
static _Thread_local EVP_MD_CTX *one_shot;
static pthread_key_t one_shot_key;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

/* On the thread that ends the process, whose keys are not destroyed. */
static void release_sha256(void)
{
    EVP_MD_CTX_free(one_shot);
    one_shot = NULL;
    EVP_MD_free(sha256);
}

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (sha256 == NULL || pthread_key_create(&one_shot_key, free_context) != 0 || atexit(release_sha256) != 0)
        abort();
}

static const EVP_MD *sha256_method(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fetch_sha256);
    return sha256;
}

static EVP_MD_CTX *make_one_shot(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex2(context, sha256_method(), NULL) != 1 ||
        pthread_setspecific(one_shot_key, context) != 0)
        abort();
    return context;
}

void tg_sha256(const void *data, size_t bytes, uint8_t out[TG_SHA256_BYTES])
{
    if (one_shot == NULL)
        one_shot = make_one_shot();
    if (EVP_DigestInit_ex2(one_shot, NULL, NULL) != 1 || EVP_DigestUpdate(one_shot, data, bytes) != 1 ||
        EVP_DigestFinal_ex(one_shot, out, NULL) != 1)
        abort();
}

void tg_sha256_init(struct tg_sha256_state *state)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex2(context, sha256_method(), NULL) != 1)
        abort();
    state->context = context;
}

void tg_sha256_update(struct tg_sha256_state *state, const void *data, size_t bytes)
{
    if (EVP_DigestUpdate(state->context, data, bytes) != 1)
        abort();
}

void tg_sha256_finish(struct tg_sha256_state *state, uint8_t out[TG_SHA256_BYTES])
{
    if (EVP_DigestFinal_ex(state->context, out, NULL) != 1 || EVP_DigestInit_ex2(state->context, NULL, NULL) != 1)
        abort();
}

void tg_sha256_deinit(struct tg_sha256_state *state)
{
    EVP_MD_CTX_free(state->context);
    state->context = NULL;
}

void tg_hmac_sha256(struct tg_text key, const void *data, size_t bytes, uint8_t out[TG_SHA256_BYTES])
{
    assert(key.bytes <= INT32_MAX);
    unsigned int out_bytes = 0;
    if (HMAC(sha256_method(), key.data == NULL ? "" : key.data, (int)key.bytes, data, bytes, out, &out_bytes) == NULL ||
        out_bytes != TG_SHA256_BYTES)
        abort();
}

void tg_derive_key(struct tg_text secret, const char *purpose, uint8_t out[32])
{
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = hkdf == NULL ? NULL : EVP_KDF_CTX_new(hkdf);
    EVP_KDF_free(hkdf);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret.data, secret.bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)purpose, strlen(purpose)),
        OSSL_PARAM_construct_end(),
    };
    assert(secret.bytes != 0);
    if (context == NULL || EVP_KDF_derive(context, out, 32, params) != 1)
        abort();
    EVP_KDF_CTX_free(context);
}

bool tg_equals_constant_time(const void *a, const void *b, size_t bytes)
{
    return CRYPTO_memcmp(a, b, bytes) == 0;
}
