/* A scratch home for the tests of the store. */
#ifndef TESTS_STORE_HOME_H
#define TESTS_STORE_HOME_H

#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "store/db.h"

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static inline char *home_new(void)
{
    char path[] = "/tmp/muster-store-XXXXXX";
    assert_non_null(mkdtemp(path));
    return strdup(path);
}

static inline void home_free(char *home)
{
    nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(home);
}

static inline char *home_path(const char *home, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

/* Fails the test with the error's text. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct mu_err *seen_ = &err;                                                               \
        *seen_ = (struct mu_err){0};                                                               \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s (code %d)", #call, seen_->text, (int)seen_->code);                    \
    } while (0)

static inline struct db *home_open(const char *home, enum store_mode mode)
{
    struct mu_err err;
    struct db *db = NULL;
    assert_ok(db_open(home, mode, &db, &err));
    return db;
}

static inline void db_exec(struct db *db, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(db->sqlite, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
}

/* The first column of the first row; -1 without one. */
static inline int64_t db_int(sqlite3 *sqlite, const char *sql)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
    int64_t value = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
    sqlite3_finalize(stmt);
    return value;
}

/* All rows of a query as text, columns with '|', rows with newlines. free() it. */
static inline char *db_text(sqlite3 *sqlite, const char *sql)
{
    sqlite3_stmt *stmt;
    struct mu_str text = {0};
    if (sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
    mu_str_puts(&text, "");
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const char *value = (const char *)sqlite3_column_text(stmt, i);
            mu_str_puts(&text, i ? "|" : "");
            mu_str_puts(&text, value ? value : "NULL");
        }
        mu_str_putc(&text, '\n');
    }
    sqlite3_finalize(stmt);
    return mu_str_take(&text);
}

#endif
