#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "service/excerpt.h"

static void feed_lines(struct excerpt *excerpt, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char line[32];
        int len = snprintf(line, sizeof line, "line %04d\n", i); /* ten bytes */
        excerpt_append(excerpt, line, (size_t)len);
    }
}

static void up_to_the_limit_all_is_kept(void **state)
{
    struct excerpt excerpt;
    struct mu_str text = {0};
    excerpt_init(&excerpt, 100);
    feed_lines(&excerpt, 1, 10);
    excerpt_text(&excerpt, &text);
    assert_int_equal(text.len, 100);
    assert_null(strstr(text.data, "left out"));
    mu_str_release(&text);
    excerpt_release(&excerpt);
}

static void beyond_it_first_and_last_part_stay(void **state)
{
    struct excerpt excerpt;
    struct mu_str text = {0};
    excerpt_init(&excerpt, 100);
    feed_lines(&excerpt, 1, 1000);
    excerpt_text(&excerpt, &text);
    assert_string_equal(text.data, "line 0001\nline 0002\nline 0003\nline 0004\nline 0005\n"
                                   "[muster: 990 lines, 9900 bytes left out here]\n"
                                   "line 0996\nline 0997\nline 0998\nline 0999\nline 1000\n");
    mu_str_release(&text);
    excerpt_release(&excerpt);
}

static void one_endless_line_is_cut_between_characters(void **state)
{
    struct excerpt excerpt;
    struct mu_str text = {0};
    excerpt_init(&excerpt, 64);
    for (int i = 0; i < 1000; i++)
        excerpt_append(&excerpt, "合格", 6);
    excerpt_append(&excerpt, "end\n", 4);
    excerpt_text(&excerpt, &text);
    assert_true(text.len < 64 + 64);
    assert_non_null(strstr(text.data, "left out here]\n"));
    assert_string_equal(text.data + text.len - 10, "合格end\n");
    for (size_t i = 0; i < text.len; i++) /* every continuation byte follows its character */
        assert_false(((unsigned char)text.data[i] & 0xc0) == 0x80 &&
                     (i == 0 || (unsigned char)text.data[i - 1] < 0x80));
    mu_str_release(&text);
    excerpt_release(&excerpt);
}

static void memory_stays_small(void **state)
{
    struct excerpt excerpt;
    excerpt_init(&excerpt, 1000);
    for (int i = 0; i < 1000; i++)
        feed_lines(&excerpt, 1, 100);
    assert_true(excerpt.tail.cap < 20000);
    excerpt_release(&excerpt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_to_the_limit_all_is_kept),
        cmocka_unit_test(beyond_it_first_and_last_part_stay),
        cmocka_unit_test(one_endless_line_is_cut_between_characters),
        cmocka_unit_test(memory_stays_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
