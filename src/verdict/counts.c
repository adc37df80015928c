/* Summaries with counts: `PASSED 3, FAILED 0`, `共 12 项, 2 项不合格`, `Tests run: 3, Failures: 1`.
 *
 * A line is cut into clauses at commas and brackets. In each, words and numbers pair in the order
 * in which the first two stand: word first (`合格 10`) or number first (`10 passed`). A clause with
 * anything else in it is foreign. What a pass needs: passes, no fails, nothing pending, and a total
 * that is not larger than what is accounted for.
 */
#include "verdict/shapes.h"

#include <string.h>

#define WORDS "PptsowFfjWekUT"

static int64_t *slot(struct counts *counts, char word)
{
    switch (word) {
    case 'P':
    case 'p':
    case 't':
    case 's':
    case 'o':
    case 'w': return &counts->pass;
    case 'F':
    case 'f':
    case 'j':
    case 'W': return &counts->fail;
    case 'e': return &counts->errors;
    case 'k': return &counts->skipped;
    case 'U': return &counts->pending;
    default: return &counts->total;
    }
}

static bool name(struct counts *counts, char word, char kind, const int64_t *values)
{
    int64_t *at = slot(counts, word);
    if (*at >= 0)
        return false;
    counts->named = true;
    counts->pass_strong = counts->pass_strong || word == 'P';
    counts->fail_weak = counts->fail_weak || word == 'W';
    *at = values[0];
    if (kind != 'Q' && kind != 'R')
        return true;
    if ((at != &counts->pass && at != &counts->fail) || counts->total >= 0)
        return false;
    counts->total = values[1];
    if (kind == 'R' && at == &counts->pass && counts->fail < 0)
        counts->fail = values[1] - values[0]; /* 2/3 passed: the rest did not */
    return true;
}

/* A number without a word: `5 tests`, `用例数: 5`, `循环 10 次`, `1 failed out of 5`. */
static bool name_total(struct counts *counts, const char *text, size_t len, bool paired,
                       int64_t value)
{
    const char *number = memchr(text, '9', len);
    if (!number)
        return false;
    size_t before = (size_t)(number - text), after = len - before - 1;
    bool leads = before == 0 && after > 0 && strspn(number + 1, "SqCDm") >= after;
    bool labelled =
        before > 1 && strchr(":c", text[before - 1]) && strspn(text, "aqSCc") >= before - 1;
    bool counted = before > 0 && strspn(text, "aqSC") == before && after > 0 &&
                   strspn(number + 1, "cSC") >= after;
    if (!paired && !leads && !labelled && !counted)
        return false;
    counts->ran =
        counts->ran || (leads && memchr(text, 'S', len)) || (paired && memchr(text, 'S', len));
    counts->named = true;
    if (counts->total < 0)
        counts->total = value;
    return true;
}

/* 测试项 12 合格 11 不合格 1: a number more than words, the first without one. Returns the length
 * of what says it, or 0. */
static size_t leading_total(const char *text, size_t len)
{
    size_t label = strspn(text, "qSCac:"), numbers = 0, words = 0;
    if (label == 0 || label >= len || text[label] != '9' || !strchr("09", text[len - 1]))
        return 0;
    for (size_t i = 0; i < len; i++) {
        numbers += strchr("09", text[i]) != NULL;
        words += strchr(WORDS, text[i]) != NULL;
    }
    return words > 0 && numbers == words + 1 ? label + 1 : 0;
}

/* One clause. Returns 1: counts, 0: nothing countable, -1: foreign. */
static int read_clause(const char *text, size_t len, const int64_t *numbers, struct counts *counts)
{
    char word = 0, kind = 0, before = 0;
    const int64_t *value = NULL;
    bool any = false, word_first = false, paired = false;
    size_t skip = leading_total(text, len);
    if (skip > 0) {
        if (counts->total < 0)
            counts->total = *numbers;
        numbers++;
        text += skip;
        len -= skip;
    }
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_word = strchr(WORDS, c) != NULL, is_number = strchr("09QR", c) != NULL;
        if (!any && (is_word || is_number)) {
            any = true;
            word_first = is_word;
        }
        if (is_number) {
            if (kind || (word_first && !word && !paired))
                return -1;
            if (!word_first && !paired && (before == 'q' || before == 'C' || before == 'S') &&
                !memchr(text + i, 'c', len - i))
                return -1; /* Test 2 failed: which, not how many */
            if (word == 'p' && before == 'p' && (c == 'Q' || c == 'R') &&
                (i + 1 == len || !strchr("SC", text[i + 1])))
                return -1; /* Pass 1/3: the first of three */
            kind = c;
            value = numbers;
            numbers += c == 'Q' || c == 'R' ? 2 : 1;
        } else if (is_word) {
            if (word)
                return -1;
            word = c;
        } else if (strchr(":->]", c)) {
            if (kind && !word)
                return -1; /* 1: 合格, [1/3] 合格 are numbered rows */
        } else if (c == 'v' ? word || kind : !strchr("mcqSCLAOaXyrD[]", c)) {
            return -1;
        }
        before = c;
        if (word && kind) {
            if (!name(counts, word, kind, value))
                return -1;
            word = kind = 0;
            paired = true;
        }
    }
    if (kind)
        return name_total(counts, text, len, paired, *value) ? 1 : -1;
    if (word)
        return any && !word_first ? -1 : 0; /* a word alone: FAILED (failures=1) */
    return paired;
}

