/* The environment is the user's own, changed: what the user set wins over what muster would set,
 * `env:` wins over both, and the MUSTER_ names are muster's alone. */
#include "service/launch.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"

/* An environment being built: later settings of a name replace earlier ones. */
struct env {
    char **items;
    size_t count, cap;
    struct mu_arena *arena;
    bool failed;
};

static size_t env_find(const struct env *env, const char *name, size_t name_len)
{
    size_t i = 0;
    while (i < env->count &&
           (strncmp(env->items[i], name, name_len) != 0 || env->items[i][name_len] != '='))
        i++;
    return i;
}

static bool env_has(const struct env *env, const char *name)
{
    return env_find(env, name, strlen(name)) < env->count;
}

/* `assignment` is "NAME=value"; borrowed, not copied. */
static void env_put(struct env *env, char *assignment)
{
    if (!assignment || env->failed) {
        env->failed = true;
        return;
    }
    size_t i = env_find(env, assignment, strcspn(assignment, "="));
    if (i == env->count) {
        MU_ASSERT(env->count + 1 < env->cap); /* counted beforehand */
        env->count++;
    }
    env->items[i] = assignment;
}

static void env_set(struct env *env, const char *name, const char *value)
{
    env_put(env, mu_arena_printf(env->arena, "%s=%s", name, value));
}

static void env_default(struct env *env, const char *name, const char *value)
{
    if (!env_has(env, name))
        env_set(env, name, value);
}

static const char *env_value(const struct env *env, const char *name)
{
    size_t i = env_find(env, name, strlen(name));
    return i < env->count ? env->items[i] + strlen(name) + 1 : NULL;
}

enum { MUSTER_NAMES = 16 }; /* at least as many as prepare_env adds beside env: */

static char *const *prepare_env(const struct launch_context *context, const struct script *script,
                                const char *record_id, int64_t attempt, size_t slot,
                                const char *output_dir, struct mu_arena *arena)
{
    const struct settings *settings = script->settings;
    size_t own = 0;
    while (context->environment[own])
        own++;
    struct env env = {.arena = arena, .cap = own + settings->env.count + MUSTER_NAMES + 1};
    env.items = mu_arena_alloc(arena, env.cap * sizeof *env.items);
    if (!env.items)
        return NULL;
    /* The names of an environment are distinct already: no search for each. */
    memcpy(env.items, context->environment, own * sizeof *env.items);
    env.count = own;

    if (settings->unbuffered)
        env_default(&env, "PYTHONUNBUFFERED", "1");
    env_default(&env, "PYTHONIOENCODING", "utf-8:surrogateescape");
    env_default(&env, "PYTHONFAULTHANDLER", "1");
    char number[32];
    snprintf(number, sizeof number, "%zu", context->slot_cores);
    env_default(&env, "OMP_NUM_THREADS", number);

    for (size_t i = 0; i < settings->env.count; i++)
        env_put(&env, (char *)settings->env.items[i]);

    if (settings->pythonpath.count > 0) {
        struct mu_str path = {0};
        for (size_t i = 0; i < settings->pythonpath.count; i++)
            mu_str_printf(&path, "%s%s", i ? ":" : "", settings->pythonpath.items[i]);
        const char *users = env_value(&env, "PYTHONPATH");
        if (users && users[0])
            mu_str_printf(&path, ":%s", users);
        env.failed |= path.failed;
        env_set(&env, "PYTHONPATH", mu_str_text(&path));
        mu_str_release(&path);
    }

    env_set(&env, "MUSTER_BATCH_ID", context->batch_id);
    env_set(&env, "MUSTER_RECORD_ID", record_id);
    env_set(&env, "MUSTER_SCRIPT", script->script_path);
    snprintf(number, sizeof number, "%lld", (long long)attempt);
    env_set(&env, "MUSTER_ATTEMPT", number);
    snprintf(number, sizeof number, "%zu", slot);
    env_set(&env, "MUSTER_SLOT", number);
    env_set(&env, "MUSTER_GROUP_SLOT", "1");
    env_set(&env, "MUSTER_OUTPUT_DIR", output_dir);
    return env.failed ? NULL : env.items;
}

