/* The vocabulary. See words.h for the letters.
 *
 * A line is folded (full width to ASCII, ideographic blanks), its log prefix taken off, and read
 * from left to right: the longest word of the table that begins here, else an identifier, a number,
 * a sign, or unknown text. Words of ASCII need an end of word on both sides; Chinese has none, so a
 * verdict word that is followed at once by unknown Chinese text (合格样件) belongs to that text.
 */
#include "verdict/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const struct word {
    const char *text; /* lower case; blanks match blanks */
    char letter;
} table[] = {
    /* Verdicts. */
    {"合格", 'P'},
    {"检验合格", 'P'},
    {"判定合格", 'P'},
    {"达标", 'P'},
    {"pass", 'p'},
    {"passed", 'p'},
    {"passes", 'p'},
    {"通过", 't'},
    {"通過", 't'},
    {"已通过", 't'},
    {"通过了", 't'},
    {"成功", 's'},
    {"success", 's'},
    {"successful", 's'},
    {"succeeded", 's'},
    {"正常", 's'},
    {"ok", 'o'},
    {"okay", 'o'},
    {"good", 'o'},
    {"不合格", 'F'},
    {"非合格", 'F'},
    {"未合格", 'F'},
    {"不良", 'F'},
    {"不达标", 'F'},
    {"未达标", 'F'},
    {"不符合", 'F'},
    {"未通过", 'F'},
    {"未通過", 'F'},
    {"不通过", 'F'},
    {"不通過", 'F'},
    {"没通过", 'F'},
    {"没有通过", 'F'},
    {"未能通过", 'F'},
    {"未全部通过", 'F'},
    {"没有全部通过", 'F'},
    {"未全部合格", 'F'},
    {"并非全部通过", 'F'},
    {"不全部通过", 'F'},
    {"nok", 'F'},
    {"not ok", 'F'},
    {"n.g", 'F'},
    {"not pass", 'F'},
    {"not passed", 'F'},
    {"did not pass", 'F'},
    {"didn't pass", 'F'},
    {"has not passed", 'F'},
    {"unsuccessful", 'f'},
    {"ng", 'f'},
    {"fail", 'f'},
    {"failed", 'f'},
    {"fails", 'f'},
    {"失败", 'f'},
    {"失敗", 'f'},
    {"failure", 'j'},
    {"failures", 'j'},
    {"error", 'e'},
    {"errors", 'e'},
    {"错误", 'e'},
    {"待判定", 'U'},
    {"待判断", 'U'},
    {"待定", 'U'},
    {"待确认", 'U'},
    {"待复核", 'U'},
    {"待人工判定", 'U'},
    {"待人工确认", 'U'},
    {"未判定", 'U'},
    {"无法判定", 'U'},
    {"无法判断", 'U'},
    {"不确定", 'U'},
    {"人工判定", 'U'},
    {"需人工判定", 'U'},
    {"需要人工判定", 'U'},
    {"需人工确认", 'U'},
    {"需要人工确认", 'U'},
    {"请人工判定", 'U'},
    {"请人工确认", 'U'},
    {"未测试", 'U'},
    {"未执行", 'U'},
    {"inconclusive", 'U'},
    {"inconc", 'U'},
    {"pending", 'U'},
    {"undetermined", 'U'},
    {"to be determined", 'U'},
    {"tbd", 'U'},
    {"unknown", 'U'},
    {"not run", 'U'},
    {"n/a", 'U'},
    {"blocked", 'U'},
    /* Counted beside verdicts, proving nothing. */
    {"skip", 'k'},
    {"skips", 'k'},
    {"skipped", 'k'},
    {"xfailed", 'k'},
    {"xpassed", 'k'},
    {"deselected", 'k'},
    {"rerun", 'k'},
    {"warning", 'k'},
    {"warnings", 'k'},
    {"ignored", 'k'},
    {"disabled", 'k'},
    {"expected failures", 'k'},
    {"跳过", 'k'},
    {"警告", 'k'},
    {"忽略", 'k'},
    /* Labels. */
    {"结果", 'L'},
    {"結果", 'L'},
    {"结论", 'L'},
    {"合格判定", 'L'},
    {"結論", 'L'},
    {"判定", 'L'},
    {"评定", 'L'},
    {"判断", 'L'},
    {"评价", 'L'},
    {"总评", 'L'},
    {"result", 'L'},
    {"results", 'L'},
    {"verdict", 'L'},
    {"conclusion", 'L'},
    {"judgement", 'L'},
    {"judgment", 'L'},
    {"judge", 'L'},
    {"outcome", 'L'},
    {"overall", 'O'},
    {"final", 'O'},
    {"finally", 'O'},
    {"最终", 'O'},
    {"最后", 'O'},
    {"总体", 'O'},
    {"整体", 'O'},
    {"综合", 'O'},
    {"总", 'O'},
    {"本次", 'q'},
    {"本轮", 'q'},
    {"此次", 'q'},
    {"测试", 'q'},
    {"測試", 'q'},
    {"检测", 'q'},
    {"检验", 'q'},
    {"试验", 'q'},
    {"验证", 'q'},
    {"复测", 'q'},
    {"重测", 'q'},
    {"功能", 'q'},
    {"产品", 'q'},
    {"样件", 'q'},
    {"汇总", 'q'},
    {"统计", 'q'},
    {"test", 'q'},
    {"testing", 'q'},
    {"summary", 'q'},
    {"status", 'K'},
    {"状态", 'K'},
    {"finished", 'D'},
    {"complete", 'D'},
    {"completed", 'D'},
    {"done", 'D'},
    {"ended", 'D'},
    {"end", 'D'},
    {"完成", 'D'},
    {"结束", 'D'},
    {"完毕", 'D'},
    {"执行", 'a'},
    {"循环", 'a'},
    {"运行", 'a'},
    {"execution", 'a'},
    {"run", 'a'},
    {"用例", 'S'},
    {"测试用例", 'S'},
    {"脚本", 'S'},
    {"测试脚本", 'S'},
    {"套件", 'S'},
    {"case", 'S'},
    {"cases", 'S'},
    {"examples", 'S'},
    {"testcase", 'S'},
    {"testcases", 'S'},
    {"tests", 'S'},
    {"suite", 'S'},
    {"script", 'S'},
    {"步骤", 'C'},
    {"指标", 'C'},
    {"测试步骤", 'C'},
    {"测试组", 'C'},
    {"测试项", 'C'},
    {"测试项目", 'C'},
    {"检查", 'C'},
    {"检查项", 'C'},
    {"检测项", 'C'},
    {"项目", 'C'},
    {"组", 'C'},
    {"step", 'C'},
    {"steps", 'C'},
    {"item", 'C'},
    {"items", 'C'},
    {"check", 'C'},
    {"checks", 'C'},
    {"group", 'C'},
    {"groups", 'C'},
    {"assertion", 'C'},
    {"assertions", 'C'},
    {"all", 'A'},
    {"every", 'A'},
    {"everything", 'A'},
    {"both", 'A'},
    {"全部", 'A'},
    {"各项", 'A'},
    {"各", 'A'},
    {"所有", 'A'},
    {"均", 'A'},
    {"全", 'A'},
    {"都", 'A'},
    {"not all", 'B'},
    {"total", 'T'},
    {"tests run", 'T'},
    {"ran", 'T'},
    {"executed", 'T'},
    {"总数", 'T'},
    {"总计", 'T'},
    {"合计", 'T'},
    {"总共", 'T'},
    {"总测试", 'T'},
    {"测试总数", 'T'},
    {"用例总数", 'T'},
    {"共", 'T'},
    {"共计", 'T'},
    {"数", 'c'},
    {"数量", 'c'},
    {"次数", 'c'},
    {"个数", 'c'},
    {"项数", 'c'},
    {"总数量", 'T'},
    {"总次数", 'T'},
    {"项", 'c'},
    {"个", 'c'},
    {"条", 'c'},
    {"次", 'c'},
    {"例", 'c'},
    {"件", 'c'},
    {"count", 'c'},
    {"counts", 'c'},
    {"number", 'c'},
    {"num", 'c'},
    {"存在", 'X'},
    {"有", 'X'},
    {"发现", 'X'},
    {"部分", 'X'},
    {"出现", 'X'},
    {"包含", 'X'},
    {"some", 'X'},
    {"there are", 'X'},
    {"there were", 'X'},
    {"one or more", 'X'},
    {"at least one", 'X'},
    {"found", 'X'},
    {"no", 'n'},
    {"none", 'n'},
    {"without", 'n'},
    {"zero", 'n'},
    {"无", 'n'},
    {"没有", 'n'},
    {"未发现", 'n'},
    {"不存在", 'n'},
    {"未出现", 'n'},
    {"为", 'm'},
    {"顺利", 'm'},
    {"完全", 'm'},
    {"如下", 'm'},
    {"的", 'm'},
    {"out of", 'm'},
    {"了", 'm'},
    {"已", 'm'},
    {"判定为", 'L'},
    {"is", 'm'},
    {"was", 'm'},
    {"are", 'm'},
    {"were", 'm'},
    {"has", 'm'},
    {"have", 'm'},
    {"been", 'm'},
    {"the", 'm'},
    {"this", 'm'},
    {"of", 'm'},
    {"with", 'm'},
    {"in", 'm'},
    {"took", 'm'},
    {"耗时", 'm'},
    {"用时", 'm'},
    {"duration", 'm'},
    {"time", 'm'},
    {"elapsed", 'm'},
    {"successfully", 'm'},
    {"and", ','},
    {"是", 'y'},
    {"yes", 'y'},
    {"否", 'z'},
    {"true", 'Y'},
    {"false", 'Z'},
    {"是否", 'H'},
    {"收到", 'I'},
    {"返回", 'I'},
    {"应答", 'I'},
    {"响应", 'I'},
    {"回复", 'I'},
    {"reply", 'I'},
    {"response", 'I'},
    {"received", 'I'},
    {"whether", 'H'},
    {"or", '/'},
    {"或", '/'},
    {"或者", '/'},
    {"还是", '/'},
    {"预期", 'E'},
    {"预期结果", 'E'},
    {"期望", 'E'},
    {"期望结果", 'E'},
    {"期望值", 'E'},
    {"预期值", 'E'},
    {"expect", 'E'},
    {"expects", 'E'},
    {"expected", 'E'},
    {"expected result", 'E'},
    {"expected to", 'E'},
    {"expecting", 'E'},
    /* Prose: a line with one of these decides nothing. */
    {"如果", 'N'},
    {"如", 'N'},
    {"若", 'N'},
    {"假如", 'N'},
    {"当", 'N'},
    {"否则", 'N'},
    {"则", 'N'},
    {"应", 'N'},
    {"应该", 'N'},
    {"应报", 'N'},
    {"应为", 'N'},
    {"应判", 'N'},
    {"应显示", 'N'},
    {"视为", 'N'},
    {"应当", 'N'},
    {"直到", 'N'},
    {"将", 'N'},
    {"不是", 'N'},
    {"并非", 'N'},
    {"未失败", 'N'},
    {"没失败", 'N'},
    {"上次", 'N'},
    {"上一次", 'N'},
    {"上轮", 'N'},
    {"之前", 'N'},
    {"历史", 'N'},
    {"重试", 'N'},
    {"重新", 'N'},
    {"标准", 'N'},
    {"判定标准", 'N'},
    {"判据", 'N'},
    {"准则", 'N'},
    {"条件", 'N'},
    {"判定条件", 'N'},
    {"规则", 'N'},
    {"要求", 'N'},
    {"说明", 'N'},
    {"图例", 'N'},
    {"定义", 'N'},
    {"示例", 'N'},
    {"例如", 'N'},
    {"请选择", 'N'},
    {"请输入", 'N'},
    {"请判断", 'N'},
    {"请确认", 'N'},
    {"选择", 'N'},
    {"输入", 'N'},
    {"可能", 'N'},
    {"if", 'N'},
    {"when", 'N'},
    {"unless", 'N'},
    {"until", 'N'},
    {"otherwise", 'N'},
    {"should", 'N'},
    {"shall", 'N'},
    {"must", 'N'},
    {"would", 'N'},
    {"could", 'N'},
    {"may", 'N'},
    {"might", 'N'},
    {"will", 'N'},
    {"previous", 'N'},
    {"previously", 'N'},
    {"last", 'N'},
    {"retry", 'N'},
    {"retrying", 'N'},
    {"retried", 'N'},
    {"again", 'N'},
    {"attempt", 'N'},
    {"criteria", 'N'},
    {"criterion", 'N'},
    {"legend", 'N'},
    {"usage", 'N'},
    {"example", 'N'},
    {"e.g", 'N'},
    {"enter", 'N'},
    {"please", 'N'},
    {"select", 'N'},
    {"choose", 'N'},
    {"press", 'N'},
    {"type", 'N'},
    {"not failed", 'N'},
    {"did not fail", 'N'},
    {"not fail", 'N'},
    /* Nouns that hold a verdict word. */
    {"合格证", 'x'},
    {"合格品", 'x'},
    {"合格率", 'r'},
    {"合格品率", 'r'},
    {"合格标准", 'N'},
    {"合格范围", 'N'},
    {"合格判据", 'N'},
    {"合格条件", 'N'},
    {"不合格品", 'x'},
    {"不合格率", 'r'},
    {"不合格原因", 'x'},
    {"不合格品率", 'r'},
    {"不合格品数", 'x'},
    {"失败率", 'r'},
    {"失败原因", 'x'},
    {"通过率", 'r'},
    {"成功率", 'r'},
    {"通过标准", 'N'},
    {"通过条件", 'N'},
    {"有效", 'x'},
    {"无效", 'x'},
    {"异常", 'x'},
    {"误差", 'x'},
    {"故障", 'x'},
    {"pass rate", 'r'},
    {"fail rate", 'r'},
    {"failure rate", 'r'},
    {"success rate", 'r'},
    {"pass filter", 'x'},
    {"fail to", 'x'},
    {"failed to", 'x'},
    {"fails to", 'x'},
    {"pass the", 'x'},
    {"pass to", 'x'},
    {"pass through", 'x'},
    {"fail safe", 'x'},
    {"fail over", 'x'},
    {"error rate", 'r'},
};
enum { WORDS = sizeof table / sizeof table[0] };

