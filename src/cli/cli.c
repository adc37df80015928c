/* What all commands share: options, place, errors. Only this layer prints. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/i18n.h"
#include "base/str.h"
#include "cli/safe_text.h"

int cli_locate(struct cli *cli, struct mu_err *err)
{
    if (cli->project_located)
        return 0;
    if (project_locate(cli_option(cli, OPT_KEY_HOME), &cli->project, err) != 0)
        return -1;
    cli->project_located = true;
    return 0;
}

int cli_open_db(struct cli *cli, struct mu_err *err)
{
    if (cli->db)
        return 0;
    if (cli_locate(cli, err) != 0)
        return -1;
    return db_open(cli->project.home, STORE_READ, &cli->db, err);
}

int cli_exit_status(enum mu_code code, bool batch)
{
    switch (code) {
    case MU_OK: return 0;
    case MU_E_USAGE:
    case MU_E_SETTINGS: return EXIT_USAGE;
    case MU_E_NOT_FOUND:
    case MU_E_AMBIGUOUS: return batch ? EXIT_USAGE : EXIT_NO;
    case MU_E_NO_SCRIPTS: return EXIT_NO_SCRIPTS;
    default: return EXIT_BROKEN;
    }
}

int cli_fail(struct cli *cli, const struct mu_err *err)
{
    MU_AUTO_STR struct mu_str text = {0};
    safe_text(&text, err->text, strlen(err->text), SAFE_LINES);
    fprintf(stderr, "%smuster:%s %s\n", term_on(&cli->err, STYLE_FAIL), term_off(&cli->err),
            mu_str_text(&text));
    return cli_exit_status(err->code, cli->command && (cli->command->flags & CMD_BATCH));
}

int cli_usage(struct cli *cli, const char *fmt, ...)
{
    struct mu_err err = {.code = MU_E_USAGE};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    return cli_fail(cli, &err);
}
