/* A struct is bound and read member by member along its table of fields, so that the columns of a
 * row are named in one place in C and in one fragment in SQL, in the same order. */
#include "store/row.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/batch.h"
#include "model/execution.h"

#define MEMBER(type, item, field) ((type *)(void *)((char *)(item) + (field)->offset))

static int bind_name(sqlite3_stmt *stmt, int param, const char *name)
{
    return sqlite3_bind_text(stmt, param, name, -1, SQLITE_STATIC);
}

static int bind_time(sqlite3_stmt *stmt, int param, int64_t wall_ms)
{
    if (wall_ms == MODEL_NULL_INT)
        return sqlite3_bind_null(stmt, param);
    char text[MU_TIME_TEXT_SIZE];
    return sqlite3_bind_text(stmt, param, mu_time_to_text(wall_ms, text), -1, SQLITE_TRANSIENT);
}

static int bind_int(sqlite3_stmt *stmt, int param, int64_t value)
{
    return value == MODEL_NULL_INT ? sqlite3_bind_null(stmt, param)
                                   : sqlite3_bind_int64(stmt, param, value);
}

static int bind_field(sqlite3_stmt *stmt, int param, const struct field *field, const void *item)
{
    switch (field->kind) {
    case FIELD_TEXT: return bind_name(stmt, param, *MEMBER(const char *const, item, field));
    case FIELD_INT: return bind_int(stmt, param, *MEMBER(const int64_t, item, field));
    case FIELD_REAL: /* SQLite stores NaN as NULL */
        return sqlite3_bind_double(stmt, param, *MEMBER(const double, item, field));
    case FIELD_TIME: return bind_time(stmt, param, *MEMBER(const int64_t, item, field));
    case FIELD_BOOL: return sqlite3_bind_int(stmt, param, *MEMBER(const bool, item, field));
    case FIELD_EXEC_STATUS:
        return bind_name(stmt, param,
                         exec_status_name(*MEMBER(const enum exec_status, item, field)));
    case FIELD_EXEC_RESULT:
        return bind_name(stmt, param,
                         exec_result_name(*MEMBER(const enum exec_result, item, field)));
    case FIELD_BATCH_STATUS:
        return bind_name(stmt, param,
                         batch_status_name(*MEMBER(const enum batch_status, item, field)));
    }
    return SQLITE_MISUSE;
}

int row_bind(struct db *db, sqlite3_stmt *stmt, int first, const struct field *fields, size_t count,
             const void *item, struct mu_err *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = bind_field(stmt, first + (int)i, &fields[i], item);
        if (rc != SQLITE_OK)
            return db_error(db, rc, err);
    }
    return 0;
}

