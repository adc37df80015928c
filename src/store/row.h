/* Rows and structs: one table of fields says how a struct stands in columns, and serves reading,
 * binding and copying. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include <stddef.h>

#include "store/db.h"

enum field_kind {
    FIELD_TEXT,         /* const char *; NULL is NULL */
    FIELD_INT,          /* int64_t; MODEL_NULL_INT is NULL */
    FIELD_REAL,         /* double; NAN is NULL */
    FIELD_TIME,         /* int64_t, ms; text in the column; MODEL_NULL_INT is NULL */
    FIELD_BOOL,         /* bool; NULL reads as false */
    FIELD_EXEC_STATUS,  /* enum exec_status */
    FIELD_EXEC_RESULT,  /* enum exec_result; RESULT_NONE is NULL */
    FIELD_BATCH_STATUS, /* enum batch_status */
};

struct field {
    const char *column;
    enum field_kind kind;
    size_t offset;
};
#define FIELD(type, member, kind)                                                                  \
    {                                                                                              \
#member, kind, offsetof(struct type, member)                                               \
    }
#define FIELD_NAMED(type, member, column, kind)                                                    \
    {                                                                                              \
        column, kind, offsetof(struct type, member)                                                \
    }

/* Bind `count` fields to the parameters from number `first` on. Text is not copied: the struct
 * must live until the statement is reset. */
int row_bind(struct db *db, sqlite3_stmt *stmt, int first, const struct field *fields, size_t count,
             const void *item, struct mu_err *err);
/* Fill `count` fields from the columns from number `first` on; text goes into the arena. */
int row_read(struct db *db, sqlite3_stmt *stmt, int first, const struct field *fields, size_t count,
             struct mu_arena *arena, void *ret_item, struct mu_err *err);
/* One text column into the arena, with its length (it may hold NULs). NULL gives NULL. */
int row_read_text(struct db *db, sqlite3_stmt *stmt, int column, struct mu_arena *arena,
                  const char **ret_text, size_t *ret_len, struct mu_err *err);
/* The bytes that the text members need when copied, and their copying to `*room`, which moves on.
 */
size_t row_text_size(const struct field *fields, size_t count, const void *item);
void row_copy_text(const struct field *fields, size_t count, void *item, char **room);

/* Bind text and numbers one by one. NULL text is NULL. */
int row_bind_text(struct db *db, sqlite3_stmt *stmt, int param, const char *text,
                  struct mu_err *err);
int row_bind_int(struct db *db, sqlite3_stmt *stmt, int param, int64_t value, struct mu_err *err);
int row_bind_real(struct db *db, sqlite3_stmt *stmt, int param, double value, struct mu_err *err);
int row_bind_time(struct db *db, sqlite3_stmt *stmt, int param, int64_t wall_ms,
                  struct mu_err *err);

/* Gather all rows of `stmt` into one array in the arena, `item_size` bytes each, every one read by
 * `read`. `initial` is what an item holds before. */
int row_collect(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, size_t item_size,
                const void *initial,
                int (*read)(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                            struct mu_err *err),
                void **ret_items, size_t *ret_count, struct mu_err *err);

/* The ids that begin or end with `part`, through a statement with the parameters part, end of the
 * prefix range, limit. `part` of other than hex digits and dashes fits none. */
int row_find_ids(struct db *db, enum sql_id id, struct mu_arena *arena, const char *part,
                 size_t max, const char ***ret_ids, size_t *ret_count, struct mu_err *err);

#endif
