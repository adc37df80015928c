/* muster run: find, select, order, and hand over to the session. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/run_session.h"
#include "service/selection.h"

enum {
    OPT_TIMEOUT = 256,
    OPT_IDLE,
    OPT_GRACE,
    OPT_UNTIL,
    OPT_FAIL_FAST,
    OPT_NAME,
    OPT_FAILED,
    OPT_SHUFFLE,
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_REQUIRE,
    OPT_EXECUTOR
};

/* Options that are a setting of the same meaning, strongest of all. */
static const struct {
    int key;
    const char *setting, *option;
    const char *without; /* the value where none was given */
} setting_options[] = {
    {'j', "jobs", "-j", "-1"},
    {OPT_TIMEOUT, "timeout", "--timeout", NULL},
    {OPT_IDLE, "idle_timeout", "--idle-timeout", NULL},
    {OPT_GRACE, "grace", "--grace", NULL},
    {'x', "fail_fast", "-x", "1"},
    {OPT_FAIL_FAST, "fail_fast", "--fail-fast", "1"},
    {OPT_EXECUTOR, "executor", "--executor", NULL},
};

static int apply_settings(struct cli *cli, struct settings_set *set, struct mu_err *err)
{
    for (size_t i = 0; i < sizeof setting_options / sizeof setting_options[0]; i++) {
        const char *value = cli_option(cli, setting_options[i].key);
        if (!value)
            continue;
        if (!value[0] && setting_options[i].without)
            value = setting_options[i].without;
        if (settings_set_option(set, setting_options[i].setting, value, setting_options[i].option,
                                err) != 0)
            return -1;
    }
    if (cli_option(cli, OPT_REQUIRE))
        return settings_set_option(set, "verdict.require", "true", "--require-verdict", err);
    return 0;
}

/* The next moment at which the clock on the wall shows HH:MM. */
static int parse_until(const char *text, int64_t *ret_ms, struct mu_err *err)
{
    int hour, minute, used = 0;
    if (sscanf(text, "%2d:%2d%n", &hour, &minute, &used) != 2 || text[used] != '\0' || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59)
        return mu_err_set(err, MU_E_USAGE,
                          _("--until %s is no time of day: write HH:MM, such as 06:30"), text);
    int64_t now_ms = mu_wall_ms();
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;
    localtime_r(&now, &tm);
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = 0;
    tm.tm_isdst = -1;
    time_t at = mktime(&tm);
    if (at <= now) {
        tm.tm_mday++;
        tm.tm_isdst = -1;
        at = mktime(&tm);
    }
    *ret_ms = (int64_t)at * 1000;
    return 0;
}

static int parse_seed(const char *text, uint64_t *ret_seed, struct mu_err *err)
{
    if (!text[0]) {
        uint32_t seed; /* short enough to be typed again */
        if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
            seed = (uint32_t)mu_mono_ns();
        *ret_seed = seed;
        return 0;
    }
    char *end;
    unsigned long long seed = strtoull(text, &end, 10);
    if (*end != '\0' || text[0] == '-')
        return mu_err_set(err, MU_E_USAGE, _("--shuffle=%s is no number: give a seed such as 42"),
                          text);
    *ret_seed = seed;
    return 0;
}

/* With --failed: the paths to look for, from the last batch. Positive: nothing to run, said. */
static int failed_paths(struct cli *cli, const char ***ret_paths, size_t *ret_count,
                        struct mu_err *err)
{
    int64_t number;
    if (cli_open_db(cli, err) != 0)
        return -1;
    int rc = selection_failed(cli->db, &cli->arena, ret_paths, ret_count, &number, err);
    if (rc > 0)
        return mu_err_set(err, MU_E_NOT_FOUND,
                          _("there is no batch yet: --failed runs again what failed in the last "
                            "one"));
    if (rc == 0 && *ret_count == 0) {
        fprintf(stderr, _("nothing failed in batch %lld: nothing to run\n"), (long long)number);
        return 1;
    }
    return rc;
}

