/* Globs, natural order, -k expressions: pure functions of texts. */
#include "unit.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "service/discover.h"
#include "service/glob.h"

static void globs(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool match;
    } cases[] = {
        {"*.py", "a.py", true},
        {"*.py", "x/y/a.py", true}, /* without '/': a name anywhere */
        {"helpers", "x/helpers/a.py", true},
        {"helpers", "x/helpers.py", false},
        {"helpers/", "x/helpers/a.py", true},
        {"helpers/", "x/helpers", false}, /* only a folder */
        {"x/*.py", "x/a.py", true},
        {"x/*.py", "x/y/a.py", false},
        {"x/*.py", "w/x/a.py", false},
        {"./x/*.py", "x/a.py", true},
        {"x/y", "x/y/z/a.py", true}, /* names a folder: all beneath */
        {"x/y", "x/yz/a.py", false},
        {"**/helpers/**", "helpers/a.py", true},
        {"**/helpers/**", "x/y/helpers/z/a.py", true},
        {"**/helpers/**", "x/helper/a.py", false},
        {"Model_02_RCD/**", "Model_02_RCD/a/b.py", true},
        {"Model_02_RCD/**", "Model_02/a.py", false},
        {"a/**/z.py", "a/z.py", true},
        {"a/**/z.py", "a/b/c/z.py", true},
        {"a/**/z.py", "a/b/c/zz.py", false},
        {"**/b/**/d.py", "a/b/x/b/d.py", true},
        {"**", "a/b.py", true},
        {"TS_?.py", "TS_2.py", true},
        {"TS_?.py", "TS_10.py", false},
        {"?.py", "测.py", true}, /* one character, three bytes */
        {"?.py", "\xb2.py", true},
        {"[a-c]x.py", "bx.py", true},
        {"[!a-c]x.py", "bx.py", false},
        {"[]x].py", "].py", true},
        {"[测-试].py", "试.py", true},
        {"[x.py", "[x.py", true}, /* never closed: itself */
        {"\\[x\\].py", "[x].py", true},
        {"[x].py", "[x].py", false},
        {"a b*.py", "a b c.py", true},
        {"/opt/*/x.py", "/opt/y/x.py", true},
        {"opt/*.py", "/opt/x.py", false},
        {"**/x.py", "/opt/y/x.py", true},
        {"/opt/**", "opt/x.py", false},
        {"", "a.py", false},
        {"A.py", "a.py", false},
        {"a//b.py", "a/b.py", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (glob_match(cases[i].pattern, cases[i].path) != cases[i].match)
            fail_msg("%s against %s", cases[i].pattern, cases[i].path);
}

static void globs_take_no_exponential_time(void **state)
{
    char path[2001], deep[2001];
    memset(path, 'a', 2000);
    for (size_t i = 0; i < 2000; i++)
        deep[i] = i % 2 ? '/' : 'a';
    path[2000] = deep[2000] = '\0';
    clock_t start = clock();
    assert_false(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", path));
    assert_false(glob_match("**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", deep));
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 0.5);
}

static void globs_on_the_way(void **state)
{
    assert_true(glob_names_folder("build/gen/*.py", "build"));
    assert_true(glob_names_folder("build/gen/*.py", "build/gen"));
    assert_true(glob_names_folder("**/build/x.py", "a/build"));
    assert_true(glob_names_folder("build", "a/build"));
    assert_false(glob_names_folder("**/x.py", ".venv"));
    assert_false(glob_names_folder("*.py", "build"));
    assert_true(glob_reaches_beneath("a/*/c.py", "a/b"));
    assert_true(glob_reaches_beneath("**/c.py", "a/b"));
    assert_false(glob_reaches_beneath("a*/c.py", "b"));
    assert_true(glob_match_anchored("test_*.py", "test_a.py"));
    assert_false(glob_match_anchored("test_*.py", "sub/test_a.py"));
}

static void natural_order(void **state)
{
    static const char *const sorted[] = {
        "TS_1.py",
        "TS_2.py",
        "TS_02.py",
        "TS_10.py",
        "TS_99999999999999999999999.py",
        "TS_100000000000000000000000.py",
        "TS_a.py",
        "a/b/1.py",
        "a/b/2/z.py",
        "a/b/10/a.py",
        "a/b.py",
        "a1/x.py",
        "测试.py",
    };
    size_t count = sizeof sorted / sizeof sorted[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = natural_compare(sorted[i], sorted[j]);
            /* "TS_02" and "TS_2" are equal by value, and "0" sorts before "2". */
            if ((i == 1 && j == 2) || (i == 2 && j == 1))
                assert_true(order != 0 && (order < 0) == (i == 2));
            else if ((order > 0) - (order < 0) != (i > j) - (i < j))
                fail_msg("%s, %s: %d", sorted[i], sorted[j], order);
        }
    }
}

static void select_expressions(void **state)
{
    static const struct {
        const char *expr, *path;
        bool match;
    } cases[] = {
        {"can", "Model_01/b_CAN.py", true},
        {"CAN", "model_01/b_can.py", true},
        {"can and not slow", "can_slow.py", false},
        {"can and not slow", "can_fast.py", true},
        {"can or lin", "lin.py", true},
        {"not (can or lin)", "lin.py", false},
        {"not (can or lin)", "flex.py", true},
        {"not not can", "can.py", true},
        {"a and b or c", "c.py", true}, /* and binds closer */
        {"a and (b or c)", "xc.py", false},
        {"model_01/b", "Model_01/b.py", true},
        {"测试", "检查/测试1.py", true},
        {"\"a b\"", "x/a b.py", true},
        {"'not'", "cannot.py", true},
        {"android", "android.py", true}, /* begins with a keyword */
        {"[x]", "a[x].py", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct select *select = NULL;
        assert_int_equal(select_parse(cases[i].expr, &select, NULL), 0);
        if (select_match(select, cases[i].path) != cases[i].match)
            fail_msg("%s on %s", cases[i].expr, cases[i].path);
        select_free(select);
    }
}

static void wrong_expressions_show_where(void **state)
{
    static const struct {
        const char *expr;
        int column; /* of the caret, from 0 */
    } cases[] = {
        {"", 0},    {"  ", 2}, {"and", 0}, {"a and", 5},     {"a b", 2}, {"(a", 0},     {"a)", 1},
        {"not", 3}, {"()", 1}, {"\"a", 0}, {"a or or b", 5}, {"''", 1},  {"测试 b", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mu_err err = MU_ERR_INIT;
        struct select *select = NULL;
        assert_int_equal(select_parse(cases[i].expr, &select, &err), -1);
        assert_int_equal(err.code, MU_E_USAGE);
        const char *last = strrchr(err.text, '\n');
        assert_non_null(last);
        if (strlen(last) != (size_t)cases[i].column + 4 || last[strlen(last) - 1] != '^')
            fail_msg("%s: %s", cases[i].expr, err.text);
    }
    char deep[1000];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    struct select *select = NULL;
    assert_int_equal(select_parse(deep, &select, NULL), -1);
    char many[8001];
    for (size_t i = 0; i < 8000; i += 5)
        memcpy(many + i, "a or ", 5);
    many[7995] = '\0';
    assert_int_equal(select_parse(many, &select, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),
        cmocka_unit_test(globs_take_no_exponential_time),
        cmocka_unit_test(globs_on_the_way),
        cmocka_unit_test(natural_order),
        cmocka_unit_test(select_expressions),
        cmocka_unit_test(wrong_expressions_show_where),
    };
    setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
