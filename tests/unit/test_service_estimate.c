#include "unit.h"

#include <math.h>

#include "service/estimate.h"

static void nothing_known_is_said_so(void **state)
{
    const struct estimate none = {.waiting_unknown = 5, .jobs = 1};
    assert_true(isnan(estimate_remaining_s(&none)));
}

static void history_adds_up(void **state)
{
    const struct estimate e = {.waiting_s = 90, .known = 3, .known_s = 90, .jobs = 1};
    assert_true(estimate_remaining_s(&e) == 90);
}

static void the_unknown_count_as_the_mean_of_the_batch(void **state)
{
    const struct estimate e = {.waiting_unknown = 4,
                               .finished = 2,
                               .finished_s = 10,
                               .known = 1,
                               .known_s = 100,
                               .jobs = 2};
    assert_true(estimate_remaining_s(&e) == 10);
}

static void never_less_than_the_longest_that_runs(void **state)
{
    const struct estimate e = {
        .running_left_s = 60, .running_longest_s = 60, .known = 1, .known_s = 60, .jobs = 8};
    assert_true(estimate_remaining_s(&e) == 60);
}

static void what_runs_too_long_does_not_count_below_zero(void **state)
{
    const struct estimate e = {.running_unknown = 1,
                               .running_unknown_elapsed_s = 50,
                               .finished = 1,
                               .finished_s = 10,
                               .jobs = 1};
    assert_true(estimate_remaining_s(&e) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_known_is_said_so),
        cmocka_unit_test(history_adds_up),
        cmocka_unit_test(the_unknown_count_as_the_mean_of_the_batch),
        cmocka_unit_test(never_less_than_the_longest_that_runs),
        cmocka_unit_test(what_runs_too_long_does_not_count_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
