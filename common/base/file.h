/* Small files, whole: read with a bound, replaced so that a reader or a crash sees the old content or the new, never a
 * part. Blocking; not for event loops. */
#ifndef TG_BASE_FILE_H
#define TG_BASE_FILE_H

#include <sys/types.h>

#include "common/base/buf.h"

/* Initialises `content` with `max_bytes` as its maximum and fills it; the caller deinits it in every case.
 * TG_NOT_FOUND if there is no such file, TG_TOO_LARGE if it is longer, TG_IO for the rest; the error names the path. */
enum tg_status tg_file_read(const char *path, size_t max_bytes, struct tg_buf *content,
                            struct tg_error *error) TG_MUST_CHECK;

/* Replaces the file: a temporary file beside it with `mode`, fsync, rename, fsync of the directory. When this returns
 * TG_OK the content survives a power cut; otherwise the old file stands and the temporary one is gone. */
enum tg_status tg_file_write_atomic(const char *path, struct tg_text content, mode_t mode,
                                    struct tg_error *error) TG_MUST_CHECK;

#endif