/* Before the message: date, time, level, thread, logger, in what order loggers have them. */
#define DATE "(?:\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}|\\d{4}年\\d{1,2}月\\d{1,2}日|20\\d{6})"
#define TIME "\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,:]\\d+)?)?(?:z|[+-]\\d{2}:?\\d{2})?"
#define LEVEL "(?:debug|info|notice|warn(?:ing)?|error|err|critical|fatal|trace|success)\\b"
#define STAMP                                                                                      \
    "[\\[(<]?\\s*(?:" DATE "[t_ ]?\\s*" TIME "|20\\d{6}[_-]\\d{6}|" DATE "|" TIME                  \
    "|\\d+\\.\\d{3,})\\s*[\\])>]?"
static const char prefix_pattern[] =
    "^\\s*(?:"
    /* a time, then perhaps a logger's name, a level, a place */
    "(?:(?<=^|[\\s:|,\\])>-])(?:" STAMP ")(?![\\w%.])[\\s:|,-]*)+"
    "(?:[\\[(]?(?:[a-z_][\\w.]*)[\\])]?[\\s:|-]+(?=[\\[(<]?" LEVEL "))?"
    "(?:(?:[\\[(<]?" LEVEL "\\s*[\\])>]?|[\\[(<][diwefv][\\])>])[\\s:|,-]*"
    "(?:[\\w.]+(?::(?:<?\\w+>?))*:\\d+\\s*-\\s*)?)?"
    /* a level alone */
    "|[\\[(<](?:" LEVEL "|[diwefv]\\b)\\s*[\\])>][\\s:|,-]*"
    "|" LEVEL "\\s*[:|]\\s*(?:(?<=:)[a-z_][\\w.]*:)?"
    "|(?:info|debug|notice)\\s+(?=\\S)"
    ")(?:[\\[(](?:mainthread|main|thread-\\d+|\\d{4,})[\\])][\\s:|,-]*)?";

