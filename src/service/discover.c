/* Finding scripts. Each PATH is walked on its own: plain folders first, by a queue (no recursion,
 * one descriptor open at a time), then the links met on the way, in order, so that a file is always
 * known by its own name rather than a link's. Folders are entered once by (device, inode), so a
 * circle of links ends; files are taken once over all PATHs, the first PATH that names one wins.
 * Plain files cost no stat: readdir gives their type and inode, the folder their device. */
#include "service/discover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/str.h"
#include "service/glob.h"

enum { MAX_SCRIPT_SIZE = 4 << 20 };

/* A set of (device, inode), open addressing. */
struct file_id {
    dev_t device;
    ino_t inode; /* 0: free */
};

struct id_set {
    struct file_id *slots;
    size_t count, size; /* size: 0 or a power of two */
};

/* 1 where it is new, 0 where it was there, -1 without memory. */
static int id_set_add(struct id_set *set, struct file_id id)
{
    if (set->count * 2 >= set->size) {
        struct id_set grown = {.size = set->size ? set->size * 2 : 256};
        grown.slots = calloc(grown.size, sizeof *grown.slots);
        if (!grown.slots)
            return -1;
        for (size_t i = 0; i < set->size; i++)
            if (set->slots[i].inode != 0)
                id_set_add(&grown, set->slots[i]);
        free(set->slots);
        *set = grown;
    }
    uint64_t hash =
        ((uint64_t)id.inode ^ ((uint64_t)id.device << 32)) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 20) & (set->size - 1);
    for (; set->slots[at].inode != 0; at = (at + 1) & (set->size - 1))
        if (set->slots[at].inode == id.inode && set->slots[at].device == id.device)
            return 0;
    set->slots[at] = id;
    set->count++;
    return 1;
}

/* A folder still to be read, or a link still to be followed. */
struct pending {
    const char *path;   /* absolute */
    const char *module; /* relative to the root; "" there */
    bool by_default;    /* beneath a folder that is left out by default: only `include` counts */
};

struct pendings {
    struct pending *items;
    size_t count, cap;
};

struct found {
    const char *path_abs, *module;
    struct file_id id;
    bool by_link;
};

struct walk {
    const struct project *project;
    const struct settings *batch;
    const struct discover_options *options;
    struct script_list *list;
    struct mu_err *err;
    struct id_set files; /* of all PATHs */

    /* The PATH at hand. */
    const char *root;    /* absolute folder that module_name counts from */
    const char *base;    /* where the walk began */
    const char *pattern; /* below `base`; NULL: all */
    struct id_set folders;
    struct pendings queue, links;
    struct found *found;
    size_t found_count, found_cap;
};

static const char *key_of(const struct walk *walk, const char *path_abs)
{
    const char *beneath = mu_path_beneath(path_abs, walk->project->folder);
    return beneath && *beneath ? beneath : path_abs;
}

static int exclude(struct walk *walk, const char *path_abs, const char *why)
{
    struct script_list *list = walk->list;
    if (!walk->options->list_excluded)
        return 0;
    if (MU_GROW(list->excluded, list->excluded_cap, list->excluded_count + 1) != 0)
        return mu_err_nomem(walk->err);
    list->excluded[list->excluded_count++] = (struct excluded){key_of(walk, path_abs), why};
    return 0;
}

