/* Running real scripts through a real engine, and what the tests look at afterwards. */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/str.h"
#include "engine/engine.h"

#define PYTHON "/usr/bin/python3"

/* One script and what came of it. Fill the first part, zero the rest. */
struct run {
    const char *python; /* the source, or NULL */
    const char *shell;
    const char *file; /* the interpreter; NULL: by what the source is */
    const char *cwd;
    const char *input;
    int64_t timeout_ms, idle_ms, grace_ms, leak_grace_ms, slow_ms, interval_ms;
    int64_t stop_after_ms; /* engine_stop then */
    bool stop_now;
    bool newline;  /* standard input */
    bool unmarked; /* no MUSTER_RECORD_ID in its environment */

    int starts, finishes, slow, lines, unfinished, samples;
    struct mu_str out, err, both;
    int64_t first_line_ns, last_line_ns;
    size_t longest;
    struct metric_sample sample; /* the last */
    struct exec_end end;
    char leftover[4096], signals[64], start_error[1536];
    int64_t total_ns; /* from engine_start to on_finished */

    struct engine_exec *exec;
    pid_t pid;
    char id[MU_ID_SIZE];
    int64_t asked_ns;
};

static struct {
    struct engine *engine;
    char folder[64];
    int left;
    struct rlimit nofile; /* before the engine raised it */
} fixture;

static void note_started(void *user, struct engine_exec *exec, pid_t pid, int64_t start_wall_ms)
{
    struct run *run = user;
    run->starts++;
    run->exec = exec;
    run->pid = pid;
    int64_t off_ms = mu_wall_ms() - start_wall_ms;
    assert_in_range(off_ms + 10, 0, 2000);
}

static void note_line(void *user, enum stream stream, int64_t since_start_ns, const char *data,
                      size_t len, bool complete)
{
    struct run *run = user;
    assert_true(len > 0);
    assert_true(!complete || data[len - 1] == '\n');
    mu_str_append(stream == STREAM_STDOUT ? &run->out : &run->err, data, len);
    if (run->both.len < 65536)
        mu_str_append(&run->both, data, len);
    if (run->lines++ == 0)
        run->first_line_ns = since_start_ns;
    run->last_line_ns = since_start_ns;
    run->unfinished += !complete;
    if (len > run->longest)
        run->longest = len;
}

static void note_sample(void *user, const struct metric_sample *sample)
{
    struct run *run = user;
    run->samples++;
    run->sample = *sample;
}

static void note_slow(void *user, int64_t elapsed_ms)
{
    ((struct run *)user)->slow++;
}

static void note_finished(void *user, const struct exec_end *end)
{
    struct run *run = user;
    run->finishes++;
    run->total_ns = mu_mono_ns() - run->asked_ns;
    run->end = *end;
    run->exec = NULL;
    snprintf(run->leftover, sizeof run->leftover, "%s", end->leftover ? end->leftover : "");
    snprintf(run->signals, sizeof run->signals, "%s", end->signals_sent ? end->signals_sent : "");
    snprintf(run->start_error, sizeof run->start_error, "%s", end->start_error.text);
    if (--fixture.left == 0)
        engine_quit(fixture.engine);
}

static inline void stop_run(void *arg)
{
    struct run *run = arg;
    if (run->exec)
        engine_stop(fixture.engine, run->exec, run->stop_now);
}

static inline void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static inline void start_run(struct run *run)
{
    static int number;
    char path[128], mark[80];
    snprintf(path, sizeof path, "%s/s%d", fixture.folder, ++number);
    write_text(path, run->python ? run->python : run->shell ? run->shell : "");
    mu_id_new(run->id);
    snprintf(mark, sizeof mark, "MUSTER_RECORD_ID=%s", run->id);
    char *argv[] = {(char *)"interpreter", path, NULL};
    char *envp[] = {(char *)"PATH=/usr/bin:/bin", (char *)"PYTHONFAULTHANDLER=1",
                    run->unmarked ? NULL : mark, NULL};
    struct launch launch = {
        .record_id = run->id,
        .file = run->file     ? run->file
                : run->python ? PYTHON
                              : "/bin/sh",
        .argv = argv,
        .envp = envp,
        .cwd = run->cwd ? run->cwd : fixture.folder,
        .stdin_path = run->newline ? NULL
                      : run->input ? run->input
                                   : "/dev/null",
        .timeout_ms = run->timeout_ms,
        .idle_timeout_ms = run->idle_ms,
        .grace_ms = run->grace_ms ? run->grace_ms : 1000,
        .leak_grace_ms = run->leak_grace_ms ? run->leak_grace_ms : 200,
        .sample_interval_ms = run->interval_ms ? run->interval_ms : 1000,
        .slow_after_ms = run->slow_ms,
        .stop_signal = SIGINT,
        .user = run,
    };
    struct mu_err err;
    run->asked_ns = mu_mono_ns();
    fixture.left++;
    if (engine_start(fixture.engine, &launch, &err) != 0)
        fail_msg("engine_start: %s", err.text);
    assert_int_equal(run->finishes, 0);
    if (run->stop_after_ms)
        assert_non_null(
            engine_timer_start(fixture.engine, run->stop_after_ms, false, stop_run, run));
}

/* Run them all at once, to their ends. */
static inline void run_all(struct run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        start_run(&runs[i]);
    engine_run(fixture.engine);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(runs[i].finishes, 1);
        assert_int_equal(runs[i].starts, runs[i].end.started);
    }
    assert_int_equal(engine_running(fixture.engine), 0);
}

static inline void release_runs(struct run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mu_str_release(&runs[i].out);
        mu_str_release(&runs[i].err);
        mu_str_release(&runs[i].both);
    }
}

#define RUN(name, ...)                                                                             \
    __attribute__((cleanup(release_one))) struct run name = {__VA_ARGS__};                         \
    run_all(&name, 1)

static inline void release_one(struct run *run)
{
    release_runs(run, 1);
}

/* How many living processes have `needle` in their command line or environment. */
static inline int survivors(const char *needle)
{
    static const char *const files[] = {"cmdline", "environ"};
    int count = 0;
    DIR *dir = opendir("/proc");
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        bool found = false;
        for (int i = 0; i < 2; i++) {
            char path[300], text[16384];
            snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, files[i]);
            int fd = open(path, O_RDONLY | O_CLOEXEC);
            ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);
            if (fd >= 0)
                close(fd);
            found = found || (n > 0 && memmem(text, (size_t)n, needle, strlen(needle)));
        }
        count += found && (pid_t)strtol(entry->d_name, NULL, 10) != getpid();
    }
    closedir(dir);
    return count;
}

/* This process has no child, not even an ended one. */
static inline void assert_no_children(void)
{
    siginfo_t info;
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1);
    assert_int_equal(errno, ECHILD);
}

static const struct engine_events fixture_events = {note_started, note_line, note_sample, note_slow,
                                                    note_finished};

static int fixture_up(void **state)
{
    fixture.left = 0;
    getrlimit(RLIMIT_NOFILE, &fixture.nofile);
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/muster-engine-XXXXXX");
    struct mu_err err;
    if (!mkdtemp(fixture.folder) || engine_new(&fixture_events, &fixture.engine, &err) != 0)
        return -1;
    return 0;
}

static int fixture_down(void **state)
{
    engine_free(fixture.engine);
    DIR *dir = opendir(fixture.folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(fixture.folder);
    return 0;
}

#define ENGINE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

#endif
