/* An execution: how it ended and why, what it printed with the deciding line marked, what it left
 * behind, what it used. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/units.h"
#include "cli/arguments.h"
#include "cli/chart.h"
#include "cli/print_json.h"
#include "cli/safe_text.h"
#include "cli/show.h"
#include "cli/words.h"
#include "service/model_json.h"
#include "store/execution_repo.h"

/* On a terminal a long output is shown in part: its beginning, the lines around the deciding one,
 * and its end. To a pipe it is whole. */
enum { LONG_OUTPUT = 200, KEPT_HEAD = 20, KEPT_AROUND = 10, KEPT_TAIL = 100 };
enum { CHART_COLUMNS = 60 };

static void print_safe(const struct cli *cli, const char *text, size_t len)
{
    MU_AUTO_STR struct mu_str safe = {0};
    safe_text(&safe, text, len, SAFE_TABS | (cli->out.color ? SAFE_COLORS : SAFE_PLAIN));
    fputs(mu_str_text(&safe), stdout);
}

/* A text of several lines, each indented. */
static void print_block(const struct cli *cli, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        fputs("  ", stdout);
        print_safe(cli, text, len);
        putchar('\n');
        text += len + (text[len] == '\n');
    }
}

static void print_title(const struct cli *cli, const char *title)
{
    printf("\n%s%s%s\n", term_on(&cli->out, STYLE_DIM), title, term_off(&cli->out));
}

static void print_header(struct cli *cli, const struct execution *e, const char *reference)
{
    const char *result = exec_result_name(e->result);
    char buf[TIME_TEXT_SIZE];
    printf("%s%s ", term_on(&cli->out, STYLE_BOLD), reference);
    print_safe(cli, e->script_path, strlen(e->script_path));
    printf("%s   %s%s%s%s%s", term_off(&cli->out), term_on(&cli->out, execution_style(e)),
           exec_status_name(e->status), result ? " / " : "", result ? result : "",
           term_off(&cli->out));
    if (!isnan(e->duration))
        printf("   %s", seconds_text(e->duration, buf, sizeof buf));
    if (e->exit_code != MODEL_NULL_INT)
        printf(_("   exit %lld"), (long long)e->exit_code);
    if (!isnan(e->peak_memory))
        printf(_("   peak %s"), mu_size_format(llround(e->peak_memory * 1048576), buf, sizeof buf));
    if (e->attempt > 1)
        printf(_("   attempt %lld"), (long long)e->attempt);
    if (e->superseded)
        printf("   %s", _("(a later attempt replaced it)"));
    putchar('\n');
}

static void print_reason(struct cli *cli, const struct execution *e)
{
    if (e->verdict_rule && !e->verdict_text)
        printf(_("decided by rule \"%s\"\n"), e->verdict_rule);
    if (e->verdict_text) {
        printf(_("decided by line %lld, rule \"%s\": "), (long long)e->verdict_line,
               e->verdict_rule ? e->verdict_rule : "-");
        print_safe(cli, e->verdict_text, strlen(e->verdict_text));
        putchar('\n');
    }
    if (e->error_message) {
        if (e->location) {
            print_safe(cli, e->location, strlen(e->location));
            fputs("  ", stdout);
        }
        fputs(term_on(&cli->out, execution_style(e)), stdout);
        print_safe(cli, e->error_message, strlen(e->error_message));
        printf("%s\n", term_off(&cli->out));
    }
    if (e->hint)
        printf(_("hint: %s\n"), _(e->hint));
}

/* ------------------------------------------------------------------ output */

static int64_t count_lines(const char *text, size_t len)
{
    int64_t lines = 0;
    for (const char *p = text, *end = text + len; p < end; lines++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline ? newline + 1 : end;
    }
    return lines;
}

static bool is_gap(const char *line, size_t len)
{
    return len > strlen(OUTPUT_GAP) && memcmp(line, OUTPUT_GAP, strlen(OUTPUT_GAP)) == 0;
}