static bool any_matches(const struct string_list *globs, const char *key)
{
    for (size_t i = 0; i < globs->count; i++)
        if (glob_match(globs->items[i], key))
            return true;
    return false;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Why a folder is not entered unless `include` names it; NULL: it is. */
static const char *folder_left_out(const struct walk *walk, const char *path, const char *name)
{
    static const char *const names[] = {"__pycache__", "site-packages", "node_modules", "build",
                                        "dist"};
    static const char *const own[] = {"data", "logs", "backups"};
    if (name[0] == '.')
        return _("a hidden folder");
    if (is_one_of(name, names, sizeof names / sizeof names[0]))
        return _("a folder of this name is left out by default");
    const char *in_home = mu_path_beneath(path, walk->project->home);
    if (in_home && is_one_of(in_home, own, sizeof own / sizeof own[0]))
        return _("muster's own folder");
    return NULL;
}

static const char *file_left_out(const char *name)
{
    static const char *const names[] = {"__init__.py", "__main__.py", "conftest.py",
                                        "setup.py",    "noxfile.py",  "manage.py"};
    if (name[0] == '.')
        return _("a hidden file");
    if (is_one_of(name, names, sizeof names / sizeof names[0]))
        return _("a file of this name is left out by default");
    return NULL;
}

static int push(struct walk *walk, struct pendings *pendings, struct pending pending)
{
    if (MU_GROW(pendings->items, pendings->cap, pendings->count + 1) != 0)
        return mu_err_nomem(walk->err);
    pendings->items[pendings->count++] = pending;
    return 0;
}

/* What stands below the base of this PATH. */
static bool in_pattern(const struct walk *walk, const char *path, bool is_folder)
{
    if (!walk->pattern)
        return true;
    const char *below = mu_path_beneath(path, walk->base);
    return below && (glob_match_anchored(walk->pattern, below) ||
                     (is_folder && glob_reaches_beneath(walk->pattern, below)));
}

/* Should the folder be entered? 1 or 0, -1 with an error. `*by_default` comes in as its parent's
 * and leaves as its own. */
static int judge_folder(struct walk *walk, const char *path, const char *name, bool has_pyvenv,
                        bool *by_default)
{
    const char *key = key_of(walk, path);
    if (!in_pattern(walk, path, true))
        return 0;
    if (any_matches(&walk->batch->exclude, key))
        return exclude(walk, path, _("exclude: in muster.yaml")) != 0 ? -1 : 0;
    const char *why = has_pyvenv ? _("a virtual environment") : folder_left_out(walk, path, name);
    if (!why && !*by_default)
        return 1;
    *by_default = true;
    const struct string_list *include = &walk->batch->include;
    for (size_t i = 0; i < include->count; i++)
        if (glob_match(include->items[i], key) || glob_names_folder(include->items[i], key))
            return 1;
    return why && exclude(walk, path, why) != 0 ? -1 : 0;
}

static int take_file(struct walk *walk, const char *path, const char *module, const char *name,
                     struct file_id id, bool by_default, bool by_link)
{
    const char *key = key_of(walk, path);
    if (!in_pattern(walk, path, false))
        return 0;
    if (any_matches(&walk->batch->exclude, key))
        return exclude(walk, path, _("exclude: in muster.yaml"));
    const char *why = file_left_out(name);
    if ((why || by_default) && !any_matches(&walk->batch->include, key))
        return exclude(walk, path, why ? why : _("in a folder that is left out by default"));
    if (MU_GROW(walk->found, walk->found_cap, walk->found_count + 1) != 0)
        return mu_err_nomem(walk->err);
    walk->found[walk->found_count++] = (struct found){path, module, id, by_link};
    return 0;
}

static bool is_python(const char *name)
{
    size_t len = strlen(name);
    return len > 3 && strcmp(name + len - 3, ".py") == 0;
}

static int take_entry(struct walk *walk, const struct pending *folder, int fd, dev_t device,
                      const struct dirent *entry)
{
    const char *name = entry->d_name;
    unsigned type = entry->d_type;
    struct stat st;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    if (type == DT_REG && !is_python(name))
        return 0;
    struct file_id id = {device, entry->d_ino};
    if (type == DT_UNKNOWN) {
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return 0; /* gone meanwhile */
        type = IFTODT(st.st_mode);
    }
    if (type != DT_DIR && type != DT_LNK && !is_python(name))
        return 0;
    struct mu_arena *arena = &walk->list->arena;
    bool at_top = folder->path[1] == '\0';
    const char *path = mu_arena_printf(arena, "%s/%s", at_top ? "" : folder->path, name);
    if (!path)
        return mu_err_nomem(walk->err);
    switch (type) {
    case DT_REG: return take_file(walk, path, folder->module, name, id, folder->by_default, false);
    case DT_LNK:
        return push(walk, &walk->links, (struct pending){path, folder->module, folder->by_default});
    case DT_DIR: {
        bool by_default = folder->by_default;
        int enter = judge_folder(walk, path, name, false, &by_default);
        if (enter <= 0)
            return enter;
        return push(walk, &walk->queue,
                    (struct pending){path, mu_path_beneath(path, walk->root), by_default});
    }
    default: return exclude(walk, path, _("not a regular file"));
    }
}

/* Read one folder of the queue. A folder that cannot be read is left out with the reason. */
static int read_folder(struct walk *walk, struct pending folder)
{
    MU_AUTO_FD int fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        const char *why =
            mu_arena_printf(&walk->list->arena, _("cannot be read: %s"), strerror(errno));
        return why ? exclude(walk, folder.path, why) : mu_err_nomem(walk->err);
    }
    int is_new = id_set_add(&walk->folders, (struct file_id){st.st_dev, st.st_ino});
    if (is_new <= 0)
        return is_new == 0 ? exclude(walk, folder.path, _("a link to a folder already visited"))
                           : mu_err_nomem(walk->err);
    if (strcmp(folder.path, walk->base) != 0 && faccessat(fd, "pyvenv.cfg", F_OK, 0) == 0) {
        int enter =
            judge_folder(walk, folder.path, mu_path_name(folder.path), true, &folder.by_default);
        if (enter <= 0)
            return enter;
    }
    DIR *dir = fdopendir(fd);
    if (!dir)
        return mu_err_nomem(walk->err);
    int own_fd = fd;
    fd = -1; /* the stream closes it */
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(dir)))
        rc = take_entry(walk, &folder, own_fd, st.st_dev, entry);
    closedir(dir);
    return rc;
}

