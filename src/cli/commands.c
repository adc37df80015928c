/* The table of commands. */
#include "cli/command.h"

const struct command *const commands[] = {
    &cmd_init,    &cmd_list, &cmd_run,     &cmd_resume, &cmd_show,       &cmd_batches,
    &cmd_history, &cmd_logs, &cmd_version, &cmd_help,   &cmd_completion, NULL,
};
