#include "cli/live_block.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/safe_text.h"

enum { BAR_COLUMNS_MAX = 30, ROWS_MAX = 10, ROWS_DEFAULT = 24 };

void live_block_init(struct live_block *block, const struct term *term, struct run *run,
                     const struct run_names *names, bool enabled)
{
    *block = (struct live_block){
        .term = term, .run = run, .names = names, .enabled = enabled && term->is_tty};
}

static size_t term_rows(const struct term *term)
{
    struct winsize size;
    return ioctl(fileno(term->file), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row
                                                                                : ROWS_DEFAULT;
}

static void erase_into(struct live_block *block, struct mu_str *out)
{
    if (block->lines == 0)
        return;
    mu_str_puts(out, "\r");
    if (block->lines > 1)
        mu_str_printf(out, "\x1b[%uA", block->lines - 1);
    mu_str_puts(out, "\x1b[J");
    block->lines = 0;
}

void live_block_erase(struct live_block *block)
{
    if (!block->enabled || block->lines == 0)
        return;
    MU_AUTO_STR struct mu_str out = {0};
    erase_into(block, &out);
    fflush(block->term->file);
    (void)!mu_write_all(fileno(block->term->file), mu_str_text(&out), out.len);
}

/* "12/104 ━━━━━━────────  9 pass · 1 ok · 2 fail    1m20s left" */
static void draw_progress(struct live_block *block, struct mu_str *out, size_t width)
{
    const struct batch_counts *counts = run_counts(block->run);
    const struct term *term = block->term;
    static const struct {
        enum exec_status status;
        enum style style;
        const char *name;
    } shown[] = {
        {EXEC_SUCCESS, STYLE_PASS, N_("success")},
        {EXEC_FAILED, STYLE_FAIL, N_("failed")},
        {EXEC_ERROR, STYLE_ERROR, N_("error")},
        {EXEC_TIMEOUT, STYLE_TIMEOUT, N_("timeout")},
        {EXEC_CANCELLED, STYLE_CANCEL, N_("cancelled")},
    };
    int64_t done = 0;
    for (int status = EXEC_SUCCESS; status < EXEC_STATUS_COUNT; status++)
        done += counts->by_status[status];

    char number[64];
    int number_len =
        snprintf(number, sizeof number, " %" PRId64 "/%" PRId64 " ", done, counts->total);
    size_t bar = width / 3 < BAR_COLUMNS_MAX ? width / 3 : BAR_COLUMNS_MAX;
    size_t full = counts->total > 0 ? (size_t)((int64_t)bar * done / counts->total) : 0;
    mu_str_puts(out, number);
    mu_str_puts(out,
                term_on(term, counts->by_status[EXEC_SUCCESS] == done ? STYLE_PASS : STYLE_FAIL));
    for (size_t i = 0; i < full; i++)
        mu_str_puts(out, "━");
    mu_str_printf(out, "%s%s", term_off(term), term_on(term, STYLE_DIM));
    for (size_t i = full; i < bar; i++)
        mu_str_puts(out, term->color ? "━" : "─");
    mu_str_puts(out, term_off(term));
    size_t used = (size_t)number_len + bar;

    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        int64_t n = counts->by_status[shown[i].status];
        if (n == 0)
            continue;
        char part[96];
        snprintf(part, sizeof part, "%" PRId64 " %s", n, _(shown[i].name));
        size_t columns = mu_text_width(part, strlen(part)) + 2;
        if (used + columns >= width)
            break;
        mu_str_printf(out, "  %s%s%s", term_on(term, shown[i].style), part, term_off(term));
        used += columns;
    }
    double left = run_remaining_s(block->run);
    if (!isnan(left) && left >= 1 && done < counts->total) {
        char time[32], part[96];
        int64_t whole_s = (int64_t)left;
        if (whole_s < 60)
            snprintf(time, sizeof time, "%ds", (int)whole_s);
        else
            mu_duration_format(whole_s * 1000, time, sizeof time);
        snprintf(part, sizeof part, _("%s left"), time);
        if (used + mu_text_width(part, strlen(part)) + 2 < width)
            mu_str_printf(out, "  %s%s%s", term_on(term, STYLE_DIM), part, term_off(term));
    }
}

struct rows {
    struct live_block *block;
    struct mu_str *out;
    size_t width, max, count;
};

static void draw_running(void *arg, const struct run_live *live)
{
    struct rows *rows = arg;
    if (rows->count++ >= rows->max)
        return;
    char time[32], memory[32] = "", word[48];
    mu_duration_format(live->elapsed_ms, time, sizeof time);
    if (!isnan(live->memory_mb))
        mu_size_format((int64_t)(live->memory_mb * 1048576), memory, sizeof memory);
    MU_AUTO_STR struct mu_str rest = {0};
    mu_str_printf(&rest, "%7s  %s", memory, live->last_line);
    snprintf(word, sizeof word, "%s", live->stopping ? _("stop") : "▶");
    mu_str_puts(rows->out, "\n");
    run_line_of(rows->out, rows->block->term, rows->block->names, STYLE_DIM, word, time,
                live->item->script->script_path + rows->block->names->skip, mu_str_text(&rest),
                rows->width);
}

void live_block_draw(struct live_block *block)
{
    if (!block->enabled)
        return;
    MU_AUTO_STR struct mu_str out = {0};
    erase_into(block, &out);
    size_t width = term_width(block->term) - 1; /* the last column would wrap */
    size_t rows_fit = term_rows(block->term);
    struct rows rows = {
        .block = block,
        .out = &out,
        .width = width,
        .max = rows_fit > ROWS_MAX + 6 ? ROWS_MAX
               : rows_fit > 6          ? rows_fit - 6
                                       : 1,
    };
    draw_progress(block, &out, width);
    run_each_live(block->run, draw_running, &rows);
    block->lines = 1 + (unsigned)(rows.count < rows.max ? rows.count : rows.max);
    if (rows.count > rows.max) {
        mu_str_printf(&out, _("\n        … and %zu more"), rows.count - rows.max);
        block->lines++;
    }
    fflush(block->term->file);
    (void)!mu_write_all(fileno(block->term->file), mu_str_text(&out), out.len);
}
