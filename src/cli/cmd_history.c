/* muster history: executions of all batches, newest first, by what is asked for. */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/print_json.h"
#include "cli/table.h"
#include "cli/words.h"
#include "service/model_json.h"
#include "service/reference.h"
#include "store/execution_repo.h"

enum {
    OPT_JSON = 256,
    OPT_SCRIPT,
    OPT_STATUS,
    OPT_RESULT,
    OPT_MODULE,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_GREP,
    OPT_BATCH,
    OPT_LIMIT,
    OPT_ALL_ATTEMPTS,
};

static const struct column columns[] = {
    {N_("record"), 0},
    {N_("when"), 0},
    {N_("ended"), 0},
    {N_("took"), COLUMN_RIGHT},
    {N_("script"), COLUMN_CUT_HEAD},
    {N_("why"), COLUMN_CUT},
};

static int read_time(struct cli *cli, int key, const char *name, int64_t *ret, struct mu_err *err)
{
    const char *text = cli_option(cli, key);
    if (!text || time_parse(text, key == OPT_UNTIL, mu_wall_ms(), ret) == 0)
        return 0;
    return mu_err_set(
        err, MU_E_USAGE,
        _("%s cannot be '%s': 2026-11-23, '2026-11-23 07:30', 07:30, yesterday or 7d"), name, text);
}

static int read_filter(struct cli *cli, struct execution_filter *ret, struct mu_err *err)
{
    const char *status = cli_option(cli, OPT_STATUS), *result = cli_option(cli, OPT_RESULT);
    *ret = (struct execution_filter){
        .script_like = cli_option(cli, OPT_SCRIPT),
        .module_name = cli_option(cli, OPT_MODULE),
        .text = cli_option(cli, OPT_GREP),
        .has_status = status != NULL,
        .has_result = result != NULL,
        .since_ms = MODEL_NULL_INT,
        .until_ms = MODEL_NULL_INT,
        .superseded_too = cli_option(cli, OPT_ALL_ATTEMPTS) != NULL,
    };
    if (status && exec_status_parse(status, &ret->status) != 0)
        return mu_err_set(err, MU_E_USAGE, _("there is no status '%s': one of %s"), status,
                          "PENDING, RUNNING, SUCCESS, FAILED, ERROR, TIMEOUT, CANCELLED");
    if (result && exec_result_parse(result, &ret->result) != 0)
        return mu_err_set(err, MU_E_USAGE, _("there is no result '%s': one of %s"), result,
                          "PASS, FAIL, UNKNOWN");
    if (read_time(cli, OPT_SINCE, "--since", &ret->since_ms, err) != 0 ||
        read_time(cli, OPT_UNTIL, "--until", &ret->until_ms, err) != 0 ||
        limit_option(cli, OPT_LIMIT, 50, &ret->limit, err) != 0)
        return -1;
    const char *text = cli_option(cli, OPT_BATCH);
    struct batch batch;
    if (text && reference_batch(cli->db, &cli->arena, text, &batch, err) != 0)
        return -1;
    ret->batch_id = text ? batch.batch_id : NULL;
    return 0;
}

static int print_list(struct cli *cli, const struct execution *items, size_t count,
                      struct mu_err *err)
{
    MU_AUTO_TABLE struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns, &cli->arena);
    for (size_t i = 0; i < count; i++) {
        const struct execution *e = &items[i];
        const char *reference;
        char buf[TIME_TEXT_SIZE];
        MU_AUTO_STR struct mu_str why = {0};
        if (execution_reference(cli, e, &reference, err) != 0)
            return -1;
        execution_why(e, &why);
        table_cell(&table, STYLE_NONE, reference);
        table_cell(&table, STYLE_NONE, moment_text(cli, e->start_ms, buf));
        table_cell(&table, execution_style(e), execution_word(e));
        table_cell(&table, STYLE_NONE, seconds_text(e->duration, buf, sizeof buf));
        table_cell(&table, e->superseded ? STYLE_DIM : STYLE_NONE, e->script_path);
        table_cell(&table, STYLE_DIM, mu_str_text(&why));
    }
    return table_print(&table, &cli->out, err);
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct execution_filter filter;
    struct execution *items;
    size_t count;
    int64_t next;
    if (read_filter(cli, &filter, &err) != 0 ||
        execution_repo_list(cli->db, &cli->arena, &filter, &items, &count, &next, &err) != 0)
        return cli_fail(cli, &err);
    if (cli_option(cli, OPT_JSON)) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, execution_to_json(&items[i], false));
        return print_json_items(cli, list);
    }
    if (count == 0)
        fprintf(stderr, "%s\n", _("nothing in the history fits"));
    if (print_list(cli, items, count, &err) != 0)
        return cli_fail(cli, &err);
    if (next != 0)
        say_more(cli, filter.limit);
    return 0;
}

static const struct option_def options[] = {
    {"script", OPT_SCRIPT, "TEXT", 0, N_("whose path holds TEXT")},
    {"status", OPT_STATUS, "PENDING|RUNNING|SUCCESS|FAILED|ERROR|TIMEOUT|CANCELLED", 0,
     N_("that ended so")},
    {"result", OPT_RESULT, "PASS|FAIL|UNKNOWN", 0, N_("with this verdict")},
    {"module", OPT_MODULE, "NAME", 0, N_("of this module (the folder below its root)")},
    {"since", OPT_SINCE, "TIME", 0,
     N_("started then or later: 2026-11-23, '2026-11-23 07:30', 07:30, yesterday, 7d (ago)")},
    {"until", OPT_UNTIL, "TIME", 0, N_("started before; a day counts to its end")},
    {"grep", OPT_GREP, "TEXT", 0, N_("with TEXT in the output")},
    {"text", 0, NULL, OPT_ALIAS, NULL},
    {"batch", OPT_BATCH, "BATCH", 0, N_("of this batch")},
    {"limit", OPT_LIMIT, "N", 0, N_("show so many (50)")},
    {"all-attempts", OPT_ALL_ATTEMPTS, NULL, 0, N_("also attempts that a later one replaced")},
    {"json", OPT_JSON, NULL, 0, N_("print one JSON document")},
    {0},
};

const struct command cmd_history = {
    .name = "history",
    .args = "",
    .summary = N_("search the executions of all batches, newest first"),
    .description = N_("Filters are joined: an execution is shown where all of them fit.\n"
                      "  muster history --status ERROR --since 7d\n"
                      "  muster history --script b_can --grep 'bus off'"),
    .options = options,
    .flags = CMD_DB,
    .run = run,
};
