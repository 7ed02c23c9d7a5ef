#include "common/crypto/seal.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "common/crypto/random.h"

enum {
    VERSION = 1,
    HEAD_BYTES = 1 + 4, /* version and key id: authenticated, not encrypted */
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    MAX_BYTES = INT_MAX - TG_SEAL_OVERHEAD_BYTES, /* OpenSSL counts in int */
};

struct tg_seal_ring {
    size_t count;
    struct {
        uint32_t id;
        uint8_t octets[TG_SEAL_KEY_BYTES];
    } keys[TG_SEAL_MAX_KEYS];
};

tg_seal_ring *tg_seal_ring_create(void)
{
    tg_seal_ring *ring = calloc(1, sizeof(*ring));
    if (ring == NULL)
        abort();
    return ring;
}

void tg_seal_ring_destroy(tg_seal_ring *ring)
{
    if (ring == NULL)
        return;
    tg_secret_wipe(ring, sizeof(*ring));
    free(ring);
}

static const uint8_t *find_key(const tg_seal_ring *ring, uint32_t key_id)
{
    for (size_t i = 0; i < ring->count; ++i)
        if (ring->keys[i].id == key_id)
            return ring->keys[i].octets;
    return NULL;
}

enum tg_status tg_seal_ring_add(tg_seal_ring *ring, uint32_t key_id, const uint8_t key[TG_SEAL_KEY_BYTES],
                                struct tg_error *error)
{
    if (find_key(ring, key_id) != NULL)
        return tg_fail(error, TG_CONFLICT, "sealing key %u is on the ring already", key_id);
    if (ring->count == TG_SEAL_MAX_KEYS)
        return tg_fail(error, TG_EXHAUSTED, "a ring holds at most %d sealing keys", TG_SEAL_MAX_KEYS);
    ring->keys[ring->count].id = key_id;
    memcpy(ring->keys[ring->count].octets, key, TG_SEAL_KEY_BYTES);
    ++ring->count;
    return TG_OK;
}

uint32_t tg_seal_ring_current(const tg_seal_ring *ring)
{
    assert(ring->count != 0);
    return ring->keys[ring->count - 1].id;
}

static void write_head(uint32_t key_id, uint8_t head[HEAD_BYTES])
{
    head[0] = VERSION;
    for (int i = 0; i < 4; ++i)
        head[1 + i] = (uint8_t)(key_id >> (24 - 8 * i));
}

/* Starts a cipher in either direction and feeds it what is authenticated only: the head, then the caller's data. */
static EVP_CIPHER_CTX *start_cipher(const uint8_t *key, const uint8_t *nonce, const uint8_t *head,
                                    struct tg_text additional, int is_sealing)
{
    assert(additional.bytes <= MAX_BYTES);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int ignored;
    if (cipher == NULL || EVP_CipherInit_ex2(cipher, EVP_aes_256_gcm(), key, nonce, is_sealing, NULL) != 1 ||
        EVP_CipherUpdate(cipher, NULL, &ignored, head, HEAD_BYTES) != 1 ||
        (additional.bytes != 0 &&
         EVP_CipherUpdate(cipher, NULL, &ignored, (const uint8_t *)additional.data, (int)additional.bytes) != 1))
        abort();
    return cipher;
}

enum tg_status tg_seal(const tg_seal_ring *ring, struct tg_text plain, struct tg_text additional, struct tg_buf *out)
{
    assert(ring->count != 0);
    if (plain.bytes > MAX_BYTES)
        return TG_TOO_LARGE;
    uint8_t *head = (uint8_t *)tg_buf_reserve(out, plain.bytes + TG_SEAL_OVERHEAD_BYTES);
    if (head == NULL)
        return TG_TOO_LARGE;
    uint8_t *nonce = head + HEAD_BYTES;
    uint8_t *body = nonce + NONCE_BYTES;
    uint8_t *tag = body + plain.bytes;

    write_head(tg_seal_ring_current(ring), head);
    tg_random_bytes(nonce, NONCE_BYTES);
    EVP_CIPHER_CTX *cipher = start_cipher(ring->keys[ring->count - 1].octets, nonce, head, additional, 1);
    int written = 0;
    int last = 0;
    if ((plain.bytes != 0 &&
         EVP_CipherUpdate(cipher, body, &written, (const uint8_t *)plain.data, (int)plain.bytes) != 1) ||
        EVP_CipherFinal_ex(cipher, body + written, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) != 1)
        abort();
    EVP_CIPHER_CTX_free(cipher);
    out->bytes += plain.bytes + TG_SEAL_OVERHEAD_BYTES;
    return TG_OK;
}

enum tg_status tg_seal_key_id(struct tg_text sealed, uint32_t *key_id, struct tg_error *error)
{
    if (sealed.bytes < TG_SEAL_OVERHEAD_BYTES || sealed.bytes > INT_MAX)
        return tg_fail(error, TG_CORRUPT, "sealed text of %zu bytes cannot be whole", sealed.bytes);
    const uint8_t *head = (const uint8_t *)sealed.data;
    if (head[0] != VERSION)
        return tg_fail(error, TG_CORRUPT, "sealed text has version %u; this program knows %d", head[0], VERSION);
    *key_id = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
    return TG_OK;
}

enum tg_status tg_seal_open(const tg_seal_ring *ring, struct tg_text sealed, struct tg_text additional,
                            struct tg_secret *plain, struct tg_error *error)
{
    *plain = (struct tg_secret){0};
    uint32_t key_id;
    enum tg_status status = tg_seal_key_id(sealed, &key_id, error);
    if (status != TG_OK)
        return status;
    const uint8_t *key = find_key(ring, key_id);
    if (key == NULL)
        return tg_fail(error, TG_NOT_FOUND, "sealed with key %u, which this program was not given", key_id);

    const uint8_t *head = (const uint8_t *)sealed.data;
    const uint8_t *nonce = head + HEAD_BYTES;
    const uint8_t *body = nonce + NONCE_BYTES;
    size_t body_bytes = sealed.bytes - TG_SEAL_OVERHEAD_BYTES;
    EVP_CIPHER_CTX *cipher = start_cipher(key, nonce, head, additional, 0);
    struct tg_secret opened = {calloc(1, body_bytes + 1), body_bytes};
    if (opened.data == NULL)
        abort();
    int written = 0;
    int last = 0;
    bool is_authentic =
        (body_bytes == 0 || EVP_CipherUpdate(cipher, (uint8_t *)opened.data, &written, body, (int)body_bytes) == 1) &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, (void *)(body + body_bytes)) == 1 &&
        EVP_CipherFinal_ex(cipher, (uint8_t *)opened.data + written, &last) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (!is_authentic) {
        tg_secret_deinit(&opened);
        return tg_fail(error, TG_CORRUPT,
                       "sealed text does not open with key %u: it was altered, belongs elsewhere, or the key is wrong",
                       key_id);
    }
    *plain = opened;
    return TG_OK;
}
