/* The first byte chooses how the script ended, the rest is its output: a line that begins with
 * byte 1 went to stderr. What must hold whatever the bytes: valid UTF-8, bounded texts, a status
 * and a result that fit each other. */
#include "fuzz.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "verdict/verdict.h"

static void check_text(const char *text, size_t max)
{
    if (text) {
        MU_ASSERT(strlen(text) <= max);
        MU_ASSERT(mu_utf8_valid(text, strlen(text)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verdict_end ends[] = {
        {.started = true},
        {.started = true, .wait_status = 1 << 8},
        {.started = true, .wait_status = SIGSEGV},
        {.started = true, .timed_out = true},
        {.cancelled = true},
    };
    static struct verdict_rules *rules;
    if (!rules) {
        const struct verdict_rule_def def = {"^never\\x01(a|b)*$", RESULT_FAIL};
        MU_ASSERT(verdict_rules_new(&def, 1, false, &rules, NULL) == 0);
    }
    if (size == 0)
        return 0;
    const struct verdict_end *end = &ends[data[0] % (sizeof ends / sizeof ends[0])];
    struct judge *judge;
    struct judgement j;
    MU_ASSERT(judge_new(rules, "/bench/x.py", &judge, NULL) == 0);
    for (size_t i = 1; i < size;) {
        const uint8_t *newline = memchr(data + i, '\n', size - i);
        size_t n = newline ? (size_t)(newline + 1 - (data + i)) : size - i;
        bool to_stderr = data[i] == 1;
        judge_line(judge, to_stderr ? STREAM_STDERR : STREAM_STDOUT,
                   (const char *)data + i + to_stderr, n - to_stderr);
        i += n;
    }
    MU_ASSERT(judge_finish(judge, end, &j, NULL) == 0);
    check_text(j.text, 500);
    check_text(j.stack_trace, 100 * 1024);
    check_text(j.location, 600);
    check_text(j.function, 600);
    check_text(j.error_message, 600);
    MU_ASSERT(j.result != RESULT_PASS || j.status == EXEC_SUCCESS);
    MU_ASSERT(j.status != EXEC_FAILED || j.result == RESULT_FAIL);
    MU_ASSERT(end->started || j.result == RESULT_NONE);
    judge_free(judge);
    return 0;
}
