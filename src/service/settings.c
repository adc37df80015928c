/* Settings as layers: defaults, muster.yaml, the overrides that match, the directives of a script,
 * the command line. A script's effective settings are these layers put over one another. Most
 * scripts have the same ones, so each combination (which overrides, which directives) is composed
 * once and shared: 100,000 scripts cost a look at their globs and their first lines. */
#include "service/settings_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "service/discover.h"

enum { MAX_FILE = 1 << 20, HEAD_SIZE = 8192, LONG_HEAD_SIZE = 65536 };

struct effective {
    struct effective *next; /* in its bucket */
    uint64_t hash;
    const void *key;
    size_t key_len;
    struct settings settings;
    enum settings_source *sources;
};

enum { BUCKETS = 1024 };

struct settings_set {
    struct mu_arena arena;
    const char *project_folder;
    struct settings_layer defaults, file, command_line;
    struct settings_overrides overrides;
    struct settings batch;
    struct effective *buckets[BUCKETS];
    struct mu_str key;         /* scratch: of the script at hand */
    char head[LONG_HEAD_SIZE]; /* scratch: its beginning */
};

/* ---- composing ---- */

struct composition {
    struct mu_arena *arena;
    struct settings *out;
    struct string_list env_file; /* what the effective env_file holds */
    enum settings_source *sources;
};

static size_t member_size(const struct setting_def *def)
{
    switch (def->type) {
    case SETTING_BOOL: return sizeof(bool);
    case SETTING_ENUM: return sizeof(int);
    case SETTING_TEXT:
    case SETTING_PATH: return sizeof(char *);
    case SETTING_LIST:
    case SETTING_PATH_LIST: return sizeof(struct string_list);
    default: return sizeof(int64_t);
    }
}

static int merge_env(struct mu_arena *arena, struct string_list *into,
                     const struct string_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (string_list_put_env(arena, into, from->items[i]) != 0)
            return -1;
    return 0;
}

/* Returns -1 without memory. */
static int apply(struct composition *composition, const struct settings_layer *layer,
                 enum settings_source source)
{
    struct settings *out = composition->out;
    const struct settings *in = &layer->values;
    for (uint64_t left = layer->set; left != 0; left &= left - 1) {
        const struct setting_def *def = &setting_defs[__builtin_ctzll(left)];
        composition->sources[setting_index(def)] = source;
        if (setting_is(def, "overrides"))
            continue;
        if (def->type == SETTING_MAP) {
            if (merge_env(composition->arena, &out->env, &in->env) != 0)
                return -1;
        } else if (setting_is(def, "cwd")) {
            out->cwd = in->cwd;
            out->cwd_path = in->cwd_path;
        } else if (setting_is(def, "stdin")) {
            out->stdin_mode = in->stdin_mode;
            out->stdin_path = in->stdin_path;
        } else if (setting_is(def, "verdict")) {
            if (layer->verdict_set & VERDICT_FROM)
                out->verdict_from_exit = in->verdict_from_exit;
            if (layer->verdict_set & VERDICT_REQUIRE)
                out->verdict_require = in->verdict_require;
            if (layer->verdict_set & VERDICT_RULES) {
                out->verdict_rules = in->verdict_rules;
                out->verdict_rule_count = in->verdict_rule_count;
            }
        } else {
            memcpy((char *)out + def->offset, (const char *)in + def->offset, member_size(def));
            if (setting_is(def, "env_file"))
                composition->env_file = layer->env_set;
        }
    }
    return 0;
}

/* `matched` are indexes of overrides. Returns -1 without memory. */
static int compose(struct settings_set *set, const uint32_t *matched, size_t matched_count,
                   const struct settings_layer *directives, struct settings *out,
                   enum settings_source *sources)
{
    memset(out, 0, sizeof *out);
    memset(sources, 0, setting_def_count * sizeof *sources);
    struct composition composition = {.arena = &set->arena, .out = out, .sources = sources};
    if (apply(&composition, &set->defaults, SOURCE_DEFAULT) != 0 ||
        apply(&composition, &set->file, SOURCE_FILE) != 0)
        return -1;
    for (size_t i = 0; i < matched_count; i++)
        if (apply(&composition, &set->overrides.items[matched[i]].layer, SOURCE_OVERRIDE) != 0)
            return -1;
    if (apply(&composition, directives, SOURCE_DIRECTIVE) != 0 ||
        apply(&composition, &set->command_line, SOURCE_COMMAND_LINE) != 0)
        return -1;
    struct string_list env = composition.env_file;
    if (env.count > 0) {
        env = (struct string_list){0};
        if (merge_env(&set->arena, &env, &composition.env_file) != 0 ||
            merge_env(&set->arena, &env, &out->env) != 0)
            return -1;
        out->env = env;
    }
    return 0;
}

