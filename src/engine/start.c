/* Starting an execution: descriptors, process, watchers. */
#include "engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "engine/spawn.h"

#define MS INT64_C(1000000)
/* The kernel had no process to give: how long until it is asked again. */
#define FORK_RETRY_MIN_NS (20 * MS)
#define FORK_RETRY_MAX_NS (1000 * MS)

static void set_timer(struct engine_exec *exec, struct loop_timer *timer, int64_t due_ns)
{
    loop_timer_set(&exec->engine->loop, timer, due_ns);
}

/* What the script gets as descriptors 0–2, and our ends of it. */
struct stdio {
    int child[3];
    int ours[2];
};

static void stdio_close(struct stdio *stdio)
{
    for (size_t i = 0; i < 3; i++)
        mu_fd_close(&stdio->child[i]);
    for (size_t i = 0; i < 2; i++)
        mu_fd_close(&stdio->ours[i]);
}

static int open_newline(void)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    if (write(fds[1], "\n", 1) != 1)
        mu_fd_close(&fds[0]);
    close(fds[1]);
    return fds[0];
}

static int open_input(const char *path)
{
    if (!path)
        return open_newline();
    /* O_NONBLOCK for the opening alone: a FIFO without a writer would hold up the loop. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_RDONLY);
    return fd;
}

/* Returns 0, 1 where the input cannot be opened (`err` says why), or -1 without descriptors. */
static int stdio_open(struct stdio *stdio, const char *stdin_path, struct mu_err *err)
{
    *stdio = (struct stdio){{-1, -1, -1}, {-1, -1}};
    for (size_t i = 0; i < 2; i++) {
        int fds[2];
        if (pipe2(fds, O_CLOEXEC) != 0)
            goto none_left;
        stdio->ours[i] = fds[0];
        stdio->child[i + 1] = fds[1];
    }
    stdio->child[0] = open_input(stdin_path);
    if (stdio->child[0] >= 0)
        return 0;
    if (errno == EMFILE || errno == ENFILE)
        goto none_left;
    mu_err_sys(err, MU_E_SETTINGS, errno, _("cannot open %s as standard input"), stdin_path);
    stdio_close(stdio);
    return 1;
none_left:
    mu_err_sys(err, MU_E_IO, errno, _("no descriptors left to start a script"));
    stdio_close(stdio);
    return -1;
}

/* The process exists: watch it. Returns 0 or a negative errno. */
static int watch(struct engine_exec *exec, struct stdio *stdio)
{
    struct engine *engine = exec->engine;
    exec->pidfd = pidfd_open(exec->pid, 0);
    if (exec->pidfd < 0)
        return -errno;
    int rc = uv_poll_init(&engine->loop.uv, &exec->exit_poll, exec->pidfd);
    if (rc != 0)
        return rc;
    exec->users++;
    exec->exit_poll.data = exec;
    rc = uv_poll_start(&exec->exit_poll, UV_READABLE, exec_exit_event);
    for (size_t i = 0; i < 2 && rc == 0; i++) {
        rc = capture_open(&exec->streams[i], exec, i ? STREAM_STDERR : STREAM_STDOUT,
                          stdio->ours[i]);
        stdio->ours[i] = -1;
    }
    return rc;
}
/* What could not be watched is not let run. */
static void abandon(struct engine_exec *exec)
{
    kill(-exec->pid, SIGKILL);
    while (waitpid(exec->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (exec->exit_poll.type == UV_POLL)
        uv_close((uv_handle_t *)&exec->exit_poll, exec_handle_closed);
    mu_fd_close(&exec->pidfd);
    for (size_t i = 0; i < 2; i++)
        capture_close(&exec->streams[i]);
}

static void started(struct engine_exec *exec)
{
    struct engine *engine = exec->engine;
    const struct launch *launch = &exec->launch;
    exec->state = EXEC_ALIVE;
    exec->root.leader = exec->pid;
    tree_add(&engine->tree, &exec->root);
    exec->output_ns = exec->start_ns - engine->loop.away_ns;
    if (launch->timeout_ms > 0)
        set_timer(exec, &exec->limit, exec->start_ns + launch->timeout_ms * MS);
    if (launch->idle_timeout_ms > 0)
        set_timer(exec, &exec->idle, exec->start_ns + launch->idle_timeout_ms * MS);
    if (launch->slow_after_ms > 0)
        set_timer(exec, &exec->slow, exec->start_ns + launch->slow_after_ms * MS);
    sample_begin(exec);
    engine->events->on_started(exec->user, exec, exec->pid, exec->start_wall_ms);
}

/* Returns 0 where it was started or is refused (then finish() comes from the loop), START_LATER
 * where there is no process to be had now, or -1 with `err`. */
enum { START_LATER = 1 };
static int try_start(struct engine_exec *exec, const struct launch *launch, struct mu_err *err)
{
    struct engine *engine = exec->engine;
    struct stdio stdio;
    int rc = stdio_open(&stdio, launch->stdin_path, &exec->start_error);
    if (rc < 0) {
        if (err)
            *err = exec->start_error;
        return -1;
    }
    if (rc > 0) {
        exec_refuse(exec);
        return 0;
    }
    struct spawn spawn = {
        .file = launch->file,
        .argv = launch->argv,
        .envp = launch->envp,
        .cwd = launch->cwd,
        .stdio = {stdio.child[0], stdio.child[1], stdio.child[2]},
        .nofile = engine->nofile_raised ? &engine->nofile : NULL,
        .umask = launch->umask,
        .not_default = engine->signals_not_default,
    };
    struct rusage self;
    getrusage(RUSAGE_SELF, &self);
    exec->spawner_maxrss_kb = self.ru_maxrss;
    exec->start_wall_ms = mu_wall_ms();
    exec->start_ns = loop_now_ns(&engine->loop);
    struct spawn_failure failure;
    exec->pid = spawn_process(&spawn, &failure);
    for (size_t i = 0; i < 3; i++)
        mu_fd_close(&stdio.child[i]); /* before more are needed */
    if (exec->pid < 0) {
        stdio_close(&stdio);
        if (failure.step == SPAWN_FORK &&
            (failure.sys_errno == EAGAIN || failure.sys_errno == ENOMEM))
            return START_LATER;
        spawn_explain(&spawn, &failure, &exec->start_error);
        exec_refuse(exec);
        return 0;
    }
    rc = watch(exec, &stdio);
    stdio_close(&stdio);
    if (rc != 0) {
        abandon(exec);
        return mu_err_sys(err, rc == UV_ENOMEM ? MU_E_MEMORY : MU_E_IO, -rc,
                          _("cannot watch a script that was started"));
    }
    started(exec);
    return 0;
}

/* Nothing was free: the launch is kept for the next try. */
static int keep_launch(struct engine_exec *exec)
{
    struct mu_arena *arena = &exec->kept;
    struct launch *launch = &exec->launch;
    char *const **lists[] = {&launch->argv, &launch->envp};
    for (size_t i = 0; i < 2; i++) {
        char *const *from = *lists[i];
        size_t count = 0;
        while (from[count])
            count++;
        char **copy = mu_arena_alloc(arena, (count + 1) * sizeof *copy);
        if (!copy)
            return -1;
        for (size_t k = 0; k < count; k++)
            if (!(copy[k] = mu_arena_strdup(arena, from[k])))
                return -1;
        *lists[i] = copy;
    }
    const char **texts[] = {&launch->file, &launch->cwd, &launch->stdin_path};
    for (size_t i = 0; i < 3; i++) {
        const char *from = *texts[i];
        *texts[i] = mu_arena_strdup(arena, from);
        if (from && !*texts[i])
            return -1;
    }
    return 0;
}

void exec_start_again(struct engine_exec *exec)
{
    if (try_start(exec, &exec->launch, NULL) == 0)
        return;
    set_timer(exec, &exec->poll, loop_now_ns(&exec->engine->loop) + exec->poll_ns);
    exec->poll_ns = exec->poll_ns * 2 < FORK_RETRY_MAX_NS ? exec->poll_ns * 2 : FORK_RETRY_MAX_NS;
}

static struct engine_exec *exec_new(struct engine *engine, const struct launch *launch)
{
    struct engine_exec *exec = calloc(1, sizeof *exec);
    if (!exec || loop_timers_reserve(&engine->loop, EXEC_TIMERS) != 0) {
        free(exec);
        return NULL;
    }
    exec->engine = engine;
    exec->users = 1;
    exec->launch = *launch;
    exec->user = launch->user;
    exec->pidfd = exec->streams[0].fd = exec->streams[1].fd = -1;
    snprintf(exec->record_id, sizeof exec->record_id, "%s", launch->record_id);
    exec->root.record_id = exec->record_id;
    exec_timers_init(exec);
    exec->link = engine->end;
    *engine->end = exec;
    engine->end = &exec->next;
    engine->running++;
    return exec;
}

int engine_start(struct engine *engine, const struct launch *launch, struct mu_err *err)
{
    MU_ASSERT(launch->sample_interval_ms > 0);
    struct engine_exec *exec = exec_new(engine, launch);
    if (!exec)
        return mu_err_nomem(err);
    int rc = try_start(exec, launch, err);
    if (rc == START_LATER) {
        rc = keep_launch(exec) == 0 ? 0 : mu_err_nomem(err);
        exec->poll_ns = FORK_RETRY_MIN_NS;
        if (rc == 0)
            set_timer(exec, &exec->poll, loop_now_ns(&engine->loop) + exec->poll_ns);
    }
    if (rc < 0) {
        exec_unlink(exec);
        exec_unuse(exec);
    }
    return rc;
}
