/* What the tests of the verdict share: judging a whole output at once. */
#ifndef TESTS_VERDICT_JUDGE_H
#define TESTS_VERDICT_JUDGE_H

#include <string.h>

#include "verdict/verdict.h"

/* The wait status of an exit code, negative for a signal. */
static inline int wait_status_of(int exit_code)
{
    return exit_code < 0 ? -exit_code : (exit_code & 0xff) << 8;
}

static inline void feed(struct judge *judge, enum stream stream, const char *data, size_t len)
{
    while (len > 0) {
        const char *newline = memchr(data, '\n', len);
        size_t n = newline ? (size_t)(newline + 1 - data) : len;
        judge_line(judge, stream, data, n);
        data += n;
        len -= n;
    }
}

/* Where an uncaught exception stands at the end of the output, that part went to stderr. */
static inline size_t stderr_begin(const char *data, size_t len, int exit_code)
{
    static const char HEADER[] = "Traceback (most recent call last):";
    const char *hit = exit_code == 1 ? memmem(data, len, HEADER, sizeof HEADER - 1) : NULL;
    return hit ? (size_t)(hit - data) : len;
}

#endif