static void print_line(const struct cli *cli, int64_t number, int64_t deciding, int digits,
                       const char *line, size_t len)
{
    bool decides = number == deciding;
    if (len > 0 && line[len - 1] == '\r')
        len--; /* a line that ends as on Windows */
    /* Of a progress bar a terminal shows what stands behind its last carriage return. */
    const char *last = cli->out.is_tty ? memrchr(line, '\r', len) : NULL;
    if (last) {
        len -= (size_t)(last + 1 - line);
        line = last + 1;
    }
    printf("%s%c %*lld%s  ", term_on(&cli->out, decides ? STYLE_BOLD : STYLE_DIM),
           decides ? '>' : ' ', digits, (long long)number, term_off(&cli->out));
    print_safe(cli, line, len);
    putchar('\n');
}

static void print_output(const struct cli *cli, const struct execution *e, const char *reference)
{
    int64_t here = count_lines(e->output, e->output_len);
    int64_t total = e->output_lines != MODEL_NULL_INT ? e->output_lines : here;
    int64_t deciding = e->verdict_line == MODEL_NULL_INT ? -1 : e->verdict_line, number = 1;
    bool shortened = here != total, skipping = false;
    int digits = snprintf(NULL, 0, "%lld", (long long)total);
    const char *end = e->output + e->output_len;
    for (const char *p = e->output; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline ? newline : end) - p);
        if (shortened && is_gap(p, len)) {
            /* What follows is numbered from its end: the end of the whole output. */
            const char *next = newline ? newline + 1 : end;
            number = total - count_lines(next, (size_t)(end - next)) + 1;
            printf("%s%*s", term_on(&cli->out, STYLE_DIM), digits + 4, "");
            print_safe(cli, p, len);
            printf("%s\n", term_off(&cli->out));
            skipping = false;
        } else if (cli->out.is_tty && here > LONG_OUTPUT && number > KEPT_HEAD &&
                   number <= total - KEPT_TAIL && llabs(number - deciding) > KEPT_AROUND) {
            if (!skipping) {
                printf("%s%*s", term_on(&cli->out, STYLE_DIM), digits + 4, "");
                printf(_("… the whole output: muster logs %s"), reference);
                printf("%s\n", term_off(&cli->out));
            }
            skipping = true;
            number++;
        } else {
            print_line(cli, number++, deciding, digits, p, len);
            skipping = false;
        }
        p = newline ? newline + 1 : end;
    }
}

/* ------------------------------------------------------------------ what it used */

static double cpu_of(const struct metric_sample *sample)
{
    return sample->cpu_percent;
}

static double memory_of(const struct metric_sample *sample)
{
    return sample->memory_mb;
}

/* The name, the line of blocks, the least and the most. */
static int print_chart(struct cli *cli, const char *name, const struct metric_sample *samples,
                       size_t count, double (*value_of)(const struct metric_sample *),
                       const char *unit, struct mu_err *err)
{
    double *values = mu_arena_alloc(&cli->arena, count * sizeof *values);
    if (!values)
        return mu_err_nomem(err);
    double least = NAN, most = NAN;
    for (size_t i = 0; i < count; i++) {
        values[i] = value_of(&samples[i]);
        least = fmin(least, values[i]);
        most = fmax(most, values[i]);
    }
    if (isnan(most))
        return 0;
    MU_AUTO_STR struct mu_str line = {0};
    chart_line(&line, values, count, CHART_COLUMNS);
    printf("  %s  %s  %.0f – %.0f %s\n", name, mu_str_text(&line), least, most, unit);
    return 0;
}

static int print_metrics(struct cli *cli, const struct metric_sample *samples, size_t count,
                         struct mu_err *err)
{
    if (count < 2)
        return 0;
    char buf[32];
    MU_AUTO_STR struct mu_str title = {0};
    mu_str_printf(&title, P_("%zu sample over %s", "%zu samples over %s", count), count,
                  mu_duration_format(samples[count - 1].at_ms - samples[0].at_ms, buf, sizeof buf));
    print_title(cli, mu_str_text(&title));
    if (print_chart(cli, _("cpu   "), samples, count, cpu_of, "%", err) != 0 ||
        print_chart(cli, _("memory"), samples, count, memory_of, "MB", err) != 0)
        return -1;
    const struct metric_sample *last = &samples[count - 1];
    int64_t threads = 0, processes = 0;
    for (size_t i = 0; i < count; i++) {
        threads = samples[i].active_threads > threads ? samples[i].active_threads : threads;
        processes =
            samples[i].active_processes > processes ? samples[i].active_processes : processes;
    }
    printf(_("  disk read %.1f MB, written %.1f MB · processes %lld, threads %lld at most\n"),
           last->disk_read_mb, last->disk_write_mb, (long long)processes, (long long)threads);
    return 0;
}