static unsigned hash_of(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] >= 0x80 && len >= 3)
        return (p[0] * 961U + p[1] * 31U + p[2]) % 1024U;
    return (p[0] * 31U + (len > 1 ? p[1] : 0U)) % 1024U;
}

int words_init(struct words *words)
{
    memset(words, 0, sizeof *words);
    words->next = calloc(WORDS, sizeof *words->next);
    words->length = calloc(WORDS, sizeof *words->length);
    if (!words->next || !words->length) {
        words_release(words);
        return -1;
    }
    for (size_t i = 0; i < WORDS; i++) {
        size_t len = strlen(table[i].text);
        uint16_t *at = &words->first[hash_of(table[i].text, len)];
        words->length[i] = (uint8_t)len;
        while (*at && words->length[*at - 1] >= len)
            at = &words->next[*at - 1];
        words->next[i] = *at;
        *at = (uint16_t)(i + 1);
    }
    int error;
    PCRE2_SIZE offset;
    words->prefix =
        pcre2_compile((PCRE2_SPTR)prefix_pattern, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
    if (!words->prefix) {
        words_release(words);
        return -1;
    }
    return 0;
}

void words_release(struct words *words)
{
    free(words->next);
    free(words->length);
    pcre2_code_free(words->prefix);
    memset(words, 0, sizeof *words);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The longest word at `text`; ASCII words end where a word ends. Returns its length or 0. */
static size_t find_word(const struct words *words, const char *text, size_t len, char *ret_letter)
{
    for (uint16_t i = words->first[hash_of(text, len)]; i; i = words->next[i - 1]) {
        const char *word = table[i - 1].text;
        size_t n = words->length[i - 1];
        if (n <= len && memcmp(word, text, n) == 0 &&
            (n == len || !is_alnum(word[n - 1]) || !is_alnum(text[n]))) {
            *ret_letter = table[i - 1].letter;
            return n;
        }
    }
    return 0;
}

/* Signs that mean something; anything else that is no letter is decoration. */
static const struct sign {
    const char *text;
    char letter;
} signs[] = {
    {"→", '>'},  {"⇒", '>'},  {"，", ','}, {"、", ','}, {"；", ','}, {"。", '.'}, {"…", '.'},
    {"【", '['}, {"】", ']'}, {"「", '['}, {"」", ']'}, {"『", '['}, {"』", ']'}, {"〔", '['},
    {"〕", ']'}, {"│", '|'},  {"┃", '|'},  {"║", '|'},  {"—", '-'},  {"–", '-'},  {"－", '-'},
    {"✅", 'g'},  {"✓", 'g'},  {"✔", 'g'},  {"☑", 'g'},  {"√", 'g'},  {"❌", 'b'},  {"✗", 'b'},
    {"✘", 'b'},  {"❎", 'b'},  {"☒", 'b'},
};

static char sign_letter(const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strlen(signs[i].text) == n && memcmp(signs[i].text, text, n) == 0)
            return signs[i].letter;
    return 0;
}

/* Letters of scripts other than Latin: unknown text. The rest of the upper planes is decoration. */
static bool is_letter(uint32_t ch)
{
    return (ch >= 0xc0 && ch < 0x2000 && ch != 0xd7 && ch != 0xf7) ||
           (ch >= 0x3040 && ch < 0xa4d0) || (ch >= 0xac00 && ch < 0xe000) ||
           (ch >= 0xf900 && ch < 0xfb00) || (ch >= 0x20000 && ch < 0x40000);
}

/* Full-width letters and signs to ASCII, ideographic blanks to blanks, invisible marks left out. */
static void fold(const char *line, size_t len, struct mu_str *ret)
{
    mu_str_clear(ret);
    size_t start = 0;
    for (size_t i = 0; i < len;) {
        uint32_t ch;
        size_t n = mu_utf8_decode(line + i, len - i, &ch);
        char folded = 0;
        bool drop = ch == 0xfeff || (ch >= 0x200b && ch <= 0x200f) || ch == 0x2060 ||
                    (ch >= 0x202a && ch <= 0x202e) || (ch >= 0xfe00 && ch <= 0xfe0f);
        if (ch >= 0xff01 && ch <= 0xff5e)
            folded = (char)(ch - 0xfee0);
        else if (ch == 0x3000 || ch == 0xa0)
            folded = ' ';
        n = n == 0 ? 1 : n;
        if (folded || drop) {
            mu_str_append(ret, line + start, i - start);
            if (folded)
                mu_str_putc(ret, folded);
            start = i + n;
        }
        i += n;
    }
    mu_str_append(ret, line + start, len - start);
}

/* P A S S, 不 合 格: a banner of single letters loses its blanks. */
static void close_up(struct mu_str *text)
{
    size_t letters = 0, in_word = 0, words = 0;
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if (is_alnum((char)c) || (c >= 0xe4 && c <= 0xe9)) {
            words += in_word == 0;
            letters++;
            if (++in_word > 1)
                return;
        } else if (c == ' ') {
            in_word = 0;
        } else if (c >= 0x80 ? c >= 0xc0
                             : in_word > 0 && i + 1 < text->len && text->data[i + 1] != ' ') {
            if (in_word > 0)
                return;
        }
    }
    if (words < 2 || letters > 8)
        return;
    size_t to = 0;
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] != ' ')
            text->data[to++] = text->data[i];
    text->len = to;
    text->data[to] = '\0';
}