static char *folder_of(struct mu_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return mu_arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

/* The dotted name under which the script would be imported from `base`: for `python -m`. */
static char *module_of(struct mu_arena *arena, const char *base, const struct script *script)
{
    const char *relative = mu_path_beneath(script->path_abs, base);
    char *name = mu_arena_strdup(arena, relative ? relative : script->script_name);
    if (!name)
        return NULL;
    size_t len = strlen(name);
    if (len > 3 && strcmp(name + len - 3, ".py") == 0)
        name[len - 3] = '\0';
    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '.';
    return name;
}

int launch_prepare(const struct launch_context *context, const struct script *script,
                   const struct python *python, const char *record_id, int64_t attempt, size_t slot,
                   const char *output_dir, struct mu_arena *arena, struct launch *ret,
                   struct mu_err *err)
{
    const struct settings *settings = script->settings;
    size_t args = 0;
    while (context->script_args && context->script_args[args])
        args++;
    char **argv = mu_arena_alloc(arena, (args + 6) * sizeof *argv);
    char *cwd = NULL;
    switch (settings->cwd) {
    case CWD_SCRIPT: cwd = folder_of(arena, script->path_abs); break;
    case CWD_PROJECT: cwd = mu_arena_strdup(arena, context->project->folder); break;
    case CWD_PATH: cwd = mu_arena_strdup(arena, settings->cwd_path); break;
    }
    if (!argv || !cwd)
        return mu_err_nomem(err);

    /* A module's package is found from the project's folder, which `-m` puts on sys.path. */
    if (settings->runner == RUNNER_MODULE && settings->cwd == CWD_SCRIPT &&
        !(cwd = mu_arena_strdup(arena, context->project->folder)))
        return mu_err_nomem(err);

    /* "python3 script.py from the script's own folder": the name alone where that is the folder. */
    char *folder = folder_of(arena, script->path_abs);
    char *file = (char *)script->path_abs;
    if (folder && strcmp(folder, cwd) == 0)
        file = (char *)script->path_abs + (strlen(folder) > 1 ? strlen(folder) + 1 : 1);
    if (file[0] == '-') /* would be taken for an option */
        file = (char *)script->path_abs;

    size_t n = 0;
    argv[n++] = (char *)python->interpreter.executable;
    switch (settings->runner) {
    case RUNNER_AUTO:
    case RUNNER_SCRIPT: argv[n++] = file; break;
    case RUNNER_MODULE:
        argv[n++] = (char *)"-m";
        argv[n++] = module_of(arena, cwd, script);
        break;
    case RUNNER_PYTEST:
        argv[n++] = (char *)"-m";
        argv[n++] = (char *)"pytest";
        argv[n++] = file;
        break;
    case RUNNER_UNITTEST:
        argv[n++] = (char *)"-m";
        argv[n++] = (char *)"unittest";
        argv[n++] = file;
        break;
    }
    for (size_t i = 0; i < args; i++)
        argv[n++] = context->script_args[i];

    char *const *envp = prepare_env(context, script, record_id, attempt, slot, output_dir, arena);
    if (!envp || !argv[n - 1])
        return mu_err_nomem(err);

    *ret = (struct launch){
        .record_id = record_id,
        .file = python->interpreter.executable,
        .argv = argv,
        .envp = envp,
        .cwd = cwd,
        .stdin_path = settings->stdin_mode == STDIN_NULL   ? "/dev/null"
                      : settings->stdin_mode == STDIN_FILE ? settings->stdin_path
                                                           : NULL,
        .timeout_ms = settings->timeout_ms,
        .idle_timeout_ms = settings->idle_timeout_ms,
        .grace_ms = settings->grace_ms,
        .leak_grace_ms = settings->leak_grace_ms,
        .sample_interval_ms = settings->sample_interval_ms,
        .slow_after_ms = settings->slow_after_ms,
        .stop_signal = settings->stop_signal,
        .umask = context->umask,
    };
    return 0;
}
