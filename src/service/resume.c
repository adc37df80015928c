/* Lost are rows that a dead owner left PENDING or RUNNING, and those that recovery made ERROR for
 * it; stopped and never started ones are CANCELLED. A process is known by its pid and its start
 * time: a pid alone may be somebody else's by now. */
#include "service/resume.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "service/owner.h"
#include "store/execution_repo.h"

static bool must_run(const struct execution *execution)
{
    bool lost = execution->status == EXEC_ERROR && execution->stop_reason &&
                strcmp(execution->stop_reason, "lost") == 0;
    return lost || execution->status == EXEC_CANCELLED || !exec_status_is_final(execution->status);
}

static int add_script(const struct project *project, struct settings_set *set,
                      const struct execution *execution, struct resume_plan *plan,
                      struct mu_err *err)
{
    struct mu_arena *arena = &plan->scripts.arena;
    struct script script = {
        .script_path = mu_arena_strdup(arena, execution->script_path),
        .script_name = mu_arena_strdup(arena, execution->script_name),
        .module_name = mu_arena_strdup(arena, execution->module_name),
        .path_abs = execution->script_path[0] == '/'
                        ? mu_arena_strdup(arena, execution->script_path)
                        : mu_arena_printf(arena, "%s/%s", project->folder, execution->script_path),
    };
    if (!script.script_path || !script.script_name || !script.path_abs ||
        MU_GROW(plan->scripts.items, plan->scripts.cap, plan->scripts.count + 1) != 0)
        return mu_err_nomem(err);
    if (access(script.path_abs, F_OK) != 0)
        plan->missing[plan->missing_count++] = script.script_path;
    if (settings_for_script(set, script.script_path, script.path_abs, &script.settings, NULL,
                            err) != 0)
        return -1;
    plan->previous[plan->scripts.count] = *execution;
    plan->scripts.items[plan->scripts.count++] = script;
    return 0;
}

static int read_args(const struct batch *batch, struct resume_plan *plan, struct mu_err *err)
{
    json_t *args = batch->script_args ? json_loads(batch->script_args, 0, NULL) : NULL;
    if (!args)
        return 0;
    size_t count = json_array_size(args);
    struct mu_arena *arena = &plan->scripts.arena;
    plan->script_args = mu_arena_alloc(arena, (count + 1) * sizeof *plan->script_args);
    bool failed = !plan->script_args;
    for (size_t i = 0; !failed && i < count; i++) {
        const char *word = json_string_value(json_array_get(args, i));
        plan->script_args[i] = mu_arena_strdup(arena, word ? word : "");
        failed = !plan->script_args[i];
    }
    json_decref(args);
    return failed ? mu_err_nomem(err) : 0;
}

int resume_plan_make(const struct project *project, struct settings_set *set, struct db *db,
                     const struct batch *batch, struct resume_plan *ret, struct mu_err *err)
{
    bool open = batch->status == BATCH_PENDING || batch->status == BATCH_RUNNING ||
                batch->status == BATCH_PAUSED;
    if (open && owner_is_alive(batch->owner_pid, batch->owner_start))
        return mu_err_set(err, MU_E_BUSY,
                          _("batch %lld is running (process %lld): wait for it, or stop it first"),
                          (long long)batch->id, (long long)batch->owner_pid);
    struct resume_plan plan = {0};
    struct execution *items;
    size_t count;
    if (execution_repo_find_by_batch(db, &plan.scripts.arena, batch->batch_id, false, &items,
                                     &count, err) != 0)
        goto fail;
    plan.previous = mu_arena_alloc(&plan.scripts.arena, (count + 1) * sizeof *plan.previous);
    plan.missing = mu_arena_alloc(&plan.scripts.arena, (count + 1) * sizeof *plan.missing);
    if (!plan.previous || !plan.missing) {
        mu_err_nomem(err);
        goto fail;
    }
    for (size_t i = 0; i < count; i++)
        if (must_run(&items[i]) && add_script(project, set, &items[i], &plan, err) != 0)
            goto fail;
    if (read_args(batch, &plan, err) != 0)
        goto fail;
    *ret = plan;
    return 0;
fail:
    resume_plan_release(&plan);
    return -1;
}

void resume_plan_release(struct resume_plan *plan)
{
    script_list_release(&plan->scripts);
}
