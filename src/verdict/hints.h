/* What may help: a table of errors that people meet, and one sentence for each. */
#ifndef VERDICT_HINTS_H
#define VERDICT_HINTS_H

#include <stdbool.h>
#include <stddef.h>

/* `name` (without .py) is a module of Python's own library (3.11). */
bool hints_is_standard_module(const char *name, size_t len);
/* The exception line is one that comes of a file that has a standard module's name and hides it. */
bool hints_may_be_shadowed(const char *error);
/* The hint for an exception line; `source`: the quoted line where it was raised. Marked for
 * translation; NULL: none known. */
const char *hints_find(const char *error, const char *source);

#endif
