#include "unit.h"

#include "base/units.h"

static void durations_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"30", 30000},  {"30s", 30000},     {"500ms", 500},
        {"5m", 300000}, {"1h30m", 5400000}, {"1.5s", 1500},
        {"0", 0},       {"2d", 172800000},  {"10min", -1},
        {"-1", -1},     {"", -1},           {"s", -1},
        {"1m1h", -1},   {"1h30", -1},       {"1e5", -1},
        {"inf", -1},    {"0x10", -1},       {" 5s", -1},
        {"5s ", -1},    {"5 s", -1},        {"99999999999999999999d", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = -7;
        int rc = mu_duration_parse(cases[i].text, &ms);
        if ((rc == 0 ? ms : -1) != cases[i].ms)
            fail_msg("%s: rc %d, %lld ms", cases[i].text, rc, (long long)ms);
        if (rc != 0)
            assert_int_equal(ms, -7); /* outputs are untouched on failure */
    }
}

static void durations_read_back(void **state)
{
    static const int64_t values[] = {0, 1, 200, 1000, 30000, 61000, 5400000, 90061001};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[64];
        int64_t ms;
        assert_int_equal(mu_duration_parse(mu_duration_exact(values[i], text, sizeof text), &ms),
                         0);
        assert_int_equal(ms, values[i]);
    }
}

static void sizes_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {
        {"4096", 4096}, {"512K", 524288},   {"512KB", 524288}, {"1MiB", 1048576},
        {"1.5k", 1536}, {"2G", 2147483648}, {"10 MB", -1},     {"MB", -1},
        {"-1", -1},     {"1MiBB", -1},      {"1X", -1},        {"", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t bytes = -7;
        int rc = mu_size_parse(cases[i].text, &bytes);
        if ((rc == 0 ? bytes : -1) != cases[i].bytes)
            fail_msg("%s: rc %d, %lld", cases[i].text, rc, (long long)bytes);
    }
}

static void formats_for_people(void **state)
{
    char buf[32];
    assert_string_equal(mu_duration_format(64, buf, sizeof buf), "0.06s");
    assert_string_equal(mu_duration_format(59960, buf, sizeof buf), "1m00s");
    assert_string_equal(mu_duration_format(65000, buf, sizeof buf), "1m05s");
    assert_string_equal(mu_duration_format(7380000, buf, sizeof buf), "2h03m");
    assert_string_equal(mu_size_format(14 << 20, buf, sizeof buf), "14 MB");
    assert_string_equal(mu_size_format(512, buf, sizeof buf), "512 B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_as_people_write_them),
        cmocka_unit_test(durations_read_back),
        cmocka_unit_test(sizes_as_people_write_them),
        cmocka_unit_test(formats_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
