#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP_BYTES = 16 * 1024 };

static enum tg_status read_all(int fd, const char *path, struct tg_buf *content, struct tg_error *error)
{
    for (;;) {
        size_t room = content->max_bytes - content->bytes;
        if (room > READ_STEP_BYTES)
            room = READ_STEP_BYTES;
        char past_end; /* where the byte beyond the maximum lands, to tell "exactly full" from "too long" */
        char *at = room == 0 ? &past_end : tg_buf_reserve(content, room);
        ssize_t got = read(fd, at, room == 0 ? 1 : room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tg_fail(error, TG_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0)
            return TG_OK;
        if (room == 0)
            return tg_fail(error, TG_TOO_LARGE, "%s: longer than %zu bytes", path, content->max_bytes);
        content->bytes += (size_t)got;
    }
}

enum tg_status tg_file_read(const char *path, size_t max_bytes, struct tg_buf *content, struct tg_error *error)
{
    tg_buf_init(content, max_bytes);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tg_fail(error, errno == ENOENT ? TG_NOT_FOUND : TG_IO, "%s: cannot be opened: %s", path,
                       strerror(errno));
    enum tg_status status = read_all(fd, path, content, error);
    close(fd);
    return status;
}

static bool write_all(int fd, struct tg_text content)
{
    while (content.bytes != 0) {
        ssize_t done = write(fd, content.data, content.bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        content.data += done;
        content.bytes -= (size_t)done;
    }
    return true;
}

/* A rename is durable once its directory is. */
static bool sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char directory[PATH_MAX] = ".";
    if (slash != NULL)
        snprintf(directory, sizeof(directory), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_synced = fsync(fd) == 0;
    int saved = errno;
    close(fd);
    errno = saved;
    return is_synced;
}

enum tg_status tg_file_write_atomic(const char *path, struct tg_text content, mode_t mode, struct tg_error *error)
{
    char temporary[PATH_MAX];
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
        return tg_fail(error, TG_INVALID, "%s: the path is too long", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return tg_fail(error, TG_IO, "%s: no file can be created beside it: %s", path, strerror(errno));

    bool is_written = fchmod(fd, mode) == 0 && write_all(fd, content) && fsync(fd) == 0;
    int saved = errno;
    if (close(fd) != 0 && is_written) {
        saved = errno;
        is_written = false;
    }
    if (!is_written || rename(temporary, path) != 0) {
        if (is_written)
            saved = errno;
        unlink(temporary);
        return tg_fail(error, TG_IO, "%s: cannot be written: %s", path, strerror(saved));
    }
    if (!sync_directory_of(path))
        return tg_fail(error, TG_IO, "%s: written, but its directory cannot be synced: %s", path, strerror(errno));
    return TG_OK;
}
