/* muster list: what a run would take, with which settings, and how each script ended last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/print_json.h"
#include "cli/safe_text.h"
#include "cli/table.h"
#include "cli/words.h"
#include "service/discover.h"
#include "service/model_json.h"
#include "service/settings.h"
#include "store/execution_repo.h"

enum { OPT_JSON = 256, OPT_EXCLUDED };

static const struct column columns[] = {
    {N_("script"), COLUMN_CUT_HEAD}, {N_("last"), 0}, {N_("when"), 0}, {N_("took"), COLUMN_RIGHT},
    {N_("settings"), COLUMN_CUT},
};
static const struct column excluded_columns[] = {
    {N_("left out"), COLUMN_CUT_HEAD},
    {N_("why"), COLUMN_CUT},
};

/* The last finished execution; `ret->id` 0 where there is none, or no database. */
static int last_execution(struct cli *cli, const char *script_path, struct execution *ret,
                          struct mu_err *err)
{
    struct execution *items;
    size_t count = 0;
    *ret = EXECUTION_NULL;
    if (cli->db &&
        execution_repo_recent(cli->db, &cli->arena, script_path, 0, 1, &items, &count, err) != 0)
        return -1;
    if (count > 0)
        *ret = items[0];
    return 0;
}

/* "timeout=10m group=can0": what is not a default. */
static int changed_settings(struct cli *cli, const struct settings *settings,
                            const enum settings_source *sources, struct mu_str *ret,
                            struct mu_err *err)
{
    for (size_t i = 0; i < setting_def_count; i++) {
        const struct setting_def *def = &setting_defs[i];
        if (!def->per_script || def->later || sources[i] == SOURCE_DEFAULT)
            continue;
        const char *value = settings_value_text(settings, def, &cli->arena);
        if (!value)
            return mu_err_nomem(err);
        mu_str_printf(ret, "%s%s=%s", ret->len > 0 ? " " : "", def->name, value);
    }
    return 0;
}

static json_t *settings_to_json(struct cli *cli, const struct settings *settings,
                                const enum settings_source *sources)
{
    json_t *object = json_object();
    for (size_t i = 0; i < setting_def_count; i++) {
        const struct setting_def *def = &setting_defs[i];
        if (def->later)
            continue;
        const char *value = settings_value_text(settings, def, &cli->arena);
        if (!value)
            continue; /* overrides: they are what the others come from */
        /* 4, true, null and [] are themselves; 30s and off are text. */
        json_t *json = json_loads(value, JSON_DECODE_ANY, NULL);
        json_object_set_new(object, def->name,
                            json_pack("{s:o, s:s}", "value", json ? json : json_text(value),
                                      "source", settings_source_name(sources[i])));
    }
    return object;
}

static json_t *script_to_json(struct cli *cli, const struct script *script,
                              const struct execution *last, const struct settings *settings,
                              const enum settings_source *sources)
{
    json_t *execution = last->id ? execution_to_json(last, false) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "script_path", json_text(script->script_path),
                     "script_name", json_text(script->script_name), "module_name",
                     json_text(script->module_name), "settings",
                     settings_to_json(cli, settings, sources), "last", execution);
}

static void script_to_row(struct cli *cli, struct table *table, const struct script *script,
                          const struct execution *last, const char *settings)
{
    char buf[TIME_TEXT_SIZE];
    table_cell(table, STYLE_NONE, script->script_path);
    table_cell(table, last->id ? execution_style(last) : STYLE_DIM,
               last->id ? execution_word(last) : "-");
    table_cell(table, STYLE_NONE, last->id ? moment_text(cli, last->start_ms, buf) : "");
    table_cell(table, STYLE_NONE, seconds_text(last->duration, buf, sizeof buf));
    table_cell(table, STYLE_DIM, settings);
}

