/* "did you mean …?" */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* The one of `names` that `name` (its first `len` bytes) was most likely meant to be: it begins so,
 * or a slip or two make the difference (more in a long name). NULL where none is near. */
const char *mu_nearest(const char *name, size_t len, const char *const *names, size_t count);

#endif