static int compose_batch(struct settings_set *set, struct mu_err *err)
{
    enum settings_source sources[64];
    const struct settings_layer none = {0};
    if (compose(set, NULL, 0, &none, &set->batch, sources) != 0)
        return mu_err_nomem(err);
    if (set->batch.scripts.count == 0 &&
        string_list_add(&set->arena, &set->batch.scripts, set->project_folder) != 0)
        return mu_err_nomem(err);
    return 0;
}

/* ---- loading ---- */

int settings_read_file(const char *path, struct mu_str *ret, struct mu_err *err)
{
    struct stat st;
    struct mu_err own = MU_ERR_INIT;
    if (!err)
        err = &own;
    if (stat(path, &st) != 0)
        return mu_err_sys(err, MU_E_SETTINGS, errno, _("cannot open %s"), path);
    if (S_ISDIR(st.st_mode))
        return mu_err_set(err, MU_E_SETTINGS, _("%s is a folder: a file should stand there"), path);
    if (!S_ISREG(st.st_mode)) /* opening a FIFO would wait for ever */
        return mu_err_set(err, MU_E_SETTINGS, _("%s is no regular file"), path);
    if (st.st_size > MAX_FILE)
        return mu_err_set(err, MU_E_SETTINGS, _("%s is larger than 1 MB: make it smaller"), path);
    int rc = mu_read_file(path, MAX_FILE, ret, err);
    if (rc != 0 && err->code == MU_E_IO)
        err->code = MU_E_SETTINGS;
    return rc;
}

static int read_defaults(struct settings_set *set, struct mu_err *err)
{
    struct setting_reader reader = {.layer = &set->defaults, .arena = &set->arena};
    for (size_t i = 0; i < setting_def_count; i++) {
        const struct setting_def *def = &setting_defs[i];
        const char *text = def->default_text;
        if (def->later || *text == '[' || *text == '{' || strcmp(text, "null") == 0)
            continue; /* none is zero */
        if (setting_read_text(&reader, def, text, strlen(text), err) != 0)
            return -1;
    }
    return 0;
}

/* The path as people at the current folder would write it. */
static const char *shown_path(const char *path, char *cwd)
{
    const char *beneath = cwd ? mu_path_beneath(path, cwd) : NULL;
    return beneath && *beneath ? beneath : path;
}

static int read_settings_file(struct settings_set *set, const char *path, struct mu_err *err)
{
    MU_AUTO_STR struct mu_str content = {0};
    MU_AUTO_FREE char *cwd = getcwd(NULL, 0);
    MU_AUTO_FREE char *folder = mu_path_absolute(path, "..");
    if (!folder)
        return mu_err_nomem(err);
    if (settings_read_file(path, &content, err) != 0)
        return -1;
    struct place_text text = {shown_path(path, cwd), mu_str_text(&content), content.len};
    return settings_read_yaml(&text, folder, &set->arena, &set->file, &set->overrides, err);
}

int settings_load(const char *path, const char *project_folder, struct settings_set **ret_set,
                  struct mu_err *err)
{
    struct settings_set *set = calloc(1, sizeof *set);
    if (!set)
        return mu_err_nomem(err);
    int rc = 0;
    if (!(set->project_folder = mu_arena_strdup(&set->arena, project_folder)))
        rc = mu_err_nomem(err);
    if (rc == 0)
        rc = read_defaults(set, err);
    if (rc == 0 && path)
        rc = read_settings_file(set, path, err);
    if (rc == 0)
        rc = compose_batch(set, err);
    if (rc != 0) {
        settings_set_free(set);
        return rc;
    }
    *ret_set = set;
    return 0;
}

int settings_set_option(struct settings_set *set, const char *name, const char *value,
                        const char *option, struct mu_err *err)
{
    struct setting_reader reader = {.layer = &set->command_line, .arena = &set->arena};
    const struct setting_def *def = NULL;
    struct mu_err own = MU_ERR_INIT;
    if (!err)
        err = &own;
    if (setting_read_named(&reader, name, strlen(name), value, strlen(value), SCOPE_BATCH, &def,
                           err) != 0) {
        if (err->code == MU_E_SETTINGS)
            err->code = MU_E_USAGE;
        /* "timeout: …" becomes "--timeout: …"; what does not name the setting gets it in front. */
        size_t len = def ? strlen(def->name) : 0;
        if (def && strncmp(err->text, def->name, len) == 0 && err->text[len] == ':')
            memmove(err->text, err->text + len + 2, strlen(err->text + len + 2) + 1);
        return mu_err_wrap(err, "%s", option);
    }
    memset(set->buckets, 0, sizeof set->buckets); /* those composed before lack this one */
    return compose_batch(set, err);
}

void settings_set_free(struct settings_set *set)
{
    if (!set)
        return;
    free(set->overrides.items);
    mu_str_release(&set->key);
    mu_arena_release(&set->arena);
    free(set);
}

