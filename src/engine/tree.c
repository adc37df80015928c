/* Finding the tree of a script.
 *
 * The engine is a subreaper: whatever loses its parent beneath us becomes our own child, so all
 * that a script ever started stays beneath us. Whose it is, in this order:
 *   1. what an earlier scan knew (same pid and start time);
 *   2. its session is the script's own (nobody can join a session from outside);
 *   3. its parent's;
 *   4. for our own adopted children: the mark MUSTER_RECORD_ID in their environment;
 *   5. the only script there is; else it is a stray for good, killed when the engine is idle.
 *
 * A scan lists /proc (1 µs a process) and reads the stat of those that are or may be ours (10 µs to
 * open and read, 4 with a kept descriptor). What is surely foreign cannot become ours, so that its
 * number is remembered from scan to scan: at 580 foreign processes that makes 0.6 ms of 7. A number
 * could be given anew between two scans only after the whole pid space went round: the memory holds
 * for 2 s.
 *
 * Tiny scripts need no scan at all: a descendant that outlived the script is our child by the time
 * the script's end is seen (the kernel reparents before it notifies), and it got its number after
 * the script got its own. So it is enough to ask waitid() for the numbers given out since then, of
 * which /proc/loadavg tells the last (0.4 µs each). This needs no CONFIG_PROC_CHILDREN, and no
 * /proc/PID/task/TID/children file.
 */
#include "engine/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"

#define MEMORY_VALID_NS (2000 * INT64_C(1000000))
#define RANGE_TRUST_NS (1000 * INT64_C(1000000))
enum { RANGE_MAX = 2000 };

/* --- the table of roots --- */

void tree_add(struct tree *tree, struct tree_root *root)
{
    root->next = tree->roots;
    tree->roots = root;
    tree->root_count++;
}

static void close_kept(struct proc *proc)
{
    mu_fd_close(&proc->stat_fd);
    mu_fd_close(&proc->io_fd);
}

void tree_remove(struct tree *tree, struct tree_root *root)
{
    for (struct tree_root **link = &tree->roots; *link; link = &(*link)->next) {
        if (*link == root) {
            *link = root->next;
            tree->root_count--;
            break;
        }
    }
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->procs[i].root == root) {
            tree->procs[i].root = NULL; /* what could not be killed */
            close_kept(&tree->procs[i]);
        }
    }
}

/* --- reading one process --- */

/* Parse /proc/PID/stat: "PID (NAME) STATE PPID …", where NAME may hold anything. */
static bool parse_stat(const char *text, struct proc *ret)
{
    const char *p = strrchr(text, ')');
    if (!p || p[1] != ' ')
        return false;
    ret->state = p[2];
    p += 3;
    for (int field = 4; field <= 24; field++) {
        char *end;
        long long value = strtoll(p, &end, 10);
        if (end == p)
            return false;
        p = end;
        switch (field) {
        case 4: ret->ppid = (pid_t)value; break;
        case 6: ret->session = (pid_t)value; break;
        case 14: ret->cpu_ticks = (uint64_t)value; break;
        case 15:
        case 16:
        case 17: ret->cpu_ticks += (uint64_t)value; break;
        case 20: ret->threads = (long)value; break;
        case 22: ret->start_ticks = (uint64_t)value; break;
        case 24: ret->rss_pages = value > 0 ? (uint64_t)value : 0; break;
        default: break;
        }
    }
    return true;
}

static bool read_stat(struct tree *tree, int fd, struct proc *ret)
{
    char buf[1024];
    ssize_t n = pread(fd, buf, sizeof buf - 1, 0);
    if (n <= 0)
        return false;
    buf[n] = '\0';
    return parse_stat(buf, ret);
}

