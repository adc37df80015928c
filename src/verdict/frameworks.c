/* unittest says "Ran N tests in …", a blank line, and OK or FAILED on one stream; the OK counts
 * only there. pytest's last line counts outcomes: `2 passed, 1 xfailed in 0.10s`, framed or not.
 * TAP is a plan and numbered lines at the left edge; what it says is known at the end. Nothing run,
 * or everything skipped, proves nothing.
 */
#include "verdict/frameworks.h"

#include <string.h>

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
        return false;
    c->at += n;
    return true;
}

static bool take_number(struct cursor *c, int64_t *ret)
{
    const char *start = c->at;
    int64_t value = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (value < 1000000000)
            value = value * 10 + (*c->at - '0');
    if (c->at == start)
        return false;
    *ret = value;
    return true;
}

static void take_all(struct cursor *c, const char *of)
{
    while (c->at < c->end && *c->at && strchr(of, *c->at))
        c->at++;
}

static bool at_end(struct cursor *c)
{
    take_all(c, " ");
    return c->at == c->end;
}

/* `word=N` in the brackets of OK and FAILED, 0 where it is not there. */
static int64_t detail(const char *line, size_t len, const char *word)
{
    int64_t value = 0;
    const char *hit = memmem(line, len, word, strlen(word));
    if (hit) {
        struct cursor c = {hit + strlen(word), line + len};
        take_number(&c, &value);
    }
    return value;
}

static bool read_unittest(struct frameworks *fw, enum stream stream, struct cursor c,
                          struct statement *ret)
{
    size_t s = stream == STREAM_STDERR;
    bool open = fw->unittest[s].ran_open;
    fw->unittest[s].ran_open = false;
    const char *line = c.at;
    size_t len = (size_t)(c.end - c.at);
    struct cursor ran = c;
    int64_t number;
    if (take(&ran, "Ran ") && take_number(&ran, &number) && take(&ran, " test")) {
        take(&ran, "s");
        if (!take(&ran, " in "))
            return false;
        fw->unittest[s].ran_open = true;
        fw->unittest[s].ran = number;
        return true;
    }
    struct cursor failed = c, ok = c;
    if (take(&failed, "FAILED (") &&
        (detail(line, len, "failures=") > 0 || detail(line, len, "errors=") > 0 ||
         detail(line, len, "unexpected successes=") > 0)) {
        *ret = (struct statement){LEVEL_OVERALL, RESULT_FAIL, false, "unittest"};
        return true;
    }
    if (open && take(&ok, "OK") && (at_end(&ok) || *ok.at == '(')) {
        if (detail(line, len, "skipped=") < fw->unittest[s].ran)
            *ret = (struct statement){LEVEL_OVERALL, RESULT_PASS, false, "unittest"};
        return true;
    }
    return take(&c, "NO TESTS RAN") && at_end(&c);
}

/* `3 passed, 1 warning in 0.12s (0:00:01)`, in = signs or bare. */
static bool read_pytest(struct cursor c, struct statement *ret)
{
    static const struct {
        const char *word;
        char kind; /* p, f or neither */
    } outcomes[] = {
        {"passed", 'p'},   {"failed", 'f'},  {"errors", 'f'},  {"error", 'f'},
        {"skipped", '-'},  {"xfailed", '-'}, {"xpassed", '-'}, {"deselected", '-'},
        {"warnings", '-'}, {"warning", '-'}, {"rerun", '-'},   {"subtests passed", '-'},
    };
    take_all(&c, "= ");
    int64_t passed = 0, failed = 0;
    if (!take(&c, "no tests ran")) {
        do {
            int64_t number;
            if (!take_number(&c, &number) || !take(&c, " "))
                return false;
            size_t i = 0, n = sizeof outcomes / sizeof outcomes[0];
            while (i < n && !take(&c, outcomes[i].word))
                i++;
            if (i == n)
                return false;
            passed += outcomes[i].kind == 'p' ? number : 0;
            failed += outcomes[i].kind == 'f' ? number : 0;
        } while (take(&c, ", "));
    }
    int64_t whole, fraction;
    if (!take(&c, " in ") || !take_number(&c, &whole) || !take(&c, ".") ||
        !take_number(&c, &fraction))
        return false;
    if (!take(&c, "s") && !take(&c, " seconds"))
        return false;
    take_all(&c, " (0123456789:)days,");
    take_all(&c, "= ");
    if (c.at != c.end)
        return false;
    if (passed + failed > 0)
        *ret = (struct statement){LEVEL_OVERALL, failed > 0 ? RESULT_FAIL : RESULT_PASS, false,
                                  "pytest"};
    return true;
}

