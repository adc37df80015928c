/* A batch: what became of it, then its executions: what failed first, with the reason. */
#include <math.h>
#include <stdio.h>

#include "base/i18n.h"
#include "base/units.h"
#include "cli/arguments.h"
#include "cli/print_json.h"
#include "cli/safe_text.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/words.h"
#include "service/model_json.h"
#include "store/execution_repo.h"

static const struct column columns[] = {
    {N_("ended"), COLUMN_RIGHT},     {N_("took"), COLUMN_RIGHT}, {N_("record"), 0},
    {N_("script"), COLUMN_CUT_HEAD}, {N_("why"), COLUMN_CUT},
};

static void print_header(struct cli *cli, const struct batch *batch)
{
    const struct term *out = &cli->out;
    char buf[TIME_TEXT_SIZE];
    MU_AUTO_STR struct mu_str name = {0};
    MU_AUTO_STR struct mu_str counts = {0};
    if (batch->batch_name) {
        mu_str_puts(&name, " · ");
        safe_text(&name, batch->batch_name, strlen(batch->batch_name), 0);
    }
    printf("%s", term_on(out, STYLE_BOLD));
    printf(_("Batch %lld"), (long long)batch->id);
    printf("%s%s", mu_str_text(&name), term_off(out));
    if (!isnan(batch->duration))
        printf(" · %s", seconds_text(batch->duration, buf, sizeof buf));
    printf(" · %s%s%s · ", term_on(out, batch_style(batch->status)), batch_word(batch->status),
           batch_style(batch->status) ? term_off(out) : "");
    printf(P_("%lld script", "%lld scripts", batch->counts.total), (long long)batch->counts.total);
    batch_counts_text(batch, &counts);
    printf("\n%s\n", mu_str_text(&counts));

    printf("%s", term_on(out, STYLE_DIM));
    printf(_("started %s"), moment_text(cli, batch->start_ms, buf));
    if (batch->user_id)
        printf(_(" by %s"), batch->user_id);
    if (batch->max_parallel != MODEL_NULL_INT && batch->max_parallel > 1)
        printf(_(" · %lld at once"), (long long)batch->max_parallel);
    if (!isnan(batch->peak_memory_usage))
        printf(_(" · peak %s"),
               mu_size_format(llround(batch->peak_memory_usage * 1048576), buf, sizeof buf));
    printf("%s\n\n", term_off(out));
}

static bool has_failed(const struct execution *execution)
{
    return execution->status == EXEC_FAILED || execution->status == EXEC_ERROR ||
           execution->status == EXEC_TIMEOUT;
}

static void print_rows(struct cli *cli, struct table *table, const struct batch *batch,
                       const struct execution *items, size_t count, bool failed)
{
    for (size_t i = 0; i < count; i++) {
        const struct execution *e = &items[i];
        char buf[32];
        MU_AUTO_STR struct mu_str why = {0};
        if (has_failed(e) != failed)
            continue;
        if (e->location && failed)
            mu_str_printf(&why, "%s  ", e->location);
        execution_why(e, &why);
        table_cell(table, execution_style(e), execution_word(e));
        table_cell(table, STYLE_NONE, seconds_text(e->duration, buf, sizeof buf));
        table_cellf(table, STYLE_DIM, "%lld/%lld", (long long)batch->id,
                    (long long)e->execution_order);
        table_cell(table, STYLE_NONE, e->script_path);
        table_cell(table, failed ? STYLE_NONE : STYLE_DIM, mu_str_text(&why));
    }
}

static json_t *to_json(const struct batch *batch, const struct execution *items, size_t count)
{
    json_t *object = batch_to_json(batch), *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, execution_to_json(&items[i], false));
    json_object_set_new(object, "executions", list);
    return object;
}

int show_batch(struct cli *cli, const struct batch *batch, bool json)
{
    struct mu_err err = MU_ERR_INIT;
    struct execution *items;
    size_t count;
    if (execution_repo_find_by_batch(cli->db, &cli->arena, batch->batch_id, false, &items, &count,
                                     &err) != 0)
        return cli_fail(cli, &err);
    if (json)
        return print_json(cli, to_json(batch, items, count));
    print_header(cli, batch);
    MU_AUTO_TABLE struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns, &cli->arena);
    print_rows(cli, &table, batch, items, count, true);
    print_rows(cli, &table, batch, items, count, false);
    if (table_print(&table, &cli->out, &err) != 0)
        return cli_fail(cli, &err);
    return 0;
}