int row_bind_text(struct db *db, sqlite3_stmt *stmt, int param, const char *text,
                  struct mu_err *err)
{
    int rc = bind_name(stmt, param, text);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int row_bind_int(struct db *db, sqlite3_stmt *stmt, int param, int64_t value, struct mu_err *err)
{
    int rc = bind_int(stmt, param, value);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int row_bind_real(struct db *db, sqlite3_stmt *stmt, int param, double value, struct mu_err *err)
{
    int rc = sqlite3_bind_double(stmt, param, value);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int row_bind_time(struct db *db, sqlite3_stmt *stmt, int param, int64_t wall_ms, struct mu_err *err)
{
    int rc = bind_time(stmt, param, wall_ms);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int row_read_text(struct db *db, sqlite3_stmt *stmt, int column, struct mu_arena *arena,
                  const char **ret_text, size_t *ret_len, struct mu_err *err)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    size_t len = text ? (size_t)sqlite3_column_bytes(stmt, column) : 0;
    *ret_text = NULL;
    *ret_len = 0;
    if (!text) {
        if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
            return 0;
        return db_error(db, SQLITE_NOMEM, err);
    }
    *ret_text = mu_arena_strndup(arena, text, len);
    *ret_len = len;
    return *ret_text ? 0 : mu_err_nomem(err);
}

/* Names and times that muster does not know (written by another program) read as the first status
 * and as no time: a strange row must not hide the others. */
static int read_field(struct db *db, sqlite3_stmt *stmt, int column, const struct field *field,
                      struct mu_arena *arena, void *item, struct mu_err *err)
{
    bool is_null = sqlite3_column_type(stmt, column) == SQLITE_NULL;
    size_t len;
    switch (field->kind) {
    case FIELD_TEXT:
        return row_read_text(db, stmt, column, arena, MEMBER(const char *, item, field), &len, err);
    case FIELD_INT:
        *MEMBER(int64_t, item, field) =
            is_null ? MODEL_NULL_INT : sqlite3_column_int64(stmt, column);
        return 0;
    case FIELD_REAL:
        *MEMBER(double, item, field) = is_null ? NAN : sqlite3_column_double(stmt, column);
        return 0;
    case FIELD_BOOL: *MEMBER(bool, item, field) = sqlite3_column_int(stmt, column) != 0; return 0;
    default: break;
    }
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    if (!text && !is_null)
        return db_error(db, SQLITE_NOMEM, err);
    if (!text)
        text = "";
    switch (field->kind) {
    case FIELD_TIME:
        if (mu_time_from_text(text, MEMBER(int64_t, item, field)) != 0)
            *MEMBER(int64_t, item, field) = MODEL_NULL_INT;
        return 0;
    case FIELD_EXEC_STATUS:
        exec_status_parse(text, MEMBER(enum exec_status, item, field));
        return 0;
    case FIELD_EXEC_RESULT:
        exec_result_parse(text, MEMBER(enum exec_result, item, field));
        return 0;
    default: batch_status_parse(text, MEMBER(enum batch_status, item, field)); return 0;
    }
}

int row_read(struct db *db, sqlite3_stmt *stmt, int first, const struct field *fields, size_t count,
             struct mu_arena *arena, void *ret_item, struct mu_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (read_field(db, stmt, first + (int)i, &fields[i], arena, ret_item, err) != 0)
            return -1;
    return 0;
}

size_t row_text_size(const struct field *fields, size_t count, const void *item)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (fields[i].kind == FIELD_TEXT) {
            const char *text = *MEMBER(const char *const, item, &fields[i]);
            size += text ? strlen(text) + 1 : 0;
        }
    return size;
}

void row_copy_text(const struct field *fields, size_t count, void *item, char **room)
{
    for (size_t i = 0; i < count; i++) {
        const char **text = MEMBER(const char *, item, &fields[i]);
        if (fields[i].kind != FIELD_TEXT || !*text)
            continue;
        size_t size = strlen(*text) + 1;
        *text = memcpy(*room, *text, size);
        *room += size;
    }
}

int row_collect(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, size_t item_size,
                const void *initial,
                int (*read)(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                            struct mu_err *err),
                void **ret_items, size_t *ret_count, struct mu_err *err)
{
    MU_AUTO_FREE void *items = NULL;
    size_t count = 0, cap = 0;
    int rc;
    while ((rc = db_step(db, stmt, err)) == 0) {
        if (mu_grow(&items, &cap, count + 1, item_size) != 0)
            return mu_err_nomem(err);
        void *item = (char *)items + count * item_size;
        memcpy(item, initial, item_size);
        if (read(db, stmt, arena, item, err) != 0)
            return -1;
        count++;
    }
    if (rc < 0)
        return -1;
    void *copy = mu_arena_alloc(arena, count * item_size);
    if (!copy)
        return mu_err_nomem(err);
    if (count > 0)
        memcpy(copy, items, count * item_size);
    *ret_items = copy;
    *ret_count = count;
    return 0;
}

static int read_id(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                   struct mu_err *err)
{
    size_t len;
    return row_read_text(db, stmt, 0, arena, item, &len, err);
}

int row_find_ids(struct db *db, enum sql_id id, struct mu_arena *arena, const char *part,
                 size_t max, const char ***ret_ids, size_t *ret_count, struct mu_err *err)
{
    char low[64], high[64];
    size_t len = strlen(part);
    *ret_ids = NULL;
    *ret_count = 0;
    if (len == 0 || len >= sizeof low || part[strspn(part, "0123456789abcdefABCDEF-")] != '\0')
        return 0;
    for (size_t i = 0; i <= len; i++)
        low[i] = high[i] = (char)tolower((unsigned char)part[i]);
    high[len - 1]++; /* ids are lower case, so no byte of one lies between */

    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    const char *none = NULL;
    if (db_statement(db, id, &stmt, err) != 0 || row_bind_text(db, stmt, 1, low, err) != 0 ||
        row_bind_text(db, stmt, 2, high, err) != 0 ||
        row_bind_int(db, stmt, 3, (int64_t)max, err) != 0)
        return -1;
    return row_collect(db, stmt, arena, sizeof none, &none, read_id, (void **)ret_ids, ret_count,
                       err);
}
