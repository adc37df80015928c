/* A growing string of bytes. Always ends with a NUL that `len` does not count; may hold NULs.
 * Zero-initialise, `mu_str_release` at the end. Once an append fails for want of memory, `failed`
 * stays set and later appends do nothing, so that a sequence is checked once, at its end. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct mu_str {
    char *data; /* NULL until the first append */
    size_t len, cap;
    bool failed;
};

void mu_str_append(struct mu_str *str, const void *data, size_t len);
void mu_str_puts(struct mu_str *str, const char *text);
/* Room for `more` bytes behind `len`; `failed` is set where there is none. */
void mu_str_reserve(struct mu_str *str, size_t more);
void mu_str_putc(struct mu_str *str, char c);
void mu_str_printf(struct mu_str *str, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void mu_str_clear(struct mu_str *str); /* len = 0, the memory stays */
void mu_str_release(struct mu_str *str);
/* The text, never NULL ("" when empty). */
const char *mu_str_text(const struct mu_str *str);
/* Hand the memory to the caller (free()); NULL where an append failed. Leaves `str` empty. */
char *mu_str_take(struct mu_str *str);

static inline void mu_str_releasep(struct mu_str *str)
{
    mu_str_release(str);
}
#define MU_AUTO_STR __attribute__((cleanup(mu_str_releasep)))

#endif
