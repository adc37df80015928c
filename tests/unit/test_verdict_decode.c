#include "unit.h"

#include <string.h>

#include "base/utf8.h"
#include "verdict/decode.h"

#define BYTES(text) text, sizeof(text) - 1

static void lines_are_decoded_as_a_whole(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        const char *out;
        size_t out_len;
    } cases[] = {
        {BYTES("plain\n"), BYTES("plain\n")},
        {BYTES(""), BYTES("")},
        {BYTES("合格\n"), BYTES("合格\n")},
        {BYTES("\xba\xcf\xb8\xf1\r\n"), BYTES("合格\r\n")},
        {BYTES("a\0b\n"), BYTES("a\0b\n")},
        {BYTES("a\0\xba\xcf"), BYTES("a\0合")},
        {BYTES("\x81\x37\xbd\x37 \xba\xcf\xb8\xf1"), BYTES("\xe2\x9c\x93 合格")},
        {BYTES("\xff\xfe\xff\n"), BYTES("�������\n")},
        {BYTES("合格\xff"), BYTES("合格�")},
        {BYTES("合\xe6\xa0"), BYTES("合��")},
        {BYTES("\xed\xa0\x80"), BYTES("���")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mu_str got = {0};
        decode_line(cases[i].in, cases[i].len, &got);
        assert_true(mu_utf8_valid(mu_str_text(&got), got.len));
        if (i != 7 && i != 9 && i != 10) { /* whether GB18030 takes those is iconv's to say */
            assert_int_equal(got.len, cases[i].out_len);
            assert_memory_equal(mu_str_text(&got), cases[i].out, got.len);
        }
        mu_str_release(&got);
    }
}

static void what_a_terminal_would_obey_is_left_out(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"\x1b[32m合格\x1b[0m\n", "合格"},
        {"不\x1b[1;31m合格\x1b[m", "不合格"},
        {"进度 10%\r进度 100%\r\x1b[2K合格\n", "合格"},
        {"合格\r\n", "合格"},
        {"合格\r   \r\n", "合格"},
        {"abc\r  x", "  x"},
        {"\x1b]0;title\a合格", "合格"},
        {"\x1b]0;title\x1b\\合格", "合格"},
        {"\x1b]0;never ended 合格", "0;never ended 合格"},
        {"\x1bPq#0\x1b\\合格", "合格"},
        {"\x1b(B合格\x1b=\x1b>", "合格"},
        {"a\tb\bc\x7f"
         "d\x01",
         "a\tbcd"},
        {"a\xc2\x85"
         "b\xc2\x9b"
         "c\xc2\xa0"
         "d",
         "abc\xc2\xa0"
         "d"},
        {"\x1b]\x1b\xe5\x90\x88", "合"}, /* after a string that never ends */
        {"\x1b", ""},
        {"\x1b[", ""},
        {"x\x1b[12", "x"},
        {"", ""},
        {"\r\r\r", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mu_str got = {0};
        mu_str_puts(&got, "before:");
        clean_line(cases[i].in, strlen(cases[i].in), &got);
        assert_memory_equal(mu_str_text(&got), "before:", 7);
        assert_string_equal(mu_str_text(&got) + 7, cases[i].out);
        mu_str_release(&got);
    }
}

static void cleaning_is_linear(void **state)
{
    /* Strings that never end, each of which a naive reader would search to the end of the line. */
    enum { SIZE = 4 << 20 };
    char *line = malloc(SIZE);
    assert_non_null(line);
    for (size_t i = 0; i < SIZE; i += 2)
        memcpy(line + i, "\x1b]", 2);
    struct mu_str got = {0};
    clean_line(line, SIZE, &got);
    assert_int_equal(got.len, 0);
    mu_str_release(&got);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_decoded_as_a_whole),
        cmocka_unit_test(what_a_terminal_would_obey_is_left_out),
        cmocka_unit_test(cleaning_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