/* Fill `ret` (its pid is set), through the kept descriptor where there is one. */
static bool read_proc(struct tree *tree, struct proc *ret, bool keep)
{
    if (ret->stat_fd >= 0) {
        if (read_stat(tree, ret->stat_fd, ret))
            return true;
        close_kept(ret); /* it ended; its number may already be another's */
    }
    char path[32];
    snprintf(path, sizeof path, "%d/stat", ret->pid);
    int fd = openat(tree->proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = read_stat(tree, fd, ret);
    if (ok && keep && fd < tree->keep_below) {
        ret->stat_fd = fd;
        snprintf(path, sizeof path, "%d/io", ret->pid);
        ret->io_fd = openat(tree->proc_fd, path, O_RDONLY | O_CLOEXEC);
    } else {
        close(fd);
    }
    return ok;
}

/* A main thread that ended before its others looks like a zombie too, but with threads. */
static bool is_zombie(const struct proc *proc)
{
    return (proc->state == 'Z' && proc->threads <= 1) || proc->state == 'X';
}

bool tree_is_live(const struct proc *proc)
{
    return !proc->gone && !is_zombie(proc);
}

/* Which root the mark in its environment names. */
static struct tree_root *root_by_mark(struct tree *tree, pid_t pid)
{
    static const char key[] = "MUSTER_RECORD_ID=";
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    MU_AUTO_STR struct mu_str env = {0};
    if (mu_read_file(path, 4 << 20, &env, NULL) != 0)
        return NULL; /* another user's, or gone */
    const char *p = mu_str_text(&env), *end = p + env.len;
    for (; p < end; p += strlen(p) + 1) {
        if (strncmp(p, key, sizeof key - 1) != 0)
            continue;
        for (struct tree_root *root = tree->roots; root; root = root->next)
            if (strcmp(p + sizeof key - 1, root->record_id) == 0)
                return root;
    }
    return NULL;
}

/* --- reaping --- */

static double timeval_seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* Reap this one if it has ended and is our child (by now). */
static bool reap(struct proc *proc)
{
    struct rusage usage;
    int status;
    if (wait4(proc->pid, &status, WNOHANG, &usage) != proc->pid)
        return false;
    proc->gone = true;
    close_kept(proc);
    struct tree_root *root = proc->root;
    if (root) {
        root->orphan_cpu_seconds +=
            timeval_seconds(usage.ru_utime) + timeval_seconds(usage.ru_stime);
        root->orphan_read_mb += (double)usage.ru_inblock / 2048;
        root->orphan_write_mb += (double)usage.ru_oublock / 2048;
        if (usage.ru_maxrss > root->orphan_maxrss_kb)
            root->orphan_maxrss_kb = usage.ru_maxrss;
    }
    return true;
}

static bool is_leader(const struct proc *proc)
{
    return proc->root && proc->pid == proc->root->leader && !proc->root->leader_reaped;
}

size_t tree_reap(struct tree *tree, struct tree_root *root)
{
    size_t left = 0;
    for (size_t i = 0; i < tree->count; i++) {
        struct proc *proc = &tree->procs[i];
        if (proc->root != root || proc->gone || is_leader(proc) || reap(proc))
            continue;
        if (kill(proc->pid, 0) != 0 && errno == ESRCH)
            proc->gone = true;
        else if (tree_is_live(proc) || proc->stopped)
            left++;
    }
    return left;
}

/* --- the scan --- */

static int compare_procs(const void *a, const void *b)
{
    pid_t x = ((const struct proc *)a)->pid, y = ((const struct proc *)b)->pid;
    return (x > y) - (x < y);
}

static int compare_pids(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
    return (x > y) - (x < y);
}

static struct proc *find_proc(struct proc *procs, size_t count, pid_t pid)
{
    struct proc key = {.pid = pid};
    return count ? bsearch(&key, procs, count, sizeof *procs, compare_procs) : NULL;
}

static bool has_pid(const pid_t *pids, size_t count, pid_t pid)
{
    return count && bsearch(&pid, pids, count, sizeof *pids, compare_pids);
}

/* What can be told of a process by itself. */
static void judge_alone(struct tree *tree, struct proc *proc)
{
    for (struct tree_root *root = tree->roots; root; root = root->next) {
        if ((proc->pid == root->leader && !root->leader_reaped) || proc->session == root->leader) {
            proc->root = root;
            proc->ours = true;
            return;
        }
    }
    if (proc->ppid == tree->self) {
        if (has_pid(tree->inherited, tree->inherited_count, proc->pid)) {
            proc->foreign = true;
            return;
        }
        proc->ours = true;
        proc->root = proc->state == 'Z' ? NULL : root_by_mark(tree, proc->pid);
        if (!proc->root && tree->root_count == 1)
            proc->root = tree->roots;
    } else if (proc->ppid == 0 || proc->pid == tree->self) {
        proc->foreign = true;
    }
}

/* What follows from the parents, until nothing new does. Parents mostly have the smaller number,
 * so that one pass is the rule. Whoever's parent was not seen stays undecided until the next scan.
 */
static void judge_by_parents(struct tree *tree, struct proc *procs, size_t count,
                             const pid_t *foreign, size_t foreign_count)
{
    bool changed;
    do {
        changed = false;
        for (size_t i = 0; i < count; i++) {
            struct proc *proc = &procs[i];
            if (proc->ours || proc->foreign)
                continue;
            const struct proc *parent = find_proc(procs, count, proc->ppid);
            if (parent ? parent->foreign : has_pid(foreign, foreign_count, proc->ppid)) {
                proc->foreign = changed = true;
            } else if (parent && parent->ours) {
                proc->ours = changed = true;
                proc->root = parent->root;
            }
        }
    } while (changed);
}

/* Read what `pid` is into the new table, unless it is known to be foreign. */
static void look_at(struct tree *tree, pid_t pid, bool memory_valid, size_t *new_count,
                    size_t *new_foreign)
{
    if (memory_valid && has_pid(tree->foreign, tree->foreign_count, pid)) {
        if (MU_GROW(tree->foreign_scratch, tree->foreign_scratch_cap, *new_foreign + 1) == 0)
            tree->foreign_scratch[(*new_foreign)++] = pid;
        return;
    }
    if (MU_GROW(tree->scratch, tree->scratch_cap, *new_count + 1) != 0)
        return;
    struct proc *old = find_proc(tree->procs, tree->count, pid);
    struct proc *proc = &tree->scratch[*new_count];
    /* Nothing of interest changes in these any more; a bomb leaves them by the thousand. */
    if (old && memory_valid && !old->gone && (old->stopped || is_zombie(old))) {
        *proc = *old;
        old->stat_fd = old->io_fd = -1;
        (*new_count)++;
        return;
    }
    *proc = (struct proc){.pid = pid, .stat_fd = -1, .io_fd = -1};
    if (old) {
        proc->stat_fd = old->stat_fd;
        proc->io_fd = old->io_fd;
        old->stat_fd = old->io_fd = -1;
    }
    if (!read_proc(tree, proc, old && !old->gone && !old->stopped)) {
        close_kept(proc);
        return;
    }
    if (old && !old->gone && old->start_ticks == proc->start_ticks) {
        proc->root = old->root;
        proc->ours = old->ours;
        proc->stopped = old->stopped;
        proc->named = old->named;
    } else {
        judge_alone(tree, proc);
    }
    (*new_count)++;
}

bool tree_is_fresh(const struct tree *tree)
{
    return mu_mono_ns() - tree->scanned_ns < MEMORY_VALID_NS;
}

void tree_scan(struct tree *tree)
{
    bool memory_valid = tree_is_fresh(tree);
    tree->scanned_ns = mu_mono_ns();
    size_t count = 0, foreign_count = 0;
    _Alignas(8) char buf[16384];
    lseek(tree->proc_fd, 0, SEEK_SET);
    for (ssize_t n; (n = getdents64(tree->proc_fd, buf, sizeof buf)) > 0;) {
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *entry = (const void *)(buf + at);
            at += entry->d_reclen;
            if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
                continue;
            look_at(tree, (pid_t)strtol(entry->d_name, NULL, 10), memory_valid, &count,
                    &foreign_count);
        }
    }
    /* /proc lists by number; the searches depend on it, so a list that does not is put right. */
    for (size_t i = 1; i < count; i++) {
        if (tree->scratch[i - 1].pid > tree->scratch[i].pid) {
            qsort(tree->scratch, count, sizeof *tree->scratch, compare_procs);
            break;
        }
    }
    judge_by_parents(tree, tree->scratch, count, tree->foreign_scratch, foreign_count);

    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct proc *proc = &tree->scratch[i];
        if (proc->foreign &&
            MU_GROW(tree->foreign_scratch, tree->foreign_scratch_cap, foreign_count + 1) == 0)
            tree->foreign_scratch[foreign_count++] = proc->pid;
        if (!proc->ours || (is_zombie(proc) && !is_leader(proc) && reap(proc)))
            close_kept(proc);
        else
            tree->scratch[kept++] = *proc;
    }
    for (size_t i = 1; i < foreign_count; i++) {
        if (tree->foreign_scratch[i - 1] > tree->foreign_scratch[i]) {
            qsort(tree->foreign_scratch, foreign_count, sizeof *tree->foreign_scratch,
                  compare_pids);
            break;
        }
    }
    for (size_t i = 0; i < tree->count; i++)
        close_kept(&tree->procs[i]); /* of those that are no longer there */

    struct proc *procs = tree->procs;
    size_t cap = tree->cap;
    tree->procs = tree->scratch;
    tree->cap = tree->scratch_cap;
    tree->count = kept;
    tree->scratch = procs;
    tree->scratch_cap = cap;
    pid_t *foreign = tree->foreign;
    cap = tree->foreign_cap;
    tree->foreign = tree->foreign_scratch;
    tree->foreign_cap = tree->foreign_scratch_cap;
    tree->foreign_count = foreign_count;
    tree->foreign_scratch = foreign;
    tree->foreign_scratch_cap = cap;
}

