/* The last word on a batch: what failed, why, since when, and what to type next. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/run_view.h"
#include "cli/safe_text.h"
#include "cli/words.h"
#include "service/trend.h"

enum {
    NOTABLE_SHOWN = 20,
    RULE_COLUMNS = 64,
    AROUND_COLUMNS = 18, /* a failure's line without name, reason and trend */
    REASON_COLUMNS_MIN = 16,
    LEFT_COLUMNS = 48,
};

/* It defines tests, started none, and passed without a word: nothing was tested. */
static bool tested_nothing(const struct run_item *item)
{
    return item->script->defines_tests > 0 && item->script->settings->runner == RUNNER_AUTO &&
           item->status == EXEC_SUCCESS && item->result != RESULT_PASS;
}

size_t run_summary_unstarted(const struct run_view *view)
{
    size_t count, found = 0;
    const struct run_item *items = run_items(view->run, &count);
    for (size_t i = 0; i < count; i++)
        found += tested_nothing(&items[i]);
    return found;
}

static void describe_trend(struct run_view *view, const struct run_notable *notable,
                           struct mu_str *ret)
{
    struct trend trend;
    if (trend_find(run_db(view->run), notable->item->script->script_path, notable->item->record_id,
                   &trend, NULL) != 0)
        return;
    char when[TIME_TEXT_SIZE];
    switch (trend.kind) {
    case TREND_FIRST: mu_str_puts(ret, _("first run")); break;
    case TREND_NEW: mu_str_puts(ret, _("new")); break;
    case TREND_SOMETIMES:
        mu_str_printf(ret, _("failed %u of the last %u"), trend.failed, trend.of);
        break;
    case TREND_SINCE:
        mu_str_printf(ret,
                      trend.more ? _("failing since %s or longer (%u runs)")
                                 : _("failing since %s (%u runs)"),
                      day_text(trend.since_ms, mu_wall_ms(), when), trend.in_row);
        break;
    }
}

static bool is_failure(const struct run_notable *notable)
{
    enum exec_status status = notable->execution.status;
    return status == EXEC_FAILED || status == EXEC_ERROR || status == EXEC_TIMEOUT;
}

static void print_failure(struct run_view *view, const struct run_notable *notable,
                          size_t name_columns)
{
    const struct term *term = &view->cli->out;
    const struct execution *execution = &notable->execution;
    MU_AUTO_FREE char *name = run_line_name(&view->names, execution);
    MU_AUTO_STR struct mu_str safe_name = {0}, reason = {0}, safe = {0}, cut = {0}, trend = {0};
    safe_text(&safe_name, name ? name : "", name ? strlen(name) : 0, 0);
    execution_why(execution, &reason);
    safe_text(&safe, mu_str_text(&reason), reason.len, SAFE_PLAIN);
    describe_trend(view, notable, &trend);
    size_t rest = AROUND_COLUMNS + name_columns + mu_text_width(mu_str_text(&trend), trend.len);
    size_t width = term->is_tty ? term_width(term) : SIZE_MAX;
    run_line_cut(&cut, mu_str_text(&safe),
                 width > rest + REASON_COLUMNS_MIN ? width - rest : REASON_COLUMNS_MIN);

    const char *word = execution_word(execution);
    printf("  %s%s%s%*s %s%*s  %s%s%s%s\n", term_on(term, execution_style(execution)), word,
           term_off(term),
           (int)(7 > mu_text_width(word, strlen(word)) ? 7 - mu_text_width(word, strlen(word)) : 0),
           "", mu_str_text(&safe_name),
           (int)(name_columns - mu_text_width(mu_str_text(&safe_name), safe_name.len)), "",
           mu_str_text(&cut), term_on(term, STYLE_DIM), cut.len > 0 ? "  · " : "",
           mu_str_text(&trend));
    fputs(term_off(term), stdout);
    if (execution->hint)
        printf("          → %s\n", _(execution->hint));
}

static void print_failures(struct run_view *view)
{
    size_t columns = 0, failures = 0, shown = 0;
    size_t limit = view->cli->out.is_tty ? NOTABLE_SHOWN : SIZE_MAX;
    for (size_t i = 0; i < view->notable_count; i++) {
        if (!is_failure(&view->notable[i]) || failures++ >= limit)
            continue;
        MU_AUTO_FREE char *name = run_line_name(&view->names, &view->notable[i].execution);
        MU_AUTO_STR struct mu_str safe = {0};
        safe_text(&safe, name ? name : "", name ? strlen(name) : 0, 0);
        size_t width = mu_text_width(mu_str_text(&safe), safe.len);
        if (width > columns)
            columns = width;
    }
    for (size_t i = 0; i < view->notable_count && shown < limit; i++) {
        if (!is_failure(&view->notable[i]))
            continue;
        print_failure(view, &view->notable[i], columns);
        shown++;
    }
    if (failures > shown)
        printf(_("  … and %zu more: muster show %" PRId64 "\n"), failures - shown,
               run_batch(view->run)->id);
}

