/* muster batches: what was run, newest first. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/print_json.h"
#include "cli/table.h"
#include "cli/words.h"
#include "service/model_json.h"
#include "store/batch_repo.h"

enum { OPT_JSON = 256, OPT_LIMIT };

static const struct column columns[] = {
    {N_("batch"), COLUMN_RIGHT},   {N_("started"), 0},
    {N_("took"), COLUMN_RIGHT},    {N_("status"), 0},
    {N_("scripts"), COLUMN_RIGHT}, {N_("ended so"), COLUMN_CUT},
    {N_("name"), COLUMN_CUT},
};

static void print_row(struct cli *cli, struct table *table, const struct batch *batch)
{
    char buf[TIME_TEXT_SIZE];
    MU_AUTO_STR struct mu_str counts = {0};
    const int64_t *by_status = batch->counts.by_status;
    bool bad = by_status[EXEC_FAILED] + by_status[EXEC_ERROR] + by_status[EXEC_TIMEOUT] > 0;
    bool good = by_status[EXEC_SUCCESS] == batch->counts.total;
    batch_counts_text(batch, &counts);
    table_cellf(table, STYLE_BOLD, "%lld", (long long)batch->id);
    table_cell(table, STYLE_NONE, moment_text(cli, batch->start_ms, buf));
    table_cell(table, STYLE_NONE, seconds_text(batch->duration, buf, sizeof buf));
    table_cell(table, batch_style(batch->status), batch_word(batch->status));
    table_cellf(table, STYLE_NONE, "%lld", (long long)batch->counts.total);
    table_cell(table, bad ? STYLE_FAIL : good ? STYLE_PASS : STYLE_NONE, mu_str_text(&counts));
    table_cell(table, STYLE_NONE, batch->batch_name ? batch->batch_name : "");
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct batch *items;
    size_t count, limit;
    int64_t next;
    if (limit_option(cli, OPT_LIMIT, 20, &limit, &err) != 0 ||
        batch_repo_list(cli->db, &cli->arena, 0, limit, &items, &count, &next, &err) != 0)
        return cli_fail(cli, &err);
    if (cli_option(cli, OPT_JSON)) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, batch_to_json(&items[i]));
        return print_json_items(cli, list);
    }
    if (count == 0)
        fprintf(stderr, "%s\n", _("no batch yet: muster run FOLDER"));
    MU_AUTO_TABLE struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns, &cli->arena);
    for (size_t i = 0; i < count; i++)
        print_row(cli, &table, &items[i]);
    if (table_print(&table, &cli->out, &err) != 0)
        return cli_fail(cli, &err);
    if (next != 0)
        say_more(cli, limit);
    return 0;
}

static const struct option_def options[] = {
    {"limit", OPT_LIMIT, "N", 0, N_("show so many (20)")},
    {"json", OPT_JSON, NULL, 0, N_("print one JSON document")},
    {0},
};

const struct command cmd_batches = {
    .name = "batches",
    .args = "",
    .summary = N_("list the batches, newest first"),
    .description = N_("Each batch has a number: muster show 42 shows it with its executions."),
    .options = options,
    .flags = CMD_DB,
    .run = run,
};
