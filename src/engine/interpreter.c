/* Asking an interpreter who it is.
 *
 * The program is started as scripts are (own session, clean signals), told to print three facts in
 * lines of their own after a mark, and believed only if it does exactly that. What it may have
 * started itself is killed with its process group: a shim's children stay in it. */
#include "engine/interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/utf8.h"
#include "engine/spawn.h"

enum { PATIENCE_MS = 10000, ANSWER_MAX = 16 * 1024, QUOTE_MAX = 200 };

/* Only `sys`, which is built in: nothing in the current folder can take its place. The path in the
 * bytes of the file system, whatever the encoding of stdout. */
static const char question[] =
    "import sys\n"
    "sys.stdout.buffer.write(b'muster-probe\\n%s\\n%s\\n%s\\n' % ("
    "(sys.executable or '').encode(sys.getfilesystemencoding(), 'surrogateescape'),"
    "('%d.%d.%d' % sys.version_info[:3]).encode(), sys.implementation.name.encode()))\n";

extern char **environ;

/* As execvp would: the first on PATH that may be executed. Returns 0 or a negative errno. */
static int look_up(const char *name, struct mu_str *ret)
{
    if (strchr(name, '/')) {
        mu_str_puts(ret, name);
        return ret->failed ? -ENOMEM : 0;
    }
    const char *path = getenv("PATH");
    if (!path)
        path = "/bin:/usr/bin";
    int found = -ENOENT;
    for (;;) {
        size_t len = strcspn(path, ":");
        mu_str_clear(ret);
        mu_str_append(ret, len ? path : ".", len ? len : 1);
        mu_str_putc(ret, '/');
        mu_str_puts(ret, name);
        if (ret->failed)
            return -ENOMEM;
        struct stat st;
        if (stat(ret->data, &st) == 0 && S_ISREG(st.st_mode)) {
            if (access(ret->data, X_OK) == 0)
                return 0;
            found = -EACCES;
        }
        if (path[len] == '\0')
            return found;
        path += len + 1;
    }
}

/* Read until the program has ended, whoever else may hold its output. Returns 0, or 1 where the
 * patience is over. */
static int read_answer(int fd, int pidfd, struct mu_str *answer)
{
    int64_t end_ms = mu_mono_ms() + PATIENCE_MS;
    for (;;) {
        int64_t left_ms = end_ms - mu_mono_ms();
        if (left_ms <= 0)
            return 1;
        struct pollfd pfds[] = {{.fd = fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
        if (poll(pfds, 2, (int)left_ms) <= 0)
            continue;
        char buf[4096];
        ssize_t n = pfds[0].revents ? read(fd, buf, sizeof buf) : 0;
        if (n > 0 && answer->len < ANSWER_MAX)
            mu_str_append(answer, buf, (size_t)n);
        else if (n == 0 && !pfds[1].revents)
            fd = -1; /* closed its output: its end is all that can come */
        else if (n == 0)
            return 0;
    }
}

/* One line of the answer into `buf`. Returns what follows, or NULL where it is empty or too long.
 */
static const char *take_line(const char *text, char *buf, size_t size)
{
    const char *end = text ? strchr(text, '\n') : NULL;
    if (!end || end == text || (size_t)(end - text) >= size)
        return NULL;
    memcpy(buf, text, (size_t)(end - text));
    buf[end - text] = '\0';
    return end + 1;
}

static bool parse(const struct mu_str *answer, struct interpreter *ret)
{
    static const char mark[] = "muster-probe\n";
    /* A shell's warnings may stand before it. */
    const char *text = strstr(mu_str_text(answer), mark);
    if (!text || (text != answer->data && text[-1] != '\n'))
        return false;
    text = take_line(text + sizeof mark - 1, ret->executable, sizeof ret->executable);
    text = take_line(text, ret->version, sizeof ret->version);
    text = take_line(text, ret->implementation, sizeof ret->implementation);
    return text && ret->executable[0] == '/';
}

/* The last line of what it said instead, fit to be shown. */
static void quote(const struct mu_str *answer, char *buf, size_t size)
{
    const char *text = mu_str_text(answer);
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    size_t from = len;
    while (from > 0 && text[from - 1] != '\n')
        from--;
    size_t used = 0;
    for (size_t at = from; at < len && used + 5 < size;) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text + at, len - at, &ch);
        if (n == 0 || mu_char_width(ch) <= 0) {
            buf[used++] = '?';
            at += n ? n : 1;
        } else {
            memcpy(buf + used, text + at, n);
            used += n;
            at += n;
        }
    }
    buf[used] = '\0';
}

static int ask(const char *file, const char *cwd, struct mu_str *answer, int *ret_status,
               struct mu_err *err)
{
    MU_AUTO_FD int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fds[2];
    if (null_fd < 0 || pipe2(fds, O_CLOEXEC) != 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot ask the interpreter %s"), file);
    MU_AUTO_FD int out = fds[0];
    MU_AUTO_FD int in = fds[1];
    char *argv[] = {(char *)file, (char *)"-E",     (char *)"-s", (char *)"-S",
                    (char *)"-c", (char *)question, NULL};
    struct spawn spawn = {.file = file,
                          .argv = argv,
                          .envp = environ,
                          .cwd = cwd,
                          .stdio = {null_fd, in, in},
                          .umask = 077,
                          .not_default = spawn_signals_not_default()};
    struct spawn_failure failure;
    pid_t pid = spawn_process(&spawn, &failure);
    mu_fd_close(&in);
    if (pid < 0)
        return spawn_explain(&spawn, &failure, err);
    MU_AUTO_FD int pidfd = pidfd_open(pid, 0);
    int late = read_answer(out, pidfd, answer);
    kill(-pid, SIGKILL); /* before it is reaped, so that the group is still its own */
    while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
        ;
    if (answer->failed)
        return mu_err_nomem(err);
    if (late)
        return mu_err_set(err, MU_E_SETTINGS,
                          _("the interpreter %s gave no answer in %d seconds: is it a Python?"),
                          file, PATIENCE_MS / 1000);
    return 0;
}

int interpreter_probe(const char *path, const char *cwd, struct interpreter *ret,
                      struct mu_err *err)
{
    MU_AUTO_STR struct mu_str file = {0};
    int rc = look_up(path, &file);
    if (rc == -ENOMEM)
        return mu_err_nomem(err);
    if (rc != 0)
        return mu_err_sys(err, MU_E_SETTINGS, -rc, _("no interpreter %s on the PATH"), path);
    MU_AUTO_STR struct mu_str answer = {0};
    int status = 0;
    if (ask(file.data, cwd, &answer, &status, err) != 0)
        return -1;
    struct interpreter found;
    if (parse(&answer, &found)) {
        *ret = found;
        return 0;
    }
    char said[QUOTE_MAX];
    quote(&answer, said, sizeof said);
    if (said[0])
        return mu_err_set(err, MU_E_SETTINGS, _("%s is no Python 3: it answered \"%s\""), file.data,
                          said);
    return mu_err_set(err, MU_E_SETTINGS, _("%s is no Python 3: it answered nothing"), file.data);
}

bool interpreter_is_binary(const char *path)
{
    MU_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char magic[4];
    return fd >= 0 && read(fd, magic, sizeof magic) == sizeof magic &&
           memcmp(magic, "\177ELF", sizeof magic) == 0;
}
