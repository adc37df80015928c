/* UTF-8: strict decoding and the width of text on a terminal. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decode the character at `data`, of which `len` > 0 bytes are there. Returns the bytes it takes,
 * 0 where they are no UTF-8 (overlong, surrogate, above U+10FFFF, cut off). */
size_t mu_utf8_decode(const char *data, size_t len, uint32_t *ret_char);
/* The whole of `data` is UTF-8. NUL is allowed. */
bool mu_utf8_valid(const char *data, size_t len);
/* Columns that `ch` takes on a terminal: 0 for combining marks and controls, 2 for CJK and emoji.
 */
int mu_char_width(uint32_t ch);
/* Columns that the text takes; invalid bytes count as one. */
size_t mu_text_width(const char *text, size_t len);
/* How many bytes of `text` fit into `max_columns`, without cutting a character. */
size_t mu_text_fit(const char *text, size_t len, size_t max_columns);

#endif