struct reader {
    const struct words *words;
    const char *text;  /* folded, its own case */
    const char *small; /* the same in lower case */
    size_t len, at;
    struct shape *shape;
    bool glued;      /* nothing stands between the last letter and here */
    bool last_cjk;   /* the last letter came from Chinese text */
    bool last_short; /* … from a word of one character, which unknown text swallows */
};

static void put(struct reader *r, char letter)
{
    struct shape *shape = r->shape;
    if (shape->len > 0 && shape->text[shape->len - 1] == letter && strchr("x.-,|>:gb", letter))
        return;
    if (shape->len == SHAPE_MAX) { /* keep the head and the newest half */
        memmove(shape->text + SHAPE_MAX / 2, shape->text + SHAPE_MAX * 3 / 4, SHAPE_MAX / 4);
        shape->len = SHAPE_MAX * 3 / 4;
        shape->text[SHAPE_MAX / 2] = 'x';
        shape->number_count = SHAPE_NUMBERS + 1;
    }
    shape->text[shape->len++] = letter;
    shape->text[shape->len] = '\0';
}

/* Unknown text swallows what stands before it without a blank: 合格 in 合格样件. */
static void put_text(struct reader *r, bool cjk)
{
    struct shape *shape = r->shape;
    char last = shape->len > 0 ? shape->text[shape->len - 1] : 0;
    if (cjk && r->glued && r->last_cjk && last && (r->last_short || strchr("PptsoFfU", last))) {
        shape->len--;
        if (shape->len > 0 && shape->text[shape->len - 1] == '+')
            shape->len--;
    }
    put(r, 'x');
    r->glued = true;
    r->last_cjk = cjk;
    r->last_short = false;
}

