/* All rows are gathered first: a column is as wide as its widest cell. Where that is more than the
 * terminal has, the columns that may be cut give way, the widest first. */
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "cli/safe_text.h"

enum { GAP = 2, LEAST = 8 };

void table_init(struct table *table, const struct column *columns, size_t column_count,
                struct mu_arena *arena)
{
    MU_ASSERT(column_count <= TABLE_COLUMNS);
    *table = (struct table){.columns = columns, .column_count = column_count, .arena = arena};
}

void table_cell(struct table *table, enum style style, const char *text)
{
    MU_AUTO_STR struct mu_str safe = {0};
    safe_text(&safe, text, strlen(text), SAFE_PLAIN);
    char *copy = mu_arena_strndup(table->arena, mu_str_text(&safe), safe.len);
    if (!copy || MU_GROW(table->cells, table->cell_cap, table->cell_count + 1) != 0) {
        table->failed = true;
        return;
    }
    table->cells[table->cell_count++] =
        (struct cell){.text = copy, .width = mu_text_width(copy, safe.len), .style = style};
}

void table_cellf(struct table *table, enum style style, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    table_cell(table, style, text);
}

static void fit_widths(const struct table *table, size_t room, size_t widths[TABLE_COLUMNS])
{
    for (;;) {
        size_t total = GAP * (table->column_count - 1), widest = TABLE_COLUMNS;
        for (size_t c = 0; c < table->column_count; c++) {
            total += widths[c];
            if ((table->columns[c].flags & (COLUMN_CUT | COLUMN_CUT_HEAD)) && widths[c] > LEAST &&
                (widest == TABLE_COLUMNS || widths[c] > widths[widest]))
                widest = c;
        }
        if (total <= room || widest == TABLE_COLUMNS)
            return;
        widths[widest]--;
    }
}

static void print_cell(const struct term *term, const struct cell *cell, unsigned flags,
                       size_t width, bool last)
{
    const char *text = cell->text, *head = "", *tail = "";
    size_t len = strlen(text), used = cell->width;
    if (used > width && (flags & COLUMN_CUT_HEAD)) {
        while (used > width - 1) { /* one column for the dots */
            uint32_t ch;
            size_t n = mu_utf8_decode(text, len, &ch);
            text += n;
            len -= n;
            used -= (size_t)mu_char_width(ch);
        }
        head = "…";
        used++;
    } else if (used > width) {
        len = mu_text_fit(text, len, width - 1);
        used = mu_text_width(text, len) + 1;
        tail = "…";
    }
    int pad = (int)(width - used);
    if (flags & COLUMN_RIGHT)
        fprintf(term->file, "%*s", pad, "");
    fprintf(term->file, "%s%s%.*s%s%s", cell->style ? term_on(term, cell->style) : "", head,
            (int)len, text, tail, cell->style ? term_off(term) : "");
    if (!last)
        fprintf(term->file, "%*s", (flags & COLUMN_RIGHT ? 0 : pad) + GAP, "");
    else
        fputc('\n', term->file);
}

static void print_row(const struct table *table, const struct term *term, const struct cell *cells,
                      const size_t *widths)
{
    size_t last = table->column_count - 1;
    while (last > 0 && cells[last].width == 0)
        last--; /* no blanks at the end of a line */
    for (size_t c = 0; c <= last; c++)
        print_cell(term, &cells[c], table->columns[c].flags, widths[c], c == last);
}

int table_print(const struct table *table, const struct term *term, struct mu_err *err)
{
    if (table->failed)
        return mu_err_nomem(err);
    size_t widths[TABLE_COLUMNS] = {0};
    struct cell titles[TABLE_COLUMNS] = {0};
    for (size_t c = 0; c < table->column_count && table->columns[c].title; c++) {
        titles[c].text = _(table->columns[c].title);
        titles[c].width = mu_text_width(titles[c].text, strlen(titles[c].text));
        titles[c].style = STYLE_DIM;
        widths[c] = titles[c].width;
    }
    size_t rows = table->cell_count / table->column_count;
    for (size_t i = 0; i < rows * table->column_count; i++)
        if (table->cells[i].width > widths[i % table->column_count])
            widths[i % table->column_count] = table->cells[i].width;
    if (term->is_tty)
        fit_widths(table, term_width(term), widths);
    if (titles[0].text && rows > 0)
        print_row(table, term, titles, widths);
    for (size_t r = 0; r < rows; r++)
        print_row(table, term, table->cells + r * table->column_count, widths);
    return 0;
}

void table_release(struct table *table)
{
    free(table->cells);
    *table = (struct table){0};
}
