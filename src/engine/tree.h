/* The process trees beneath muster: which processes exist, whose they are, and how to end them. */
#ifndef ENGINE_TREE_H
#define ENGINE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/* The head of one tree: a script. Embedded in its execution; in the table while that lasts. */
struct tree_root {
    struct tree_root *next;
    const char *record_id; /* the mark in the environment of all its processes */
    pid_t leader;
    bool leader_reaped;
    /* What the adopted orphans used that were reaped by us. */
    double orphan_cpu_seconds;
    double orphan_read_mb, orphan_write_mb;
    long orphan_maxrss_kb;
};

/* One process beneath us, as the last scan saw it. */
struct proc {
    pid_t pid, ppid, session;
    char state;
    uint64_t start_ticks; /* since boot: tells a reused number */
    uint64_t cpu_ticks;   /* user + system, its own and of the children it waited for */
    uint64_t rss_pages;
    long threads;
    struct tree_root *root; /* whose it is; NULL: a stray, of an execution that cannot be told */
    bool ours;              /* a descendant of ours (or of a script of ours) */
    bool foreign;           /* surely not */
    bool stopped;           /* by a stop-walk */
    bool named;             /* in somebody's leftover */
    bool gone;              /* reaped, or no longer there */
    int stat_fd, io_fd;     /* kept from the second sight on; -1 */
};

struct tree {
    pid_t self;
    int proc_fd, loadavg_fd;
    int keep_below; /* descriptors under this number may be kept */
    struct tree_root *roots;
    size_t root_count;
    struct proc *procs; /* beneath us, by pid */
    size_t count, cap;
    struct proc *scratch; /* the next table while a scan makes it */
    size_t scratch_cap;
    pid_t *foreign; /* everything else, by pid: need not be read again */
    size_t foreign_count, foreign_cap;
    pid_t *foreign_scratch;
    size_t foreign_scratch_cap;
    pid_t *inherited; /* children that we had before the engine was made */
    size_t inherited_count, inherited_cap;
    int64_t scanned_ns;
};

int tree_init(struct tree *tree, struct mu_err *err);
void tree_release(struct tree *tree);
void tree_add(struct tree *tree, struct tree_root *root);
void tree_remove(struct tree *tree, struct tree_root *root);

/* Read the process table, reap orphans that ended. Without memory or descriptors the table is what
 * could be read. */
void tree_scan(struct tree *tree);
/* The last scan is so young that no number in it can be another process's by now. */
bool tree_is_fresh(const struct tree *tree);
/* A process of ours that the last scan saw lives (a leader too). */
bool tree_is_live(const struct proc *proc);
/* `root` has surely left nothing behind. Cheap; false means that a scan must tell. Only once its
 * leader is reaped. */
bool tree_is_surely_empty(struct tree *tree, const struct tree_root *root, int64_t lived_ns);
/* How many processes of `root` lived at the last scan and are not yet reaped or gone. Reaps. */
size_t tree_reap(struct tree *tree, struct tree_root *root);
/* --- stop_walk.c --- */

/* Send `signo` to all of `root` that the last scan saw. */
void tree_signal(struct tree *tree, const struct tree_root *root, int signo);
/* SIGSTOP everything of `root` until nothing new appears, then SIGKILL. Appends to `leftover` (may
 * be NULL) the names and command lines of what was killed. Returns how many there were. */
size_t tree_stop_walk(struct tree *tree, const struct tree_root *root, struct mu_str *leftover);
/* The same for the strays (root NULL). */
size_t tree_kill_strays(struct tree *tree, struct mu_str *leftover);
/* Stop-walk over everything beneath us, and reap it: up to 2 s. */
void tree_kill_all(struct tree *tree);

#endif
