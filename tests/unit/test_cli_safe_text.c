#include "unit.h"

#include "cli/safe_text.h"

static void check(const char *text, size_t len, unsigned flags, const char *want)
{
    struct mu_str got = {0};
    safe_text(&got, text, len, flags);
    if (strcmp(mu_str_text(&got), want) != 0)
        fail_msg("got '%s', want '%s'", mu_str_text(&got), want);
    mu_str_release(&got);
}
#define CHECK(text, flags, want) check(text, sizeof(text) - 1, flags, want)

static void what_a_terminal_obeys_is_shown(void **state)
{
    CHECK("plain 文字 é", 0, "plain 文字 é");
    CHECK("a\x1b[2Jb\x1b]0;t\x07", 0, "a\\x1b[2Jb\\x1b]0;t\\x07");
    CHECK("a\nb\tc\rd", 0, "a\\nb\\tc\\rd");
    CHECK("a\nb\tc", SAFE_LINES | SAFE_TABS, "a\nb\tc");
    CHECK("a\0b\x7f", 0, "a\\x00b\\x7f");
    CHECK("\xc2\x9b"
          "31m",
          0, "\\u009b31m"); /* CSI as one character */
    CHECK("x\xe2\x80\xaey\xe2\x81\xa6z\xe2\x80\x8f", 0, "x\\u202ey\\u2066z\\u200f");
    CHECK("\xff\xe4\xb8", 0, "\\xff\\xe4\\xb8");
}

static void colours_may_pass(void **state)
{
    CHECK("\x1b[1;31mred\x1b[m", 0, "\\x1b[1;31mred\\x1b[m");
    CHECK("\x1b[1;31mred", SAFE_COLORS, "\x1b[1;31mred\x1b[0m");
    CHECK("\x1b[1;31mred\x1b[m", SAFE_PLAIN, "red");
    CHECK("\x1b[8mhidden", SAFE_COLORS, "\\x1b[8mhidden");
    CHECK("\x1b[0;8mhidden", SAFE_COLORS, "\\x1b[0;8mhidden");
    CHECK("\x1b[38;5;8mgrey", SAFE_COLORS, "\x1b[38;5;8mgrey\x1b[0m"); /* 8 is a colour here */
    CHECK("\x1b[38;2;8;8;8mgrey", SAFE_COLORS, "\x1b[38;2;8;8;8mgrey\x1b[0m");
    CHECK("\x1b[2J\x1b[31", SAFE_COLORS, "\\x1b[2J\\x1b[31"); /* no colour; cut off */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_obeys_is_shown),
        cmocka_unit_test(colours_may_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
