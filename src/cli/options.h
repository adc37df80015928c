/* The command line against the table of commands, through argp. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/cli.h"

/* Parse the words after the program's name up to the command: global options only. `ret_index` is
 * the command's place in argv, argc where there is none. */
int options_parse_globals(struct cli *cli, int *ret_index, struct mu_err *err);
/* Parse the words after the command: its options and the global ones. `ret_args` (in the arena)
 * ends with NULL. Errors: MU_E_USAGE, MU_E_MEMORY. */
int options_parse_command(struct cli *cli, const struct command *command, int argc, char **argv,
                          char ***ret_args, int *ret_count, struct mu_err *err);

#endif