static void put_word(struct reader *r, char letter, bool cjk, bool is_short)
{
    struct shape *shape = r->shape;
    if (cjk && r->glued && shape->len > 0 && shape->text[shape->len - 1] == 'x') {
        if (is_short) /* 数据, 项链: part of the unknown text */
            return;
        put(r, '+');
    }
    put(r, letter);
    r->glued = true;
    r->last_cjk = cjk;
    r->last_short = is_short;
}

/* `10 of 12`, `10 out of 12`, `10 / 12`: how far it goes after the first number, or 0. */
static size_t fraction_end(const char *text, size_t n, size_t len)
{
    static const char *const joints[] = {" out of ", " of ", " / "};
    for (size_t i = 0; i < sizeof joints / sizeof joints[0]; i++) {
        size_t at = n + strlen(joints[i]);
        if (at >= len || memcmp(text + n, joints[i], at - n) != 0 || !is_digit(text[at]))
            continue;
        while (at < len && is_digit(text[at]))
            at++;
        return at < len && is_alnum(text[at]) ? 0 : at;
    }
    return 0;
}

/* 12, 12.5, 2/3, 0x1f, 10:22, 3s, 5%. A fraction has two values. */
static char number_letter(const char *text, size_t n, int64_t ret_values[2])
{
    uint64_t value[2] = {0, 0};
    size_t part = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '/' && part == 0 && i > 0 && i + 1 < n)
            part = 1;
        else if (strchr(" outf", text[i]) && i > 0 && i + 1 < n)
            part = 1;
        else if (text[i] == '/' && part == 1 && text[i - 1] == ' ')
            ;
        else if (is_digit(text[i]) && value[part] < UINT64_MAX / 20)
            value[part] = value[part] * 10 + (uint64_t)(text[i] - '0');
        else
            return 'v';
    }
    ret_values[0] = (int64_t)value[0];
    ret_values[1] = (int64_t)value[1];
    if (part == 1)
        return value[1] == 0 ? 'v' : value[0] == value[1] ? 'Q' : value[0] < value[1] ? 'R' : 'v';
    return value[0] == 0 ? '0' : '9';
}

