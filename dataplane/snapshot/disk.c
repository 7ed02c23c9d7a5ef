#include "dataplane/snapshot/disk.h"

#include <stdlib.h>

#include "common/base/file.h"
#include "common/crypto/digest.h"
#include "common/crypto/secret.h"

/* Inside the seal: head, then for each resource its length (4 bytes, the machine's order) and its packed bytes. */
struct file_head {
    uint64_t magic;
    int64_t revision;
    struct tg_id config_epoch;
    struct tg_digest digest;
};

enum { KEY_FILE_MAX_BYTES = 64 << 10, KEY_NUMBER = 1 };
static const uint64_t magic = UINT64_C(0x31304e5353474754); /* "TGGSSN01" */
static const size_t file_max_bytes = (size_t)1 << 30;

struct tg_snapshot_disk {
    char *path;
    char *place; /* what the file is sealed for */
    tg_seal_ring *ring;
};

static void wipe(struct tg_buf *buf)
{
    if (buf->data != NULL)
        tg_secret_wipe(buf->data, buf->capacity);
    tg_buf_deinit(buf);
}

enum tg_status tg_snapshot_disk_create(const char *path, const char *key_file, const char *replica,
                                       tg_snapshot_disk **disk, struct tg_error *error)
{
    *disk = NULL;
    struct tg_buf secret;
    enum tg_status status = tg_file_read(key_file, KEY_FILE_MAX_BYTES, &secret, error);
    if (status != TG_OK) {
        tg_buf_deinit(&secret);
        return status;
    }
    uint8_t key[TG_SEAL_KEY_BYTES];
    tg_derive_key(tg_buf_text(&secret), "tollgate replica snapshot", key);
    wipe(&secret);
    tg_snapshot_disk *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->path = tg_text_strdup(tg_text_of(path));
    made->ring = tg_seal_ring_create();
    status = tg_seal_ring_add(made->ring, KEY_NUMBER, key, error);
    tg_secret_wipe(key, sizeof(key));
    struct tg_buf place;
    tg_buf_init(&place, 1024);
    if (status == TG_OK && tg_buf_printf(&place, "snapshot:%s", replica) != TG_OK)
        status = tg_fail(error, TG_TOO_LARGE, "the replica's name is too long");
    made->place = tg_text_strdup(tg_buf_text(&place));
    tg_buf_deinit(&place);
    if (status != TG_OK) {
        tg_snapshot_disk_destroy(made);
        return status;
    }
    *disk = made;
    return TG_OK;
}

void tg_snapshot_disk_destroy(tg_snapshot_disk *disk)
{
    if (disk == NULL)
        return;
    tg_seal_ring_destroy(disk->ring);
    free(disk->place);
    free(disk->path);
    free(disk);
}

static bool append_resource(void *user, struct tg_text packed)
{
    struct tg_buf *plain = user;
    uint32_t bytes = (uint32_t)packed.bytes;
    return tg_buf_append(plain, tg_text((const char *)&bytes, sizeof(bytes))) == TG_OK &&
           tg_buf_append(plain, packed) == TG_OK;
}

enum tg_status tg_snapshot_disk_seal(const tg_snapshot_disk *disk, const tg_snapshot_builder *builder,
                                     struct tg_id config_epoch, struct tg_buf *sealed, struct tg_error *error)
{
    const struct file_head head = {
        .magic = magic,
        .revision = tg_snapshot_builder_revision(builder),
        .config_epoch = config_epoch,
        .digest = tg_snapshot_builder_digest(builder),
    };
    struct tg_buf plain;
    tg_buf_init(&plain, file_max_bytes);
    tg_buf_init(sealed, file_max_bytes);
    enum tg_status status = tg_buf_append(&plain, tg_text((const char *)&head, sizeof(head)));
    if (status == TG_OK && !tg_snapshot_builder_visit(builder, append_resource, &plain))
        status = TG_TOO_LARGE;
    if (status == TG_OK)
        status = tg_seal(disk->ring, tg_buf_text(&plain), tg_text_of(disk->place), sealed);
    wipe(&plain);
    return status == TG_OK ? TG_OK : tg_fail(error, status, "the snapshot is too large for %s", disk->path);
}

enum tg_status tg_snapshot_disk_write(const tg_snapshot_disk *disk, struct tg_text sealed, struct tg_error *error)
{
    return tg_file_write_atomic(disk->path, sealed, 0600, error);
}

/* The resources after the head. False if the lengths do not add up. */
static bool feed(struct tg_text rest, tg_snapshot_builder *builder)
{
    tg_snapshot_builder_begin(builder, true);
    while (rest.bytes != 0) {
        uint32_t bytes;
        if (rest.bytes < sizeof(bytes))
            return false;
        memcpy(&bytes, rest.data, sizeof(bytes));
        rest = tg_text(rest.data + sizeof(bytes), rest.bytes - sizeof(bytes));
        if (rest.bytes < bytes)
            return false;
        tg_snapshot_builder_upsert(builder, tg_text(rest.data, bytes));
        rest = tg_text(rest.data + bytes, rest.bytes - bytes);
    }
    return true;
}

static enum tg_status load_plain(struct tg_text plain, tg_snapshot_builder *builder, int64_t now_ms,
                                 struct tg_id *config_epoch, tg_snapshot **snapshot, struct tg_error *error)
{
    struct file_head head;
    if (plain.bytes < sizeof(head))
        return tg_fail(error, TG_CORRUPT, "it is too short");
    memcpy(&head, plain.data, sizeof(head));
    if (head.magic != magic)
        return tg_fail(error, TG_CORRUPT, "it has the format of another version");
    *config_epoch = head.config_epoch;
    if (!feed(tg_text(plain.data + sizeof(head), plain.bytes - sizeof(head)), builder))
        return tg_fail(error, TG_CORRUPT, "its resources are cut off");
    return tg_snapshot_builder_commit(builder, head.revision, &head.digest, now_ms, snapshot, error);
}

enum tg_status tg_snapshot_disk_load(tg_snapshot_disk *disk, tg_snapshot_builder *builder, int64_t now_ms,
                                     struct tg_id *config_epoch, tg_snapshot **snapshot, struct tg_error *error)
{
    *snapshot = NULL;
    struct tg_buf sealed;
    enum tg_status status = tg_file_read(disk->path, file_max_bytes, &sealed, error);
    struct tg_secret plain = {NULL, 0};
    if (status == TG_OK) {
        status = tg_seal_open(disk->ring, tg_buf_text(&sealed), tg_text_of(disk->place), &plain, error);
        tg_buf_deinit(&sealed);
        if (status == TG_OK)
            status = load_plain(tg_secret_text(&plain), builder, now_ms, config_epoch, snapshot, error);
        if (status != TG_OK)
            tg_fail_context(error, status, "the snapshot in %s is not used", disk->path);
    } else {
        tg_buf_deinit(&sealed);
    }
    tg_secret_deinit(&plain);
    if (status != TG_OK)
        tg_snapshot_builder_begin(builder, false);
    return status;
}
