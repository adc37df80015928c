/* Which scripts: discovery below roots, by hand, by glob; selection by -k; order. */
#ifndef SERVICE_DISCOVER_H
#define SERVICE_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "service/project.h"
#include "service/settings.h"

struct script {
    const char *path_abs;            /* absolute, as found (links not resolved) */
    const char *script_path;         /* relative to the project with '/', else absolute: the key */
    const char *script_name;         /* file name with .py */
    const char *module_name;         /* the folder part below its root; "" at the root */
    const struct settings *settings; /* effective; borrowed from the settings set */
    int defines_tests;               /* > 0: so many tests are defined and none is started */
};

/* Why a path is left out, for `list --excluded`. */
struct excluded {
    const char *path; /* as script_path */
    const char *why;  /* a sentence, translated */
};

struct script_list {
    struct script *items;
    size_t count, cap;
    struct excluded *excluded; /* filled only where asked */
    size_t excluded_count, excluded_cap;
    struct mu_arena arena; /* all the strings */
};

struct discover_options {
    const char *const *paths; /* as typed, relative to the current folder; none: `scripts:` */
    size_t path_count;
    const char *select; /* -k expression on script_path, or NULL */
    bool list_excluded;
    bool inspect; /* fill defines_tests (reads each file) */
};

/* Find the scripts: the PATHs in the order given, beneath each in natural order (TS_2 before
 * TS_10), each file once (by device and inode; the first PATH that names it, and its own name
 * before a link's, win). Links are followed once, never in a circle. A PATH that is a glob matching
 * nothing, or does not exist, is MU_E_NOT_FOUND and names it; a bad -k expression MU_E_USAGE with a
 * caret; a bad directive MU_E_SETTINGS; nothing found is no error here: the list is empty. */
int discover(const struct project *project, struct settings_set *set,
             const struct discover_options *options, struct script_list *ret, struct mu_err *err);
void script_list_release(struct script_list *list);

/* Natural order of two paths: digit runs by value, folders by component. */
int natural_compare(const char *a, const char *b);
/* `**` any folders, `*` and `?` within one, `[…]` sets; a pattern without '/' matches the name
 * anywhere, one that names a folder all beneath it. */
bool glob_match(const char *pattern, const char *path);
/* `-k EXPR`: words, and, or, not, parentheses; a word matches as part of the path in any case, and
 * may be quoted. Compiled once. Errors: MU_E_USAGE with a caret. */
struct select;
int select_parse(const char *expr, struct select **ret_select, struct mu_err *err);
bool select_match(const struct select *select, const char *path);
void select_free(struct select *select);
/* How many tests a file defines (def test_*, class Test*, unittest.TestCase) without starting any;
 * 0 for an ordinary script. Looks at the text only. `data` may be any bytes. */
int count_unstarted_tests(const char *data, size_t len);

#endif
