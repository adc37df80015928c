/* The life of an execution.
 *
 *     STARTING → ALIVE → ENDED → (KILLED) → finished
 *     STARTING → REFUSED → finished
 *
 * The end of the script is told by its pidfd, never by its pipes: it may close them and live on, or
 * leave a child that holds them. After it, its orphans and its pipes have leak_grace; then a
 * stop-walk ends what is left. There is one way to the end, finish(), and it is only ever taken
 * from the loop itself (an exit, the end of a stream, a timer), so that no callback of the service
 * can pull an execution from under the code that called it.
 *
 * A stop goes SIGINT (to the script alone, so that its `finally` blocks run once), SIGCONT (to the
 * tree: a stopped script could not obey), SIGABRT after grace (faulthandler prints where it hangs),
 * then the stop-walk. */
#include "engine/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"

#define MS INT64_C(1000000)
/* Between SIGABRT and SIGKILL at most: with the killing itself it stays under a second. */
#define ABORT_GRACE_MS 750
/* How long the killed are waited for: they may hang in the kernel. */
#define KILL_PATIENCE_NS (2000 * MS)
#define POLL_MIN_NS (1 * MS)
#define POLL_MAX_NS (20 * MS)
/* More than a pipe holds: what an ended script left in it. */
#define DRAIN_BYTES ((size_t)1024 * 1024)
/* The high-water mark of our own memory is only known to some pages. */
#define MAXRSS_SLACK_KB 512

static void set_timer(struct engine_exec *exec, struct loop_timer *timer, int64_t due_ns)
{
    loop_timer_set(&exec->engine->loop, timer, due_ns);
}

static void clear_timer(struct engine_exec *exec, struct loop_timer *timer)
{
    loop_timer_clear(&exec->engine->loop, timer);
}

/* --- the end --- */

void exec_unuse(struct engine_exec *exec)
{
    if (--exec->users > 0)
        return;
    mu_arena_release(&exec->kept);
    mu_str_release(&exec->leftover);
    free(exec);
}

void exec_handle_closed(uv_handle_t *handle)
{
    exec_unuse(handle->data);
}

void exec_unlink(struct engine_exec *exec)
{
    struct engine *engine = exec->engine;
    clear_timer(exec, &exec->limit);
    clear_timer(exec, &exec->idle);
    clear_timer(exec, &exec->slow);
    clear_timer(exec, &exec->poll);
    clear_timer(exec, &exec->flush);
    loop_timers_unreserve(&engine->loop, EXEC_TIMERS);
    *exec->link = exec->next;
    if (exec->next)
        exec->next->link = exec->link;
    else
        engine->end = exec->link;
    engine->running--;
}

static double maxrss_mb(const struct engine_exec *exec)
{
    long kb = exec->root.orphan_maxrss_kb;
    /* Until its exec the child ran in our memory and inherits our mark: below that it says nothing
     * of the script. */
    if (exec->maxrss_kb > exec->spawner_maxrss_kb + MAXRSS_SLACK_KB && exec->maxrss_kb > kb)
        kb = exec->maxrss_kb;
    return (double)kb / 1024;
}

static struct exec_usage usage_of(const struct engine_exec *exec)
{
    const struct exec_samples *samples = &exec->samples;
    double peak_mb = fmax(samples->memory_peak_mb, maxrss_mb(exec));
    return (struct exec_usage){
        .cpu_seconds = exec->cpu_seconds + exec->root.orphan_cpu_seconds,
        .mean_memory_mb = samples->count ? samples->memory_sum_mb / (double)samples->count : NAN,
        .peak_memory_mb = peak_mb > 0 ? peak_mb : NAN,
        .read_mb = fmax(samples->read_mb, exec->read_mb + exec->root.orphan_read_mb),
        .write_mb = fmax(samples->write_mb, exec->write_mb + exec->root.orphan_write_mb),
    };
}

