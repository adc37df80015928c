/* muster show: a batch, an execution, or a script, told apart by how the argument looks. */
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "service/reference.h"

enum { OPT_JSON = 256 };

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct reference reference;
    bool json = cli_option(cli, OPT_JSON) != NULL;
    int rc = reference_any(cli->db, &cli->arena, argc > 0 ? argv[0] : "latest", &reference, &err);
    if (rc < 0)
        return cli_fail(cli, &err);
    if (rc > 0)
        return show_script(cli, argv[0], json);
    return reference.kind == REFERENCE_BATCH ? show_batch(cli, &reference.batch, json)
                                             : show_execution(cli, &reference.execution, json);
}

static const struct option_def options[] = {
    {"json", OPT_JSON, NULL, 0, N_("print one JSON document")},
    {0},
};

const struct command cmd_show = {
    .name = "show",
    .args = "[BATCH|RECORD|SCRIPT]",
    .summary = N_("show a batch, an execution or a script's history"),
    .description =
        N_("A batch (42, latest) with its executions, what failed first. An execution (42/7, "
           "42/b_can.py, or the beginning or end of its UUID) with its output, the line that "
           "decided, the traceback and what it used. A script (its path, or the end of it) with "
           "its history. Without an argument: the latest batch.\n"
           "  muster show 42/b_can.py\n"
           "  muster show checks/b_can.py"),
    .options = options,
    .max_args = 1,
    .flags = CMD_DB,
    .run = run,
};
