/* Runs a fuzz target over every file of a folder, where libFuzzer is not at hand. */
#include <dirent.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_INPUT_BYTES = 1024 * 1024 };

static void replay(const char *path)
{
    struct tg_buf content;
    struct tg_error error;
    if (tg_file_read(path, MAX_INPUT_BYTES, &content, &error) != TG_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    /* An exact copy, so that AddressSanitizer sees a read beyond the end. */
    uint8_t *copy = malloc(content.bytes == 0 ? 1 : content.bytes);
    if (copy == NULL)
        abort();
    memcpy(copy, content.data, content.bytes);
    LLVMFuzzerTestOneInput(copy, content.bytes);
    free(copy);
    tg_buf_deinit(&content);
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s <folder of inputs>\n", argv[0]);
        return 2;
    }
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[4096];
        struct stat info;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
            continue;
        replay(path);
        ++count;
    }
    closedir(folder);
    printf("%zu inputs replayed\n", count);
    return count == 0;
}
