/* Messages in the reader's language: gettext, with the English text as key.
 * `_()` translates where it stands, `N_()` marks text in a table that is translated when shown. */
#ifndef BASE_I18N_H
#define BASE_I18N_H

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text
#define P_(one, many, n) ngettext(one, many, (unsigned long)(n))

#endif