/* Scripts that failed but are gone meanwhile are said and left out. */
static size_t drop_missing(struct cli *cli, const char **paths, size_t count, const char ***ret)
{
    const char **absolute = mu_arena_alloc(&cli->arena, (count + 1) * sizeof *absolute);
    size_t kept = 0;
    for (size_t i = 0; absolute && i < count; i++) {
        char *path = paths[i][0] == '/'
                         ? mu_arena_strdup(&cli->arena, paths[i])
                         : mu_arena_printf(&cli->arena, "%s/%s", cli->project.folder, paths[i]);
        if (path && access(path, F_OK) == 0)
            absolute[kept++] = path;
        else
            fprintf(stderr, _("%s is no longer there: left out\n"), paths[i]);
    }
    *ret = absolute;
    return kept;
}

static int find_scripts(struct cli *cli, struct settings_set *set, int argc, char **argv,
                        struct script_list *ret, struct mu_err *err)
{
    struct discover_options options = {
        .paths = (const char *const *)argv,
        .path_count = (size_t)argc,
        .select = cli_option(cli, 'k'),
        .inspect = true,
    };
    if (!cli_option(cli, OPT_FAILED))
        return discover(&cli->project, set, &options, ret, err);
    const char **failed, **present;
    size_t count;
    int rc = failed_paths(cli, &failed, &count, err);
    if (rc != 0)
        return rc;
    if (argc == 0) {
        options.path_count = drop_missing(cli, failed, count, &present);
        options.paths = present;
        return options.path_count == 0 ? 1 : discover(&cli->project, set, &options, ret, err);
    }
    if (discover(&cli->project, set, &options, ret, err) != 0 ||
        selection_keep(ret, failed, count, err) != 0)
        return -1;
    if (ret->count > 0)
        return 0;
    fprintf(stderr, _("nothing in %s failed in the last batch: nothing to run\n"), argv[0]);
    return 1;
}

static int no_scripts(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    const char *where = argc > 0 ? argv[0] : cli->project.folder;
    const char *select = cli_option(cli, 'k');
    if (select)
        mu_err_set(&err, MU_E_NO_SCRIPTS,
                   _("no script matches -k '%s'\n  what there is: muster list %s"), select,
                   argc > 0 ? where : "");
    else
        mu_err_set(&err, MU_E_NO_SCRIPTS,
                   _("no scripts in %s: the folder holds no *.py file\n"
                     "  what would run, and what is left out: muster list --excluded%s%s"),
                   where, argc > 0 ? " " : "", argc > 0 ? where : "");
    return cli_fail(cli, &err);
}

static int dry_run(struct cli *cli, const struct script_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        printf("%s\n", list->items[i].script_path);
    fprintf(stderr, P_("%zu script would run\n", "%zu scripts would run\n", list->count),
            list->count);
    return 0;
}

static int run_scripts(struct cli *cli, struct settings_set *set, int argc, char **argv,
                       struct script_list *list)
{
    struct mu_err err = MU_ERR_INIT;
    struct session_options session = {
        .json = cli_option(cli, OPT_JSON) != NULL,
        .shuffled = cli_option(cli, OPT_SHUFFLE) != NULL,
    };
    int64_t until_ms = 0;
    const char *until = cli_option(cli, OPT_UNTIL);
    if (apply_settings(cli, set, &err) != 0 ||
        (until && parse_until(until, &until_ms, &err) != 0) ||
        (session.shuffled && parse_seed(cli_option(cli, OPT_SHUFFLE), &session.seed, &err) != 0))
        return cli_fail(cli, &err);

    int rc = find_scripts(cli, set, argc, argv, list, &err);
    if (rc < 0)
        return cli_fail(cli, &err);
    if (rc > 0)
        return 0;
    if (list->count == 0)
        return no_scripts(cli, argc, argv);
    if (session.shuffled)
        selection_shuffle(list, session.seed);
    if (cli_option(cli, OPT_DRY_RUN))
        return dry_run(cli, list);

