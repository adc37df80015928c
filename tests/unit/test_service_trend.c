#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/trend.h"
#include "store/batch_repo.h"
#include "store/execution_repo.h"

/* A home with one script's history: a letter an execution, oldest first: s SUCCESS, f FAILED,
 * e ERROR, c CANCELLED, one an hour. Returns the database; the newest is "r<count-1>". */
static struct db *home_with(const char *history)
{
    char home[] = "/tmp/muster-trend-XXXXXX";
    struct mu_err err = MU_ERR_INIT;
    struct db *db = NULL;
    assert_non_null(mkdtemp(home));
    if (db_open(home, STORE_CREATE, &db, &err) != 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; history[i]; i++) {
        char id[32];
        snprintf(id, sizeof id, "r%zu", i);
        struct execution e = EXECUTION_NULL;
        e.record_id = id;
        e.script_path = "checks/a.py";
        e.script_name = "a.py";
        e.start_ms = 1700000000000 + (int64_t)i * 3600000;
        e.status = history[i] == 's'   ? EXEC_SUCCESS
                   : history[i] == 'f' ? EXEC_FAILED
                   : history[i] == 'e' ? EXEC_ERROR
                                       : EXEC_CANCELLED;
        if (execution_repo_save(db, &e, &err) != 0)
            fail_msg("%s", err.text);
    }
    return db;
}

static struct trend trend_of(const char *history)
{
    struct db *db = home_with(history);
    char newest[32];
    snprintf(newest, sizeof newest, "r%zu", strlen(history) - 1);
    struct trend trend;
    struct mu_err err = MU_ERR_INIT;
    if (trend_find(db, "checks/a.py", newest, &trend, &err) != 0)
        fail_msg("%s", err.text);
    db_close(db);
    return trend;
}

static void the_first_run_is_said_so(void **state)
{
    assert_int_equal(trend_of("f").kind, TREND_FIRST);
    assert_int_equal(trend_of("ccf").kind, TREND_FIRST); /* cancelled ones say nothing */
}

static void a_failure_after_good_ones_is_new(void **state)
{
    assert_int_equal(trend_of("sssf").kind, TREND_NEW);
}

static void a_row_of_failures_has_a_beginning(void **state)
{
    struct trend trend = trend_of("ssfefcf");
    assert_int_equal(trend.kind, TREND_SINCE);
    assert_int_equal(trend.in_row, 4);
    assert_int_equal(trend.since_ms, 1700000000000 + 2 * 3600000);
    assert_false(trend.more);
}

static void now_and_then_is_counted(void **state)
{
    struct trend trend = trend_of("sfsfssf");
    assert_int_equal(trend.kind, TREND_SOMETIMES);
    assert_int_equal(trend.failed, 3);
    assert_int_equal(trend.of, 7);
}

static void a_long_row_is_at_least_so_long(void **state)
{
    struct trend trend = trend_of("fffffffffffffffffffffffffffffff");
    assert_int_equal(trend.kind, TREND_SINCE);
    assert_int_equal(trend.in_row, 20);
    assert_true(trend.more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_run_is_said_so),
        cmocka_unit_test(a_failure_after_good_ones_is_new),
        cmocka_unit_test(a_row_of_failures_has_a_beginning),
        cmocka_unit_test(now_and_then_is_counted),
        cmocka_unit_test(a_long_row_is_at_least_so_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
