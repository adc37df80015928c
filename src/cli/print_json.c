#include "cli/print_json.h"

#include <stdio.h>

int print_json(struct cli *cli, json_t *take)
{
    struct mu_err err = MU_ERR_INIT;
    if (!take) {
        mu_err_nomem(&err);
        return cli_fail(cli, &err);
    }
    /* 15 digits: 0.1 stays 0.1. A write error shows in ferror(stdout), which main looks at. */
    json_dumpf(take, stdout,
               JSON_REAL_PRECISION(15) | (cli->out.is_tty ? JSON_INDENT(2) : JSON_COMPACT));
    putchar('\n');
    json_decref(take);
    return 0;
}

int print_json_items(struct cli *cli, json_t *take)
{
    return print_json(cli, take ? json_pack("{s:o}", "items", take) : NULL);
}
