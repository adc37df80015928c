/* Ending a tree, whatever it does against it.
 *
 * Killing one after the other never catches up with a fork bomb: what is left forks meanwhile.
 * Hence the stop-walk: SIGSTOP everything found (a pending signal also makes the kernel give up a
 * fork half way), look again until nothing new appears, name what stands there, then SIGKILL all.
 *
 * Signals go to numbers read not long ago: to hit another process, ours would have to end and the
 * kernel to give out its whole pid space in between. */
#include "engine/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"

enum { WALK_ROUNDS = 64, LEFTOVER_LINES = 20, CMDLINE_MAX = 300 };

void tree_signal(struct tree *tree, const struct tree_root *root, int signo)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->procs[i].root == root && tree_is_live(&tree->procs[i]))
            kill(tree->procs[i].pid, signo);
}

/* Append text of unknown origin: one line, nothing that a terminal obeys. */
static void append_masked(struct mu_str *str, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text + at, len - at, &ch);
        if (n == 0 || mu_char_width(ch) <= 0) {
            mu_str_putc(str, ch == 0 && n == 1 ? ' ' : '?');
            at += n ? n : 1;
        } else {
            mu_str_append(str, text + at, n);
            at += n;
        }
    }
}

/* "NAME (PID): COMMAND LINE" */
static void describe(struct mu_str *str, pid_t pid)
{
    static const char *const files[] = {"comm", "cmdline"};
    for (size_t i = 0; i < 2; i++) {
        char path[64], text[CMDLINE_MAX];
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        MU_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);
        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\0'))
            n--;
        if (i == 1 && n > 0)
            mu_str_puts(str, ": ");
        append_masked(str, text, n > 0 ? (size_t)n : 0);
        if (i == 0)
            mu_str_printf(str, " (%d)", pid);
    }
    mu_str_putc(str, '\n');
}

enum whose { WHOSE_ROOT, WHOSE_STRAYS, WHOSE_ALL };

static bool is_meant(const struct proc *proc, enum whose whose, const struct tree_root *root)
{
    switch (whose) {
    case WHOSE_ROOT: return proc->root == root;
    case WHOSE_STRAYS: return !proc->root;
    case WHOSE_ALL: return true;
    }
    return false;
}

/* SIGSTOP those in the table that are not yet stopped. Returns how many. */
static size_t stop_known(struct tree *tree, enum whose whose, const struct tree_root *root)
{
    size_t fresh = 0;
    for (size_t i = 0; i < tree->count; i++) {
        struct proc *proc = &tree->procs[i];
        if (proc->stopped || !tree_is_live(proc) || !is_meant(proc, whose, root))
            continue;
        kill(proc->pid, SIGSTOP); /* another user's refuses; it is named all the same */
        proc->stopped = true;
        fresh++;
    }
    return fresh;
}

static size_t stop_walk(struct tree *tree, enum whose whose, const struct tree_root *root,
                        struct mu_str *leftover)
{
    /* Those known from the last scan at once: 200 that fight for the processor make the next scan
     * take 100 ms. */
    if (tree_is_fresh(tree))
        stop_known(tree, whose, root);
    for (int round = 0; round < WALK_ROUNDS; round++) {
        tree_scan(tree);
        if (stop_known(tree, whose, root) == 0)
            break;
    }
    size_t found = 0, unnamed = 0;
    for (size_t i = 0; i < tree->count; i++) {
        struct proc *proc = &tree->procs[i];
        if (!tree_is_live(proc) || !is_meant(proc, whose, root))
            continue;
        found++;
        if (leftover && !proc->named && unnamed++ < LEFTOVER_LINES)
            describe(leftover, proc->pid);
        proc->named = true;
    }
    if (leftover && unnamed > LEFTOVER_LINES)
        mu_str_printf(leftover, _("… and %zu more\n"), unnamed - LEFTOVER_LINES);
    for (size_t i = 0; i < tree->count; i++)
        if (tree_is_live(&tree->procs[i]) && is_meant(&tree->procs[i], whose, root))
            kill(tree->procs[i].pid, SIGKILL);
    return found;
}

size_t tree_stop_walk(struct tree *tree, const struct tree_root *root, struct mu_str *leftover)
{
    return stop_walk(tree, WHOSE_ROOT, root, leftover);
}

size_t tree_kill_strays(struct tree *tree, struct mu_str *leftover)
{
    size_t strays = 0;
    for (size_t i = 0; i < tree->count; i++)
        strays += !tree->procs[i].root && !tree->procs[i].gone;
    return strays ? stop_walk(tree, WHOSE_STRAYS, NULL, leftover) : 0;
}

void tree_kill_all(struct tree *tree)
{
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD)
        return;
    int64_t give_up_ns = mu_mono_ns() + 2000 * INT64_C(1000000);
    do {
        stop_walk(tree, WHOSE_ALL, NULL, NULL);
        if (tree->count == 0)
            return;
        usleep(2000);
    } while (mu_mono_ns() < give_up_ns);
}
