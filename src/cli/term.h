/* The terminal: colours, width. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum style {
    STYLE_NONE,
    STYLE_PASS,    /* green */
    STYLE_FAIL,    /* red */
    STYLE_ERROR,   /* magenta, bold */
    STYLE_TIMEOUT, /* yellow */
    STYLE_CANCEL,  /* dim */
    STYLE_DIM,     /* what matters less */
    STYLE_BOLD,    /* what matters most */
};

/* stdout or stderr. */
struct term {
    FILE *file;
    bool is_tty;
    bool color;
};

/* `color`: "always", "never"; anything else is auto: a terminal that is not dumb, and no NO_COLOR
 * (https://no-color.org: set and not empty). */
void term_init(struct term *term, FILE *file, const char *color);
/* Columns: of the terminal, else $COLUMNS, else 80. Asked anew at each call (resize). */
size_t term_width(const struct term *term);
/* The sequences that begin and end a style; "" without colours. */
const char *term_on(const struct term *term, enum style style);
const char *term_off(const struct term *term);
/* Print `text` broken into lines at blanks (and between wide characters), each after `indent`
 * blanks but the first, which begins at column `column`. Ends with a newline. */
void term_wrap(const struct term *term, const char *text, size_t column, size_t indent);

#endif
