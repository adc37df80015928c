/* vfork and exec.
 *
 * vfork, because its price does not grow with muster's memory: 0.55 ms a start with a heap of
 * 500 MB where a fork takes 22. The child runs on the parent's stack and memory until it execs:
 * hence the one noinline function, hence only system calls in the child, hence all signals blocked
 * around it (a handler would run in the child on the parent's data). The memory they share is also
 * how the child says what failed. */
#include "engine/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/i18n.h"

/* The highest open descriptor, for kernels (or sandboxes) without close_range. */
static int highest_fd(void)
{
    int highest = 1023;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return highest;
    for (struct dirent *entry; (entry = readdir(dir));) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > highest)
            highest = fd;
    }
    closedir(dir);
    return highest;
}

/* What the kernel takes; libc's sigaction refuses 32 and 33, which it keeps for itself and which
 * somebody's posix_spawn may have left ignored. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

static pid_t __attribute__((noinline))
vfork_and_exec(const struct spawn *spawn, int close_up_to, volatile struct spawn_failure *failure)
{
    const struct kernel_sigaction by_default = {.handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    pid_t pid = vfork();
    if (pid != 0) {
        if (pid < 0)
            *failure = (struct spawn_failure){SPAWN_FORK, errno};
        return pid;
    }

    enum spawn_step step = SPAWN_SETUP;
    if (setsid() < 0)
        goto failed;
    /* exec resets handlers but keeps what is ignored (SIGPIPE, or all that nohup left). */
    for (int signo = 1; signo < NSIG; signo++)
        if (spawn->not_default & UINT64_C(1) << (unsigned)(signo - 1))
            syscall(SYS_rt_sigaction, signo, &by_default, NULL, sizeof by_default.mask);
    for (int fd = 0; fd < 3; fd++)
        if (dup2(spawn->stdio[fd], fd) < 0)
            goto failed;
    if (close_up_to == 0) {
        close_range(3, ~0U, 0);
    } else {
        for (int fd = 3; fd <= close_up_to; fd++)
            close(fd);
    }
    if (spawn->nofile)
        setrlimit(RLIMIT_NOFILE, spawn->nofile);
    umask(spawn->umask);
    step = SPAWN_CWD;
    if (spawn->cwd && chdir(spawn->cwd) != 0)
        goto failed;
    step = SPAWN_EXEC;
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(spawn->file, spawn->argv, spawn->envp);
failed:
    *failure = (struct spawn_failure){step, errno};
    _exit(127);
}

uint64_t spawn_signals_not_default(void)
{
    uint64_t found = 0;
    for (int signo = 1; signo < NSIG; signo++) {
        struct kernel_sigaction action = {0};
        if (syscall(SYS_rt_sigaction, signo, NULL, &action, sizeof action.mask) == 0 &&
            action.handler != SIG_DFL)
            found |= UINT64_C(1) << (unsigned)(signo - 1);
    }
    return found;
}

pid_t spawn_process(const struct spawn *spawn, struct spawn_failure *ret_failure)
{
    volatile struct spawn_failure failure = {0};
    int close_up_to = close_range(~0U, ~0U, 0) == 0 ? 0 : highest_fd();
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &saved);
    pid_t pid = vfork_and_exec(spawn, close_up_to, &failure);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    *ret_failure = failure;
    if (pid < 0 || failure.sys_errno == 0)
        return pid;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return -1;
}

static int explain_exec(const struct spawn *spawn, int sys_errno, struct mu_err *err)
{
    struct stat st;
    const char *file = spawn->file;
    switch (sys_errno) {
    case ENOENT:
        if (stat(file, &st) == 0)
            return mu_err_sys(err, MU_E_SETTINGS, sys_errno,
                              _("cannot start the interpreter %s: the program it needs itself "
                                "(its #! line, or its dynamic loader) is missing"),
                              file);
        return mu_err_sys(err, MU_E_SETTINGS, sys_errno, _("the interpreter %s is missing"), file);
    case EACCES:
        if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
            return mu_err_sys(err, MU_E_SETTINGS, EISDIR,
                              _("cannot start the interpreter %s: it is a folder"), file);
        return mu_err_sys(err, MU_E_SETTINGS, sys_errno, _("the interpreter %s is not executable"),
                          file);
    case ENOEXEC:
        return mu_err_sys(err, MU_E_SETTINGS, sys_errno,
                          _("cannot start the interpreter %s: it has the wrong format (no program "
                            "of this machine)"),
                          file);
    case E2BIG:
        return mu_err_sys(err, MU_E_IO, sys_errno,
                          _("cannot start %s: arguments and environment are too long"), file);
    default: return mu_err_sys(err, MU_E_IO, sys_errno, _("cannot start %s"), file);
    }
}

int spawn_explain(const struct spawn *spawn, const struct spawn_failure *failure,
                  struct mu_err *err)
{
    switch (failure->step) {
    case SPAWN_FORK:
        return mu_err_sys(err, MU_E_IO, failure->sys_errno, _("cannot make a new process"));
    case SPAWN_SETUP:
        return mu_err_sys(err, MU_E_IO, failure->sys_errno, _("cannot prepare a new process"));
    case SPAWN_CWD:
        return mu_err_sys(err, MU_E_SETTINGS, failure->sys_errno,
                          failure->sys_errno == ENOENT ? _("the working folder %s is missing")
                                                       : _("cannot start in the working folder %s"),
                          spawn->cwd);
    case SPAWN_EXEC: return explain_exec(spawn, failure->sys_errno, err);
    }
    return -1;
}

void spawn_occupy_stdio(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < 3);
    if (fd >= 3)
        close(fd);
}