static void tap_count(struct tap *tap, struct cursor c, bool ok)
{
    int64_t number;
    tap->seen++;
    take_all(&c, " ");
    if (!take_number(&c, &number))
        number = tap->seen;
    tap->sum += (uint64_t)number;
    tap->squares += (uint64_t)number * (uint64_t)number;
    const char *hash = memchr(c.at, '#', (size_t)(c.end - c.at));
    struct cursor directive = {hash ? hash + 1 : c.end, c.end};
    take_all(&directive, " ");
    size_t left = (size_t)(directive.end - directive.at);
    bool todo = left >= 4 && strncasecmp(directive.at, "todo", 4) == 0;
    bool skip = left >= 4 && strncasecmp(directive.at, "skip", 4) == 0;
    tap->skipped += skip || todo;
    tap->failed += !ok && !todo && !skip;
}

static struct statement tap_judge(const struct tap *tap)
{
    struct statement ret = {.level = LEVEL_OVERALL, .result = RESULT_FAIL, .rule = "TAP"};
    uint64_t n = (uint64_t)tap->plan, sum = n * (n + 1) / 2;
    uint64_t squares = n * (n + 1) * (2 * n + 1) / 6;
    if (tap->bailed || tap->failed > 0 || tap->any_failed_run)
        return ret;
    if (!tap->planned || tap->seen == 0 || tap->skipped_all)
        return (struct statement){0};
    if (tap->seen != tap->plan || tap->sum != sum || tap->squares != squares)
        return ret;
    if (tap->skipped == tap->seen)
        return (struct statement){0};
    ret.result = RESULT_PASS;
    return ret;
}

/* After `ok` and `not ok`: a number, or (inside a plan) a description or nothing. */
static bool is_tap_test(const struct tap *tap, struct cursor c)
{
    int64_t number;
    if (c.at == c.end)
        return tap->planned;
    if (!take(&c, " "))
        return false;
    struct cursor numbered = c;
    if (take_number(&numbered, &number))
        return numbered.at == numbered.end || *numbered.at == ' ';
    return tap->planned;
}

static bool read_tap(struct frameworks *fw, struct cursor c)
{
    struct tap *tap = &fw->tap;
    struct cursor plan = c, ok = c;
    int64_t number;
    if (take(&plan, "1..") && take_number(&plan, &number) && (at_end(&plan) || *plan.at == '#')) {
        if (tap->planned) { /* another run begins */
            bool failed = tap->seen > 0 && tap_judge(tap).result == RESULT_FAIL;
            *tap = (struct tap){.any_failed_run = failed};
        }
        tap->planned = true;
        tap->plan = number;
        tap->skipped_all = number == 0;
        return true;
    }
    if (take(&ok, "ok") && is_tap_test(tap, ok)) {
        tap_count(tap, ok, true);
        return true;
    }
    if (take(&c, "not ok") && is_tap_test(tap, c)) {
        tap_count(tap, c, false);
        return true;
    }
    if (take(&c, "Bail out!")) {
        tap->bailed = true;
        return true;
    }
    return false;
}

bool frameworks_read(struct frameworks *fw, enum stream stream, const char *line, size_t len,
                     struct statement *ret, bool *ret_tap)
{
    struct cursor c = {line, line + len};
    while (c.end > c.at && c.end[-1] == ' ')
        c.end--;
    *ret = (struct statement){0};
    *ret_tap = false;
    if (c.at == c.end)
        return false;
    if (read_unittest(fw, stream, c, ret) || read_pytest(c, ret))
        return true;
    *ret_tap = read_tap(fw, c);
    return *ret_tap;
}

struct statement frameworks_tap(const struct frameworks *fw)
{
    return tap_judge(&fw->tap);
}
