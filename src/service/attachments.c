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

int attachments_prepare(struct attachment_pool *pool, struct attachment_folder *ret,
                        struct mu_err *err)
{
    if (pool->count > 0) {
        *ret = pool->spare[--pool->count];
        return 0;
    }
    struct attachment_folder folder = {0};
    struct stat st;
    do { /* a resumed batch may have some already */
        free(folder.path);
        if (asprintf(&folder.path, "%s/files-%u", pool->parent, ++pool->made) < 0) {
            folder.path = NULL;
            return mu_err_nomem(err);
        }
    } while (mkdir(folder.path, 0700) != 0 && errno == EEXIST);
    if (mu_mkdirs(folder.path, 0700, err) != 0 || stat(folder.path, &st) != 0) {
        free(folder.path);
        return mu_err_sys(err, MU_E_IO, errno, _("cannot make a folder in %s"), pool->parent);
    }
    folder.mtime = st.st_mtim;
    *ret = folder;
    return 0;
}

void attachments_give_back(struct attachment_pool *pool, struct attachment_folder *folder)
{
    if (folder->path && MU_GROW(pool->spare, pool->cap, pool->count + 1) == 0) {
        pool->spare[pool->count++] = *folder;
    } else if (folder->path) {
        rmdir(folder->path);
        free(folder->path);
    }
    folder->path = NULL;
}

void attachment_pool_release(struct attachment_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        rmdir(pool->spare[i].path);
        free(pool->spare[i].path);
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

static void collect(struct collector *collector, const char *folder, struct attachment **ret_items,
                    size_t *ret_count)
{
    walk(collector, folder, "", 1);
    if (collector->count > 0) {
        size_t size = collector->count * sizeof *collector->items;
        qsort(collector->items, collector->count, sizeof *collector->items, compare_names);
        *ret_items = mu_arena_alloc(collector->arena, size);
        if (*ret_items) {
            memcpy(*ret_items, collector->items, size);
            *ret_count = collector->count;
        }
    }
    free(collector->items);
}

void attachments_collect(struct attachment_pool *pool, const char *home,
                         struct attachment_folder *folder, struct mu_arena *arena,
                         struct attachment **ret_items, size_t *ret_count)
{
    *ret_items = NULL;
    *ret_count = 0;
    struct stat st;
    if (!folder->path || lstat(folder->path, &st) != 0)
        return;
    /* Nobody has made anything in it since. */
    if (st.st_mtim.tv_sec == folder->mtime.tv_sec && st.st_mtim.tv_nsec == folder->mtime.tv_nsec) {
        attachments_give_back(pool, folder);
        return;
    }
    if (S_ISDIR(st.st_mode) && rmdir(folder->path) != 0) {
        struct collector collector = {.home = home, .arena = arena};
        collect(&collector, folder->path, ret_items, ret_count);
    }
    free(folder->path);
    folder->path = NULL;
}
