/* A place is a byte position in a text; its line and column (in characters, from 1) are counted
 * only when something is wrong. The line shown is cut to a window around the caret, and whatever a
 * terminal would obey or could not show is replaced. */
#include "service/place.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

enum {
    BEFORE_CARET_COLUMNS = 80,
    BEFORE_CARET_BYTES = 320,
    LINE_COLUMNS = 110,
    QUOTE_COLUMNS = 40
};

/* The next character of a line, of which `len` > 0 bytes are there: how many bytes it takes, 0
 * where it must not be shown as it is (control character, no UTF-8). */
static size_t showable(const char *at, size_t len)
{
    uint32_t ch;
    size_t n = mu_utf8_decode(at, len, &ch);
    return ch < 0x20 || (ch >= 0x7f && ch < 0xa0) ? 0 : n;
}

static void append_clean(struct mu_str *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = showable(text + i, len - i);
        if (n > 0)
            mu_str_append(out, text + i, n);
        else
            mu_str_putc(out, text[i] == '\t' ? '\t' : '?');
        i += n > 0 ? n : 1;
    }
}

struct line {
    size_t start, end;     /* without the line's end */
    size_t number, column; /* from 1 */
};

static struct line find_line(const struct place_text *text, size_t pos)
{
    struct line line = {.number = 1, .column = 1};
    for (size_t i = 0; i < pos; i++) {
        if (text->data[i] == '\n') {
            line.start = i + 1;
            line.number++;
        }
    }
    for (size_t i = line.start; i < pos; line.column++) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text->data + i, text->len - i, &ch);
        i += n > 0 ? n : 1;
    }
    line.end = line.start;
    while (line.end < text->len && text->data[line.end] != '\n')
        line.end++;
    if (line.end > line.start && text->data[line.end - 1] == '\r')
        line.end--;
    return line;
}

int place_error(const struct place_text *text, size_t pos, struct mu_err *err)
{
    if (!err)
        return -1;
    if (pos > text->len)
        pos = text->len;
    struct line line = find_line(text, pos);
    if (pos > line.end)
        pos = line.end;

    size_t from = line.start;
    if (pos - from > BEFORE_CARET_BYTES) {
        from = pos - BEFORE_CARET_BYTES;
        while ((text->data[from] & 0xc0) == 0x80 && from < pos)
            from++; /* not in the middle of a character */
    }
    while (from < pos && mu_text_width(text->data + from, pos - from) > BEFORE_CARET_COLUMNS) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text->data + from, pos - from, &ch);
        from += n > 0 ? n : 1;
    }
    size_t shown = mu_text_fit(text->data + from, line.end - from, LINE_COLUMNS);
    if (from + shown < pos)
        shown = pos - from;

    MU_AUTO_STR struct mu_str out = {0};
    if (text->name)
        mu_str_printf(&out, "%s:%zu:%zu: ", text->name, line.number, line.column);
    mu_str_printf(&out, "%s\n  ", err->text);
    append_clean(&out, text->data + from, shown);
    mu_str_puts(&out, "\n  ");
    /* Below a tab stands a tab, so that the caret agrees with whatever width the terminal has. */
    for (size_t i = from; i < pos;) {
        size_t n = showable(text->data + i, pos - i);
        if (text->data[i] == '\t')
            mu_str_putc(&out, '\t');
        else
            mu_str_printf(&out, "%*s", n > 0 ? (int)mu_text_width(text->data + i, n) : 1, "");
        i += n > 0 ? n : 1;
    }
    mu_str_putc(&out, '^');
    if (!out.failed)
        snprintf(err->text, sizeof err->text, "%s", mu_str_text(&out));
    return -1;
}

size_t place_line(const struct place_text *text, size_t pos)
{
    return find_line(text, pos < text->len ? pos : text->len).number;
}

char *place_quote(const char *text, size_t len, char buf[PLACE_QUOTE_SIZE])
{
    MU_AUTO_STR struct mu_str out = {0};
    size_t shown = mu_text_fit(text, len, QUOTE_COLUMNS);
    /* Marks of no width fit in any number: bytes are limited as well. */
    while (shown > PLACE_QUOTE_SIZE - 10)
        shown /= 2;
    append_clean(&out, text, shown);
    snprintf(buf, PLACE_QUOTE_SIZE, "%s%s", mu_str_text(&out), shown < len ? "…" : "");
    return buf;
}
