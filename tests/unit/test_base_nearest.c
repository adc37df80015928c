#include "unit.h"

#include "base/nearest.h"

static void what_was_meant(void **state)
{
    static const char *const names[] = {"list", "history", "version", "run"};
    static const struct {
        const char *name, *nearest;
    } cases[] = {
        {"lits", "list"}, {"versoin", "version"}, {"hist", "history"},
        {"runn", "run"},  {"frobnicate", NULL},   {"x", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *nearest = mu_nearest(cases[i].name, strlen(cases[i].name), names, 4);
        if (nearest != cases[i].nearest &&
            (!nearest || !cases[i].nearest || strcmp(nearest, cases[i].nearest) != 0))
            fail_msg("%s: %s", cases[i].name, nearest ? nearest : "none");
    }
    assert_string_equal(mu_nearest("listen", 4, names, 4), "list"); /* only so many bytes count */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_meant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