static int follow_link(struct walk *walk, struct pending link)
{
    struct stat st;
    const char *name = mu_path_name(link.path);
    if (stat(link.path, &st) != 0) {
        if (!is_python(name))
            return 0;
        return exclude(walk, link.path,
                       errno == ELOOP ? _("a link in a circle") : _("a link to nothing"));
    }
    if (S_ISDIR(st.st_mode)) {
        int enter = judge_folder(walk, link.path, name, false, &link.by_default);
        if (enter <= 0)
            return enter;
        link.module = mu_path_beneath(link.path, walk->root);
        return push(walk, &walk->queue, link);
    }
    if (!is_python(name))
        return 0;
    if (!S_ISREG(st.st_mode))
        return exclude(walk, link.path, _("not a regular file"));
    return take_file(walk, link.path, link.module, name, (struct file_id){st.st_dev, st.st_ino},
                     link.by_default, true);
}

static int compare_pending(const void *a, const void *b)
{
    const struct pending *left = a, *right = b;
    return natural_compare(left->path, right->path);
}

static int compare_found(const void *a, const void *b)
{
    const struct found *left = a, *right = b;
    return natural_compare(left->path_abs, right->path_abs);
}

/* Read what is queued and follow the links met, round by round until there are none. */
static int walk_all(struct walk *walk)
{
    int rc = 0;
    for (;;) {
        for (size_t i = 0; rc == 0 && i < walk->queue.count; i++)
            rc = read_folder(walk, walk->queue.items[i]);
        walk->queue.count = 0;
        struct pendings round = walk->links;
        if (rc != 0 || round.count == 0)
            return rc;
        walk->links = (struct pendings){0};
        qsort(round.items, round.count, sizeof *round.items, compare_pending);
        for (size_t i = 0; rc == 0 && i < round.count; i++)
            rc = follow_link(walk, round.items[i]);
        free(round.items);
    }
}

static int add_script(struct walk *walk, const struct found *found)
{
    struct script_list *list = walk->list;
    if (MU_GROW(list->items, list->cap, list->count + 1) != 0)
        return mu_err_nomem(walk->err);
    struct script *script = &list->items[list->count++];
    *script = (struct script){
        .path_abs = found->path_abs,
        .script_path = key_of(walk, found->path_abs),
        .script_name = mu_path_name(found->path_abs),
        .module_name = found->module,
    };
    return 0;
}