    session.live_output = !session.json && (cli_option(cli, 's') != NULL || list->count == 1);
    if (project_make_home(&cli->project, &err) != 0)
        return cli_fail(cli, &err);
    const struct run_options options = {
        .project = &cli->project,
        .set = set,
        .scripts = list->items,
        .count = list->count,
        .jobs = settings_jobs(settings_batch(set)),
        .keep_order = session.shuffled,
        .name = cli_option(cli, OPT_NAME),
        .until_wall_ms = until_ms,
        .environment = cli->envp,
        .umask = cli->user_umask,
        .script_args = cli->script_args,
        .command = cli->argv,
    };
    return run_session(cli, &options, &session);
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct settings_set *set = NULL;
    if (settings_load(cli->project.settings_path, cli->project.folder, &set, &err) != 0)
        return cli_fail(cli, &err);
    struct script_list list = {0};
    int status = run_scripts(cli, set, argc, argv, &list);
    script_list_release(&list);
    settings_set_free(set);
    return status;
}

static const struct option_def options[] = {
    {"jobs", 'j', N_("N"), OPT_OPTIONAL | OPT_INTEGER,
     N_("so many scripts at once; -2: cores minus 2; alone: cores minus 1")},
    {"timeout", OPT_TIMEOUT, N_("TIME"), 0, N_("limit for each script: 30, 30s, 5m, 1h30m, off")},
    {"idle-timeout", OPT_IDLE, N_("TIME"), 0, N_("limit without output")},
    {"grace", OPT_GRACE, N_("TIME"), 0, N_("time to clean up after a limit")},
    {"until", OPT_UNTIL, N_("HH:MM"), 0, N_("start nothing more from then on")},
    {NULL, 'x', NULL, 0, N_("start nothing more after the first failure")},
    {"fail-fast", OPT_FAIL_FAST, N_("N"), OPT_OPTIONAL, N_("the same after N failures (1)")},
    {"maxfail", OPT_FAIL_FAST, N_("N"), OPT_ALIAS, NULL},
    {NULL, 'k', N_("EXPR"), 0, N_("only scripts whose path matches: 'can and not slow'")},
    {"failed", OPT_FAILED, NULL, 0, N_("only what failed in the last batch")},
    {"lf", OPT_FAILED, NULL, OPT_ALIAS, NULL},
    {"shuffle", OPT_SHUFFLE, N_("SEED"), OPT_OPTIONAL, N_("in random order; SEED repeats one")},
    {"name", OPT_NAME, N_("TEXT"), 0, N_("a name for the batch")},
    {NULL, 's', NULL, 0, N_("show the scripts' output live (the default for one script)")},
    {"require-verdict", OPT_REQUIRE, NULL, 0, N_("exit 1 where a script gives no verdict")},
    {"executor", OPT_EXECUTOR, N_("process"), 0, N_("how a script gets an interpreter")},
    {"dry-run", OPT_DRY_RUN, NULL, 0, N_("say what would run, and run nothing")},
    {"json", OPT_JSON, NULL, 0, N_("one event a line")},
    {0},
};

const struct command cmd_run = {
    .name = "run",
    .args = N_("[PATH…] [-- ARGS…]"),
    .summary = N_("run a batch"),
    .description = N_(
        "Runs the scripts beneath each PATH (a folder, a file or a glob; without one, those of "
        "`scripts:` in muster.yaml), judges them and keeps every execution with its output.\n"
        "While it runs, `t` or SIGUSR1 says what runs. Ctrl-C once stops as a time limit does, "
        "twice kills; `muster resume` goes on afterwards.\n"
        "Exit status: 0 every script SUCCESS, 1 some were not, 2 bad usage or settings, 3 muster "
        "itself failed, 4 no script to run, 130 interrupted.\n"
        "  muster run checks/\n"
        "  muster run -j -k 'can and not slow' --timeout 5m\n"
        "  muster run --failed\n"
        "  muster run checks/e_lin.py -- --port 3"),
    .options = options,
    .min_args = 0,
    .max_args = -1,
    .flags = CMD_PROJECT | CMD_BATCH | CMD_PASS_ON,
    .run = run,
};