static void print_leaks(struct run_view *view)
{
    for (size_t i = 0; i < view->notable_count; i++) {
        const struct execution *execution = &view->notable[i].execution;
        if (!execution->leaky)
            continue;
        MU_AUTO_STR struct mu_str safe = {0}, cut = {0};
        const char *left = execution->leftover ? execution->leftover : "";
        safe_text(&safe, left, strcspn(left, "\n"), 0);
        run_line_cut(&cut, mu_str_text(&safe), view->cli->out.is_tty ? LEFT_COLUMNS : SIZE_MAX);
        printf(_("  %s left behind (killed): %s\n"), execution->script_path + view->names.skip,
               mu_str_text(&cut));
    }
}

static void print_unstarted(struct run_view *view)
{
    size_t count, shown = 0, found = run_summary_unstarted(view);
    const struct run_item *items = run_items(view->run, &count);
    size_t limit = view->cli->out.is_tty ? 5 : SIZE_MAX;
    for (size_t i = 0; i < count && shown < limit; i++) {
        const struct script *script = items[i].script;
        if (!tested_nothing(&items[i]))
            continue;
        printf(P_("  %s defines %d test, starts none: `runner: pytest`?\n",
                  "  %s defines %d tests, starts none: `runner: pytest`?\n", script->defines_tests),
               script->script_path + view->names.skip, script->defines_tests);
        shown++;
    }
    if (found > shown)
        printf(_("  … and %zu more files that define tests and start none\n"), found - shown);
}

static void print_counts(const struct run_view *view)
{
    const struct term *term = &view->cli->out;
    const struct batch_counts *counts = &view->counts;
    const int64_t *n = counts->by_status;
    int64_t success = n[EXEC_SUCCESS];
    printf("%s%" PRId64 " %s%s", term_on(term, success > 0 ? STYLE_PASS : STYLE_NONE), success,
           _("success"), term_off(term));
    if (success > 0) {
        const char *sep = " (";
        if (view->passed > 0) {
            printf(_("%s%" PRId64 " pass"), sep, view->passed);
            sep = ", ";
        }
        if (success > view->passed)
            printf(_("%s%" PRId64 " no verdict"), sep, success - view->passed);
        putchar(')');
    }
    static const struct {
        enum exec_status status;
        enum style style;
        const char *name;
    } rest[] = {
        {EXEC_FAILED, STYLE_FAIL, N_("failed")},
        {EXEC_ERROR, STYLE_ERROR, N_("error")},
        {EXEC_TIMEOUT, STYLE_TIMEOUT, N_("timeout")},
        {EXEC_CANCELLED, STYLE_CANCEL, N_("cancelled")},
    };
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        if (n[rest[i].status] > 0)
            printf(" · %s%" PRId64 " %s%s", term_on(term, rest[i].style), n[rest[i].status],
                   _(rest[i].name), term_off(term));
    putchar('\n');
}

static const char *end_words(enum run_end end)
{
    switch (end) {
    case RUN_WHOLE: return NULL;
    case RUN_INTERRUPTED: return _("interrupted");
    case RUN_FAIL_FAST: return _("cancelled by --fail-fast");
    case RUN_IDENTICAL: return _("cancelled: the same error again and again");
    case RUN_UNTIL: return _("cancelled: --until was reached");
    case RUN_BATCH_TIMEOUT: return _("cancelled: over batch_timeout");
    case RUN_DATABASE: return _("the database failed");
    }
    return NULL;
}

/* What helps with a single script: how it was stopped, and what would let it finish. */
static void print_single(const struct run_view *view)
{
    if (view->notable_count == 0)
        return;
    const struct execution *execution = &view->notable[0].execution;
    const struct settings *settings = view->notable[0].item->script->settings;
    if (execution->stop_signals)
        printf(_("  stopped by %s; %s\n"), execution->stop_signals,
               execution->leaky ? _("what it left running was killed") : _("nothing left running"));
    if (execution->status == EXEC_TIMEOUT && execution->stop_reason) {
        bool idle = strcmp(execution->stop_reason, "idle") == 0;
        char doubled[64];
        mu_duration_exact(2 * (idle ? settings->idle_timeout_ms : settings->timeout_ms), doubled,
                          sizeof doubled);
        printf(_("  raise it: %s %s, or \"# MUSTER: %s=%s\" in the script\n"),
               idle ? "--idle-timeout" : "--timeout", doubled, idle ? "idle_timeout" : "timeout",
               doubled);
    }
    if (execution->hint)
        printf("  → %s\n", _(execution->hint));
    print_leaks((struct run_view *)view);
}

