/* muster init: make a home here. Nothing that exists is overwritten, so that a second run is
 * harmless and says so. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/print_json.h"
#include "service/settings.h"

enum { OPT_JSON = 256 };

/* Positive 1: it is there already. */
static int write_settings(const char *path, struct mu_err *err)
{
    MU_AUTO_FREE char *text = settings_template();
    if (!text)
        return mu_err_nomem(err);
    MU_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return 1;
    if (fd < 0 || mu_write_all(fd, text, strlen(text)) != 0 || fsync(fd) != 0) {
        mu_err_sys(err, MU_E_IO, errno, _("cannot write %s"), path);
        if (fd >= 0)
            unlink(path); /* half a file would be taken for settings */
        return -1;
    }
    return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    const char *home_option = cli_option(cli, OPT_KEY_HOME);
    MU_AUTO_FREE char *home = mu_path_absolute(NULL, home_option ? home_option : ".");
    char *settings_path = home ? mu_arena_printf(&cli->arena, "%s/muster.yaml", home) : NULL;
    char *db_path = home ? mu_arena_printf(&cli->arena, "%s/data/app.db", home) : NULL;
    if (!settings_path || !db_path) {
        mu_err_nomem(&err);
        return cli_fail(cli, &err);
    }
    struct project project = {.home = home, .folder = home};
    bool had_db = access(db_path, F_OK) == 0;
    if (project_make_home(&project, &err) != 0 || db_open(home, STORE_CREATE, &cli->db, &err) != 0)
        return cli_fail(cli, &err);
    int had_settings = write_settings(settings_path, &err);
    if (had_settings < 0)
        return cli_fail(cli, &err);

    if (cli_option(cli, OPT_JSON))
        return print_json(cli, json_pack("{s:s, s:b, s:b}", "home", home, "made_settings",
                                         !had_settings, "made_database", !had_db));
    if (had_settings && had_db) {
        printf(_("%s is a home already: nothing was changed\n"), home);
        return 0;
    }
    printf(had_settings ? _("kept  %s\n") : _("made  %s\n"), settings_path);
    printf(had_db ? _("kept  %s\n") : _("made  %s\n"), db_path);
    printf(_("next: muster list shows what would run, muster run runs it\n"));
    return 0;
}

static const struct option_def options[] = {
    {"json", OPT_JSON, NULL, 0, N_("print one JSON document")},
    {0},
};

const struct command cmd_init = {
    .name = "init",
    .args = "",
    .summary = N_("make a home here: muster.yaml and data/app.db"),
    .description =
        N_("Write a muster.yaml in which every setting is explained, and make the database, in the "
           "current folder (or in that of --home). What exists is kept as it is. Without init, "
           "muster run keeps its database in .muster/ of the project."),
    .options = options,
    .run = run,
};
