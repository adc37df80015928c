/* A script: how often it passes, how long it takes, and its last executions. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "cli/arguments.h"
#include "cli/chart.h"
#include "cli/print_json.h"
#include "cli/safe_text.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/words.h"
#include "service/model_json.h"
#include "service/reference.h"
#include "store/execution_repo.h"

enum { LOOKED_AT = 1000, LISTED = 20, CHART_COLUMNS = 60, SEARCHED = 2000, SHOWN = 8 };

static const struct column columns[] = {
    {N_("record"), 0},          {N_("when"), 0},         {N_("ended"), 0},
    {N_("took"), COLUMN_RIGHT}, {N_("why"), COLUMN_CUT},
};

struct figures {
    size_t runs, pass, fail;
    double mean_duration;        /* of those that ended by themselves; NAN without one */
    double durations[LOOKED_AT]; /* oldest first */
};

static void figures_of(const struct execution *items, size_t count, struct figures *ret)
{
    double sum = 0;
    size_t timed = 0;
    *ret = (struct figures){.runs = count};
    for (size_t i = 0; i < count; i++) {
        const struct execution *e = &items[i];
        ret->pass += e->result == RESULT_PASS;
        ret->fail += e->result == RESULT_FAIL;
        ret->durations[count - 1 - i] = e->duration;
        if (!isnan(e->duration) && e->status != EXEC_TIMEOUT && e->status != EXEC_CANCELLED) {
            sum += e->duration;
            timed++;
        }
    }
    ret->mean_duration = timed > 0 ? sum / (double)timed : NAN;
}

/* PASS ÷ (PASS + FAIL); NAN where neither ever came. */
static double pass_rate(const struct figures *figures)
{
    size_t decided = figures->pass + figures->fail;
    return decided > 0 ? (double)figures->pass / (double)decided : NAN;
}

/* The script_path that was meant: the file that was typed, as a run would name it; else the path as
 * it stands in the history; else the one path in the history that ends so. */
static int find_path(struct cli *cli, const char *typed, const char **ret_path, struct mu_err *err)
{
    MU_AUTO_FREE char *absolute = mu_path_absolute(NULL, typed);
    if (!absolute)
        return mu_err_nomem(err);
    const char *beneath = mu_path_beneath(absolute, cli->project.folder);
    const char *const exact[] = {beneath ? beneath : absolute, typed};
    struct execution *items;
    size_t count;
    for (size_t i = 0; i < 2; i++) {
        struct execution_filter filter = {.script_path = exact[i],
                                          .since_ms = MODEL_NULL_INT,
                                          .until_ms = MODEL_NULL_INT,
                                          .limit = 1};
        int64_t next;
        if (execution_repo_list(cli->db, &cli->arena, &filter, &items, &count, &next, err) != 0)
            return -1;
        if (count > 0) {
            *ret_path = items[0].script_path;
            return 0;
        }
    }

    struct execution_filter filter = {.script_like = typed,
                                      .since_ms = MODEL_NULL_INT,
                                      .until_ms = MODEL_NULL_INT,
                                      .limit = SEARCHED};
    int64_t next;
    const char *paths[SHOWN];
    size_t fits = 0;
    if (execution_repo_list(cli->db, &cli->arena, &filter, &items, &count, &next, err) != 0)
        return -1;
    for (size_t i = 0; i < count && fits < SHOWN; i++) {
        size_t known = 0;
        if (!path_ends_with(items[i].script_path, typed))
            continue;
        while (known < fits && strcmp(paths[known], items[i].script_path) != 0)
            known++;
        if (known == fits)
            paths[fits++] = items[i].script_path;
    }
    if (fits == 0)
        return mu_err_set(err, MU_E_NOT_FOUND,
                          _("'%s' is no batch, no execution, and no script that ran: muster "
                            "batches, muster history"),
                          typed);
    *ret_path = paths[0];
    if (fits == 1)
        return 0;
    MU_AUTO_STR struct mu_str list = {0};
    for (size_t i = 0; i < fits; i++)
        mu_str_printf(&list, "\n  %s", paths[i]);
    return mu_err_set(err, MU_E_AMBIGUOUS, _("'%s' fits several: type more of one of these%s"),
                      typed, mu_str_text(&list));
}

static void print_figures(const char *path, const struct figures *figures)
{
    char buf[32];
    MU_AUTO_STR struct mu_str safe = {0};
    MU_AUTO_STR struct mu_str line = {0};
    safe_text(&safe, path, strlen(path), 0);
    printf("%s\n", mu_str_text(&safe));
    printf(P_("%zu execution", "%zu executions", figures->runs), figures->runs);
    if (!isnan(pass_rate(figures)))
        printf(_(" · pass rate %.0f%% (%zu of %zu)"), pass_rate(figures) * 100, figures->pass,
               figures->pass + figures->fail);
    if (!isnan(figures->mean_duration))
        printf(_(" · mean %s"), seconds_text(figures->mean_duration, buf, sizeof buf));
    putchar('\n');
    size_t shown = figures->runs < CHART_COLUMNS ? figures->runs : CHART_COLUMNS;
    chart_line(&line, figures->durations + figures->runs - shown, shown, CHART_COLUMNS);
    if (shown > 1)
        printf(_("durations, the last on the right: %s\n"), mu_str_text(&line));
    putchar('\n');
}

static int print_last(struct cli *cli, const struct execution *items, size_t count,
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
        table_cell(&table, STYLE_DIM, mu_str_text(&why));
    }
    return table_print(&table, &cli->out, err);
}

static json_t *to_json(const char *path, const struct figures *figures,
                       const struct execution *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, execution_to_json(&items[i], false));
    double rate = pass_rate(figures);
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "script_path", json_text(path),
                     "executions", (json_int_t)figures->runs, "pass_count",
                     (json_int_t)figures->pass, "fail_count", (json_int_t)figures->fail,
                     "pass_rate", isnan(rate) ? json_null() : json_real(rate), "mean_duration",
                     isnan(figures->mean_duration) ? json_null()
                                                   : json_real(figures->mean_duration),
                     "items", list);
}

int show_script(struct cli *cli, const char *typed, bool json)
{
    struct mu_err err = MU_ERR_INIT;
    struct execution_filter filter = {
        .since_ms = MODEL_NULL_INT, .until_ms = MODEL_NULL_INT, .limit = LISTED};
    struct execution *recent, *last;
    size_t recent_count, last_count;
    int64_t next;
    if (find_path(cli, typed, &filter.script_path, &err) != 0 ||
        execution_repo_recent(cli->db, &cli->arena, filter.script_path, 0, LOOKED_AT, &recent,
                              &recent_count, &err) != 0 ||
        execution_repo_list(cli->db, &cli->arena, &filter, &last, &last_count, &next, &err) != 0)
        return cli_fail(cli, &err);
    struct figures *figures = mu_arena_alloc(&cli->arena, sizeof *figures);
    if (!figures) {
        mu_err_nomem(&err);
        return cli_fail(cli, &err);
    }
    figures_of(recent, recent_count, figures);
    if (json)
        return print_json(cli, to_json(filter.script_path, figures, last, last_count));
    print_figures(filter.script_path, figures);
    if (print_last(cli, last, last_count, &err) != 0)
        return cli_fail(cli, &err);
    return 0;
}
