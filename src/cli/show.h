/* The three things that `muster show` shows. Each prints, or answers --json. Return the exit
 * status. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdbool.h>

#include "cli/cli.h"
#include "model/batch.h"
#include "model/execution.h"

int show_batch(struct cli *cli, const struct batch *batch, bool json);
int show_execution(struct cli *cli, const struct execution *execution, bool json);
/* `typed`: a path, or the end of one. */
int show_script(struct cli *cli, const char *typed, bool json);

#endif
