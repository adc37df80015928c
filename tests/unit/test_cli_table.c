#include "unit.h"

#include <locale.h>
#include <math.h>

#include "base/utf8.h"
#include "cli/chart.h"
#include "cli/table.h"

static const struct column columns[] = {
    {"n", COLUMN_RIGHT}, {"script", COLUMN_CUT_HEAD}, {"why", COLUMN_CUT}};

/* The table with two rows, as it is printed; `columns_wide` 0: to a pipe. malloc'd. */
static char *printed(const char *columns_wide, bool color)
{
    char *text = NULL;
    size_t len;
    struct mu_arena arena = {0};
    struct term term = {
        .file = open_memstream(&text, &len), .is_tty = columns_wide, .color = color};
    MU_AUTO_TABLE struct table table;
    setenv("COLUMNS", columns_wide ? columns_wide : "20", 1);
    table_init(&table, columns, 3, &arena);
    table_cell(&table, STYLE_NONE, "1");
    table_cell(&table, STYLE_NONE, "checks/子目录/d_导出.py");
    table_cell(&table, STYLE_FAIL, "电压过高，超出允许的范围");
    table_cellf(&table, STYLE_NONE, "%d", 12);
    table_cell(&table, STYLE_NONE, "a\nb.py");
    table_cell(&table, STYLE_NONE, "");
    assert_int_equal(table_print(&table, &term, NULL), 0);
    fclose(term.file);
    mu_arena_release(&arena);
    return text;
}

static void aligned_by_width_and_whole_to_a_pipe(void **state)
{
    MU_AUTO_FREE char *text = printed(NULL, false);
    assert_string_equal(text, " n  script                   why\n"
                              " 1  checks/子目录/d_导出.py  电压过高，超出允许的范围\n"
                              "12  a\\nb.py\n");
}

static void cut_to_the_width_of_a_terminal(void **state)
{
    for (int width = 24; width <= 60; width++) {
        char columns_wide[8];
        snprintf(columns_wide, sizeof columns_wide, "%d", width);
        MU_AUTO_FREE char *text = printed(columns_wide, false);
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
            if (mu_text_width(line, strcspn(line, "\n")) > (size_t)width)
                fail_msg("wider than %d:\n%s", width, text);
        assert_non_null(strstr(text, "_导出.py")); /* of a path the end stays */
    }
    MU_AUTO_FREE char *text = printed("32", false);
    assert_non_null(strstr(text, " 1  …录/d_导出.py  电压过高，超…\n"));
}

static void coloured_without_counting(void **state)
{
    MU_AUTO_FREE char *text = printed(NULL, true);
    assert_non_null(strstr(text, "\x1b[31m电压过高，超出允许的范围\x1b[0m\n"));
}

static void a_line_of_blocks(void **state)
{
    static const double values[] = {0, 7, NAN, 3.5, 1};
    struct mu_str line = {0};
    chart_line(&line, values, 5, 60);
    assert_string_equal(mu_str_text(&line), "▁█ ▅▂");
    mu_str_clear(&line);
    chart_line(&line, values, 5, 2); /* the largest of each share */
    assert_string_equal(mu_str_text(&line), "█▅");
    mu_str_release(&line);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned_by_width_and_whole_to_a_pipe),
        cmocka_unit_test(cut_to_the_width_of_a_terminal),
        cmocka_unit_test(coloured_without_counting),
        cmocka_unit_test(a_line_of_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
