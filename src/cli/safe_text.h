/* Text from outside (output, file names, messages) made safe for a terminal: control characters,
 * escape sequences and marks that change the direction of writing are shown, never obeyed. */
#ifndef CLI_SAFE_TEXT_H
#define CLI_SAFE_TEXT_H

#include <stddef.h>

#include "base/str.h"

enum {
    SAFE_LINES = 1,  /* newlines stay; else they are shown as \n */
    SAFE_TABS = 2,   /* tabs stay; else they are shown as \t */
    SAFE_COLORS = 4, /* colour sequences (SGR) stay, and a reset is appended where one was kept */
    SAFE_PLAIN = 8,  /* colour sequences are left out */
};

/* Append `text` (any bytes) to `ret`. Invalid UTF-8 is shown as \xNN. */
void safe_text(struct mu_str *ret, const char *text, size_t len, unsigned flags);

#endif
