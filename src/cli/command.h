/* Commands: one table from which come dispatch, option parsing, help, manual pages and completion.
 *
 * Every cmd_*.c ends in its own `const struct command`; commands.c lists them. Texts are marked
 * with N_() and translated when shown. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stddef.h>

struct cli;

enum {
    OPT_OPTIONAL = 1, /* the value may be left out; else it is `--name=VALUE` or `-nVALUE` … */
    OPT_INTEGER = 2,  /* … or, where it is an integer, also the next word (`-j 4`) */
    OPT_ALIAS = 4,    /* another name of the option above it; only `name` counts */
    OPT_HIDDEN = 8,   /* neither in help nor in completion */
};

/* One option. A list of them ends with {0}. */
struct option_def {
    const char *name;    /* without "--"; NULL where there is only a letter */
    int key;             /* the letter, or a number from 256 to 999 that only the code knows */
    const char *arg;     /* what help calls the value; NULL: takes none. "a|b" are all the choices;
                            DIR and FILE are completed as such */
    unsigned flags;      /* OPT_* */
    const char *summary; /* N_(): a line without a full stop */
};

enum {
    CMD_PROJECT = 1, /* cli->project is located before `run` is called */
    CMD_DB = 2,      /* CMD_PROJECT, and the home's database is open for reading: cli->db */
    CMD_BATCH = 4,   /* runs scripts: product's exit codes of `run`; SIGPIPE is ignored */
    CMD_PASS_ON = 8, /* words after "--" are for the scripts: cli->script_args */
    CMD_HIDDEN = 16, /* not in help */
};

struct command {
    const char *name;
    const char *alias;       /* another name, or NULL */
    const char *args;        /* usage: "[PATH…]", or "" */
    const char *summary;     /* N_(): a line without a full stop */
    const char *description; /* N_(): one paragraph a line; lines that begin with a blank are
                                shown as they are (examples) */
    const struct option_def *options; /* NULL: only the global ones */
    int min_args, max_args;           /* max_args -1: any number */
    unsigned flags;                   /* CMD_* */
    /* Do it. `argv[0..argc)` are the arguments without command and options; NULL after the last.
     * Returns the exit status; for an error `return cli_fail(cli, &err)`. */
    int (*run)(struct cli *cli, int argc, char **argv);
};

/* The table, in the order of the help; ends with NULL. */
extern const struct command *const commands[];
/* --home, --lang, --color, --help, --version: before and after the command. */
extern const struct option_def global_options[];
enum { OPT_KEY_HOME = 1000, OPT_KEY_LANG, OPT_KEY_COLOR, OPT_KEY_VERSION };

/* By name or alias; NULL where there is none. */
const struct command *command_find(const char *name);

extern const struct command cmd_init, cmd_list, cmd_run, cmd_resume, cmd_show, cmd_batches,
    cmd_history, cmd_logs, cmd_version, cmd_help, cmd_completion;

#endif
