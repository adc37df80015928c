/* What a terminal would obey is written out: ESC as \x1b, other control characters as \r, \x07 …,
 * U+202E and its like as \u202e. Of escape sequences only colours may pass, because a script that
 * prints PASS in green should be seen so; "conceal" (SGR 8) does not pass, it hides text. */
#include "cli/safe_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static bool changes_direction(uint32_t ch)
{
    return (ch >= 0x202a && ch <= 0x202e) || (ch >= 0x2066 && ch <= 0x2069) || ch == 0x200e ||
           ch == 0x200f || ch == 0x061c;
}

/* The length of a colour sequence at `text`, 0 where there is none that may pass. */
static size_t color_sequence(const char *text, size_t len, bool *ret_harmless)
{
    if (len < 3 || text[0] != '\x1b' || text[1] != '[')
        return 0;
    size_t end = 2;
    while (end < len && (strchr("0123456789;:", text[end]) && text[end]))
        end++;
    if (end == len || text[end] != 'm' || end > 64)
        return 0;
    *ret_harmless = true;
    for (size_t i = 2; i < end;) {
        unsigned long value = strtoul(text + i, NULL, 10);
        size_t skip = 1; /* parameters that belong to this one */
        if (value == 38 || value == 48 || value == 58) {
            size_t next = i + strspn(text + i, "0123456789");
            unsigned long kind = next < end ? strtoul(text + next + 1, NULL, 10) : 0;
            skip = kind == 5 ? 3 : kind == 2 ? 5 : 1;
        } else if (value == 8) {
            *ret_harmless = false;
        }
        for (; skip > 0 && i < end; skip--) {
            i += strspn(text + i, "0123456789");
            i++;
        }
    }
    return end + 1;
}

void safe_text(struct mu_str *ret, const char *text, size_t len, unsigned flags)
{
    bool colored = false, harmless;
    for (size_t i = 0; i < len;) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text + i, len - i, &ch);
        if (n == 0) {
            mu_str_printf(ret, "\\x%02x", (unsigned char)text[i++]);
            continue;
        }
        size_t color = ch == 0x1b && (flags & (SAFE_COLORS | SAFE_PLAIN))
                           ? color_sequence(text + i, len - i, &harmless)
                           : 0;
        if (color > 0 && (flags & SAFE_PLAIN)) {
            n = color;
        } else if (color > 0 && harmless) {
            mu_str_append(ret, text + i, color);
            n = color;
            colored = true;
        } else if ((ch == '\n' && (flags & SAFE_LINES)) || (ch == '\t' && (flags & SAFE_TABS))) {
            mu_str_putc(ret, (char)ch);
        } else if (ch == '\n' || ch == '\r' || ch == '\t') {
            mu_str_puts(ret, ch == '\n' ? "\\n" : ch == '\r' ? "\\r" : "\\t");
        } else if (ch < 0x20 || ch == 0x7f) {
            mu_str_printf(ret, "\\x%02x", ch);
        } else if ((ch >= 0x80 && ch < 0xa0) || ch == 0x2028 || ch == 0x2029 ||
                   changes_direction(ch)) {
            mu_str_printf(ret, "\\u%04x", ch);
        } else {
            mu_str_append(ret, text + i, n);
        }
        i += n;
    }
    if (colored)
        mu_str_puts(ret, "\x1b[0m");
}
