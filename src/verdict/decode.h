/* Bytes to text, a line at a time: UTF-8, else GB18030, else what is neither becomes U+FFFD.
 *
 * A line that is not wholly valid UTF-8 is tried as GB18030 as a whole; where that fails too, it is
 * taken as UTF-8 and each byte that belongs to no character becomes U+FFFD. */
#ifndef VERDICT_DECODE_H
#define VERDICT_DECODE_H

#include <stddef.h>

#include "base/str.h"

/* Appends the decoded line (newline included, if there) to `ret`. Any bytes; NULs stay. */
void decode_line(const char *data, size_t len, struct mu_str *ret);

/* Appends `text` (valid UTF-8) without terminal control: CSI, OSC (titles), other escapes and
 * control characters but tab are left out; of carriage returns only what follows the last one that
 * is followed by text stays. This is how rules read a line. */
void clean_line(const char *text, size_t len, struct mu_str *ret);

/* The largest length up to `max` that cuts no character of UTF-8. */
size_t whole_characters(const char *text, size_t len, size_t max);

#endif
