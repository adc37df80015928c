/* Descriptors and files. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/* Close `*fd` unless it is negative, and make it -1. errno stays. */
void mu_fd_close(int *fd);
#define MU_AUTO_FD __attribute__((cleanup(mu_fd_close)))

/* Write all of `data`, across short writes and EINTR. Returns 0, or -1 with errno. */
int mu_write_all(int fd, const void *data, size_t len);

/* Append the whole file to `ret`, at most `max_bytes` (more is an error, MU_E_IO). Reads files of
 * unknown size such as those in /proc as well. */
int mu_read_file(const char *path, size_t max_bytes, struct mu_str *ret, struct mu_err *err);

/* Make the folder and those above it, with `mode`. Returns 0 also where it exists. */
int mu_mkdirs(const char *path, mode_t mode, struct mu_err *err);

/* The absolute path with ".", ".." and double slashes removed, links NOT followed (a canonical
 * form by text); relative to `base`, or to the current folder where `base` is NULL. malloc'd;
 * NULL without memory or current folder. */
char *mu_path_absolute(const char *base, const char *path);
/* `path` relative to `folder` (both canonical), or NULL where it does not lie beneath it. Points
 * into `path`; "" where they are the same. */
const char *mu_path_beneath(const char *path, const char *folder);
/* What follows the last '/'. Points into `path`. */
const char *mu_path_name(const char *path);

#endif
