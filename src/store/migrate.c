/* Migrations are an append-only list of scripts (sql/VERSION_name.up.sql, with its reverse beside
 * it). schema_version says which were applied, with the SHA-256 of the script. Versions are sets,
 * not a high-water mark: what is in the list and not in the table is applied, in the list's order.
 *
 * Three kinds of file are let in: an empty one (new, or left by a crash before its first commit),
 * one with schema_version rows, and one made by the design's own DDL, which has the nine tables and
 * no rows: it is adopted as the first version. Rows without a checksum are the design's own too. */
#include "store/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "store/row.h"

int migrate_compare(const char *a, const char *b)
{
    while (*a || *b) {
        char *a_end, *b_end;
        unsigned long a_num = strtoul(a, &a_end, 10), b_num = strtoul(b, &b_end, 10);
        if (a_num != b_num)
            return a_num < b_num ? -1 : 1;
        if (a_end == a && b_end == b)
            return strcmp(a, b);
        a = *a_end == '.' ? a_end + 1 : a_end;
        b = *b_end == '.' ? b_end + 1 : b_end;
    }
    return 0;
}

/* What stands in the file. */
struct state {
    bool applied[SQL_MIGRATION_COUNT];
    char newest[32];
    int rows;
};

static int note_version(struct db *db, sqlite3_stmt *stmt, struct state *state, struct mu_err *err)
{
    const char *version = (const char *)sqlite3_column_text(stmt, 0);
    const char *checksum = (const char *)sqlite3_column_text(stmt, 1);
    const char *newest = sql_migrations[SQL_MIGRATION_COUNT - 1].version;
    if (!version)
        return db_error(db, SQLITE_NOMEM, err);
    state->rows++;
    if (migrate_compare(version, state->newest) > 0)
        snprintf(state->newest, sizeof state->newest, "%s", version);
    for (int i = 0; i < SQL_MIGRATION_COUNT; i++) {
        const struct sql_migration *migration = &sql_migrations[i];
        if (migrate_compare(version, migration->version) != 0)
            continue;
        if (checksum && strcmp(checksum, migration->checksum) != 0)
            return mu_err_set(
                err, MU_E_DB,
                _("%s: migration %s was applied from another script (%s) than the one "
                  "in this muster: use the muster that made this database"),
                db->path, version, checksum);
        state->applied[i] = true;
        return 0;
    }
    if (migrate_compare(version, newest) > 0)
        return mu_err_set(err, MU_E_DB_NEWER,
                          _("%s has schema %s, and this muster knows up to %s: use the newer "
                            "muster, or another home"),
                          db->path, version, newest);
    return mu_err_set(err, MU_E_DB, _("%s has schema %s, which this muster does not know"),
                      db->path, version);
}

static int read_versions(struct db *db, struct state *state, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    int rc;
    if (db_statement(db, SQL_SCHEMA_VERSIONS, &stmt, err) != 0)
        return -1;
    while ((rc = db_step(db, stmt, err)) == 0)
        if (note_version(db, stmt, state, err) != 0)
            return -1;
    return rc < 0 ? -1 : 0;
}

/* How many objects there are, and which of the design's tables is missing (NULL: none). */
static int look(struct db *db, int *ret_objects, const char **ret_missing, struct mu_err *err)
{
    static const char *const tables[] = {
        "execution_history", "batch_execution", "batch_details",  "performance_metrics", "users",
        "user_sessions",     "backup_records",  "schema_version", "audit_logs",
    };
    enum { TABLES = sizeof tables / sizeof tables[0] };
    bool found[TABLES] = {false};
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    int rc;
    *ret_objects = 0;
    if (db_statement(db, SQL_SCHEMA_OBJECTS, &stmt, err) != 0)
        return -1;
    while ((rc = db_step(db, stmt, err)) == 0) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        ++*ret_objects;
        for (int i = 0; i < TABLES; i++)
            if (name && strcmp(name, tables[i]) == 0)
                found[i] = true;
    }
    *ret_missing = NULL;
    for (int i = TABLES - 1; i >= 0; i--)
        if (!found[i])
            *ret_missing = tables[i];
    return rc < 0 ? -1 : 0;
}

static int inspect(struct db *db, struct state *ret_state, struct mu_err *err)
{
    struct state state = {.newest = "0.0.0"};
    int objects;
    const char *missing;
    if (look(db, &objects, &missing, err) != 0)
        return -1;
    if (objects > 0 && missing)
        return mu_err_set(err, MU_E_DB_CORRUPT,
                          _("%s is not muster's database: it has no table %s"), db->path, missing);
    if (objects > 0 && read_versions(db, &state, err) != 0)
        return -1;
    if (objects > 0 && state.rows == 0) {
        state.rows = -1; /* to be adopted */
        snprintf(state.newest, sizeof state.newest, "%s", sql_migrations[0].version);
    }
    *ret_state = state;
    return 0;
}

static int record(struct db *db, const struct sql_migration *migration, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_SCHEMA_VERSION_INSERT, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, migration->version, err) != 0 ||
        row_bind_text(db, stmt, 2, migration->description, err) != 0 ||
        row_bind_text(db, stmt, 3, migration->script_name, err) != 0 ||
        row_bind_text(db, stmt, 4, migration->checksum, err) != 0)
        return -1;
    return db_run(db, stmt, err);
}

static int apply(struct db *db, const struct sql_migration *migration, bool adopt,
                 struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    if (db_tx_begin(&tx, db, err) != 0)
        return -1;
    if (!adopt) {
        int rc = sqlite3_exec(db->sqlite, migration->up, NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            return db_error(db, rc, err);
    }
    if (record(db, migration, err) != 0)
        return -1;
    return db_tx_commit(&tx, err);
}

int migrate(struct db *db, struct mu_err *err)
{
    struct state state;
    if (inspect(db, &state, err) != 0)
        return -1;
    for (int i = 0; i < SQL_MIGRATION_COUNT; i++) {
        const struct sql_migration *migration = &sql_migrations[i];
        if (state.applied[i])
            continue;
        if (sqlite3_db_readonly(db->sqlite, "main") == 1)
            return mu_err_set(
                err, MU_E_IO,
                _("%s has the older schema %s and cannot be brought up to %s, because "
                  "it is read-only here"),
                db->path, state.newest, migration->version);
        if (apply(db, migration, i == 0 && state.rows == -1, err) != 0)
            return mu_err_wrap(err, _("migration %s"), migration->version);
    }
    return 0;
}

int migrate_current(struct db *db, char ret_version[32], struct mu_err *err)
{
    struct state state;
    if (inspect(db, &state, err) != 0)
        return -1;
    memcpy(ret_version, state.newest, sizeof state.newest);
    return 0;
}
