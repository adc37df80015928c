/* Help and manual pages, made from the table of commands. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"
#include "cli/term.h"

/* `muster help`: what it is, the commands, the global options. */
void help_overview(const struct term *term);
/* `muster help COMMAND`. */
void help_command(const struct term *term, const struct command *command);
/* The scdoc source of a command's manual page, muster-COMMAND(1); with `command` NULL the lists of
 * commands and global options that end muster(1). Untranslated. */
void help_man(FILE *file, const struct command *command);

#endif
