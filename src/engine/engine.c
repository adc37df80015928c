/* The engine as a whole: what it makes of the process it lives in, and the questions about all its
 * executions. */
#include "engine/engine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "engine/process.h"
#include "engine/spawn.h"

#define MS INT64_C(1000000)
/* Each running script takes three descriptors, and two per process that is sampled. */
enum { NOFILE_WANTED = 65536 };

static void raise_nofile(struct engine *engine)
{
    if (getrlimit(RLIMIT_NOFILE, &engine->nofile) != 0)
        return;
    struct rlimit more = engine->nofile;
    more.rlim_cur = more.rlim_max < NOFILE_WANTED ? more.rlim_max : NOFILE_WANTED;
    engine->nofile_raised =
        more.rlim_cur > engine->nofile.rlim_cur && setrlimit(RLIMIT_NOFILE, &more) == 0;
}

int engine_new(const struct engine_events *events, struct engine **ret_engine, struct mu_err *err)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine || !(engine->read_buffer = malloc(CAPTURE_BUFFER_SIZE))) {
        free(engine);
        return mu_err_nomem(err);
    }
    engine->events = events;
    engine->end = &engine->first;
    engine->sample_timer = (struct loop_timer){.fn = sample_due, .arg = engine};
    spawn_occupy_stdio();
    /* Where our parent ignored SIGCHLD, the kernel would reap the scripts, and their ends be lost.
     */
    signal(SIGCHLD, SIG_DFL);
    raise_nofile(engine);
    int was = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &was);
    engine->was_subreaper = was != 0;
    engine->subreaper = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    if (loop_init(&engine->loop, err) != 0)
        goto no_loop;
    if (loop_timers_reserve(&engine->loop, 1) != 0) {
        mu_err_nomem(err);
        goto no_tree;
    }
    if (tree_init(&engine->tree, err) != 0)
        goto no_tree;
    sampler_init(&engine->sampler);
    engine->signals_not_default = spawn_signals_not_default();
    *ret_engine = engine;
    return 0;

no_tree:
    loop_release(&engine->loop);
no_loop:
    prctl(PR_SET_CHILD_SUBREAPER, engine->was_subreaper);
    free(engine->read_buffer);
    free(engine);
    return -1;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    MU_ASSERT(engine->running == 0);
    tree_kill_all(&engine->tree);
    loop_timer_clear(&engine->loop, &engine->sample_timer);
    loop_release(&engine->loop); /* closes what executions left to close */
    tree_release(&engine->tree);
    sampler_release(&engine->sampler);
    prctl(PR_SET_CHILD_SUBREAPER, engine->was_subreaper);
    if (engine->nofile_raised)
        setrlimit(RLIMIT_NOFILE, &engine->nofile);
    free(engine->read_buffer);
    free(engine);
}

void engine_stop_all(struct engine *engine, bool now)
{
    for (struct engine_exec *exec = engine->first; exec; exec = exec->next)
        engine_stop(engine, exec, now);
}

size_t engine_running(const struct engine *engine)
{
    return engine->running;
}

void engine_each_running(struct engine *engine,
                         void (*each)(void *arg, const struct exec_live *live), void *arg)
{
    int64_t now = loop_now_ns(&engine->loop);
    for (struct engine_exec *exec = engine->first; exec; exec = exec->next) {
        if (exec->state == EXEC_STARTING || exec->state == EXEC_REFUSED)
            continue;
        bool sampled = exec->samples.count > 0;
        struct exec_live live = {
            .user = exec->user,
            .pid = exec->pid,
            .elapsed_ms = (now - exec->start_ns) / MS,
            .memory_mb = sampled ? exec->samples.memory_mb : (double)NAN,
            .cpu_percent = sampled ? exec->samples.cpu_percent : (double)NAN,
            .stopping = exec->stage != STAGE_NONE,
        };
        each(arg, &live);
    }
}

void engine_sample_now(struct engine *engine, struct engine_exec *exec)
{
    if (exec->state == EXEC_ALIVE)
        sample_now(exec);
}