/* --- the cheap question --- */

static pid_t last_pid_given(const struct tree *tree)
{
    char buf[128];
    ssize_t n = tree->loadavg_fd < 0 ? -1 : pread(tree->loadavg_fd, buf, sizeof buf - 1, 0);
    if (n <= 0)
        return -1;
    buf[n] = '\0';
    const char *last = strrchr(buf, ' ');
    return last ? (pid_t)strtol(last, NULL, 10) : -1;
}

static bool is_known_elsewhere(struct tree *tree, const struct tree_root *root, pid_t pid)
{
    for (const struct tree_root *other = tree->roots; other; other = other->next)
        if (other->leader == pid && !other->leader_reaped)
            return true;
    const struct proc *proc = find_proc(tree->procs, tree->count, pid);
    return proc && !proc->gone && proc->root != root;
}

bool tree_is_surely_empty(struct tree *tree, const struct tree_root *root, int64_t lived_ns)
{
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD)
        return true;
    /* Over longer times the numbers may have gone round. */
    if (lived_ns > RANGE_TRUST_NS)
        return false;
    pid_t last = last_pid_given(tree);
    if (last < root->leader || last - root->leader > RANGE_MAX)
        return false;
    for (pid_t pid = root->leader + 1; pid <= last; pid++) {
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            !is_known_elsewhere(tree, root, pid))
            return false;
    }
    return true;
}

