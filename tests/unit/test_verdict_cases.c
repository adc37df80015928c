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

static const char *text_of(const json_t *item, const char *key)
{
    return json_string_value(json_object_get(item, key));
}

/* `stderr` is what went there; without it, a traceback at the end did. */
static void check_cases(const char *path, size_t at_least)
{
    json_error_t error;
    json_t *cases = json_load_file(path, 0, &error);
    if (!cases)
        fail_msg("%s", error.text);
    struct verdict_rules *rules;
    assert_int_equal(verdict_rules_new(NULL, 0, false, &rules, NULL), 0);
    size_t i, wrong = 0;
    json_t *item;
    assert_true(json_array_size(cases) >= at_least);
    json_array_foreach(cases, i, item)
    {
        const char *hex = text_of(item, "output_hex");
        const char *text = text_of(item, "output");
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
        const char *err = text_of(item, "stderr");
        size_t split = err ? len : stderr_begin(text, len, exit_code);
        feed(judge, STREAM_STDOUT, text, split);
        feed(judge, STREAM_STDERR, text + split, len - split);
        feed(judge, STREAM_STDERR, err ? err : "", err ? strlen(err) : 0);
        struct verdict_end end = {.started = true, .wait_status = wait_status_of(exit_code)};
        assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
        const char *status = text_of(item, "status");
        const char *result = text_of(item, "result");
        if (strcmp(status, exec_status_name(got.status)) != 0 ||
            strcmp(result, exec_result_name(got.result)) != 0) {
            print_message("%s: %s/%s by \"%s\", wanted %s/%s\n", text_of(item, "name"),
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

static void worked_examples(void **state)
{
    check_cases(TEST_DATA_DIR "/verdict-cases.json", 80);
}

static void what_benches_print(void **state)
{
    check_cases(TEST_DATA_DIR "/verdict-bench.json", 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_examples),
        cmocka_unit_test(what_benches_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