/* What the walk of one PATH found, in natural order, goes into the list; each file once, those
 * found by their own name before those found through a link. */
static int take_found(struct walk *walk)
{
    if (walk->found_count == 0)
        return 0;
    qsort(walk->found, walk->found_count, sizeof *walk->found, compare_found);
    for (int links = 0; links <= 1; links++) {
        for (size_t i = 0; i < walk->found_count; i++) {
            struct found *found = &walk->found[i];
            if (found->by_link != (links == 1))
                continue;
            int is_new = id_set_add(&walk->files, found->id);
            if (is_new < 0)
                return mu_err_nomem(walk->err);
            if (is_new == 0) {
                if (exclude(walk, found->path_abs, _("the same file is there by another name")) !=
                    0)
                    return -1;
                found->path_abs = NULL;
            }
        }
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < walk->found_count; i++)
        if (walk->found[i].path_abs)
            rc = add_script(walk, &walk->found[i]);
    return rc;
}

/* ---- one PATH ---- */

/* The root of `scripts:` that `path` lies beneath, else `otherwise`. */
static const char *root_of(const struct walk *walk, const char *path, const char *otherwise)
{
    const struct string_list *roots = &walk->batch->scripts;
    const char *best = NULL;
    for (size_t i = 0; i < roots->count; i++) {
        const char *below = mu_path_beneath(path, roots->items[i]);
        if (below && *below && (!best || strlen(roots->items[i]) > strlen(best)))
            best = roots->items[i];
    }
    return best ? best : otherwise;
}

/* The folder of `path`, in the arena. */
static const char *folder_of(struct walk *walk, const char *path)
{
    size_t len = (size_t)(mu_path_name(path) - path);
    return mu_arena_strndup(&walk->list->arena, path, len > 1 ? len - 1 : len);
}

static int take_given_file(struct walk *walk, const char *path, const struct stat *st)
{
    const char *folder = folder_of(walk, path);
    if (!folder)
        return mu_err_nomem(walk->err);
    const char *root = root_of(walk, path, folder);
    const char *module = mu_arena_strdup(&walk->list->arena, mu_path_beneath(folder, root));
    if (!module || MU_GROW(walk->found, walk->found_cap, walk->found_count + 1) != 0)
        return mu_err_nomem(walk->err);
    walk->found[walk->found_count++] =
        (struct found){path, module, {st->st_dev, st->st_ino}, false};
    return 0;
}

static int walk_folder(struct walk *walk, const char *folder, const char *pattern)
{
    walk->base = folder;
    walk->pattern = pattern;
    walk->root = root_of(walk, folder, folder);
    struct pending start = {folder, mu_path_beneath(folder, walk->root), false};
    if (push(walk, &walk->queue, start) != 0)
        return -1;
    return walk_all(walk);
}

/* Split an absolute glob into the folder that stands there literally and the rest. */
static int walk_glob(struct walk *walk, const char *typed, const char *path)
{
    size_t split = 0;
    for (size_t i = 0; path[i] && !strchr("*?[", path[i]); i++)
        if (path[i] == '/')
            split = i;
    const char *folder = mu_arena_strndup(&walk->list->arena, path, split > 0 ? split : 1);
    if (!folder)
        return mu_err_nomem(walk->err);
    size_t before = walk->found_count;
    struct stat st;
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode) &&
        walk_folder(walk, folder, path + split + 1) != 0)
        return -1;
    if (walk->found_count == before)
        return mu_err_set(walk->err, MU_E_NOT_FOUND,
                          _("no script matches %s: look at what is there with \"muster list\""),
                          typed);
    return 0;
}