const struct settings *settings_batch(const struct settings_set *set)
{
    return &set->batch;
}

size_t settings_jobs(const struct settings *settings)
{
    if (settings->jobs > 0)
        return (size_t)settings->jobs;
    cpu_set_t cpus;
    long cores = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus)
                                                               : sysconf(_SC_NPROCESSORS_ONLN);
    cores += (long)settings->jobs;
    return cores > 1 ? (size_t)cores : 1;
}

/* ---- one script ---- */

/* The beginning of a script, into `buf` of LONG_HEAD_SIZE. A file that cannot be read has no
 * directives: that it cannot be started is said when it is. */
static size_t read_head(const char *path, char buf[LONG_HEAD_SIZE])
{
    MU_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, buf, HEAD_SIZE);
    if (n < HEAD_SIZE)
        return n > 0 ? (size_t)n : 0;
    /* Thirty lines nearly always fit; where they are long, there may be more to see. */
    const char *p = buf, *end = buf + n;
    int lines = 0;
    while (lines < 30 && (p = memchr(p, '\n', (size_t)(end - p)))) {
        lines++;
        p++;
    }
    if (lines == 30)
        return (size_t)n;
    ssize_t more = read(fd, buf + n, LONG_HEAD_SIZE - HEAD_SIZE);
    size_t len = (size_t)n + (more > 0 ? (size_t)more : 0);
    if (len == LONG_HEAD_SIZE) /* not half a line */
        while (len > 0 && buf[len - 1] != '\n')
            len--;
    return len;
}

static uint64_t hash_bytes(const void *data, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (const unsigned char *p = data; len > 0; p++, len--)
        hash = (hash ^ *p) * UINT64_C(1099511628211);
    return hash;
}

static struct effective *find_effective(struct settings_set *set, uint64_t hash)
{
    struct effective *entry = set->buckets[hash % BUCKETS];
    while (entry && (entry->hash != hash || entry->key_len != set->key.len ||
                     memcmp(entry->key, mu_str_text(&set->key), set->key.len) != 0))
        entry = entry->next;
    return entry;
}

static int make_effective(struct settings_set *set, uint64_t hash, size_t matched_count,
                          const struct settings_layer *directives, struct effective **ret)
{
    struct effective *entry = mu_arena_alloc(&set->arena, sizeof *entry);
    if (!entry)
        return -1;
    entry->hash = hash;
    entry->key_len = set->key.len;
    entry->key = mu_arena_strndup(&set->arena, mu_str_text(&set->key), set->key.len);
    entry->sources = mu_arena_alloc(&set->arena, setting_def_count * sizeof *entry->sources);
    if (!entry->key || !entry->sources ||
        compose(set, (const uint32_t *)entry->key, matched_count, directives, &entry->settings,
                entry->sources) != 0)
        return -1;
    entry->settings.scripts = set->batch.scripts; /* the default one is filled in there */
    entry->next = set->buckets[hash % BUCKETS];
    set->buckets[hash % BUCKETS] = entry;
    *ret = entry;
    return 0;
}

int settings_for_script(struct settings_set *set, const char *path_key, const char *path_abs,
                        const struct settings **ret, enum settings_source *sources,
                        struct mu_err *err)
{
    mu_str_clear(&set->key);
    for (uint32_t i = 0; i < set->overrides.count; i++) {
        const struct string_list *globs = &set->overrides.items[i].globs;
        for (size_t g = 0; g < globs->count; g++) {
            if (glob_match(globs->items[g], path_key)) {
                mu_str_append(&set->key, &i, sizeof i);
                break;
            }
        }
    }
    size_t matched_count = set->key.len / sizeof(uint32_t);
    mu_str_append(&set->key, &(uint32_t){UINT32_MAX}, sizeof(uint32_t));
    struct settings_layer directives = {0};
    size_t head_len = read_head(path_abs, set->head);
    if (head_len > 0 && memmem(set->head, head_len, "MUSTER:", 7)) {
        MU_AUTO_FREE char *folder = mu_path_absolute(path_abs, "..");
        struct place_text text = {path_key, set->head, head_len};
        if (!folder)
            return mu_err_nomem(err);
        if (settings_read_directives(&text, folder, &set->arena, &directives, &set->key, err) != 0)
            return -1;
    }
    if (set->key.failed)
        return mu_err_nomem(err);
    uint64_t hash = hash_bytes(mu_str_text(&set->key), set->key.len);
    struct effective *entry = find_effective(set, hash);
    if (!entry && make_effective(set, hash, matched_count, &directives, &entry) != 0)
        return mu_err_nomem(err);
    if (sources)
        memcpy(sources, entry->sources, setting_def_count * sizeof *sources);
    *ret = &entry->settings;
    return 0;
}
