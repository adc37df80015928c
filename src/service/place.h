/* Showing where a text that a person wrote is wrong: `file:line:column: …`, the line, a caret. */
#ifndef SERVICE_PLACE_H
#define SERVICE_PLACE_H

#include <stddef.h>

#include "base/error.h"

struct place_text {
    const char *name; /* the file as people know it; NULL: the text was typed, and has no lines */
    const char *data;
    size_t len;
};

/* Put the place of byte `pos` in front of err's text, and the line with a caret behind it. The
 * caret stands right also below tabs and wide characters. Returns -1. */
int place_error(const struct place_text *text, size_t pos, struct mu_err *err);

/* The line of byte `pos`, from 1. */
size_t place_line(const struct place_text *text, size_t pos);

enum { PLACE_QUOTE_SIZE = 160 };
/* What was written, as an error quotes it: cut to some 40 columns, without control characters and
 * broken bytes. Returns `buf`. */
char *place_quote(const char *text, size_t len, char buf[PLACE_QUOTE_SIZE]);

#endif
