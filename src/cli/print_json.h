/* --json: one document on stdout. */
#ifndef CLI_PRINT_JSON_H
#define CLI_PRINT_JSON_H

#include <jansson.h>

#include "cli/cli.h"

/* Print `take` (consumed; NULL is "out of memory") and a newline. Returns the exit status. */
int print_json(struct cli *cli, json_t *take);
/* The same of {"items": take}. */
int print_json_items(struct cli *cli, json_t *take);

#endif