static int take_path(struct walk *walk, const char *typed)
{
    struct stat st;
    if (*typed == '\0')
        return mu_err_set(walk->err, MU_E_USAGE, _("an empty PATH: name a file or a folder"));
    MU_AUTO_FREE char *absolute = mu_path_absolute(NULL, typed);
    const char *path = absolute ? mu_arena_strdup(&walk->list->arena, absolute) : NULL;
    if (!path)
        return mu_err_nomem(walk->err);
    walk->found_count = 0;
    free(walk->folders.slots);
    walk->folders = (struct id_set){0};
    int rc;
    /* What exists is taken as it is written, also with brackets in its name. */
    if (stat(path, &st) == 0) {
        if (S_ISREG(st.st_mode)) {
            rc = take_given_file(walk, path, &st);
        } else if (!S_ISDIR(st.st_mode)) {
            rc = mu_err_set(walk->err, MU_E_USAGE,
                            _("%s is neither a file nor a folder: name a Python script"), typed);
        } else {
            MU_AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            rc = fd < 0
                     ? mu_err_sys(walk->err, MU_E_IO, errno, _("cannot read the folder %s"), typed)
                     : walk_folder(walk, path, NULL);
        }
    } else if (errno != ENOENT && errno != ENOTDIR) {
        rc = mu_err_set(walk->err, MU_E_USAGE, _("cannot read %s: %s"), typed, strerror(errno));
    } else if (glob_is_pattern(typed)) {
        rc = walk_glob(walk, typed, path);
    } else {
        rc = mu_err_set(walk->err, MU_E_NOT_FOUND,
                        _("no such file or folder: %s: check the spelling, or see \"muster list\""),
                        typed);
    }
    return rc != 0 ? rc : take_found(walk);
}

/* ---- all of it ---- */

static void select_scripts(struct script_list *list, const struct select *select)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (select_match(select, list->items[i].script_path))
            list->items[kept++] = list->items[i];
    list->count = kept;
}

static int complete_scripts(struct script_list *list, struct settings_set *set, bool inspect,
                            struct mu_err *err)
{
    MU_AUTO_STR struct mu_str content = {0};
    for (size_t i = 0; i < list->count; i++) {
        struct script *script = &list->items[i];
        if (settings_for_script(set, script->script_path, script->path_abs, &script->settings, NULL,
                                err) != 0)
            return -1;
        if (!inspect)
            continue;
        mu_str_clear(&content);
        if (mu_read_file(script->path_abs, MAX_SCRIPT_SIZE, &content, NULL) == 0)
            script->defines_tests = count_unstarted_tests(mu_str_text(&content), content.len);
    }
    return 0;
}

static int compare_excluded(const void *a, const void *b)
{
    const struct excluded *left = a, *right = b;
    return natural_compare(left->path, right->path);
}

int discover(const struct project *project, struct settings_set *set,
             const struct discover_options *options, struct script_list *ret, struct mu_err *err)
{
    struct script_list list = {0};
    struct walk walk = {
        .project = project,
        .batch = settings_batch(set),
        .options = options,
        .list = &list,
        .err = err,
    };
    struct select *select = NULL;
    int rc = options->select ? select_parse(options->select, &select, err) : 0;
    bool given = options->path_count > 0;
    const char *const *paths = given ? options->paths : walk.batch->scripts.items;
    size_t count = given ? options->path_count : walk.batch->scripts.count;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = take_path(&walk, paths[i]);
        if (rc != 0 && !given)
            mu_err_wrap(err, "%s", _("scripts: in muster.yaml"));
    }
    free(walk.files.slots);
    free(walk.folders.slots);
    free(walk.queue.items);
    free(walk.links.items);
    free(walk.found);
    if (rc == 0 && select)
        select_scripts(&list, select);
    select_free(select);
    if (rc == 0)
        rc = complete_scripts(&list, set, options->inspect, err);
    if (rc != 0) {
        script_list_release(&list);
        return rc;
    }
    if (list.excluded_count > 0)
        qsort(list.excluded, list.excluded_count, sizeof *list.excluded, compare_excluded);
    *ret = list;
    return 0;
}

void script_list_release(struct script_list *list)
{
    free(list->items);
    free(list->excluded);
    mu_arena_release(&list->arena);
    *list = (struct script_list){0};
}
