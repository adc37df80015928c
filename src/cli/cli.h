/* What a command is given: its options, where it is, and where it writes. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/term.h"
#include "service/project.h"
#include "store/store.h"

struct given_option {
    int key;
    const char *arg; /* NULL: without a value */
};

/* A batch whose number was looked up: see execution_reference. */
struct batch_number {
    const char *batch_id;
    int64_t number;
    struct batch_number *next;
};

struct cli {
    int argc; /* as main got them */
    char **argv;
    mode_t user_umask; /* what scripts get; muster's own is 077 */
    char **envp; /* the user's own environment: what scripts inherit (main changes LANGUAGE) */
    const struct command *command;
    struct given_option *given; /* in the order typed */
    size_t given_count, given_cap;
    char **script_args; /* after "--", NULL at the end (CMD_PASS_ON) */
    size_t script_arg_count;
    struct term out, err; /* stdout, stderr */
    struct project project;
    bool project_located;
    struct db *db;
    struct batch_number *batch_numbers;
    struct mu_arena arena; /* lives as long as the command */
};

/* The last value given for an option: NULL where it was not given, "" where without a value. */
const char *cli_option(const struct cli *cli, int key);

/* Locate home and project (once). */
int cli_locate(struct cli *cli, struct mu_err *err);
/* Open the home's database for reading (once). */
int cli_open_db(struct cli *cli, struct mu_err *err);

/* Print "muster: TEXT" on stderr. Returns the exit status for its code. */
int cli_fail(struct cli *cli, const struct mu_err *err);
/* The same for a usage error: exit status 2. "what is wrong: what to do about it". */
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The one place where a code becomes an exit status. `batch`: the command is a CMD_BATCH one. */
int cli_exit_status(enum mu_code code, bool batch);
enum {
    EXIT_NO = 1,         /* "no": not found, a check failed, scripts failed */
    EXIT_USAGE = 2,      /* usage, settings */
    EXIT_BROKEN = 3,     /* muster itself failed */
    EXIT_NO_SCRIPTS = 4, /* nothing to run */
    EXIT_INTERRUPTED = 130,
};

#endif
