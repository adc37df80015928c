/* Values of options and small texts that several reading commands share. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/cli.h"
#include "cli/words.h"
#include "model/execution.h"

/* `--limit N`, 1 to 1,000,000. Error: MU_E_USAGE. */
int limit_option(const struct cli *cli, int key, size_t otherwise, size_t *ret, struct mu_err *err);
/* "… there are more: --limit 100", on stderr. */
void say_more(const struct cli *cli, size_t limit);
/* A time in a list: "Mon 07:30" on a terminal, whole to a pipe. Returns `buf`. */
char *moment_text(const struct cli *cli, int64_t wall_ms, char buf[TIME_TEXT_SIZE]);
/* "42/7" of an execution, "-" where it belongs to no batch. Remembers the batches' numbers, so that
 * a list asks once for each. In the arena. */
int execution_reference(struct cli *cli, const struct execution *execution, const char **ret,
                        struct mu_err *err);

#endif
