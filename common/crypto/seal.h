/* Sealing of secrets at rest with AES-256-GCM (NIST SP 800-38D): provider credentials in the database, the snapshot on
 * a replica's disk.
 *
 * A key ring holds one or more keys by number. The newest added seals; all of them open, so rotation is: add the new
 * key, re-seal what is stored, retire the old one. What is sealed is bound to its place by the additional data that the
 * caller gives ("credential:<id>"): moved elsewhere, it does not open.
 *
 *   sealed = version 0x01 | key id, 4 bytes big-endian | nonce, 12 bytes | ciphertext | tag, 16 bytes
 *
 * Version and key id are authenticated too. Nonces are random: a key is good for 2^32 sealings (section 8.3).
 * A ring is built by one thread and then only read, by any. */
#ifndef TG_CRYPTO_SEAL_H
#define TG_CRYPTO_SEAL_H

#include "common/base/buf.h"
#include "common/crypto/secret.h"

enum { TG_SEAL_KEY_BYTES = 32, TG_SEAL_OVERHEAD_BYTES = 1 + 4 + 12 + 16, TG_SEAL_MAX_KEYS = 16 };

typedef struct tg_seal_ring tg_seal_ring;

tg_seal_ring *tg_seal_ring_create(void);
void tg_seal_ring_destroy(tg_seal_ring *ring); /* wipes the keys; NULL is fine */

/* Copies the key. TG_CONFLICT if the id is taken, TG_EXHAUSTED beyond TG_SEAL_MAX_KEYS. From now on this key seals. */
enum tg_status tg_seal_ring_add(tg_seal_ring *ring, uint32_t key_id, const uint8_t key[TG_SEAL_KEY_BYTES],
                                struct tg_error *error) TG_MUST_CHECK;

/* The id of the key that seals; the ring is not empty. */
uint32_t tg_seal_ring_current(const tg_seal_ring *ring);

/* Appends `plain`, sealed, to `out` (TG_SEAL_OVERHEAD_BYTES more than it is long). TG_TOO_LARGE if that would pass the
 * buffer's maximum; nothing is appended then. The ring is not empty. */
enum tg_status tg_seal(const tg_seal_ring *ring, struct tg_text plain, struct tg_text additional,
                       struct tg_buf *out) TG_MUST_CHECK;

/* The key that `sealed` names: to find what still has to be re-sealed. TG_CORRUPT if it is no sealed text at all. */
enum tg_status tg_seal_key_id(struct tg_text sealed, uint32_t *key_id, struct tg_error *error) TG_MUST_CHECK;

/* Opens into `plain` (to be deinited after TG_OK; empty otherwise). TG_NOT_FOUND if its key is not on the ring,
 * TG_CORRUPT if it was altered, cut, sealed with another key of the same number, or for other additional data. */
enum tg_status tg_seal_open(const tg_seal_ring *ring, struct tg_text sealed, struct tg_text additional,
                            struct tg_secret *plain, struct tg_error *error) TG_MUST_CHECK;

#endif