/* Fills `items` (--json) or prints a table. */
static int list_scripts(struct cli *cli, struct settings_set *set, const struct script_list *list,
                        json_t *items, struct mu_err *err)
{
    enum settings_source *sources =
        mu_arena_alloc(&cli->arena, setting_def_count * sizeof *sources);
    if (!sources)
        return mu_err_nomem(err);
    MU_AUTO_TABLE struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns, &cli->arena);
    for (size_t i = 0; i < list->count; i++) {
        const struct script *script = &list->items[i];
        const struct settings *settings;
        struct execution last;
        MU_AUTO_STR struct mu_str changed = {0};
        if (settings_for_script(set, script->script_path, script->path_abs, &settings, sources,
                                err) != 0 ||
            last_execution(cli, script->script_path, &last, err) != 0 ||
            (!items && changed_settings(cli, settings, sources, &changed, err) != 0))
            return -1;
        if (items)
            json_array_append_new(items, script_to_json(cli, script, &last, settings, sources));
        else
            script_to_row(cli, &table, script, &last, mu_str_text(&changed));
    }
    return table_print(&table, &cli->out, err);
}

static int list_excluded(struct cli *cli, const struct script_list *list, json_t *items,
                         struct mu_err *err)
{
    MU_AUTO_TABLE struct table table;
    table_init(&table, excluded_columns, sizeof excluded_columns / sizeof *excluded_columns,
               &cli->arena);
    for (size_t i = 0; i < list->excluded_count; i++) {
        const struct excluded *excluded = &list->excluded[i];
        if (items) {
            json_array_append_new(items,
                                  json_pack("{s:o, s:o}", "script_path", json_text(excluded->path),
                                            "why", json_text(excluded->why)));
            continue;
        }
        table_cell(&table, STYLE_NONE, excluded->path);
        table_cell(&table, STYLE_DIM, excluded->why);
    }
    return table_print(&table, &cli->out, err);
}

/* The database may not exist yet: then nothing ran. */
static int open_if_there(struct cli *cli, struct mu_err *err)
{
    struct mu_err cause = MU_ERR_INIT;
    if (cli_open_db(cli, &cause) == 0 || cause.code == MU_E_NOT_FOUND)
        return 0;
    *err = cause;
    return -1;
}

static int list(struct cli *cli, struct settings_set *set, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct script_list found = {0};
    bool excluded = cli_option(cli, OPT_EXCLUDED) != NULL;
    const struct discover_options options = {
        .paths = (const char *const *)argv,
        .path_count = (size_t)argc,
        .select = cli_option(cli, 'k'),
        .list_excluded = excluded,
    };
    int status = 0, rc = discover(&cli->project, set, &options, &found, &err);
    json_t *items = cli_option(cli, OPT_JSON) ? json_array() : NULL;
    if (rc == 0 && excluded)
        rc = list_excluded(cli, &found, items, &err);
    else if (rc == 0 && found.count > 0)
        rc = list_scripts(cli, set, &found, items, &err);
    if (rc != 0) {
        json_decref(items);
        status = cli_fail(cli, &err);
    } else if (items) {
        status = print_json_items(cli, items);
    } else if (excluded ? found.excluded_count == 0 : found.count == 0) {
        fprintf(stderr, "%s\n",
                excluded ? _("nothing is left out")
                         : _("no script would run: what is left out, and why: muster list "
                             "--excluded"));
    }
    script_list_release(&found);
    return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct settings_set *set;
    if (open_if_there(cli, &err) != 0 ||
        settings_load(cli->project.settings_path, cli->project.folder, &set, &err) != 0)
        return cli_fail(cli, &err);
    int status = list(cli, set, argc, argv);
    settings_set_free(set);
    return status;
}

static const struct option_def options[] = {
    {NULL, 'k', "EXPR", 0, N_("only scripts whose path fits, such as 'can and not slow'")},
    {"excluded", OPT_EXCLUDED, NULL, 0, N_("show what is left out, and why")},
    {"json", OPT_JSON, NULL, 0, N_("print one JSON document: with every setting and its source")},
    {0},
};

const struct command cmd_list = {
    .name = "list",
    .args = "[PATH…]",
    .summary = N_("show what would run, with settings and last result"),
    .description =
        N_("Without PATH: the roots that muster.yaml names, else the whole project. Settings that "
           "are not the default are shown; --json gives all of them, and where each comes from.\n"
           "  muster list -k 'can and not slow' TestScripts/\n"
           "  muster list --excluded"),
    .options = options,
    .max_args = -1,
    .flags = CMD_PROJECT,
    .run = run,
};