/* What `42/…` may be followed by for an item: its file name where that can be typed and means this
 * one alone, else its number. */
static void reference_name(const struct run_view *view, const struct run_item *item,
                           struct mu_str *ret)
{
    const char *name = item->script->script_name;
    size_t count, same = 0;
    const struct run_item *items = run_items(view->run, &count);
    for (size_t i = 0; i < count; i++)
        same += strcmp(items[i].script->script_name, name) == 0;
    bool plain = same == 1;
    for (const char *p = name; *p; p++)
        plain =
            plain && ((unsigned char)*p >= 0x80 || strchr("._-", *p) || isalnum((unsigned char)*p));
    if (plain)
        mu_str_puts(ret, name);
    else
        mu_str_printf(ret, "%" PRId64, item->order);
}

/* Append `part` to the line, or to the next one where the terminal ends: a command that is broken
 * in two cannot be copied. */
static void print_part(const struct term *term, size_t *column, const char *part)
{
    size_t width = mu_text_width(part, strlen(part)), gap = *column > 0 ? 3 : 0;
    if (term->is_tty && *column > 0 && *column + gap + width > term_width(term)) {
        putchar('\n');
        *column = gap = 0;
    }
    printf("%*s%s", (int)gap, "", part);
    *column += gap + width;
}

static void print_next(const struct run_view *view, enum run_end end)
{
    const struct term *term = &view->cli->out;
    const struct batch_counts *counts = &view->counts;
    int64_t id = run_batch(view->run)->id;
    int64_t failed = counts->by_status[EXEC_FAILED] + counts->by_status[EXEC_ERROR] +
                     counts->by_status[EXEC_TIMEOUT];
    fputs(term_on(term, STYLE_DIM), stdout);
    const struct run_notable *first = NULL;
    for (size_t i = 0; i < view->notable_count && !first; i++)
        if (is_failure(&view->notable[i]))
            first = &view->notable[i];
    MU_AUTO_STR struct mu_str look = {0}, finish = {0};
    size_t column = 0;
    if (first && !view->single) {
        MU_AUTO_STR struct mu_str name = {0};
        reference_name(view, first->item, &name);
        mu_str_printf(&look, _("look: muster show %" PRId64 "/%s"), id, mu_str_text(&name));
    } else {
        mu_str_printf(&look, _("look: muster show %" PRId64), id);
    }
    print_part(term, &column, mu_str_text(&look));
    if (failed > 0 && !view->single)
        print_part(term, &column, _("again: muster run --failed"));
    if (end != RUN_WHOLE && counts->by_status[EXEC_CANCELLED] > 0) {
        mu_str_printf(&finish, _("finish: muster resume %" PRId64), id);
        print_part(term, &column, mu_str_text(&finish));
    }
    printf("%s\n", term_off(term));
}

void run_summary_print(struct run_view *view, enum run_end end)
{
    const struct term *term = &view->cli->out;
    const struct batch *batch = run_batch(view->run);
    if (view->single && end == RUN_WHOLE) {
        print_single(view);
        print_unstarted(view);
        print_next(view, end);
        return;
    }
    size_t width = term->is_tty ? term_width(term) : RULE_COLUMNS;
    fputs(term_on(term, STYLE_DIM), stdout);
    for (size_t i = 0; i < (width < RULE_COLUMNS ? width : RULE_COLUMNS); i++)
        fputs("─", stdout);
    printf("%s\n", term_off(term));

    char duration[32];
    const char *ended = end_words(end);
    mu_duration_format((int64_t)(batch->duration * 1000), duration, sizeof duration);
    printf("%s", term_on(term, STYLE_BOLD));
    printf(_("Batch %" PRId64), batch->id);
    printf("%s · %s%s%s · ", term_off(term), duration, ended ? " · " : "", ended ? ended : "");
    printf(P_("%" PRId64 " script", "%" PRId64 " scripts", view->counts.total), view->counts.total);
    putchar('\n');
    print_counts(view);
    print_failures(view);
    print_leaks(view);
    print_unstarted(view);
    print_next(view, end);
}
