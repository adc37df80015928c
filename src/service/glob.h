/* Glob patterns: `**` any folders, `*` and `?` within one name, `[…]` sets, `\` takes the next
 * character as it stands. What is UTF-8 is matched by characters, other bytes one by one. Time is
 * bounded by pattern × path: nothing here is exponential. */
#ifndef SERVICE_GLOB_H
#define SERVICE_GLOB_H

#include <stdbool.h>

/* The text has a character with a meaning of its own: `*`, `?` or `[`. */
bool glob_is_pattern(const char *text);
/* Also declared in service/discover.h: a pattern without '/' matches a name anywhere in the path,
 * one that names a folder all beneath it. */
bool glob_match(const char *pattern, const char *path);
/* The pattern belongs to the start of the path, also without '/'; all beneath a folder that it
 * names matches. */
bool glob_match_anchored(const char *pattern, const char *path);
/* May the anchored pattern match something beneath `folder`? */
bool glob_reaches_beneath(const char *pattern, const char *folder);
/* Does the pattern name `folder` by a part of its own (not by a `**` that swallows it), as a step
 * on the way to what it matches? `build/gen/x.py` names `build`; a `**` before `x.py` names
 * nothing. */
bool glob_names_folder(const char *pattern, const char *folder);

#endif
