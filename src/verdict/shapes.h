/* What one line says by itself: the table of shapes, and counts. */
#ifndef VERDICT_SHAPES_H
#define VERDICT_SHAPES_H

#include "model/status.h"
#include "verdict/words.h"

enum level {
    LEVEL_NONE,
    LEVEL_ROW,     /* one item of several */
    LEVEL_OVERALL, /* the whole */
};

struct statement {
    enum level level;
    enum exec_result result;
    bool weak; /* a row that only says 通过 or PASS: proves nothing by itself */
    const char *rule;
};

/* Counts of a line, or of lines that stand together. -1: not named. */
struct counts {
    int64_t pass, fail, errors, skipped, pending, total;
    bool named;       /* any of them is */
    bool pass_strong; /* said as 合格 */
    bool fail_weak;   /* said as fail_count, which is some device's as well */
    bool ran;         /* the total is of tests: "5 tests" */
};
#define COUNTS_NONE ((struct counts){-1, -1, -1, -1, -1, -1, false, false, false, false})

struct shapes {
    struct words words;
    pcre2_code **codes; /* one a row of the table */
    pcre2_match_context *limits;
};

int shapes_init(struct shapes *shapes); /* -1: no memory */
void shapes_release(struct shapes *shapes);

/* What the line says. `ret_counts`: what it counts, where it is nothing but counts. */
struct statement shapes_read(const struct shapes *shapes, const struct shape *shape,
                             pcre2_match_data *match, struct counts *ret_counts);

/* counts.c: what counts say. LEVEL_NONE where they prove nothing. */
struct statement counts_judge(const struct counts *counts);
/* The counts that a shape names; false where it is not about counts. `ret_titled`: something that
 * is not counted stands before them ("LIN suite: 3 passed, 1 failed"), `ret_foreign` elsewhere. */
bool counts_read(const struct shape *shape, struct counts *ret, bool *ret_titled,
                 bool *ret_foreign);
/* Adds `more` to `counts`; false where it names something that is named already. */
bool counts_merge(struct counts *counts, const struct counts *more);

#endif
