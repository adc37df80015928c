/* Starting one process with a clean slate: own session, default signals, descriptors 0–2. */
#ifndef ENGINE_SPAWN_H
#define ENGINE_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"

struct spawn {
    const char *file;
    char *const *argv;
    char *const *envp;
    const char *cwd;             /* NULL: the current one */
    int stdio[3];                /* borrowed; above 2 each */
    const struct rlimit *nofile; /* its limit of descriptors; NULL: ours */
    mode_t umask;
    uint64_t not_default; /* from spawn_signals_not_default, bit N - 1 for signal N */
};

/* What failed, and how: 0 where nothing did. */
struct spawn_failure {
    enum spawn_step { SPAWN_FORK, SPAWN_SETUP, SPAWN_CWD, SPAWN_EXEC } step;
    int sys_errno;
};

/* Start it. Returns its pid, or -1 with `ret_failure` (nothing is left to reap then). The caller's
 * thread stands still until the new program is loaded. */
pid_t spawn_process(const struct spawn *spawn, struct spawn_failure *ret_failure);
/* The signals that this process ignores or handles: the ones that a child must reset. To be asked
 * anew when that changes; asking at each start would cost 64 system calls. */
uint64_t spawn_signals_not_default(void);
/* Fill `err` with a whole sentence: what failed, and what may be wrong. Returns -1. */
int spawn_explain(const struct spawn *spawn, const struct spawn_failure *failure,
                  struct mu_err *err);
/* Make sure that descriptors 0–2 are open, so that nothing else ever takes their place. */
void spawn_occupy_stdio(void);

#endif
