#include "unit.h"

#include <signal.h>
#include <stdlib.h>

#include "model/execution.h"
#include "verdict_judge.h"

static struct verdict_rules *rules_of(const struct verdict_rule_def *defs, size_t count,
                                      bool from_exit)
{
    struct verdict_rules *rules;
    struct mu_err err = MU_ERR_INIT;
    if (verdict_rules_new(defs, count, from_exit, &rules, &err) != 0)
        fail_msg("%s", err.text);
    return rules;
}

static const char TRACE[] = "Traceback (most recent call last):\n"
                            "  File \"/bench/x.py\", line 3, in <module>\n"
                            "    run()\n"
                            "ValueError: no ACK\n";
static const char ASSERTION[] = "Traceback (most recent call last):\n"
                                "  File \"/bench/x.py\", line 3, in <module>\n"
                                "    assert False\n"
                                "AssertionError\n";

static void statuses_as_in_the_table(void **state)
{
    static const struct {
        const char *out, *err;
        struct verdict_end end;
        bool from_exit;
        enum exec_status status;
        enum exec_result result;
        const char *rule;
    } cases[] = {
        {"", "", {.started = true}, false, EXEC_SUCCESS, RESULT_UNKNOWN, NULL},
        {"", "", {.started = true}, true, EXEC_SUCCESS, RESULT_PASS, "exit code 0"},
        {"不合格\n", "", {.started = true}, true, EXEC_FAILED, RESULT_FAIL, "bare verdict"},
        {"",
         "",
         {.started = true, .wait_status = 3 << 8},
         true,
         EXEC_FAILED,
         RESULT_FAIL,
         "exit code"},
        {"",
         TRACE,
         {.started = true},
         true,
         EXEC_SUCCESS,
         RESULT_UNKNOWN,
         "traceback after a pass"},
        {"合格\n",
         "",
         {.started = true, .wait_status = 3 << 8},
         false,
         EXEC_FAILED,
         RESULT_FAIL,
         "exit code"},
        {"",
         TRACE,
         {.started = true, .wait_status = 1 << 8},
         false,
         EXEC_ERROR,
         RESULT_UNKNOWN,
         NULL},
        {"",
         TRACE,
         {.started = true, .wait_status = 2 << 8},
         false,
         EXEC_FAILED,
         RESULT_FAIL,
         "exit code"},
        {"",
         ASSERTION,
         {.started = true, .wait_status = 1 << 8},
         false,
         EXEC_FAILED,
         RESULT_FAIL,
         "exit code"},
        {TRACE,
         "",
         {.started = true, .wait_status = 1 << 8},
         false,
         EXEC_FAILED,
         RESULT_FAIL,
         "exit code"},
        {"不合格\n",
         TRACE,
         {.started = true, .wait_status = 1 << 8},
         false,
         EXEC_ERROR,
         RESULT_FAIL,
         "bare verdict"},
        {"合格\n",
         "",
         {.started = true, .wait_status = SIGSEGV},
         false,
         EXEC_ERROR,
         RESULT_UNKNOWN,
         "pass before a bad end"},
        {"合格\n",
         "",
         {.started = true, .out_of_memory = true},
         false,
         EXEC_ERROR,
         RESULT_UNKNOWN,
         "pass before a bad end"},
        {"合格\n",
         "",
         {.started = true, .wait_status = SIGINT, .timed_out = true},
         false,
         EXEC_TIMEOUT,
         RESULT_UNKNOWN,
         "pass before a bad end"},
        {"不合格\n",
         "",
         {.started = true, .timed_out = true},
         false,
         EXEC_TIMEOUT,
         RESULT_FAIL,
         "bare verdict"},
        {"合格\n",
         "",
         {.started = true, .cancelled = true},
         false,
         EXEC_CANCELLED,
         RESULT_UNKNOWN,
         "pass before a bad end"},
        {"",
         "",
         {.started = true, .cancelled = true, .timed_out = true},
         true,
         EXEC_CANCELLED,
         RESULT_UNKNOWN,
         NULL},
        {"", "", {.cancelled = true}, true, EXEC_CANCELLED, RESULT_NONE, NULL},
        {"", "", {.started = false}, true, EXEC_ERROR, RESULT_NONE, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict_rules *rules = rules_of(NULL, 0, cases[i].from_exit);
        struct judge *judge;
        struct judgement got;
        assert_int_equal(judge_new(rules, "/bench/x.py", &judge, NULL), 0);
        feed(judge, STREAM_STDOUT, cases[i].out, strlen(cases[i].out));
        feed(judge, STREAM_STDERR, cases[i].err, strlen(cases[i].err));
        assert_int_equal(judge_finish(judge, &cases[i].end, &got, NULL), 0);
        if (got.status != cases[i].status || got.result != cases[i].result)
            fail_msg("row %zu: %d/%d", i, (int)got.status, (int)got.result);
        if (got.rule && cases[i].rule ? strcmp(got.rule, cases[i].rule) != 0
                                      : got.rule != cases[i].rule && cases[i].rule)
            fail_msg("row %zu: rule %s", i, got.rule ? got.rule : "none");
        if (!cases[i].end.started)
            assert_true(got.exit_code == MODEL_NULL_INT);
        judge_free(judge);
        verdict_rules_free(rules);
    }
}

static void streams_do_not_break_each_other(void **state)
{
    struct verdict_rules *rules = rules_of(NULL, 0, false);
    struct judge *judge;
    struct judgement got;
    assert_int_equal(judge_new(rules, "/bench/x.py", &judge, NULL), 0);
    const char *trace = TRACE;
    for (size_t i = 0; *trace; i++) {
        const char *newline = strchr(trace, '\n') + 1;
        judge_line(judge, STREAM_STDERR, trace, (size_t)(newline - trace));
        if (i < 3)
            judge_line(judge, STREAM_STDOUT, "tick\n", 5);
        trace = newline;
    }
    const struct verdict_end end = {.started = true, .wait_status = 1 << 8};
    assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
    assert_int_equal(got.status, EXEC_ERROR);
    assert_string_equal(got.error_message, "ValueError: no ACK");
    assert_string_equal(got.location, "x.py:3");
    assert_string_equal(got.function, "run()");
    assert_int_equal(strlen(got.stack_trace), strlen(TRACE) - 1);
    judge_free(judge);
    verdict_rules_free(rules);
}

static void the_deciding_line_is_kept(void **state)
{
    struct verdict_rules *rules = rules_of(NULL, 0, false);
    struct judge *judge;
    struct judgement got;
    const struct verdict_end end = {.started = true};
    assert_int_equal(judge_new(rules, "/bench/x.py", &judge, NULL), 0);
    judge_line(judge, STREAM_STDOUT, "正在执行 b_can.py\n", strlen("正在执行 b_can.py\n"));
    judge_line(judge, STREAM_STDERR, "warning\n", 8);
    judge_line(judge, STREAM_STDOUT, " \x1b[31m不合格\x1b[0m \n",
               strlen(" \x1b[31m不合格\x1b[0m \n"));
    judge_line(judge, STREAM_STDOUT, "bye\n", 4);
    assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
    assert_int_equal(got.line, 3);
    assert_string_equal(got.text, "不合格");
    assert_string_equal(got.rule, "bare verdict");
    judge_free(judge);
    verdict_rules_free(rules);
}

static void users_rules_come_first(void **state)
{
    static const struct verdict_rule_def defs[] = {
        {"^VERDICT=NOK", RESULT_FAIL},
        {"^VERDICT=OK|^完成$", RESULT_PASS},
        {"(a+)+$", RESULT_FAIL},
    };
    static const struct {
        const char *output;
        enum exec_result result;
        const char *rule;
    } cases[] = {
        {"VERDICT=NOK\n合格\n", RESULT_FAIL, "rule 1: ^VERDICT=NOK"},
        {"不合格\n\x1b[1m完成\x1b[0m\n", RESULT_PASS, "rule 2: ^VERDICT=OK|^完成$"},
        {"VERDICT=NOK\nVERDICT=OK\n", RESULT_PASS, "rule 2: ^VERDICT=OK|^完成$"},
        {"合格\n", RESULT_PASS, "bare verdict"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n合格\n", RESULT_PASS,
         "bare verdict"},
    };
    struct verdict_rules *rules = rules_of(defs, sizeof defs / sizeof defs[0], false);
    const struct verdict_end end = {.started = true};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct judge *judge;
        struct judgement got;
        assert_int_equal(judge_new(rules, "/bench/x.py", &judge, NULL), 0);
        feed(judge, STREAM_STDOUT, cases[i].output, strlen(cases[i].output));
        assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
        assert_int_equal(got.result, cases[i].result);
        assert_string_equal(got.rule, cases[i].rule);
        judge_free(judge);
    }
    verdict_rules_free(rules);
}