/* How many values the letters of a text have. */
static size_t values_of(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += strchr("09", text[i]) ? 1 : strchr("QR", text[i]) ? 2 : 0;
    return n;
}

bool counts_read(const struct shape *shape, struct counts *ret, bool *ret_titled, bool *ret_foreign)
{
    *ret_titled = *ret_foreign = false;
    *ret = COUNTS_NONE;
    if (shape->number_count == 0 || shape->number_count > SHAPE_NUMBERS)
        return false;
    const int64_t *numbers = shape->numbers;
    bool counted = false;
    for (size_t i = 0; i <= shape->len;) {
        size_t n = strcspn(shape->text + i, ",()|./");
        struct counts more = *ret;
        int rc = read_clause(shape->text + i, n, numbers, &more);
        const char *colon = memchr(shape->text + i, ':', n);
        if (rc < 0 && !counted && colon) { /* a title before the counts */
            size_t title = (size_t)(colon - (shape->text + i)) + 1;
            size_t in_title = values_of(shape->text + i, title);
            more = *ret;
            if (strcspn(shape->text + i, WORDS) > title - 1) {
                bool total = read_clause(shape->text + i, title - 1, numbers, &more) > 0;
                if (!total)
                    more = *ret;
                rc = read_clause(shape->text + i + title, n - title, numbers + in_title, &more);
                *ret_titled = (rc > 0 && !total) || *ret_titled;
            }
        }
        if (rc > 0) {
            *ret = more;
            counted = true;
        } else if (rc < 0) {
            *ret_foreign = true;
        }
        numbers += values_of(shape->text + i, n);
        i += n + 1;
    }
    return counted;
}

bool counts_merge(struct counts *counts, const struct counts *more)
{
    int64_t *into[] = {&counts->pass,    &counts->fail,    &counts->errors,
                       &counts->skipped, &counts->pending, &counts->total};
    const int64_t from[] = {more->pass,    more->fail,    more->errors,
                            more->skipped, more->pending, more->total};
    enum { KINDS = sizeof into / sizeof into[0] };
    for (size_t i = 0; i < KINDS; i++)
        if (*into[i] >= 0 && from[i] >= 0)
            return false;
    for (size_t i = 0; i < KINDS; i++)
        if (from[i] >= 0)
            *into[i] = from[i];
    counts->pass_strong = counts->pass_strong || more->pass_strong;
    counts->fail_weak = counts->fail_weak || more->fail_weak;
    counts->ran = counts->ran || more->ran;
    return true;
}

struct statement counts_judge(const struct counts *c)
{
    struct statement ret = {.level = LEVEL_NONE, .rule = "summary counts"};
    int64_t others = c->skipped > 0 ? c->skipped : 0;
    bool whole = c->total < 0 || c->total - others <= c->pass;
    bool beside = c->pass >= 0 || c->fail >= 0 || c->total >= 0;
    /* `Tests run: 3, Failures: 0, Errors: 0`, `5 tests, 0 failures` */
    bool run = c->pass < 0 && c->fail == 0 && (c->errors == 0 || (c->errors < 0 && c->ran)) &&
               c->total - others > 0;

    if ((c->fail > 0 && (!c->fail_weak || c->pass >= 0 || c->total >= 0)) ||
        (c->errors > 0 && beside))
        ret.result = RESULT_FAIL;
    else if (c->pending > 0 && beside)
        ret.result = RESULT_UNKNOWN;
    else if (run || (c->pass > 0 && whole && (c->fail == 0 || c->total >= 0)))
        ret.result = RESULT_PASS;
    else
        return ret;
    ret.level = LEVEL_OVERALL;
    return ret;
}
