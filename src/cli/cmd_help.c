/* muster help [COMMAND] */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/help.h"

enum { OPT_MAN = 256 };

static int run(struct cli *cli, int argc, char **argv)
{
    const struct command *command = argc > 0 ? command_find(argv[0]) : NULL;
    if (argc > 0 && !command)
        return cli_usage(cli, _("'%s' is no command: muster help lists them"), argv[0]);
    if (cli_option(cli, OPT_MAN))
        help_man(stdout, command);
    else if (command)
        help_command(&cli->out, command);
    else
        help_overview(&cli->out);
    return 0;
}

static const struct option_def options[] = {
    {"man", OPT_MAN, NULL, OPT_HIDDEN, "print the source of the manual page (scdoc)"},
    {0},
};

const struct command cmd_help = {
    .name = "help",
    .args = "[COMMAND]",
    .summary = N_("explain a command"),
    .description = N_("Without COMMAND: what muster is, its commands, and the options that all of "
                      "them have."),
    .options = options,
    .max_args = 1,
    .run = run,
};
