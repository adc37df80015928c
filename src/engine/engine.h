/* The engine: starts scripts, holds their process trees, captures what they print, samples what
 * they use, stops them, and tells how they ended.
 *
 * One loop (libuv) on one thread that never exits; every callback runs on that thread. The engine
 * knows no database and no verdict: it reports through `struct engine_events`.
 *
 * Life of an execution:
 *     engine_start → on_started → (on_line | on_sample)* → on_finished
 * or, where it could not be started:
 *     engine_start → on_finished (end.started false, end.start_error filled)
 * on_finished is the one and last callback of an execution, on every way out, and comes from the
 * loop. on_started may come from within engine_start.
 *
 * Trees: the engine is the subreaper of everything it starts. Each script is the leader of its own
 * session and carries MUSTER_RECORD_ID in its environment; children that outlive their parents
 * become the engine's own and are told apart by session, by earlier sight, and by that mark. To
 * stop a tree: SIGSTOP all that is found, look again until nothing new appears, then SIGKILL
 * (44–84 ms for a fork bomb of 200).
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/execution.h"
#include "model/status.h"

struct engine;
struct engine_exec; /* one execution that was started and has not finished */

/* What to start and its limits. Everything is borrowed for the call. */
struct launch {
    const char *record_id; /* the mark: also set as MUSTER_RECORD_ID by the caller in envp */
    const char *file;      /* absolute path of the interpreter */
    char *const *argv;     /* argv[0] is the interpreter's name */
    char *const *envp;
    const char *cwd;         /* absolute */
    const char *stdin_path;  /* "/dev/null", a file, or NULL: one newline, then end of file */
    int64_t timeout_ms;      /* 0: none */
    int64_t idle_timeout_ms; /* without output; 0: none */
    int64_t grace_ms;        /* between SIGINT, SIGABRT and SIGKILL */
    int64_t leak_grace_ms;   /* for what outlives the script */
    int64_t sample_interval_ms;
    int64_t slow_after_ms; /* on_slow is called once then; 0: never */
    int stop_signal;       /* SIGINT or SIGTERM */
    mode_t umask;          /* the user's own: muster's is 077 */
    void *user;            /* handed to every callback */
};

/* Why the engine stopped a script. */
enum stop_reason {
    STOP_NONE,
    STOP_TIMEOUT, /* its time limit */
    STOP_IDLE,    /* its idle limit */
    STOP_CANCEL,  /* a person, Ctrl-C, batch_timeout: through engine_stop */
};

/* What the whole tree used. */
struct exec_usage {
    double cpu_seconds;    /* user + system, exact: rusage of leader and adopted orphans */
    double mean_memory_mb; /* of the samples; NAN without one */
    double peak_memory_mb; /* larger of samples and ru_maxrss (where above muster's own); NAN
                              unknown */
    double read_mb, write_mb;
};

struct exec_end {
    bool started;
    struct mu_err start_error; /* where not started: cause in a whole sentence */
    int wait_status;           /* of the script itself, as wait4 gave it */
    int64_t duration_ns;       /* from the start of the process to the end of the script itself */
    enum stop_reason stop;
    bool leaky;               /* something outlived leak_grace and was killed */
    const char *leftover;     /* names and command lines of what was killed, one a line; or NULL */
    const char *signals_sent; /* "SIGINT", "SIGINT SIGABRT", "SIGINT SIGABRT SIGKILL"; or NULL */
    const char *contain;      /* "subreaper" or "process group" */
    struct exec_usage usage;
};

struct engine_events {
    /* The process exists. `start_wall_ms` is its start_time. */
    void (*on_started)(void *user, struct engine_exec *exec, pid_t pid, int64_t start_wall_ms);
    /* A whole line with its newline, or (complete false) an unfinished one after 100 ms without a
     * newline, after 64 KB, or at the end. `since_start_ns` is its arrival. Bytes as they came. */
    void (*on_line)(void *user, enum stream stream, int64_t since_start_ns, const char *data,
                    size_t len, bool complete);
    void (*on_sample)(void *user, const struct metric_sample *sample);
    void (*on_slow)(void *user, int64_t elapsed_ms);
    void (*on_finished)(void *user, const struct exec_end *end);
};

/* Make the engine and become subreaper. `events` is borrowed for the engine's life. Signals that
 * are ignored or handled now, or through engine_on_signal later, are reset for scripts; others may
 * not be changed as long as it lives. */
int engine_new(const struct engine_events *events, struct engine **ret_engine, struct mu_err *err);
/* Nothing may be running. */
void engine_free(struct engine *engine);

/* Start one. Returns 0 also where the script cannot be started (then on_finished says why, called
 * from within the loop, never from within this call). fork's EAGAIN is waited for and tried again.
 * Error: MU_E_MEMORY, or MU_E_IO for no descriptors left. */
int engine_start(struct engine *engine, const struct launch *launch, struct mu_err *err);

/* Stop one: as a limit does (SIGINT, grace, SIGABRT, grace…), or `now`: SIGKILL the whole tree. A
 * second call with `now` hastens the first. */
void engine_stop(struct engine *engine, struct engine_exec *exec, bool now);
void engine_stop_all(struct engine *engine, bool now);
size_t engine_running(const struct engine *engine);

/* What a running script does at this moment, for the live view. */
struct exec_live {
    void *user;
    pid_t pid;
    int64_t elapsed_ms;
    double memory_mb;   /* of the last sample; NAN before the first */
    double cpu_percent; /* the same */
    bool stopping;
};
/* Calls `each` for every running execution, oldest first. */
void engine_each_running(struct engine *engine,
                         void (*each)(void *arg, const struct exec_live *live), void *arg);
/* Sample that one now (`t` key, time-out, live view) unless it was sampled under 100 ms ago. */
void engine_sample_now(struct engine *engine, struct engine_exec *exec);

/* Run the loop until engine_quit is called (from a callback). */
void engine_run(struct engine *engine);
void engine_quit(struct engine *engine);

/* Have `fn(arg)` called on the loop's thread. From any thread; calls may not be lost, and keep
 * their order. */
int engine_post(struct engine *engine, void (*fn)(void *arg), void *arg);
/* Have `fn(arg)` called every `interval_ms` (repeat) or once after it. Timers of the service: the
 * live view, batch_timeout, --until. A gap of the loop over 1 s (suspend, SIGSTOP) moves them on,
 * as it does every limit. Returns a handle that is good until engine_timer_stop (also after it
 * fired, and from within `fn`) or engine_free; NULL without memory. */
struct engine_timer;
struct engine_timer *engine_timer_start(struct engine *engine, int64_t after_ms, bool repeat,
                                        void (*fn)(void *arg), void *arg);
void engine_timer_stop(struct engine_timer *timer); /* NULL is accepted */
/* Have `fn(arg, signo)` called on the loop's thread for each `signo` that arrives. */
int engine_on_signal(struct engine *engine, int signo, void (*fn)(void *arg, int signo), void *arg,
                     struct mu_err *err);
/* Have `fn(arg)` called when `fd` (borrowed) is readable: the terminal's keys. */
int engine_on_readable(struct engine *engine, int fd, void (*fn)(void *arg), void *arg,
                       struct mu_err *err);

#endif
