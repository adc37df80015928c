/* Candidates are found by text (one look for `.venv` a folder, remembered), asked once each, and
 * kept in a list that is short: a project has one interpreter, rarely three. */
#include "service/python.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/interpreter_repo.h"

struct folder_answer {
    const char *folder;
    const char *candidate; /* of the nearest .venv; NULL: none */
};

struct python_finder {
    const struct project *project;
    struct db *db;
    struct writer *writer;
    struct python **items;
    size_t count, cap;
    const char *prefixes[2]; /* what $VIRTUAL_ENV and $CONDA_PREFIX hold, once asked */
    struct folder_answer *folders;
    size_t folder_count, folder_cap;
    struct mu_arena arena;
};

int python_finder_new(const struct project *project, struct db *db, struct writer *writer,
                      struct python_finder **ret_finder, struct mu_err *err)
{
    struct python_finder *finder = calloc(1, sizeof *finder);
    if (!finder)
        return mu_err_nomem(err);
    finder->project = project;
    finder->db = db;
    finder->writer = writer;
    *ret_finder = finder;
    return 0;
}

void python_finder_free(struct python_finder *finder)
{
    if (!finder)
        return;
    for (size_t i = 0; i < finder->count; i++)
        free(finder->items[i]);
    free(finder->items);
    free(finder->folders);
    mu_arena_release(&finder->arena);
    free(finder);
}

/* The interpreter below `prefix`: an environment has bin/python, a plain installation may have
 * bin/python3 alone. Where there is neither, the first: its error says what was looked for. */
static const char *python_below(struct python_finder *finder, const char *prefix)
{
    const char *python = mu_arena_printf(&finder->arena, "%s/bin/python", prefix);
    const char *python3 = mu_arena_printf(&finder->arena, "%s/bin/python3", prefix);
    return python && python3 && access(python, F_OK) != 0 && access(python3, F_OK) == 0 ? python3
                                                                                        : python;
}

/* The interpreter of the nearest `.venv` up to the project; "" where there is none. */
static const char *search_venv(struct python_finder *finder, const char *folder)
{
    char *at = mu_arena_strdup(&finder->arena, folder);
    while (at && at[0]) {
        char *prefix = mu_arena_printf(&finder->arena, "%s/.venv", at);
        if (!prefix)
            return NULL;
        if (access(prefix, F_OK) == 0)
            return python_below(finder, prefix);
        if (strcmp(at, finder->project->folder) == 0 ||
            !mu_path_beneath(at, finder->project->folder))
            break;
        *strrchr(at, '/') = '\0';
    }
    return at ? "" : NULL;
}

static const char *nearest_venv(struct python_finder *finder, const char *script_path)
{
    size_t len = (size_t)(strrchr(script_path, '/') - script_path);
    /* Scripts come folder by folder: the newest answer is nearly always the one. */
    for (size_t i = finder->folder_count; i-- > 0;) {
        const struct folder_answer *known = &finder->folders[i];
        if (strncmp(known->folder, script_path, len) == 0 && known->folder[len] == '\0')
            return known->candidate;
    }
    struct folder_answer answer = {.folder = mu_arena_strndup(&finder->arena, script_path, len)};
    if (!answer.folder || !(answer.candidate = search_venv(finder, answer.folder)) ||
        MU_GROW(finder->folders, finder->folder_cap, finder->folder_count + 1) != 0)
        return NULL;
    finder->folders[finder->folder_count++] = answer;
    return answer.candidate;
}

/* The file that `candidate` starts: itself, or the first of that name on the PATH. */
static bool locate(const char *candidate, char *ret_path, size_t size)
{
    if (strchr(candidate, '/'))
        return snprintf(ret_path, size, "%s", candidate) < (int)size;
    const char *path = getenv("PATH");
    for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin"; *p;) {
        size_t len = strcspn(p, ":");
        struct stat st;
        if (len > 0 && snprintf(ret_path, size, "%.*s/%s", (int)len, p, candidate) < (int)size &&
            access(ret_path, X_OK) == 0 && stat(ret_path, &st) == 0 && S_ISREG(st.st_mode))
            return true;
        p += len + (p[len] == ':');
    }
    return false;
}

static bool recall(struct python_finder *finder, const struct interpreter_key *key,
                   struct interpreter *ret)
{
    struct interpreter_row row;
    if (!finder->db || interpreter_repo_find(finder->db, &finder->arena, key, &row, NULL) != 0)
        return false;
    snprintf(ret->executable, sizeof ret->executable, "%s", row.executable);
    snprintf(ret->version, sizeof ret->version, "%s", row.version);
    snprintf(ret->implementation, sizeof ret->implementation, "%s", row.implementation);
    return true;
}

/* Ask the candidate, or remember what it said when it was the same file. A shim (a shell script) is
 * never remembered: what it starts depends on folder and environment. */
static int ask(struct python_finder *finder, const char *candidate, struct interpreter *ret,
               struct mu_err *err)
{
    char path[4096];
    struct stat st;
    bool lasting = locate(candidate, path, sizeof path) && stat(path, &st) == 0 && path[0] == '/' &&
                   interpreter_is_binary(path);
    if (!lasting)
        return interpreter_probe(candidate, finder->project->folder, ret, err);
    const struct interpreter_key key = {
        .path = path,
        .device = (int64_t)st.st_dev,
        .inode = (int64_t)st.st_ino,
        .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
        .size = st.st_size,
    };
    if (recall(finder, &key, ret))
        return 0;
    if (interpreter_probe(path, finder->project->folder, ret, err) != 0)
        return -1;
    const struct interpreter_row row = {
        .executable = ret->executable,
        .version = ret->version,
        .implementation = ret->implementation,
    };
    if (finder->writer)
        writer_interpreter_save(finder->writer, &key, &row, NULL);
    return 0;
}

static struct python *python_new(struct python_finder *finder, const char *candidate,
                                 const char *origin)
{
    struct python *python = calloc(1, sizeof *python);
    if (!python || MU_GROW(finder->items, finder->cap, finder->count + 1) != 0) {
        free(python);
        return NULL;
    }
    python->candidate = mu_arena_strdup(&finder->arena, candidate);
    python->origin = origin;
    if (!python->candidate) {
        free(python);
        return NULL;
    }
    python->usable = ask(finder, candidate, &python->interpreter, &python->error) == 0;
    finder->items[finder->count++] = python;
    return python;
}

const struct python *python_finder_find(struct python_finder *finder, const struct script *script)
{
    static const char *const variables[] = {"VIRTUAL_ENV", "CONDA_PREFIX"};
    static const char *const origins[] = {"$VIRTUAL_ENV", "$CONDA_PREFIX"};
    const char *candidate = script->settings->python, *origin = candidate ? "python:" : NULL;
    for (size_t i = 0; !candidate && i < sizeof variables / sizeof variables[0]; i++) {
        const char *prefix = getenv(variables[i]);
        if (!prefix || !prefix[0])
            continue;
        if (!finder->prefixes[i] && !(finder->prefixes[i] = python_below(finder, prefix)))
            return NULL;
        candidate = finder->prefixes[i];
        origin = origins[i];
    }
    if (!candidate) {
        candidate = nearest_venv(finder, script->path_abs);
        if (!candidate)
            return NULL;
        origin = ".venv";
    }
    if (!candidate[0]) {
        candidate = "python3";
        origin = NULL;
    }
    for (size_t i = 0; i < finder->count; i++)
        if (strcmp(finder->items[i]->candidate, candidate) == 0)
            return finder->items[i];
    return python_new(finder, candidate, origin);
}
