/* Plain ANSI sequences: curses would take the whole screen. */
#include "cli/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

void term_init(struct term *term, FILE *file, const char *color)
{
    term->file = file;
    term->is_tty = isatty(fileno(file)) == 1;
    const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
    if (color && strcmp(color, "always") == 0)
        term->color = true;
    else if (color && strcmp(color, "never") == 0)
        term->color = false;
    else
        term->color = term->is_tty && !(no_color && *no_color) && kind && strcmp(kind, "dumb") != 0;
}

size_t term_width(const struct term *term)
{
    struct winsize size;
    if (term->is_tty && ioctl(fileno(term->file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width >= 20 && width <= 1000 ? (size_t)width : 80;
}

const char *term_on(const struct term *term, enum style style)
{
    static const char *const sequences[] = {
        [STYLE_NONE] = "",
        [STYLE_PASS] = "\x1b[32m",
        [STYLE_FAIL] = "\x1b[31m",
        [STYLE_ERROR] = "\x1b[1;35m",
        [STYLE_TIMEOUT] = "\x1b[33m",
        [STYLE_CANCEL] = "\x1b[2m",
        [STYLE_DIM] = "\x1b[2m",
        [STYLE_BOLD] = "\x1b[1m",
    };
    return term->color ? sequences[style] : "";
}

const char *term_off(const struct term *term)
{
    return term->color ? "\x1b[0m" : "";
}

void term_wrap(const struct term *term, const char *text, size_t column, size_t indent)
{
    size_t width = term_width(term);
    if (width > 100)
        width = 100; /* longer lines are hard to read */
    size_t room = width > column + 20 ? width - column : 20;
    while (*text) {
        size_t len = strlen(text), fit = mu_text_fit(text, len, room), cut = fit;
        if (fit < len) {
            /* Back to a blank, or to where the next character is a wide one. */
            while (cut > 0 && text[cut] != ' ' &&
                   !((unsigned char)text[cut] >= 0xe3 && (unsigned char)text[cut] != 0xef))
                cut--;
            if (cut == 0)
                cut = fit > 0 ? fit : 1;
        }
        fprintf(term->file, "%.*s\n", (int)cut, text);
        text += cut + strspn(text + cut, " ");
        if (*text)
            fprintf(term->file, "%*s", (int)indent, "");
        room = width > indent + 20 ? width - indent : 20;
    }
}
