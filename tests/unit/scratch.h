/* A folder for one test's files: made by scratch_enter, which also makes it the current one, and
 * removed with all that is in it by scratch_leave. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static char scratch_folder[64];

static inline int scratch_enter(void **state)
{
    snprintf(scratch_folder, sizeof scratch_folder, "/tmp/muster-unit-XXXXXX");
    return mkdtemp(scratch_folder) && chdir(scratch_folder) == 0 ? 0 : -1;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static inline int scratch_leave(void **state)
{
    return chdir("/") == 0 ? nftw(scratch_folder, scratch_remove, 16, FTW_DEPTH | FTW_PHYS) : -1;
}

/* Write a file, making its folders. */
static inline void write_bytes(const char *path, const void *data, size_t len)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%.*s", (int)(mu_path_name(path) - path), path);
    if (folder[0] != '\0')
        assert_int_equal(mu_mkdirs(folder, 0755, NULL), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(mu_write_all(fd, data, len), 0);
    close(fd);
}

static inline void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

#endif
