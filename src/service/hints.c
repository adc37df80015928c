#include "service/hints.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "verdict/hints.h"

/* The text between the first two quotes `'` of `message`, in the arena; NULL where there is none.
 */
static char *quoted(const char *message, struct mu_arena *arena)
{
    const char *begin = strchr(message, '\'');
    const char *end = begin ? strchr(begin + 1, '\'') : NULL;
    return end && end > begin + 1 ? mu_arena_strndup(arena, begin + 1, (size_t)(end - begin - 1))
                                  : NULL;
}

static bool any_exists(struct mu_arena *arena, const char *folder, const char *rest)
{
    const char *pattern = mu_arena_printf(arena, "%s/%s", folder, rest);
    glob_t found;
    if (!pattern || glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return false;
    globfree(&found);
    return true;
}

static const char *missing_module(const struct project *project, const char *module,
                                  struct mu_arena *arena)
{
    char *top = mu_arena_strndup(arena, module, strcspn(module, "."));
    if (!top || strpbrk(top, "*?[/"))
        return NULL;
    char *in_venv = mu_arena_printf(arena, ".venv/lib/python*/site-packages/%s*", top);
    if (in_venv && any_exists(arena, project->folder, in_venv))
        return N_(
            "the module is installed in .venv: set `python: .venv/bin/python` in muster.yaml");
    char *as_file = mu_arena_printf(arena, "%s.py", top);
    char *as_package = mu_arena_printf(arena, "%s/__init__.py", top);
    if (as_file && as_package &&
        (any_exists(arena, project->folder, as_file) ||
         any_exists(arena, project->folder, as_package)))
        return N_("the module is in the project's folder: set `pythonpath: [.]` in muster.yaml");
    return NULL;
}

/* `import json` took the json.py beside the script. */
static const char *shadowing_file(const struct script *script, const char *module,
                                  struct mu_arena *arena)
{
    if (!hints_is_standard_module(module, strlen(module)))
        return NULL;
    size_t folder = (size_t)(mu_path_name(script->path_abs) - script->path_abs);
    static const char *const endings[] = {".py", "/__init__.py"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const char *path =
            mu_arena_printf(arena, "%.*s%s%s", (int)folder, script->path_abs, module, endings[i]);
        if (path && access(path, F_OK) == 0)
            return mu_arena_printf(arena,
                                   _("%s hides Python's own module of that name: rename the file"),
                                   path + folder);
    }
    return NULL;
}

const char *hint_from_files(const struct project *project, const struct script *script,
                            const char *error_message, struct mu_arena *arena)
{
    if (strncmp(error_message, "ModuleNotFoundError: No module named '", 38) == 0) {
        char *module = quoted(error_message, arena);
        return module ? missing_module(project, module, arena) : NULL;
    }
    if (hints_may_be_shadowed(error_message)) {
        const char *name = strstr(error_message, " from '");
        char *module = quoted(name ? name : error_message, arena);
        return module ? shadowing_file(script, module, arena) : NULL;
    }
    if (strncmp(error_message, "FileNotFoundError: ", 19) == 0 &&
        script->settings->cwd == CWD_SCRIPT) {
        char *file = quoted(error_message, arena);
        if (!file || file[0] == '/')
            return NULL;
        MU_AUTO_FREE char *there = mu_path_absolute(project->folder, file);
        if (there && access(there, F_OK) == 0)
            return N_("the file exists in the project's folder: set `cwd: project` in muster.yaml");
    }
    return NULL;
}
