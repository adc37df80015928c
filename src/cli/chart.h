/* A line of block characters: how a value went. */
#ifndef CLI_CHART_H
#define CLI_CHART_H

#include <stddef.h>

#include "base/str.h"

/* Append ▁▂▃▄▅▆▇█ for the values, at most `max_columns` of them: where there are more values than
 * columns, each column is the largest of its share. The scale begins at 0. NANs are blanks. */
void chart_line(struct mu_str *ret, const double *values, size_t count, size_t max_columns);

#endif
