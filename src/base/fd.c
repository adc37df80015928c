#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/mem.h"

void mu_fd_close(int *fd)
{
    if (*fd < 0)
        return;
    int saved = errno;
    close(*fd);
    errno = saved;
    *fd = -1;
}

int mu_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int mu_read_file(const char *path, size_t max_bytes, struct mu_str *ret, struct mu_err *err)
{
    MU_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot open %s"), path);
    char buf[16384];
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mu_err_sys(err, MU_E_IO, errno, _("cannot read %s"), path);
        if (n == 0)
            break;
        total += (size_t)n;
        if (total > max_bytes)
            return mu_err_set(err, MU_E_IO, _("%s is larger than %zu bytes"), path, max_bytes);
        mu_str_append(ret, buf, (size_t)n);
    }
    return ret->failed ? mu_err_nomem(err) : 0;
}

int mu_mkdirs(const char *path, mode_t mode, struct mu_err *err)
{
    MU_AUTO_FREE char *copy = strdup(path);
    if (!copy)
        return mu_err_nomem(err);
    for (char *p = copy + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char saved = *p;
        *p = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST)
            return mu_err_sys(err, MU_E_IO, errno, _("cannot make the folder %s"), copy);
        *p = saved;
        if (saved == '\0')
            break;
    }
    struct stat st;
    if (stat(path, &st) != 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot make the folder %s"), path);
    if (!S_ISDIR(st.st_mode))
        return mu_err_sys(err, MU_E_IO, ENOTDIR, _("cannot make the folder %s"), path);
    return 0;
}

char *mu_path_absolute(const char *base, const char *path)
{
    MU_AUTO_STR struct mu_str joined = {0};
    if (path[0] != '/') {
        MU_AUTO_FREE char *cwd = base ? NULL : getcwd(NULL, 0);
        if (!base && !cwd)
            return NULL;
        mu_str_puts(&joined, base ? base : cwd);
        mu_str_putc(&joined, '/');
    }
    mu_str_puts(&joined, path);

    struct mu_str out = {0};
    const char *p = mu_str_text(&joined);
    while (*p) {
        while (*p == '/')
            p++;
        size_t len = strcspn(p, "/");
        if (len == 2 && p[0] == '.' && p[1] == '.') {
            while (out.len > 0 && out.data[--out.len] != '/')
                ;
            if (out.data)
                out.data[out.len] = '\0';
        } else if (len > 0 && !(len == 1 && p[0] == '.')) {
            mu_str_putc(&out, '/');
            mu_str_append(&out, p, len);
        }
        p += len;
    }
    if (out.len == 0)
        mu_str_putc(&out, '/');
    if (joined.failed)
        out.failed = true;
    return mu_str_take(&out);
}

const char *mu_path_beneath(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    while (len > 0 && folder[len - 1] == '/')
        len--;
    if (strncmp(path, folder, len) != 0)
        return NULL;
    if (path[len] == '\0')
        return path + len;
    if (path[len] != '/')
        return NULL;
    return path + len + 1;
}

const char *mu_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
