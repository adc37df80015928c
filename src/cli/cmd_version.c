/* muster version: the program and the libraries that its figures and faults depend on. SQLite's is
 * asked of the library that is loaded, because its faults differ; the others' are the build's. */
#include <jansson.h>
#include <stdio.h>

#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/print_json.h"
#include "store/store.h"

enum { OPT_JSON = 256 };

static int run(struct cli *cli, int argc, char **argv)
{
    if (cli_option(cli, OPT_JSON))
        return print_json(cli,
                          json_pack("{s:s, s:s, s:s, s:s, s:s}", "muster", MUSTER_VERSION, "sqlite",
                                    db_sqlite_version(), "libuv", LIBUV_VERSION, "zstd",
                                    ZSTD_VERSION, "schema_version", db_schema_newest()));
    printf("muster %s\n", MUSTER_VERSION);
    printf("SQLite %s, libuv %s, zstd %s\n", db_sqlite_version(), LIBUV_VERSION, ZSTD_VERSION);
    printf(_("schema %s\n"), db_schema_newest());
    return 0;
}

static const struct option_def options[] = {
    {"json", OPT_JSON, NULL, 0, N_("print one JSON document")},
    {0},
};

const struct command cmd_version = {
    .name = "version",
    .args = "",
    .summary = N_("the versions of muster, SQLite and the other libraries, and of the schema"),
    .description = N_("Name these versions when you report a fault. The schema is the newest that "
                      "this program knows; a database made by a newer one is refused."),
    .options = options,
    .run = run,
};
