/* The table of commands. */
#include "cli/command.h"

#include <string.h>

const struct command *const commands[] = {
    &cmd_init,    &cmd_list, &cmd_run,     &cmd_resume, &cmd_show,       &cmd_batches,
    &cmd_history, &cmd_logs, &cmd_version, &cmd_help,   &cmd_completion, NULL,
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0 ||
            (commands[i]->alias && strcmp(commands[i]->alias, name) == 0))
            return commands[i];
    return NULL;
}