/* --- life --- */

/* A shell may exec muster with children of its own running: those are none of ours. */
static void note_inherited(struct tree *tree)
{
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return;
    tree_scan(tree);
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->procs[i].ppid == tree->self &&
            MU_GROW(tree->inherited, tree->inherited_cap, tree->inherited_count + 1) == 0)
            tree->inherited[tree->inherited_count++] = tree->procs[i].pid;
        close_kept(&tree->procs[i]);
    }
    tree->count = 0;
    tree->scanned_ns = 0;
}

int tree_init(struct tree *tree, struct mu_err *err)
{
    *tree = (struct tree){.self = getpid(), .loadavg_fd = -1};
    tree->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statfs fs;
    if (tree->proc_fd < 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot open /proc, which muster needs"));
    /* In containers /proc/loadavg may be laid over with another's idea of it. */
    tree->loadavg_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    if (tree->loadavg_fd >= 0 &&
        (fstatfs(tree->loadavg_fd, &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC))
        mu_fd_close(&tree->loadavg_fd);
    struct rlimit limit;
    tree->keep_below = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT_MAX
                           ? (int)limit.rlim_cur / 2
                           : INT_MAX / 2;
    note_inherited(tree);
    return 0;
}

void tree_release(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        close_kept(&tree->procs[i]);
    free(tree->procs);
    free(tree->scratch);
    free(tree->foreign);
    free(tree->foreign_scratch);
    free(tree->inherited);
    mu_fd_close(&tree->proc_fd);
    mu_fd_close(&tree->loadavg_fd);
}