static void finish(struct engine_exec *exec)
{
    struct engine *engine = exec->engine;
    bool started = exec->state != EXEC_REFUSED;
    if (started) {
        for (size_t i = 0; i < 2; i++) {
            capture_drain(&exec->streams[i], DRAIN_BYTES);
            capture_close(&exec->streams[i]);
        }
        tree_remove(&engine->tree, &exec->root);
        if (!engine->tree.roots)
            tree_kill_strays(&engine->tree, &exec->leftover);
    }
    exec_unlink(exec);
    struct exec_end end = {
        .started = started,
        .start_error = exec->start_error,
        .wait_status = exec->wait_status,
        .duration_ns = exec->ended_ns - exec->start_ns,
        .stop = exec->stop,
        .leaky = exec->leaky,
        .leftover = exec->leftover.len ? mu_str_text(&exec->leftover) : NULL,
        .signals_sent = exec->signals_sent[0] ? exec->signals_sent : NULL,
        .contain = engine->subreaper ? "subreaper" : "process group",
        .usage = usage_of(exec),
    };
    engine->events->on_finished(exec->user, &end);
    exec_unuse(exec);
}

void exec_refuse(struct engine_exec *exec)
{
    exec->state = EXEC_REFUSED;
    set_timer(exec, &exec->poll, loop_now_ns(&exec->engine->loop));
}

/* --- after the script itself ended --- */

static bool streams_ended(const struct engine_exec *exec)
{
    return exec->streams[0].fd < 0 && exec->streams[1].fd < 0;
}

static bool tree_is_empty(struct engine_exec *exec)
{
    struct tree *tree = &exec->engine->tree;
    if (!exec->tree_empty && tree_reap(tree, &exec->root) == 0) {
        tree_scan(tree); /* what they started meanwhile */
        exec->tree_empty = tree_reap(tree, &exec->root) == 0;
    }
    return exec->tree_empty;
}

static void look_again_later(struct engine_exec *exec)
{
    set_timer(exec, &exec->poll, loop_now_ns(&exec->engine->loop) + exec->poll_ns);
    exec->poll_ns = exec->poll_ns * 3 / 2 < POLL_MAX_NS ? exec->poll_ns * 3 / 2 : POLL_MAX_NS;
}

/* Kill what is left of the tree, and wait until it is gone. */
static void begin_killing(struct engine_exec *exec)
{
    exec->state = EXEC_KILLED;
    exec->give_up_ns = loop_now_ns(&exec->engine->loop) + KILL_PATIENCE_NS;
    exec->poll_ns = POLL_MIN_NS;
    clear_timer(exec, &exec->limit);
}

/* See whether everything is over. */
static void settle(struct engine_exec *exec)
{
    struct tree *tree = &exec->engine->tree;
    if (exec->state == EXEC_ENDED) {
        if (!tree_is_empty(exec))
            look_again_later(exec);
        else if (streams_ended(exec))
            finish(exec);
        /* Else somebody outside the tree holds a pipe: its end or leak_grace comes. */
    } else if (exec->state == EXEC_KILLED) {
        if ((tree_reap(tree, &exec->root) == 0 && tree_stop_walk(tree, &exec->root, NULL) == 0) ||
            loop_now_ns(&exec->engine->loop) >= exec->give_up_ns)
            finish(exec);
        else
            look_again_later(exec);
    }
}

void exec_stream_ended(struct engine_exec *exec)
{
    settle(exec);
}

static void leak_grace_is_over(struct engine_exec *exec)
{
    if (tree_is_empty(exec)) {
        finish(exec);
        return;
    }
    exec->leaky = tree_stop_walk(&exec->engine->tree, &exec->root, &exec->leftover) > 0;
    begin_killing(exec);
    settle(exec);
}

