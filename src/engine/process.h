/* What the parts of the engine share: the engine and one execution. */
#ifndef ENGINE_PROCESS_H
#define ENGINE_PROCESS_H

#include <sys/resource.h>
#include <uv.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/capture.h"
#include "engine/engine.h"
#include "engine/loop.h"
#include "engine/sample.h"
#include "engine/tree.h"

struct engine {
    struct loop loop;
    struct tree tree;
    struct sampler sampler;
    const struct engine_events *events;
    bool subreaper, was_subreaper;
    uint64_t signals_not_default; /* which a child must reset */
    bool nofile_raised;
    struct rlimit nofile; /* as muster was started: what scripts get */
    char *read_buffer;    /* one for all pipes: a callback uses it up before it returns */
    struct engine_exec *first, **end; /* oldest first */
    size_t running;
    struct loop_timer sample_timer;
};

enum exec_state {
    EXEC_STARTING, /* waits for a free process */
    EXEC_ALIVE,
    EXEC_ENDED,   /* the script ended; its orphans or pipes have not */
    EXEC_KILLED,  /* what was left was killed and is waited for */
    EXEC_REFUSED, /* could not be started */
};

struct engine_exec {
    struct engine *engine;
    struct engine_exec *next, **link;
    struct launch launch; /* its pointers only where `kept` owns what they point to */
    struct mu_arena kept; /* a copy of the launch, while it waits for a process */
    void *user;

    enum exec_state state;
    pid_t pid;
    int64_t start_ns, start_wall_ms, ended_ns;
    int wait_status;
    double cpu_seconds; /* of the script itself and the children it waited for */
    double read_mb, write_mb;
    long maxrss_kb;
    long spawner_maxrss_kb; /* ours at the start: vfork hands it down */
    struct mu_err start_error;

    int pidfd;
    uv_poll_t exit_poll;
    struct capture streams[2];
    int users; /* the engine's list and each handle of libuv: freed with the last */

    struct tree_root root;
    struct exec_samples samples;
    char record_id[64];

    enum stop_reason stop;
    enum stop_stage { STAGE_NONE, STAGE_SIGNALLED, STAGE_ABORTED, STAGE_KILLED } stage;
    char signals_sent[32];
    bool tree_empty;
    bool leaky;
    struct mu_str leftover;

    struct loop_timer limit; /* time limit, then the steps of the stop, then leak_grace */
    struct loop_timer idle;
    struct loop_timer slow;
    struct loop_timer poll;  /* start again, look at orphans, wait for the killed */
    struct loop_timer flush; /* unfinished lines */
    int64_t output_ns;       /* when it last printed, gaps of the loop left out */
    int64_t poll_ns;         /* the interval of `poll` */
    int64_t give_up_ns;      /* when the killed are no longer waited for */
};

enum { EXEC_TIMERS = 5 }; /* of each */

/* process.c, for the others. */
void exec_timers_init(struct engine_exec *exec);
/* It cannot be started: on_finished says why, from within the loop. */
void exec_refuse(struct engine_exec *exec);
/* Out of the engine's list, its timers off. */
void exec_unlink(struct engine_exec *exec);
/* One user less; the last one frees it. */
void exec_unuse(struct engine_exec *exec);
/* A stream came to its end. */
void exec_stream_ended(struct engine_exec *exec);
/* Callbacks of libuv: its pidfd is readable; one of its handles is closed. */
void exec_exit_event(uv_poll_t *handle, int status, int events);
void exec_handle_closed(uv_handle_t *handle);

/* start.c: the next try, where there was no process to be had. */
void exec_start_again(struct engine_exec *exec);

#endif
