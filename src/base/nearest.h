/* "Did you mean …?": the known name that a mistyped one was most likely meant to be. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* The nearest of `names` by edit distance (a swap of neighbours is one slip), or the one that
 * `name` begins; NULL where none is near. Allowed slips: one in up to 4 letters, two in up to 8,
 * else three. */
const char *mu_nearest_name(const char *name, size_t len, const char *const *names, size_t count);

#endif