static double timeval_seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void take_exit(struct engine_exec *exec)
{
    struct rusage usage;
    if (wait4(exec->pid, &exec->wait_status, WNOHANG, &usage) != exec->pid)
        return;
    struct engine *engine = exec->engine;
    exec->ended_ns = loop_now_ns(&engine->loop);
    exec->cpu_seconds = timeval_seconds(usage.ru_utime) + timeval_seconds(usage.ru_stime);
    exec->read_mb = (double)usage.ru_inblock / 2048; /* of 512 bytes */
    exec->write_mb = (double)usage.ru_oublock / 2048;
    exec->maxrss_kb = usage.ru_maxrss;
    exec->root.leader_reaped = true;
    uv_close((uv_handle_t *)&exec->exit_poll, exec_handle_closed);
    mu_fd_close(&exec->pidfd);
    clear_timer(exec, &exec->idle);
    clear_timer(exec, &exec->slow);

    exec->state = EXEC_ENDED;
    exec->poll_ns = POLL_MIN_NS;
    set_timer(exec, &exec->limit, exec->ended_ns + exec->launch.leak_grace_ms * MS);
    if (exec->stage == STAGE_KILLED)
        begin_killing(exec); /* the others were killed with it */
    else if (engine->subreaper)
        exec->tree_empty =
            tree_is_surely_empty(&engine->tree, &exec->root, exec->ended_ns - exec->start_ns);
    for (size_t i = 0; i < 2; i++)
        capture_drain(&exec->streams[i], DRAIN_BYTES);
    settle(exec);
}

void exec_exit_event(uv_poll_t *handle, int status, int events)
{
    struct engine_exec *exec = handle->data;
    loop_now_ns(&exec->engine->loop);
    take_exit(exec);
}

/* Whatever was due: it ended before, and the poll is about to say so. */
static bool has_exited(const struct engine_exec *exec)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)exec->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == exec->pid;
}

/* --- stopping --- */

static void note_signal(struct engine_exec *exec, const char *name)
{
    size_t len = strlen(exec->signals_sent);
    snprintf(exec->signals_sent + len, sizeof exec->signals_sent - len, "%s%s", len ? " " : "",
             name);
}

static void stop_politely(struct engine_exec *exec, enum stop_reason reason)
{
    struct engine *engine = exec->engine;
    int signo = exec->launch.stop_signal;
    exec->stop = reason;
    exec->stage = STAGE_SIGNALLED;
    sample_now(exec);
    kill(exec->pid, signo);
    tree_signal(&engine->tree, &exec->root, SIGCONT);
    note_signal(exec, signo == SIGTERM ? "SIGTERM" : "SIGINT");
    clear_timer(exec, &exec->idle);
    clear_timer(exec, &exec->slow);
    set_timer(exec, &exec->limit, loop_now_ns(&engine->loop) + exec->launch.grace_ms * MS);
}

static void stop_with_abort(struct engine_exec *exec)
{
    /* faulthandler shall print, but no core be written: a limit of 1 byte forbids the file as well
     * as a pipe to a collector of cores, which a limit of 0 does not. */
    struct rlimit core;
    if (prlimit(exec->pid, RLIMIT_CORE, NULL, &core) == 0) {
        core.rlim_cur = core.rlim_max < 1 ? core.rlim_max : 1;
        prlimit(exec->pid, RLIMIT_CORE, &core, NULL);
    }
    kill(exec->pid, SIGABRT);
    kill(exec->pid, SIGCONT);
    exec->stage = STAGE_ABORTED;
    note_signal(exec, "SIGABRT");
    int64_t wait_ms =
        exec->launch.grace_ms < ABORT_GRACE_MS ? exec->launch.grace_ms : ABORT_GRACE_MS;
    set_timer(exec, &exec->limit, loop_now_ns(&exec->engine->loop) + wait_ms * MS);
}

static void stop_by_force(struct engine_exec *exec)
{
    if (exec->stage != STAGE_KILLED)
        note_signal(exec, "SIGKILL");
    exec->stage = STAGE_KILLED;
    tree_stop_walk(&exec->engine->tree, &exec->root, NULL);
    clear_timer(exec, &exec->idle);
    clear_timer(exec, &exec->slow);
    /* Once more, should it still be there: it may have changed its user for a while. */
    set_timer(exec, &exec->limit, loop_now_ns(&exec->engine->loop) + KILL_PATIENCE_NS);
}