static void a_bad_pattern_is_refused(void **state)
{
    static const struct verdict_rule_def defs[] = {{"fine", RESULT_PASS}, {"a(b", RESULT_FAIL}};
    struct verdict_rules *rules = NULL;
    struct mu_err err = MU_ERR_INIT;
    assert_true(verdict_rules_new(defs, 2, false, &rules, &err) < 0);
    assert_int_equal(err.code, MU_E_SETTINGS);
    assert_non_null(strstr(err.text, "rule 2"));
    assert_non_null(strstr(err.text, "a(b"));
    assert_null(rules);
}

static void long_lines_are_judged_by_their_ends(void **state)
{
    enum { SIZE = 3 << 20 };
    struct verdict_rules *rules = rules_of(NULL, 0, false);
    const struct verdict_end end = {.started = true};
    char *line = malloc(SIZE);
    assert_non_null(line);
    memset(line, 'x', SIZE);
    memcpy(line + SIZE - 13, " | \xe4\xb8\x8d\xe5\x90\x88\xe6\xa0\xbc\n", 13);
    struct judge *judge;
    struct judgement got;
    assert_int_equal(judge_new(rules, "/bench/x.py", &judge, NULL), 0);
    judge_line(judge, STREAM_STDOUT, line, SIZE);
    assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
    assert_int_equal(got.result, RESULT_FAIL);
    assert_true(strlen(got.text) <= 500);
    judge_free(judge);
    free(line);
    verdict_rules_free(rules);
}