/* The end of an identifier, path or number: word characters, and single joiners between them. */
static size_t run_end(const char *text, size_t at, size_t len)
{
    size_t i = at;
    while (i < len) {
        if (is_alnum(text[i]) || (i > at && (unsigned char)text[i] == '\\'))
            i++;
        else if (i > at && i + 1 < len && strchr("-./@#", text[i]) && is_alnum(text[i + 1]))
            i++;
        else if (i > at && i + 1 < len && text[i] == ':' && is_digit(text[i - 1]) &&
                 is_digit(text[i + 1]))
            i++;
        else
            break;
    }
    return i;
}

/* test_result, TestResult, pass_count: words joined. Writes their letters, or returns false. */
static bool put_joined(struct reader *r, size_t end)
{
    char letters[8];
    size_t count = 0;
    for (size_t i = r->at; i < end;) {
        size_t n = i + 1;
        while (n < end && r->text[n] != '_' && r->text[n] != '-' &&
               !(r->text[n] >= 'A' && r->text[n] <= 'Z' && r->text[n - 1] >= 'a'))
            n++;
        char letter = 0;
        if (count == sizeof letters || find_word(r->words, r->small + i, n - i, &letter) != n - i ||
            !strchr("LOqaASpfjcT", letter))
            return false;
        letters[count++] = letter;
        i = n < end && (r->text[n] == '_' || r->text[n] == '-') ? n + 1 : n;
    }
    if (count < 2)
        return false;
    bool label = true, counter = letters[count - 1] == 'c';
    for (size_t i = 0; i < count; i++)
        label = label && strchr("LOqaAS", letters[i]);
    if (!label && !(counter && count == 2 && strchr("pfjT", letters[0])))
        return false;
    if (!label) {
        put_word(r, letters[0] == 'p' ? 'w' : letters[0] == 'T' ? 'T' : 'W', false, false);
        return true;
    }
    for (size_t i = 0; i < count; i++)
        put_word(r, letters[i], false, false);
    return true;
}

