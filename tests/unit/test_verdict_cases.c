#include "unit.h"

#include <jansson.h>
#include <stdlib.h>

#include "verdict_judge.h"

static size_t hex_decode(const char *hex, char *ret)
{
    size_t n = 0;
    for (; hex[0] && hex[1]; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        ret[n++] = (char)strtol(digits, NULL, 16);
    }
    return n;
}

static void every_case_comes_out_right(void **state)
{
    json_error_t error;
    json_t *cases = json_load_file(getenv("VERDICT_CASES"), 0, &error);
    if (!cases)
        fail_msg("%s", error.text);
    struct verdict_rules *rules;
    assert_int_equal(verdict_rules_new(NULL, 0, false, &rules, NULL), 0);
    size_t i, wrong = 0;
    json_t *item;
    assert_true(json_array_size(cases) >= 80);
    json_array_foreach(cases, i, item)
    {
        const char *hex = json_string_value(json_object_get(item, "output_hex"));
        const char *text = json_string_value(json_object_get(item, "output"));
        size_t len = json_string_length(json_object_get(item, "output"));
        char *bytes = NULL;
        if (hex) {
            bytes = malloc(strlen(hex) / 2 + 1);
            assert_non_null(bytes);
            len = hex_decode(hex, bytes);
            text = bytes;
        }
        int exit_code = (int)json_integer_value(json_object_get(item, "exit_code"));
        struct judge *judge;
        struct judgement got;
        assert_int_equal(judge_new(rules, "/bench/x.py", &judge, NULL), 0);
        size_t split = stderr_begin(text, len, exit_code);
        feed(judge, STREAM_STDOUT, text, split);
        feed(judge, STREAM_STDERR, text + split, len - split);
        struct verdict_end end = {.started = true, .wait_status = wait_status_of(exit_code)};
        assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
        const char *status = json_string_value(json_object_get(item, "status"));
        const char *result = json_string_value(json_object_get(item, "result"));
        if (strcmp(status, exec_status_name(got.status)) != 0 ||
            strcmp(result, exec_result_name(got.result)) != 0) {
            print_message("%s: %s/%s by \"%s\", wanted %s/%s\n",
                          json_string_value(json_object_get(item, "name")),
                          exec_status_name(got.status), exec_result_name(got.result),
                          got.rule ? got.rule : "", status, result);
            wrong++;
        }
        judge_free(judge);
        free(bytes);
    }
    verdict_rules_free(rules);
    json_decref(cases);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_comes_out_right)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