static void long_traces_keep_head_and_tail(void **state)
{
    struct verdict_rules *rules = rules_of(NULL, 0, false);
    struct judge *judge;
    struct judgement got;
    assert_int_equal(judge_new(rules, "/bench/x.py", &judge, NULL), 0);
    judge_line(judge, STREAM_STDERR, TRACE, strcspn(TRACE, "\n"));
    for (int i = 1; i < 20000; i++) {
        char line[80];
        int n = snprintf(line, sizeof line, "  File \"/usr/lib/y.py\", line %d, in f%d\n", i, i);
        judge_line(judge, STREAM_STDERR, line, (size_t)n);
    }
    judge_line(judge, STREAM_STDERR, "OSError: deep\n", 14);
    const struct verdict_end end = {.started = true, .wait_status = 1 << 8};
    assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
    assert_string_equal(got.location, "y.py:19999");
    assert_string_equal(got.function, "f19999()");
    size_t len = strlen(got.stack_trace);
    assert_in_range(len, 60000, 100 * 1024);
    assert_memory_equal(got.stack_trace, "Traceback", 9);
    assert_string_equal(got.stack_trace + len - 13, "OSError: deep");
    judge_free(judge);
    verdict_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_as_in_the_table),
        cmocka_unit_test(streams_do_not_break_each_other),
        cmocka_unit_test(the_deciding_line_is_kept),
        cmocka_unit_test(users_rules_come_first),
        cmocka_unit_test(a_bad_pattern_is_refused),
        cmocka_unit_test(long_lines_are_judged_by_their_ends),
        cmocka_unit_test(long_traces_keep_head_and_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
