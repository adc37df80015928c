#include "service/attachments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"

enum { ATTACHMENTS_MAX = 1000, DEPTH_MAX = 4 };

int attachments_prepare(struct attachment_pool *pool, const char *folder,
                        struct timespec *ret_mtime, struct mu_err *err)
{
    bool made = false;
    if (pool->count > 0) {
        char *spare = pool->spare[--pool->count];
        made = rename(spare, folder) == 0;
        free(spare);
    }
    if (!made && mkdir(folder, 0700) != 0 && mu_mkdirs(folder, 0700, err) != 0)
        return -1;
    struct stat st;
    if (stat(folder, &st) != 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot make the folder %s"), folder);
    *ret_mtime = st.st_mtim;
    return 0;
}

/* Keep an empty folder, or remove it where that cannot be. */
static void give_back(struct attachment_pool *pool, const char *folder)
{
    char *copy = strdup(folder);
    if (copy && MU_GROW(pool->spare, pool->cap, pool->count + 1) == 0) {
        pool->spare[pool->count++] = copy;
        return;
    }
    free(copy);
    rmdir(folder);
}

void attachment_pool_release(struct attachment_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        rmdir(pool->spare[i]);
        free(pool->spare[i]);
    }
    free(pool->spare);
    *pool = (struct attachment_pool){0};
}

struct collector {
    const char *home;
    struct mu_arena *arena;
    struct attachment *items;
    size_t count, cap;
};

static void add_file(struct collector *collector, const char *path, const char *name, off_t size)
{
    struct mu_arena *arena = collector->arena;
    if (collector->count == ATTACHMENTS_MAX ||
        MU_GROW(collector->items, collector->cap, collector->count + 1) != 0)
        return;
    const char *relative = mu_path_beneath(path, collector->home);
    struct attachment item = {
        .name = mu_arena_strdup(arena, name),
        .path = mu_arena_strdup(arena, relative ? relative : path),
        .size_bytes = size,
    };
    if (item.name && item.path)
        collector->items[collector->count++] = item;
}

static void walk(struct collector *collector, const char *folder, const char *prefix, int depth)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        char path[4096], name[4096];
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path ||
            snprintf(name, sizeof name, "%s%s", prefix, entry->d_name) >= (int)sizeof name - 1)
            continue;
        if (S_ISREG(st.st_mode)) {
            add_file(collector, path, name, st.st_size);
        } else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
            strncat(name, "/", sizeof name - strlen(name) - 1);
            walk(collector, path, name, depth + 1);
        }
    }
    closedir(dir);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct attachment *)a)->name, ((const struct attachment *)b)->name);
}

void attachments_collect(struct attachment_pool *pool, const char *home, const char *folder,
                         struct timespec mtime, struct mu_arena *arena,
                         struct attachment **ret_items, size_t *ret_count)
{
    *ret_items = NULL;
    *ret_count = 0;
    struct stat st;
    if (lstat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return;
    /* Nobody has made anything in it since. */
    if (st.st_mtim.tv_sec == mtime.tv_sec && st.st_mtim.tv_nsec == mtime.tv_nsec) {
        give_back(pool, folder);
        return;
    }
    if (rmdir(folder) == 0 || errno != ENOTEMPTY)
        return;
    struct collector collector = {.home = home, .arena = arena};
    walk(&collector, folder, "", 1);
    if (collector.count > 0) {
        qsort(collector.items, collector.count, sizeof *collector.items, compare_names);
        *ret_items = mu_arena_alloc(arena, collector.count * sizeof *collector.items);
        if (*ret_items) {
            memcpy(*ret_items, collector.items, collector.count * sizeof *collector.items);
            *ret_count = collector.count;
        }
    }
    free(collector.items);
}
