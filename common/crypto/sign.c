#include "common/crypto/sign.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/crypto/reason.h"

/* No question is asked on a terminal where a key has a passphrase. */
static int no_passphrase(char *buf, int size, int is_writing, void *user)
{
    (void)buf, (void)size, (void)is_writing, (void)user;
    return -1;
}

static enum tg_status read_key(struct tg_text pem, EVP_PKEY **key, struct tg_error *error)
{
    *key = NULL;
    BIO *bio = pem.bytes == 0 || pem.bytes > INT_MAX ? NULL : BIO_new_mem_buf(pem.data, (int)pem.bytes);
    if (bio != NULL)
        *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (*key == NULL) {
        (void)tg_crypto_reason(); /* empties the queue */
        return tg_fail(error, TG_INVALID, "private_key is no private key in PEM without a passphrase");
    }
    if (EVP_PKEY_get_base_id(*key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(*key) >= TG_SIGN_MIN_RSA_BITS &&
        EVP_PKEY_get_size(*key) <= TG_SIGN_MAX_RSA_BYTES)
        return TG_OK;
    EVP_PKEY_free(*key);
    *key = NULL;
    return tg_fail(error, TG_INVALID, "private_key is no RSA key of %d to %d bits", TG_SIGN_MIN_RSA_BITS,
                   8 * TG_SIGN_MAX_RSA_BYTES);
}

enum tg_status tg_sign_check_rsa_key(struct tg_text private_key_pem, struct tg_error *error)
{
    EVP_PKEY *key;
    enum tg_status status = read_key(private_key_pem, &key, error);
    EVP_PKEY_free(key);
    return status;
}

enum tg_status tg_sign_rs256(struct tg_text private_key_pem, struct tg_text message, struct tg_buf *signature,
                             struct tg_error *error)
{
    EVP_PKEY *key;
    enum tg_status status = read_key(private_key_pem, &key, error);
    if (status != TG_OK)
        return status;
    char *out = tg_buf_reserve(signature, TG_SIGN_MAX_RSA_BYTES);
    size_t bytes = TG_SIGN_MAX_RSA_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        abort();
    if (out == NULL)
        status = tg_fail(error, TG_TOO_LARGE, "there is no room for a signature");
    else if (EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) != 1 ||
             EVP_DigestSign(context, (unsigned char *)out, &bytes, (const unsigned char *)message.data,
                            message.bytes) != 1)
        status = tg_fail(error, TG_INVALID, "cannot sign: %s", tg_crypto_reason());
    else
        signature->bytes += bytes;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return status;
}
