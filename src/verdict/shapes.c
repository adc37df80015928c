/* The table of shapes: what decides, in the order in which it is tried.
 *
 * Patterns are written over the letters of words.h. The first row that fits holds, so that within a
 * level a fail stands before a pass, and what is never a verdict stands first of all.
 */
#include "verdict/shapes.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* A label that says the whole: 测试结果, Final Result, 总体, Overall. */
#define DONE "[AqaSm]+D[,.:\\-m]*"
#define LABEL "(?:" DONE ")?[qmOAaST]*(?:L|O|(?<=[qOS])K)[qmOLSK]*|" DONE
#define EITHER "\\((?:x|[Ppto]/[Ff]|[Ff]/[Ppto])\\):" /* 结论（合格/不合格）： */
#define SEP "[ym]?[:\\->.\\[\\](]*[ymq]*(?:A[AqSCm]*)?"
#define FAIL "b?(?:F|f)"
/* A fail behind a pass that is not "0 failed", "不合格项: 无". */
#define FAIL_TOO ".*(?<![0n])(?<!0c)[Ff](?![cCSq]*:?[0n])"
#define END "(?=$|[,.|()\\]:\\-gbmQ]|(?<=[PF])[xv])(?!:?0)"
/* "…, no failures", "… with 0 errors" */
#define TAIL "(?:[,.(]?[mn0X]+[mqS]*[ejfF]+[cqSC]*)*[).]*"
#define TOOK "(?:(?:[(.,]m*|m+):?(?:v|9?k))?" /* in 3.2s, with 2 warnings */

/* A verdict that stands apart from the words that are prose elsewhere (h): `测试结果：不合格，要求
 * ≥12V` before them, `标准 12V, 实测 11.2V, 不合格` behind them and what they are about. */
#define SAID_FIRST "[^h]*(?:[Ppto][\\])]?[,.(]|[Ff][\\])]?[,.(:])"
#define SAID_LAST                                                                                  \
    ".*h.*(?:[v9Q0Dg][:|>,\\-\\]]*|[xCDL)][:|>,\\-\\]]+|[:|,]L[:+]+)[\\[(]?[gb]?[PpFftUo][\\])]?$" \
    "|[gb]?\\[?[FP]\\]|b"

/* Without one of these letters no rule of that result fits. */
static const char *const needs[] = {
    [RESULT_NONE] = NULL,
    [RESULT_PASS] = "Pptsog",
    [RESULT_FAIL] = "FfjbBzZnR",
    [RESULT_UNKNOWN] = "Ue",
};

/* Where a cell of a row begins and ends. */
#define CELL "(?:^|[:,|.\\-\\]>)\\[(])"
#define CELL_END "(?=$|[,|.\\])(:\\[\\-])"