static void print_details(struct cli *cli, const struct execution *e)
{
    char buf[TIME_TEXT_SIZE];
    printf("\n%s", term_on(&cli->out, STYLE_DIM));
    printf(_("started %s"), moment_text(cli, e->start_ms, buf));
    if (!isnan(e->cpu_seconds))
        printf(_(" · cpu %.2fs"), e->cpu_seconds);
    if (e->interpreter) {
        printf(" · python %s ", e->interpreter_version ? e->interpreter_version : "");
        print_safe(cli, e->interpreter, strlen(e->interpreter));
    }
    printf("\n%s%s\n", e->record_id, term_off(&cli->out));
}

/* ------------------------------------------------------------------ */

static json_t *to_json(const struct execution *e, const struct metric_sample *samples,
                       size_t sample_count, const struct attachment *attachments,
                       size_t attachment_count)
{
    json_t *object = execution_to_json(e, true), *metrics = json_array(), *files = json_array();
    for (size_t i = 0; i < sample_count; i++)
        json_array_append_new(metrics, metric_to_json(&samples[i]));
    for (size_t i = 0; i < attachment_count; i++)
        json_array_append_new(files, attachment_to_json(&attachments[i]));
    json_object_set_new(object, "metrics", metrics);
    json_object_set_new(object, "attachments", files);
    return object;
}

/* Where the trace is part of what was printed, it is not shown again. */
static bool is_in_output(const struct execution *e)
{
    size_t len = strlen(e->stack_trace);
    while (len > 0 && e->stack_trace[len - 1] == '\n')
        len--;
    return e->output && memmem(e->output, e->output_len, e->stack_trace, len) != NULL;
}

static int print_all(struct cli *cli, const struct execution *e,
                     const struct metric_sample *samples, size_t sample_count,
                     const struct attachment *attachments, size_t attachment_count,
                     struct mu_err *err)
{
    const char *reference;
    char buf[32];
    if (execution_reference(cli, e, &reference, err) != 0)
        return -1;
    print_header(cli, e, reference);
    print_reason(cli, e);
    if (e->output && e->output_len > 0)
        print_output(cli, e, reference);
    else if (exec_status_is_final(e->status) && !isnan(e->duration))
        printf("%s\n", _("(it printed nothing)"));
    if (e->stack_trace && !is_in_output(e)) {
        print_title(cli, _("stack trace"));
        print_block(cli, e->stack_trace);
    }
    if (e->leaky && e->leftover) {
        print_title(cli, _("left running, and killed"));
        print_block(cli, e->leftover);
    }
    if (attachment_count > 0)
        print_title(cli, _("attachments"));
    for (size_t i = 0; i < attachment_count; i++) {
        printf("  %8s  ", mu_size_format(attachments[i].size_bytes, buf, sizeof buf));
        MU_AUTO_STR struct mu_str path = {0};
        mu_str_printf(&path, "%s/%s", cli->project.home, attachments[i].path);
        print_safe(cli, mu_str_text(&path), path.len);
        putchar('\n');
    }
    if (print_metrics(cli, samples, sample_count, err) != 0)
        return -1;
    print_details(cli, e);
    return 0;
}

int show_execution(struct cli *cli, const struct execution *e, bool json)
{
    struct mu_err err = MU_ERR_INIT;
    struct metric_sample *samples;
    struct attachment *attachments;
    size_t sample_count, attachment_count;
    if (metrics_repo_find_by_record(cli->db, &cli->arena, e->record_id, &samples, &sample_count,
                                    &err) != 0 ||
        attachment_repo_find_by_record(cli->db, &cli->arena, e->record_id, &attachments,
                                       &attachment_count, &err) != 0)
        return cli_fail(cli, &err);
    if (json)
        return print_json(cli, to_json(e, samples, sample_count, attachments, attachment_count));
    if (print_all(cli, e, samples, sample_count, attachments, attachment_count, &err) != 0)
        return cli_fail(cli, &err);
    return 0;
}
