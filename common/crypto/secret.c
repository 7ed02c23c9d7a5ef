#include "common/crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { KEY_BYTES = 32, KEY_HEX_CHARS = 64, KEY_BASE64_CHARS = 44 };

void tg_secret_wipe(void *data, size_t bytes)
{
    OPENSSL_cleanse(data, bytes);
}

static struct tg_secret allocate(size_t bytes)
{
    struct tg_secret secret = {calloc(1, bytes + 1), bytes};
    if (secret.data == NULL)
        abort();
    return secret;
}

struct tg_secret tg_secret_copy(struct tg_text text)
{
    struct tg_secret secret = allocate(text.bytes);
    if (text.bytes != 0)
        memcpy(secret.data, text.data, text.bytes);
    return secret;
}

void tg_secret_deinit(struct tg_secret *secret)
{
    if (secret->data != NULL)
        OPENSSL_cleanse(secret->data, secret->bytes);
    free(secret->data);
    *secret = (struct tg_secret){0};
}

/* Reads into memory of the full size at once, so that no growing buffer leaves copies behind. */
static enum tg_status read_secret(int fd, const char *path, size_t max_bytes, struct tg_secret *secret,
                                  struct tg_error *error)
{
    *secret = allocate(max_bytes + 1);
    size_t used = 0;
    while (used <= max_bytes) {
        ssize_t got = read(fd, secret->data + used, max_bytes + 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tg_fail(error, TG_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0)
            break;
        used += (size_t)got;
    }
    if (used > max_bytes)
        return tg_fail(error, TG_TOO_LARGE, "%s: a secret is at most %zu bytes long", path, max_bytes);
    while (used > 0 && (secret->data[used - 1] == '\n' || secret->data[used - 1] == '\r'))
        secret->data[--used] = '\0';
    if (used == 0)
        return tg_fail(error, TG_INVALID, "%s: is empty where a secret is expected", path);
    struct tg_secret exact = tg_secret_copy(tg_text(secret->data, used));
    tg_secret_deinit(secret);
    *secret = exact;
    return TG_OK;
}

static enum tg_status check_private(int fd, const char *path, struct tg_error *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return tg_fail(error, TG_IO, "%s: cannot be inspected: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return tg_fail(error, TG_INVALID, "%s: is not a regular file", path);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return tg_fail(error, TG_DENIED,
                       "%s: holds a secret but has mode %04o; others than its owner must not reach it (chmod 600)",
                       path, (unsigned)(info.st_mode & 07777));
    return TG_OK;
}

enum tg_status tg_secret_read_file(const char *path, size_t max_bytes, struct tg_secret *secret, struct tg_error *error)
{
    *secret = (struct tg_secret){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return tg_fail(error, errno == ENOENT ? TG_NOT_FOUND : TG_IO, "%s: cannot be opened: %s", path,
                       strerror(errno));
    enum tg_status status = check_private(fd, path, error);
    if (status == TG_OK)
        status = read_secret(fd, path, max_bytes, secret, error);
    close(fd);
    if (status != TG_OK)
        tg_secret_deinit(secret);
    return status;
}

/* 32 bytes are 43 characters and one '='. EVP_DecodeBlock counts the byte that the padding stands for. */
static bool decode_base64_key(struct tg_text text, uint8_t key[KEY_BYTES])
{
    if (text.bytes != KEY_BASE64_CHARS || text.data[KEY_BASE64_CHARS - 1] != '=' ||
        text.data[KEY_BASE64_CHARS - 2] == '=')
        return false;
    uint8_t decoded[KEY_BASE64_CHARS / 4 * 3];
    bool is_valid = EVP_DecodeBlock(decoded, (const unsigned char *)text.data, KEY_BASE64_CHARS) == KEY_BYTES + 1;
    if (is_valid)
        memcpy(key, decoded, KEY_BYTES);
    OPENSSL_cleanse(decoded, sizeof(decoded));
    return is_valid;
}

enum tg_status tg_secret_read_key(const char *path, uint8_t key[KEY_BYTES], struct tg_error *error)
{
    struct tg_secret secret;
    enum tg_status status = tg_secret_read_file(path, 4 * KEY_HEX_CHARS, &secret, error);
    if (status != TG_OK)
        return status;
    struct tg_text text = tg_secret_text(&secret);
    if (!tg_hex_decode(text, key, KEY_BYTES) && !decode_base64_key(text, key))
        status = tg_fail(error, TG_INVALID,
                         "%s: not a key; expected 32 bytes as 64 hex digits or as base64 (openssl rand -hex 32)", path);
    tg_secret_deinit(&secret);
    return status;
}