static const struct shape_rule {
    const char *pattern;
    enum level level;
    enum exec_result result;
    bool weak;
    const char *rule;
} table[] = {
    /* Never: prose, questions, legends, expectations that name a fail. */
    {"N|\\?", LEVEL_NONE, RESULT_NONE, false, "prose"},
    {"^(?=.*h)(?!" SAID_FIRST ")(?!" SAID_LAST ")", LEVEL_NONE, RESULT_NONE, false, "prose"},
    {"I[:\\[(]*[FfoPpts]$", LEVEL_NONE, RESULT_NONE, false, "reply"},
    {"^(?:" LABEL ")" EITHER FAIL "$", LEVEL_OVERALL, RESULT_FAIL, false, "labelled result"},
    {"^(?:" LABEL ")" EITHER "[Ppto]$", LEVEL_OVERALL, RESULT_PASS, false, "labelled result"},
    {"^(?=.*[Ppt])(?=.*[Ff])(?=.*[TLcU])[PptFfUTkLcqCS|,]+$", LEVEL_NONE, RESULT_NONE, false,
     "legend"},
    {"[Pptso](?:\\([^)]*\\))?[:\\[\\]>-]*/[:\\[]*[FfU]|[FfU](?:\\([^)]*\\))?[:\\[\\]>-]*/"
     "[:\\[]*[PptsoU]",
     LEVEL_NONE, RESULT_NONE, false, "legend"},
    {"^(?:[Ppto]\\|?[Ff]|[Ff]\\|[Ppto])$", LEVEL_NONE, RESULT_NONE, false, "legend"},
    {"^[^,|]*[09]:[PpFf].*[,|][^,|]*0:[PpFf]|0:[PpFf].*9:[PpFf]|9:[PpFf].*0:[PpFf]", LEVEL_NONE,
     RESULT_NONE, false, "legend"},
    {"^(?=.*n[mqSCac]*[Ffj])(?:n[mqSCac]*[Ffj]|[^PptsoFfj])*$", LEVEL_NONE, RESULT_NONE, false,
     "negation"},
    {"E[:mL]*[\\[(]?[Ffj]|Em?[Ffj]", LEVEL_NONE, RESULT_NONE, false, "expectation"},

    /* Overall. */
    {"^[qmOS]*H?[qm]*A[AqSCTmcO09]*[Ppts]:[zn]$", LEVEL_OVERALL, RESULT_FAIL, false,
     "all passed: no"},
    {"^[qmOS]*H?[qm]*A[AqSCTmcO09]*[Ppts]:Z$", LEVEL_OVERALL, RESULT_FAIL, false, "all passed: no"},
    {"^[qmOS]*H?[qm]*A[AqSCTmcO09]*[Ppts]:[yY]$", LEVEL_OVERALL, RESULT_PASS, false,
     "all passed: yes"},
    {"^(?=.*[PptoFfj]:[YZ])(?:[^PptsoFfj]|[PptoFfj]:[YZ])*$", LEVEL_NONE, RESULT_NONE, false,
     "boolean"},
    {"^[qmOSL]*H[AqSmO]*[Pptq]*[Ppt]:(?:z|F|f)$", LEVEL_OVERALL, RESULT_FAIL, false,
     "answered question"},
    {"^[qmOSL]*H[AqSmO]*[Ppt]:[yPpto]$", LEVEL_OVERALL, RESULT_PASS, false, "answered question"},
    {"^[qmOL]*P:z$", LEVEL_OVERALL, RESULT_FAIL, false, "answered question"},
    {"^[qmOL]*P:y$", LEVEL_OVERALL, RESULT_PASS, false, "answered question"},

    {"^b?(?:" LABEL ")" SEP FAIL END, LEVEL_OVERALL, RESULT_FAIL, false, "labelled result"},
    {"^(?:" LABEL ")" SEP "j$", LEVEL_OVERALL, RESULT_FAIL, false, "labelled result"},
    {"^g?(?:" LABEL ")" SEP "g?[Pptso]" END "(?!" FAIL_TOO ")", LEVEL_OVERALL, RESULT_PASS, false,
     "labelled result"},
    {"^(?:" LABEL ")" SEP "g?[Pptso]" END FAIL_TOO, LEVEL_OVERALL, RESULT_FAIL, false,
     "labelled result"},
    {"^(?:" LABEL ")" SEP "(?:U|e)" END, LEVEL_OVERALL, RESULT_UNKNOWN, false, "labelled result"},

    {"^(?:" FAIL "b?[/(\\[:]?)+(?:\\(.*)?$", LEVEL_OVERALL, RESULT_FAIL, false, "bare verdict"},
    {"^(?:o[/(:,.\\-]?)?(?:g?[Ppt]g?[/(\\[]?)+" TOOK "$|^g?P\\([^Ff]*$|^g?[Ppt]\\(Q$",
     LEVEL_OVERALL, RESULT_PASS, false, "bare verdict"},
    {"^[qS]*[Pptsow]c*/[AT]*[qSC]*c*:R$", LEVEL_OVERALL, RESULT_FAIL, false, "summary counts"},
    {"^[qS]*[Pptsow]c*/[AT]*[qSC]*c*:Q$", LEVEL_OVERALL, RESULT_PASS, false, "summary counts"},
    {"^U+$|^q*[,:]?U+$", LEVEL_OVERALL, RESULT_UNKNOWN, false, "bare verdict"},

    {"^b?[qmO]*B[AqSCTmcO]*[Ppt]", LEVEL_OVERALL, RESULT_FAIL, false, "sentence"},
    {"^b?[AOqSTmyLc9]*A[AOqSCTmyLca9]*(?:F|f)m?[.]*$", LEVEL_OVERALL, RESULT_FAIL, false,
     "sentence"},
    {"^b?[OqSmyLa]*[qSLO]a?m*y?b?(?:(?:F|f)m?[.]*" TOOK "$|F[mxv(])", LEVEL_OVERALL, RESULT_FAIL,
     false, "sentence"},
    {"^fX[qSC]+$|^b?X[mqSCc]*(?:F|f)m?(?:[cCSq:,.]|$)(?!m*[cCSq]*:?[n0]$)", LEVEL_OVERALL,
     RESULT_FAIL, false, "failed items"},
    {"^[qm]+(?:F|f)[.,]?9j", LEVEL_OVERALL, RESULT_FAIL, false, "doctest"},
    {"^g?(?:[TqaSC]+9[cSC]*,)?[AOqSTmyLc9]*A[AOqSCTmyLca9]*[Ppts]m*(?:,q[Ppt])?" TAIL TOOK "$",
     LEVEL_OVERALL, RESULT_PASS, false, "sentence"},
    {"^g?[AOqSmyLTc9]*A[AOqSCTmyLca9]*[qSCLc]m*o" TAIL "$", LEVEL_OVERALL, RESULT_PASS, false,
     "sentence"},
    {"^g?[OqSmyLa]*[qSLO]a?m*y?g?[Ppt]m*" TAIL TOOK "$", LEVEL_OVERALL, RESULT_PASS, false,
     "sentence"},
    {"^g?[OqSm]*[qS]m*sm*$", LEVEL_OVERALL, RESULT_PASS, false, "sentence"},
    {"^g?[pt]A[qSCT]+$", LEVEL_OVERALL, RESULT_PASS, false, "sentence"},

    /* Rows: a fail. */
    {"^\\[?(?:F|f)\\][:\\-]?.|^(?:F|f)\\][^F]|^b+[^,|]*x", LEVEL_ROW, RESULT_FAIL, false,
     "failed item"},
    {"^(?:F:|F-|f:|[qSC]+9?(?:F|f)[:\\-]).*[xvC9]", LEVEL_ROW, RESULT_FAIL, false, "failed item"},
    {"^[mXqS]*(?:F|f)[mcCSq]+:(?!n|0|$)", LEVEL_ROW, RESULT_FAIL, false, "failed item"},
    {"(?<!n)X[mc9qS]*(?:F|f)(?:[cCSq:,.]|$)(?!m*[cCSq]*:?[n0]$)", LEVEL_ROW, RESULT_FAIL, false,
     "failed item"},
    {"bf|" CELL "b?F" CELL_END "(?!:?0)", LEVEL_ROW, RESULT_FAIL, false, "failed item"},
    {"[^nE0/H](?<!0c)F" CELL_END "(?!:?0)", LEVEL_ROW, RESULT_FAIL, false, "failed item"},
    {"^[qmOL]*t:[zn]$", LEVEL_ROW, RESULT_FAIL, false, "failed item"},
    {"^F(?:x:)?C|^F[xv]", LEVEL_ROW, RESULT_FAIL, false, "failed item"},
    {"[:|\\]>]\\[?b?f(?=$|[,|\\])])|[|:xvC9]b$|\\|b\\||[:|]\\[?b?j$", LEVEL_ROW, RESULT_FAIL, false,
     "failed item"},
    {"(?:[qSC]+9?a?|-|\\.)b?f" CELL_END "(?!:?0)", LEVEL_ROW, RESULT_FAIL, false, "failed item"},

    /* Rows: pending, pass. */
    {CELL "U" CELL_END "|[^nE]U$", LEVEL_ROW, RESULT_UNKNOWN, false, "pending item"},
    {"E[:mL]*[\\[(]?[Pptso]", LEVEL_NONE, RESULT_NONE, false, "expectation"},
    {"[:|\\]>)x9v.,\\-CcqSLQYZ]\\[?\\(?g?P[\\])]*(?:\\([^)]*\\)?)?$|\\|\\[?g?P\\]?\\||^\\[?P[\\],:"
     "\\-][^YZ]",
     LEVEL_ROW, RESULT_PASS, false, "passed item"},
    {"g|[:|\\].>\\-x9vCcqS]\\[?[pt]" CELL_END "|^\\[?[pt][\\]:]", LEVEL_ROW, RESULT_PASS, true,
     "passed item"},
};
enum {
    RULES = sizeof table / sizeof table[0],
    MATCH_LIMIT = 20000, /* a line that is made to be hard says nothing; ordinary ones need 100 */
};