static void on_limit(void *arg)
{
    struct engine_exec *exec = arg;
    if (exec->state == EXEC_ENDED) {
        leak_grace_is_over(exec);
        return;
    }
    if (has_exited(exec)) {
        take_exit(exec);
        return;
    }
    switch (exec->stage) {
    case STAGE_NONE: stop_politely(exec, STOP_TIMEOUT); break;
    case STAGE_SIGNALLED: stop_with_abort(exec); break;
    case STAGE_ABORTED:
    case STAGE_KILLED: stop_by_force(exec); break;
    }
}

static void on_idle(void *arg)
{
    struct engine_exec *exec = arg;
    struct loop *loop = &exec->engine->loop;
    for (size_t i = 0; i < 2; i++)
        capture_drain(&exec->streams[i], DRAIN_BYTES);
    if (exec->stage != STAGE_NONE || has_exited(exec))
        return; /* stopped by what was just read, or the poll is about to tell its end */
    int64_t due = exec->output_ns + loop->away_ns + exec->launch.idle_timeout_ms * MS;
    if (due > loop_now_ns(loop))
        set_timer(exec, &exec->idle, due);
    else
        stop_politely(exec, STOP_IDLE);
}

void engine_stop(struct engine *engine, struct engine_exec *exec, bool now)
{
    switch (exec->state) {
    case EXEC_STARTING:
        exec->stop = STOP_CANCEL;
        exec_refuse(exec);
        mu_err_set(&exec->start_error, MU_E_IO, "%s", _("it was stopped before it could start"));
        break;
    case EXEC_ALIVE:
        if (has_exited(exec))
            break;
        if (exec->stage == STAGE_NONE && !now)
            stop_politely(exec, STOP_CANCEL);
        if (now && exec->stage != STAGE_KILLED) {
            if (exec->stop == STOP_NONE)
                exec->stop = STOP_CANCEL;
            stop_by_force(exec);
        }
        break;
    case EXEC_ENDED:
        if (now)
            set_timer(exec, &exec->limit, loop_now_ns(&engine->loop));
        break;
    case EXEC_KILLED:
    case EXEC_REFUSED: break;
    }
}

/* --- other timers --- */

static void on_slow(void *arg)
{
    struct engine_exec *exec = arg;
    if (!has_exited(exec))
        exec->engine->events->on_slow(exec->user,
                                      (loop_now_ns(&exec->engine->loop) - exec->start_ns) / MS);
}

static void on_flush(void *arg)
{
    struct engine_exec *exec = arg;
    int64_t now = loop_now_ns(&exec->engine->loop);
    for (size_t i = 0; i < 2; i++) {
        struct capture *capture = &exec->streams[i];
        if (capture->partial_len == 0)
            continue;
        int64_t due = capture->partial_ns + CAPTURE_FLUSH_NS;
        if (due <= now)
            capture_flush(capture);
        else if (exec->flush.slot == 0 || exec->flush.due_ns > due)
            set_timer(exec, &exec->flush, due);
    }
}

static void on_poll(void *arg)
{
    struct engine_exec *exec = arg;
    if (exec->state == EXEC_REFUSED)
        finish(exec);
    else if (exec->state == EXEC_STARTING)
        exec_start_again(exec);
    else
        settle(exec);
}

void exec_timers_init(struct engine_exec *exec)
{
    exec->limit = (struct loop_timer){.fn = on_limit, .arg = exec};
    exec->idle = (struct loop_timer){.fn = on_idle, .arg = exec};
    exec->slow = (struct loop_timer){.fn = on_slow, .arg = exec};
    exec->poll = (struct loop_timer){.fn = on_poll, .arg = exec};
    exec->flush = (struct loop_timer){.fn = on_flush, .arg = exec};
}
