#include "unit.h"

#include <time.h>

#include "base/clock.h"
#include "cli/words.h"

static void one_word_a_script(void **state)
{
    static const struct {
        enum exec_status status;
        enum exec_result result;
        const char *stop, *word;
    } cases[] = {
        {EXEC_SUCCESS, RESULT_PASS, NULL, "PASS"},
        {EXEC_SUCCESS, RESULT_UNKNOWN, NULL, "OK"},
        {EXEC_FAILED, RESULT_FAIL, NULL, "FAIL"},
        {EXEC_ERROR, RESULT_UNKNOWN, NULL, "ERROR"},
        {EXEC_ERROR, RESULT_FAIL, NULL, "ERROR"},
        {EXEC_TIMEOUT, RESULT_UNKNOWN, "timeout", "TIMEOUT"},
        {EXEC_CANCELLED, RESULT_UNKNOWN, "interrupt", "CANCEL"},
        {EXEC_CANCELLED, RESULT_NONE, NULL, "CANCEL"},
        {EXEC_CANCELLED, RESULT_UNKNOWN, "skip", "SKIP"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct execution e = EXECUTION_NULL;
        e.status = cases[i].status;
        e.result = cases[i].result;
        e.stop_reason = cases[i].stop;
        assert_string_equal(execution_word(&e), cases[i].word);
    }
}

static void why_it_ended_so(void **state)
{
    struct mu_str why = {0};
    struct execution e = EXECUTION_NULL;
    e.status = EXEC_FAILED;
    e.result = RESULT_FAIL;
    e.exit_code = 3;
    execution_why(&e, &why);
    assert_string_equal(mu_str_text(&why), "exit code 3");
    mu_str_clear(&why);
    e.verdict_text = "不合格";
    execution_why(&e, &why);
    assert_string_equal(mu_str_text(&why), "不合格");
    mu_str_clear(&why);
    e.error_message = "AssertionError: 5 V";
    execution_why(&e, &why);
    assert_string_equal(mu_str_text(&why), "AssertionError: 5 V");
    mu_str_clear(&why);
    e = EXECUTION_NULL;
    e.status = EXEC_CANCELLED;
    execution_why(&e, &why);
    assert_string_equal(mu_str_text(&why), "(not started)");
    mu_str_release(&why);
}

static void counts_of_a_batch(void **state)
{
    struct batch batch = BATCH_NULL;
    struct mu_str text = {0};
    batch.counts.by_status[EXEC_SUCCESS] = 2;
    batch.counts.by_status[EXEC_ERROR] = 1;
    batch.pass_count = 1;
    batch_counts_text(&batch, &text);
    assert_string_equal(mu_str_text(&text), "2 success (1 pass, 1 no verdict) · 1 error");
    mu_str_clear(&text);
    batch.pass_count = 2;
    batch.counts.by_status[EXEC_ERROR] = 0;
    batch_counts_text(&batch, &text);
    assert_string_equal(mu_str_text(&text), "2 success (2 pass)");
    mu_str_release(&text);
}

static int64_t utc(const char *text)
{
    int64_t ms;
    assert_int_equal(mu_time_from_text(text, &ms), 0);
    return ms;
}

/* China has no summer time, 8 hours before UTC: its day begins at 16:00 UTC. */
static void days_are_local(void **state)
{
    const int64_t now = utc("2026-11-23 04:00:00"); /* Monday noon */
    static const struct {
        const char *at, *text;
    } cases[] = {
        {"2026-11-23 03:59:00", "today 11:59"},      {"2026-11-22 16:00:00", "today 00:00"},
        {"2026-11-22 15:59:59", "yesterday 23:59"},  {"2026-11-20 23:30:00", "Sat 07:30"},
        {"2026-11-16 16:00:00", "Tue 00:00"},        {"2026-11-16 15:59:00", "2026-11-16 23:59"},
        {"2026-11-24 00:00:00", "2026-11-24 08:00"},
    };
    char buf[TIME_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(time_text(utc(cases[i].at), now, buf), cases[i].text);
    assert_string_equal(time_full(now, buf), "2026-11-23 12:00:00");
}

static void times_as_people_write_them(void **state)
{
    const int64_t now = utc("2026-11-23 04:00:00");
    static const struct {
        const char *text;
        bool end;
        const char *utc; /* NULL: refused */
    } cases[] = {
        {"2026-11-20", false, "2026-11-19 16:00:00"},
        {"2026-11-20", true, "2026-11-20 15:59:59.999"},
        {"2026-11-20 07:30", false, "2026-11-19 23:30:00"},
        {"2026-11-20 07:30", true, "2026-11-19 23:30:00"},
        {"2026-11-20T07:30:15", false, "2026-11-19 23:30:15"},
        {"07:30", false, "2026-11-22 23:30:00"},
        {"today", false, "2026-11-22 16:00:00"},
        {"yesterday", false, "2026-11-21 16:00:00"},
        {"yesterday", true, "2026-11-22 15:59:59.999"},
        {"7d", false, "2026-11-16 04:00:00"},
        {"1h30m", false, "2026-11-23 02:30:00"},
        {"now", false, "2026-11-23 04:00:00"},
        {"7", false, NULL},
        {"2026-13-01", false, NULL},
        {"2026-11-20x", false, NULL},
        {"last week", false, NULL},
        {"", false, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = -7;
        int rc = time_parse(cases[i].text, cases[i].end, now, &ms);
        if ((rc == 0) != (cases[i].utc != NULL) || (rc == 0 && ms != utc(cases[i].utc)))
            fail_msg("'%s': rc %d, %lld", cases[i].text, rc, (long long)ms);
    }
}

int main(void)
{
    setenv("TZ", "Asia/Shanghai", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word_a_script),          cmocka_unit_test(why_it_ended_so),
        cmocka_unit_test(counts_of_a_batch),          cmocka_unit_test(days_are_local),
        cmocka_unit_test(times_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