int shapes_init(struct shapes *shapes)
{
    memset(shapes, 0, sizeof *shapes);
    shapes->codes = calloc(RULES, sizeof(pcre2_code *));
    shapes->limits = pcre2_match_context_create(NULL);
    if (!shapes->codes || !shapes->limits || words_init(&shapes->words) != 0) {
        shapes_release(shapes);
        return -1;
    }
    pcre2_set_match_limit(shapes->limits, MATCH_LIMIT);
    for (size_t i = 0; i < RULES; i++) {
        int error;
        PCRE2_SIZE offset;
        shapes->codes[i] = pcre2_compile((PCRE2_SPTR)table[i].pattern, PCRE2_ZERO_TERMINATED, 0,
                                         &error, &offset, NULL);
        if (!shapes->codes[i]) {
            MU_ASSERT(error == PCRE2_ERROR_HEAP_FAILED);
            shapes_release(shapes);
            return -1;
        }
    }
    return 0;
}

void shapes_release(struct shapes *shapes)
{
    for (size_t i = 0; shapes->codes && i < RULES; i++)
        pcre2_code_free(shapes->codes[i]);
    free(shapes->codes);
    pcre2_match_context_free(shapes->limits);
    words_release(&shapes->words);
    *shapes = (struct shapes){0};
}

