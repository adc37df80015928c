/* muster: from the words typed to a command, and from its answer to an exit status. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/language.h"
#include "cli/options.h"

/* Descriptors 0 to 2 always exist: the database must not become somebody's stderr. */
static void open_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
            abort();
}

/* The environment as it was: strings of the process's start, which setenv does not touch. */
static char **copy_environment(char **envp)
{
    size_t count = 0;
    while (envp[count])
        count++;
    char **copy = malloc((count + 1) * sizeof *copy);
    if (copy)
        memcpy(copy, envp, (count + 1) * sizeof *copy);
    return copy;
}

/* --lang is needed before the options are understood: their errors are messages too. */
static const char *early_language(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0)
            return argv[i] + 7;
        if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            return argv[i + 1];
    }
    return NULL;
}

static int unknown_command(struct cli *cli, const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; commands[i] && count < 62; i++) {
        if (commands[i]->flags & CMD_HIDDEN)
            continue;
        names[count++] = commands[i]->name;
        if (commands[i]->alias)
            names[count++] = commands[i]->alias;
    }
    const char *nearest = mu_nearest(name, strlen(name), names, count);
    struct stat st;
    if (!nearest && stat(name, &st) == 0)
        return cli_usage(cli, _("'%s' is no command: to run it: muster run %s"), name, name);
    if (nearest)
        return cli_usage(cli, _("'%s' is no command: did you mean '%s'?"), name, nearest);
    return cli_usage(cli, _("'%s' is no command: muster help lists them"), name);
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    const struct command *command = cli->command;
    char **args;
    int count;
    if (options_parse_command(cli, command, argc, argv, &args, &count, &err) != 0)
        return cli_fail(cli, &err);
    term_init(&cli->out, stdout, cli_option(cli, OPT_KEY_COLOR));
    term_init(&cli->err, stderr, cli_option(cli, OPT_KEY_COLOR));
    if (cli_option(cli, 'h')) {
        help_command(&cli->out, command);
        return 0;
    }
    /* `muster history | head` ends with its reader; a batch goes on without one. */
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error like any other */
    signal(SIGPIPE, command->flags & CMD_BATCH ? SIG_IGN : SIG_DFL);
    if (((command->flags & (CMD_PROJECT | CMD_DB)) && cli_locate(cli, &err) != 0) ||
        ((command->flags & CMD_DB) && cli_open_db(cli, &err) != 0))
        return cli_fail(cli, &err);
    return command->run(cli, count, args);
}

static int run(struct cli *cli)
{
    struct mu_err err = MU_ERR_INIT;
    int index;
    if (options_parse_globals(cli, &index, &err) != 0)
        return cli_fail(cli, &err);
    term_init(&cli->out, stdout, cli_option(cli, OPT_KEY_COLOR));
    term_init(&cli->err, stderr, cli_option(cli, OPT_KEY_COLOR));
    if (cli_option(cli, 'h')) {
        help_overview(&cli->out);
        return 0;
    }
    if (cli_option(cli, OPT_KEY_VERSION))
        return cmd_version.run(cli, 0, NULL);
    if (index >= cli->argc) {
        help_overview(&cli->err);
        return EXIT_USAGE;
    }
    cli->command = command_find(cli->argv[index]);
    if (!cli->command)
        return unknown_command(cli, cli->argv[index]);
    return dispatch(cli, cli->argc - index, cli->argv + index);
}

/* What was printed must have arrived: a full disk is an error of its own. */
static int flush_output(struct cli *cli, int status)
{
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) != 0)
        failed = true;
    /* A reader that has gone is no failure; of an error in the middle only the pipe still tells. */
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (!failed || errno == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR)))
        return status;
    struct mu_err err = MU_ERR_INIT;
    mu_err_sys(&err, MU_E_IO, errno, _("cannot write the output"));
    return cli_fail(cli, &err);
}

int main(int argc, char **argv, char **envp)
{
    struct cli cli = {
        .argc = argc,
        .argv = argv,
        .user_umask = umask(077),
        .envp = copy_environment(envp),
    };
    open_standard_streams();
    /* One arena for both threads: a second one grows and shrinks page by page with each commit. */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
    if (!cli.envp)
        return EXIT_BROKEN;
    language_init(early_language(argc, argv));
    term_init(&cli.out, stdout, NULL);
    term_init(&cli.err, stderr, NULL);
    int status = flush_output(&cli, run(&cli));
    db_close(cli.db);
    if (cli.project_located)
        project_release(&cli.project);
    mu_arena_release(&cli.arena);
    free(cli.given);
    free(cli.envp);
    return status;
}