/* TC_012, test_voltage, TestCase5, LinTest: names of tests. */
static bool is_test_name(const char *small, size_t n)
{
    if (n >= 3 && memcmp(small, "tc", 2) == 0 && (is_digit(small[2]) || small[2] == '_'))
        return true;
    for (size_t i = 0; i + 4 <= n; i++)
        if (memcmp(small + i, "test", 4) == 0)
            return true;
    return false;
}

/* The name of a file, if one begins here: up to an ending such as .csv. Returns its end or 0. */
static size_t file_end(const char *small, size_t at, size_t len)
{
    static const char *const endings[] = {
        "csv",  "xlsx", "xls", "py",  "txt", "log", "json", "xml",   "html", "htm", "png",
        "jpg",  "bmp",  "dll", "dbc", "ini", "yml", "yaml", "zip",   "md",   "pdf", "doc",
        "docx", "blf",  "asc", "mat", "exe", "bin", "hex",  "arxml", "odx",  "cdd", "db",
        "dat",  "bak",  "gz",  "tmp", "mf4", "bat", "sh",   "cfg",   "so",   "lib", "vi",
    };
    for (size_t i = at; i < len && i < at + 256; i++) {
        if (strchr(" \t\"'`|,;=()[]{}<>*?", small[i]))
            return 0;
        if (small[i] != '.')
            continue;
        size_t n = i + 1;
        while (n < len && is_alnum(small[n]))
            n++;
        for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++)
            if (strlen(endings[e]) == n - i - 1 &&
                memcmp(endings[e], small + i + 1, n - i - 1) == 0)
                return n;
    }
    return 0;
}

static void put_number(struct shape *shape, int64_t value)
{
    if (shape->number_count < SHAPE_NUMBERS)
        shape->numbers[shape->number_count] = value;
    shape->number_count++;
}

static void read_ascii_run(struct reader *r)
{
    size_t end = run_end(r->text, r->at, r->len), n = end - r->at;
    const char *small = r->small + r->at;
    char letter = 0;
    size_t word = find_word(r->words, small, r->len - r->at, &letter);
    if (word >= n) {
        n = word;
        char first = r->text[r->at], second = n > 1 ? r->text[r->at + 1] : 0;
        if (letter == 'f' && first >= 'A' && first <= 'Z' && second >= 'A' && second <= 'Z')
            letter = 'F'; /* FAIL, NG: said loud, a verdict and no verb */
        if (letter == 'j' && memcmp(r->text + r->at, "FAILURE", n) == 0 && n == 7)
            letter = 'F';
        if (n == 2 && memcmp(small, "ng", 2) == 0 && letter == 'f' && r->shape->len > 0 &&
            strchr("09v", r->shape->text[r->shape->len - 1]))
            letter = 'v'; /* nanograms */
        put_word(r, letter, false, false);
    } else if (is_digit(small[0])) {
        if (end < r->len) {
            static const char *const units[] = {"%",  "‰",  "℃",        "°",     "Ω",  "µ",  "μ",
                                                "毫", "秒", "伏",       "安",    "度", "分", "年",
                                                "月", "日", " seconds", " secs", " s", " ms"};
            for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
                size_t size = strlen(units[i]);
                if (size <= r->len - end && memcmp(small + n, units[i], size) == 0 &&
                    (units[i][0] != ' ' || size == r->len - end || !is_alnum(small[n + size]))) {
                    n += size;
                    letter = 'v';
                    break;
                }
            }
        }
        int64_t values[2] = {0, 0};
        size_t fraction = fraction_end(small, n, r->len - r->at);
        n = letter != 'v' && fraction > 0 ? fraction : n;
        letter = letter == 'v' ? 'v' : number_letter(small, n, values);
        if (letter != 'v')
            put_number(r->shape, values[0]);
        if (letter == 'Q' || letter == 'R')
            put_number(r->shape, values[1]);
        put_word(r, letter, false, false);
    } else if (put_joined(r, end)) {
        ;
    } else if (is_test_name(small, n)) {
        put_word(r, 'C', false, false);
    } else {
        put_text(r, false);
    }
    r->at += n;
}

