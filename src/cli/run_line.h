/* One line a script: what a person reads of an execution while a batch runs and in its summary. */
#ifndef CLI_RUN_LINE_H
#define CLI_RUN_LINE_H

#include <stddef.h>

#include "base/str.h"
#include "cli/term.h"
#include "model/execution.h"
#include "service/run.h"

/* How the names of a batch are shown: without the folder that all share, in a column. */
struct run_names {
    size_t skip;   /* bytes of script_path that are not shown */
    size_t column; /* columns that names take */
};
struct run_names run_names_of(const struct run_item *items, size_t count);

/* "   FAIL     0.1s  b_can.py           不合格", without the newline; cut to `width` columns where
 * it is not 0. */
void run_line(struct mu_str *ret, const struct term *term, const struct run_names *names,
              const struct execution *execution, size_t width);
/* The same shape for anything else: `word` in `style`, `time` as text, `name`, `rest`. All made
 * safe. */
void run_line_of(struct mu_str *ret, const struct term *term, const struct run_names *names,
                 enum style style, const char *word, const char *time, const char *name,
                 const char *rest, size_t width);
/* "b_can.py" or, where it failed at a line of its own, "c_temp.py:34". malloc'd; NULL: no memory.
 */
char *run_line_name(const struct run_names *names, const struct execution *execution);
/* Append `text` cut to `columns` with "…" at its end where it is longer. `text` is safe already. */
void run_line_cut(struct mu_str *ret, const char *text, size_t columns);

#endif
