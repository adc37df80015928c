/* An automaton (Aho-Corasick) over the bytes of every word without which no rule can fit, in UTF-8
 * and in GBK. Two table loads a byte: a flood of ordinary lines passes at several hundred MB/s,
 * where reading each line in full would take twenty times as long.
 */
#include "verdict/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { STATES = 768 };
#define HIT 0x80000000U

/* Lower case; ASCII is compared without regard to case. A leading ~ asks for whole words. */
/* clang-format off */
static const char *const triggers[] = {
    "pass", "fail", "succe", "error in ", "errors", "verdict", "~ok", "~okay", "~ng", "~nok",
    "~n.g", "~good", "skip", "~ran", "~total", "tests run", "inconc", "pending", "determined",
    "~tbd", "unknown", "blocked", "not run", "n/a", "~no tests", "bail out!", "~1..", "p a s s",
    "f a i l", "~n g", "most recent call", "syntaxerror: ",
    "indentationerror: ", "taberror: ", "fatal python", "exception ignored", "\x1b",
    /* UTF-8 */
    "合格", "通过", "通過", "失败", "失敗", "成功", "不良", "达标", "符合", "判定", "判断", "待定",
    "待确", "待复", "待人", "不确定", "人工", "未测试", "未执行", "跳过", "共", "总计", "总数",
    "总共", "总测", "总次", "合计", "合 格", "合  格", "合　格", "通 过", "通  过", "失 败",
    "失  败", "×", "❌", "✗", "✘", "❎", "☒", "Ｐ", "Ｆ", "Ｎ", "Ｏ", "ｐ", "ｆ", "ｎ", "ｏ",
    /* The same in GBK. */
    "\xba\xcf\xb8\xf1", "\xcd\xa8\xb9\xfd", "\xca\xa7\xb0\xdc", "\xb3\xc9\xb9\xa6",
    "\xb2\xbb\xc1\xbc", "\xb4\xef\xb1\xea", "\xb7\xfb\xba\xcf", "\xc5\xd0\xb6\xa8",
    "\xc5\xd0\xb6\xcf", "\xb4\xfd\xb6\xa8", "\xb4\xfd\xc8\xb7", "\xb4\xfd\xb8\xb4",
    "\xb4\xfd\xc8\xcb", "\xb2\xbb\xc8\xb7\xb6\xa8", "\xc8\xcb\xb9\xa4", "\xce\xb4\xb2\xe2\xca\xd4",
    "\xce\xb4\xd6\xb4\xd0\xd0", "\xcc\xf8\xb9\xfd", "\xb9\xb2", "\xd7\xdc\xbc\xc6",
    "\xd7\xdc\xca\xfd", "\xd7\xdc\xb9\xb2", "\xd7\xdc\xb2\xe2", "\xd7\xdc\xb4\xce",
    "\xba\xcf\xbc\xc6", "\xba\xcf \xb8\xf1", "\xa1\xc1", "\xa3\xd0", "\xa3\xc6", "\xa3\xce",
    "\xa3\xcf", "\xa3\xf0", "\xa3\xe6", "\xa3\xee", "\xa3\xef",
};
/* clang-format on */
enum { TRIGGERS = sizeof triggers / sizeof triggers[0] };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_letter(char c)
{
    uint8_t l = lower((uint8_t)c);
    return (l >= 'a' && l <= 'z') || l == '_' || (l >= '0' && l <= '9');
}

/* Builds the trie, then completes it breadth first with the longest suffix that is a prefix. */
int prefilter_init(struct prefilter *f)
{
    memset(f, 0, sizeof *f);
    f->classes = 1; /* class 0: bytes of no trigger */
    for (size_t t = 0; t < TRIGGERS; t++)
        for (const char *p = triggers[t] + (triggers[t][0] == '~'); *p; p++) {
            uint8_t *class = &f->class_of[(uint8_t)*p];
            if (*class == 0)
                *class = (uint8_t)f->classes++;
        }
    for (int c = 'A'; c <= 'Z'; c++)
        f->class_of[c] = f->class_of[c + 32];

    uint32_t suffix[STATES] = {0}, queue[STATES], queued = 0, states = 1;
    f->next = calloc(STATES * f->classes, sizeof *f->next);
    f->endings = calloc(STATES, sizeof *f->endings);
    if (!f->next || !f->endings) {
        prefilter_release(f);
        return -1;
    }
    for (size_t t = 0; t < TRIGGERS; t++) {
        bool whole = triggers[t][0] == '~';
        const char *text = triggers[t] + whole;
        uint32_t state = 0;
        for (const char *p = text; *p; p++) {
            uint32_t *to = &f->next[state * f->classes + f->class_of[(uint8_t)*p]];
            if (*to == 0)
                *to = states++;
            state = *to;
        }
        f->endings[state] |= whole ? 1U << strlen(text) : 1U;
    }
    MU_ASSERT(states <= STATES);
    for (size_t c = 0; c < f->classes; c++)
        if (f->next[c] != 0)
            queue[queued++] = f->next[c];
    for (uint32_t q = 0; q < queued; q++) {
        uint32_t state = queue[q];
        f->endings[state] |= f->endings[suffix[state]];
        for (size_t c = 0; c < f->classes; c++) {
            uint32_t *to = &f->next[state * f->classes + c];
            uint32_t fallback = f->next[suffix[state] * f->classes + c];
            if (*to != 0) {
                suffix[*to] = fallback;
                queue[queued++] = *to;
            } else {
                *to = fallback;
            }
        }
    }
    for (size_t i = 0; i < (size_t)states * f->classes; i++) {
        uint32_t to = f->next[i];
        f->next[i] = (uint32_t)(to * f->classes) | (f->endings[to] ? HIT : 0);
    }
    return 0;
}

void prefilter_release(struct prefilter *f)
{
    free(f->next);
    free(f->endings);
    f->next = f->endings = NULL;
}

/* Whether one of the words that end before `end` stands alone. */
static bool stands_alone(uint32_t endings, const char *line, size_t end, size_t len)
{
    for (size_t n = 1; n < 32; n++)
        if ((endings >> n & 1) && (end == n || !is_letter(line[end - n - 1])) &&
            (end == len || !is_letter(line[end]) || !is_letter(line[end - 1])))
            return true;
    return false;
}

bool prefilter_may_matter(const struct prefilter *f, const char *line, size_t len)
{
    uint32_t state = 0;
    for (size_t i = 0; i < len; i++) {
        state = f->next[(state & (HIT - 1)) + f->class_of[(uint8_t)line[i]]];
        if (state & HIT) {
            uint32_t endings = f->endings[(state & (HIT - 1)) / f->classes];
            if ((endings & 1) || stands_alone(endings, line, i + 1, len))
                return true;
        }
    }
    return len > 7 && memcmp(line, "  File \"", 8) == 0;
}
