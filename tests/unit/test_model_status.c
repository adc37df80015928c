#include "unit.h"

#include <stddef.h>

#include "model/status.h"

static void names_read_back(void **state)
{
    for (int i = 0; i < EXEC_STATUS_COUNT; i++) {
        enum exec_status status;
        assert_int_equal(exec_status_parse(exec_status_name((enum exec_status)i), &status), 0);
        assert_int_equal(status, i);
    }
    for (int i = 0; i < BATCH_STATUS_COUNT; i++) {
        enum batch_status status;
        assert_int_equal(batch_status_parse(batch_status_name((enum batch_status)i), &status), 0);
        assert_int_equal(status, i);
    }
    enum exec_result result = RESULT_PASS;
    assert_int_equal(exec_result_parse("maybe", &result), -1);
    assert_int_equal(result, RESULT_PASS); /* outputs are untouched on failure */
    assert_null(exec_result_name(RESULT_NONE));
}

static void only_legal_changes(void **state)
{
    for (int to = 0; to < EXEC_STATUS_COUNT; to++) {
        enum exec_status next = (enum exec_status)to;
        bool final = next >= EXEC_SUCCESS;
        assert_int_equal(exec_status_is_final(next), final);
        assert_int_equal(exec_status_may_become(EXEC_PENDING, next),
                         next == EXEC_RUNNING || next == EXEC_CANCELLED || next == EXEC_ERROR);
        assert_int_equal(exec_status_may_become(EXEC_RUNNING, next), final);
        for (int from = EXEC_SUCCESS; from < EXEC_STATUS_COUNT; from++)
            assert_false(exec_status_may_become((enum exec_status)from, next));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_read_back),
        cmocka_unit_test(only_legal_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
