/* The closing lines of unittest, pytest and TAP. */
#ifndef VERDICT_FRAMEWORKS_H
#define VERDICT_FRAMEWORKS_H

#include "verdict/shapes.h"

struct tap {
    bool planned, bailed, skipped_all;
    int64_t plan, seen, failed, skipped;
    uint64_t sum, squares; /* of the test numbers: tells a permutation of 1..N from doubles */
    bool any_failed_run;   /* an earlier plan of the same output failed */
};

struct frameworks {
    struct {
        bool ran_open; /* "Ran N tests" was the last line that is not blank */
        int64_t ran;
    } unittest[2]; /* a stream each */
    struct tap tap;
};

/* True where the line belongs to one of them; `ret` then is what it says, perhaps nothing.
 * `ret_tap`: it is a line of TAP, to be asked for at the end. */
bool frameworks_read(struct frameworks *fw, enum stream stream, const char *line, size_t len,
                     struct statement *ret, bool *ret_tap);
/* What the TAP lines say together. */
struct statement frameworks_tap(const struct frameworks *fw);

#endif
