/* Internal to the room: why the last OpenSSL call on this thread failed. */
#ifndef TG_CRYPTO_REASON_H
#define TG_CRYPTO_REASON_H

/* The most telling entry of the thread's OpenSSL error queue, which is emptied. Valid until the next OpenSSL call. */
const char *tg_crypto_reason(void);

#endif
