#include "base/utf8.h"

#include <string.h>
#include <wchar.h>

size_t mu_utf8_decode(const char *data, size_t len, uint32_t *ret_char)
{
    const unsigned char *p = (const unsigned char *)data;
    if (p[0] < 0x80) {
        *ret_char = p[0];
        return 1;
    }
    size_t need;
    uint32_t ch, smallest;
    if ((p[0] & 0xe0) == 0xc0) {
        need = 2, ch = p[0] & 0x1fU, smallest = 0x80;
    } else if ((p[0] & 0xf0) == 0xe0) {
        need = 3, ch = p[0] & 0x0fU, smallest = 0x800;
    } else if ((p[0] & 0xf8) == 0xf0) {
        need = 4, ch = p[0] & 0x07U, smallest = 0x10000;
    } else {
        return 0;
    }
    if (len < need)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        ch = ch << 6 | (p[i] & 0x3fU);
    }
    if (ch < smallest || ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff))
        return 0;
    *ret_char = ch;
    return need;
}

bool mu_utf8_valid(const char *data, size_t len)
{
    size_t i = 0;
    while (i < len) {
        /* Eight ASCII bytes at a time: most output is ASCII. */
        uint64_t word;
        while (len - i >= sizeof word) {
            memcpy(&word, data + i, sizeof word);
            if (word & 0x8080808080808080ULL)
                break;
            i += sizeof word;
        }
        if (i == len)
            break;
        uint32_t ch;
        size_t n = mu_utf8_decode(data + i, len - i, &ch);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

int mu_char_width(uint32_t ch)
{
    if (ch >= 0x20 && ch < 0x7f)
        return 1;
    if (ch < 0x20 || (ch >= 0x7f && ch < 0xa0))
        return 0;
    int width = wcwidth((wchar_t)ch); /* needs a UTF-8 LC_CTYPE, which main sets */
    if (width >= 0)
        return width;
    /* Newer than libc's table: emoji planes are wide, the rest is taken for one column. */
    return ch >= 0x1f300 && ch <= 0x1faff ? 2 : 1;
}

size_t mu_text_fit(const char *text, size_t len, size_t max_columns)
{
    size_t i = 0, columns = 0;
    while (i < len) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text + i, len - i, &ch);
        size_t width = n == 0 ? 1 : (size_t)mu_char_width(ch);
        if (columns + width > max_columns)
            break;
        columns += width;
        i += n == 0 ? 1 : n;
    }
    return i;
}

size_t mu_text_width(const char *text, size_t len)
{
    size_t i = 0, columns = 0;
    while (i < len) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text + i, len - i, &ch);
        columns += n == 0 ? 1 : (size_t)mu_char_width(ch);
        i += n == 0 ? 1 : n;
    }
    return columns;
}