struct statement shapes_read(const struct shapes *shapes, const struct shape *shape,
                             pcre2_match_data *match, struct counts *ret_counts)
{
    *ret_counts = COUNTS_NONE;
    if (!strpbrk(shape->text, "PptsoFfjUgbeTwWk"))
        return (struct statement){0};
    bool pure = false; /* nothing but counts: no row either */
    if (!strpbrk(shape->text, "N?h")) {
        bool titled, foreign;
        struct counts counts;
        if (counts_read(shape, &counts, &titled, &foreign)) {
            struct statement said = counts_judge(&counts);
            bool both = counts.pass >= 0 && counts.fail >= 0;
            pure =
                !titled && !foreign && (counts.pass >= 0 || counts.fail >= 0 || counts.errors >= 0);
            if ((titled || foreign) &&
                (!both || (foreign && said.result == RESULT_PASS && !titled)))
                said.level = LEVEL_NONE;
            if (titled && said.level == LEVEL_OVERALL) {
                said.level = LEVEL_ROW;
                said.weak = said.result == RESULT_PASS && !counts.pass_strong;
            }
            if (!titled && !foreign)
                *ret_counts = counts;
            if (said.level != LEVEL_NONE)
                return said;
        }
    }
    bool may_fit[] = {true, true, true, true};
    for (size_t i = RESULT_PASS; i <= RESULT_UNKNOWN; i++)
        may_fit[i] = strpbrk(shape->text, needs[i]) != NULL;
    for (size_t i = 0; i < RULES; i++) {
        const struct shape_rule *rule = &table[i];
        if (pure && rule->level == LEVEL_ROW)
            break;
        if (!may_fit[rule->result])
            continue;
        if (pcre2_match(shapes->codes[i], (PCRE2_SPTR)shape->text, shape->len, 0, 0, match,
                        shapes->limits) > 0) {
            if (rule->level == LEVEL_OVERALL)
                *ret_counts = COUNTS_NONE;
            return (struct statement){rule->level, rule->result, rule->weak, rule->rule};
        }
    }
    return (struct statement){0};
}
