/* Rows and columns, aligned by what characters take on a terminal. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/term.h"

enum {
    COLUMN_RIGHT = 1,    /* numbers */
    COLUMN_CUT = 2,      /* gives way where the terminal is narrow: its end is cut … */
    COLUMN_CUT_HEAD = 4, /* … or its beginning: paths, whose end says more */
};
struct column {
    const char *title; /* N_(); NULL in all columns: no line of titles */
    unsigned flags;
};

struct cell {
    const char *text; /* safe */
    size_t width;
    enum style style;
};
enum { TABLE_COLUMNS = 12 };
struct table {
    const struct column *columns;
    size_t column_count;
    struct mu_arena *arena;
    struct cell *cells; /* row after row */
    size_t cell_count, cell_cap;
    bool failed; /* out of memory: table_print says so */
};

/* `columns` is borrowed; texts are copied into `arena`. */
void table_init(struct table *table, const struct column *columns, size_t column_count,
                struct mu_arena *arena);
/* The next cell, left to right, row after row. Any text: it is made safe. */
void table_cell(struct table *table, enum style style, const char *text);
void table_cellf(struct table *table, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Print. Coloured and cut to the width on a terminal; plain and whole to a pipe.
 * Error: MU_E_MEMORY, also where a cell could not be kept. */
int table_print(const struct table *table, const struct term *term, struct mu_err *err);
void table_release(struct table *table);
#define MU_AUTO_TABLE __attribute__((cleanup(table_release)))

#endif
