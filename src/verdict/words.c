/* Reading a line into letters.
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

int words_init(struct words *words)
{
    int error;
    PCRE2_SIZE offset;
    words->prefix = NULL;
    if (vocabulary_init(&words->vocabulary) != 0)
        return -1;
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
    vocabulary_release(&words->vocabulary);
    pcre2_code_free(words->prefix);
    words->prefix = NULL;
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
        if (count == sizeof letters ||
            vocabulary_find(&r->words->vocabulary, r->small + i, n - i, &letter) != n - i ||
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
    size_t word = vocabulary_find(&r->words->vocabulary, small, r->len - r->at, &letter);
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
    case ':':
        if (run == 1)
            put(r, ':');
        break;
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

static bool begins_item(const struct reader *r, size_t n)
{
    return strspn(r->text, " \t") == r->at && r->at + n + 1 < r->len && r->text[r->at + n] == ' ' &&
           !is_digit(r->text[r->at + n + 1]);
}

static void read_character(struct reader *r)
{
    char letter;
    size_t n = vocabulary_find(&r->words->vocabulary, r->small + r->at, r->len - r->at, &letter);
    if (n > 0) {
        put_word(r, letter, true, n == 3);
        r->at += n;
        return;
    }
    uint32_t ch = 0;
    n = mu_utf8_decode(r->text + r->at, r->len - r->at, &ch);
    n = n == 0 ? 1 : n;
    letter = sign_letter(r->text + r->at, n);
    if (ch == 0xd7 && (stands_alone(r, n) || begins_item(r, n)))
        letter = 'b'; /* × in a cell or before an item is a cross, between numbers a product */
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