static void read_sign(struct reader *r)
{
    char c = r->text[r->at];
    size_t run = 1;
    while (r->at + run < r->len && r->text[r->at + run] == c)
        run++;
    r->glued = false;
    if ((c == '-' || c == '=') && run == 1 && r->at + 1 < r->len && r->text[r->at + 1] == '>') {
        put(r, '>');
        r->at += 2;
        return;
    }
    switch (c) {
    case '=':
        if (run == 1)
            put(r, ':');
        break;
    case ':': put(r, ':'); break;
    case ',':
    case ';': put(r, ','); break;
    case '.':
    case '!': put(r, '.'); break;
    case '\t':
        if (r->shape->len > 0 && strchr(":,|", r->shape->text[r->shape->len - 1]))
            break; /* after a sign it is a blank */
        put(r, '|');
        break;
    case '|': put(r, '|'); break;
    case '-':
        if (run <= 2)
            put(r, '-');
        break;
    case '/':
    case '\\': put(r, '/'); break;
    case '?':
    case '(':
    case ')': put(r, c); break;
    case '[':
    case '{': put(r, '['); break;
    case ']':
    case '}': put(r, ']'); break;
    default: break; /* decoration */
    }
    r->at += run;
}

static bool stands_alone(const struct reader *r, size_t n)
{
    size_t after = r->at + n;
    bool before = r->at == 0 || strchr(" \t|:,", r->text[r->at - 1]) != NULL;
    while (after < r->len && r->text[after] == ' ')
        after++;
    return before && (after == r->len || strchr("\t|,", r->text[after]));
}

static void read_character(struct reader *r)
{
    char letter;
    size_t n = find_word(r->words, r->small + r->at, r->len - r->at, &letter);
    if (n > 0) {
        put_word(r, letter, true, n == 3);
        r->at += n;
        return;
    }
    uint32_t ch = 0;
    n = mu_utf8_decode(r->text + r->at, r->len - r->at, &ch);
    n = n == 0 ? 1 : n;
    letter = sign_letter(r->text + r->at, n);
    if (ch == 0xd7 && stands_alone(r, n))
        letter = 'b'; /* × in a cell is a cross, between numbers a product */
    if (letter) {
        put(r, letter);
        r->glued = false;
    } else if (is_letter(ch)) {
        put_text(r, true);
    } else {
        r->glued = false;
    }
    r->at += n;
}

static void trim(struct shape *shape)
{
    size_t from = 0;
    while (from < shape->len && strchr(":.,-|>[]()/+", shape->text[from]))
        from++;
    while (shape->len > from && strchr(".,-|>[]()/+", shape->text[shape->len - 1]))
        shape->len--;
    shape->len -= from;
    memmove(shape->text, shape->text + from, shape->len);
    shape->text[shape->len] = '\0';
}

void words_shape(const struct words *words, const char *line, size_t len, struct mu_str *scratch,
                 pcre2_match_data *match, struct shape *ret)
{
    *ret = (struct shape){0};
    fold(line, len, scratch);
    if (!scratch->failed && scratch->len > 0 && scratch->len < 128)
        close_up(scratch);
    size_t folded = scratch->len;
    mu_str_putc(scratch, '\0');
    mu_str_reserve(scratch, folded);
    if (scratch->failed)
        return;
    for (size_t i = 0; i < folded; i++)
        scratch->data[folded + 1 + i] = lower(scratch->data[i]);
    scratch->len += folded;
    scratch->data[scratch->len] = '\0';
    struct reader r = {.words = words,
                       .text = scratch->data,
                       .small = scratch->data + folded + 1,
                       .len = folded,
                       .shape = ret};
    size_t head = folded < 128 ? folded : 128; /* a prefix is short */
    const char *first = r.small + strspn(r.small, " \t");
    if (*first && strchr("0123456789[(<dinwecfts", *first) &&
        pcre2_match(words->prefix, (PCRE2_SPTR)r.small, head, 0, 0, match, NULL) > 0)
        r.at = pcre2_get_ovector_pointer(match)[1];
    size_t file_checked = 0;
    while (r.at < r.len) {
        char c = r.text[r.at];
        if (c == ' ') {
            r.glued = false;
            r.at++;
            continue;
        }
        if (r.at >= file_checked && (is_alnum(c) || (unsigned char)c >= 0x80)) {
            /* once a chunk: a chunk without a file's ending has none further on either */
            size_t end = file_end(r.small, r.at, r.len);
            if (end > 0) {
                put_text(&r, false);
                r.at = end;
                continue;
            }
            file_checked = r.at;
            while (file_checked < r.len && !strchr(" \t\"'`|,;=()[]{}<>*?", r.text[file_checked]))
                file_checked++;
        }
        if (is_alnum(c))
            read_ascii_run(&r);
        else if ((unsigned char)c < 0x80)
            read_sign(&r);
        else
            read_character(&r);
    }
    trim(ret);
}
