/* Words to shapes: what a line says, one letter a word.
 *
 * `测试结果：合格` becomes "qL:P", `PASSED 3, FAILED 0` becomes "p9,f0". The letters:
 *
 *     P 合格   p pass   t 通过   s 成功   o OK   F 不合格, FAIL, NG   f 失败, failed   j failure(s)
 *     U 待判定   e error(s)   k skipped …   w, W pass_count, fail_count
 *     L result, 结论   K status   O overall, 最终   q test, 测试   a run, 执行   S cases, 用例   C
 * step, 步骤 A all, 全部   B not all   T total, 共   c count, 项   X exists, some   n no, 无   m
 * is, 为 D finished, 完成   r 合格率 y yes, 是   z no, 否   Y true   Z false   H whether, 是否   E
 * expected, 预期   N prose   h prose that a verdict may stand apart from 0 zero   9 another count
 * Q 3/3   R 2/3   v any other value   x any other text g ✅   b ❌   + the text before and after
 * stand together without a blank : , . - > / | ? [ ] ( )  punctuation, full width folded, = as :,
 * tabs as |
 *
 * Decorations (=== *** 🔥 quotes) vanish. Log prefixes (times, levels) are taken off first.
 */
#ifndef VERDICT_WORDS_H
#define VERDICT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/str.h"
#include "verdict/vocabulary.h"

enum { SHAPE_MAX = 384, SHAPE_NUMBERS = 32 };

struct shape {
    char text[SHAPE_MAX + 1]; /* letters as above, trimmed */
    size_t len;
    int64_t
        numbers[SHAPE_NUMBERS]; /* the values of its letters 0 and 9, two for Q and R, in order */
    size_t number_count;        /* may exceed the array: then too many to be counts */
};

struct words {
    struct vocabulary vocabulary;
    pcre2_code *prefix; /* what loggers put before the message */
};

int words_init(struct words *words); /* -1: no memory */
void words_release(struct words *words);

/* The shape of `line` (cleaned, valid UTF-8). `scratch` is working memory of the caller. */
void words_shape(const struct words *words, const char *line, size_t len, struct mu_str *scratch,
                 pcre2_match_data *match, struct shape *ret);

#endif
