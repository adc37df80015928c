/* The schema is the design's, migrations go there and back, every statement fits it. */
#include "store_home.h"

#include <string.h>

#include "base/fd.h"
#include "store/migrate.h"

/* What a table is: columns, indexes with theirs, foreign keys, triggers. */
static const char *const describe[] = {
    "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
    "SELECT t.name, c.cid, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk FROM sqlite_schema t, "
    "pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid",
    "SELECT t.name, i.name, i.\"unique\", i.origin, i.partial, x.seqno, x.name, x.desc, x.coll, "
    "x.key FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) x WHERE "
    "t.type = 'table' ORDER BY t.name, i.name, x.seqno",
    "SELECT t.name, f.* FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = "
    "'table' ORDER BY t.name, f.id, f.seq",
    "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name",
};
enum { DESCRIPTIONS = sizeof describe / sizeof describe[0] };

static sqlite3 *memory_with(const char *sql)
{
    sqlite3 *sqlite;
    char *message = NULL;
    assert_int_equal(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    return sqlite;
}

static char *design(void)
{
    struct mu_str text = {0};
    struct mu_err err;
    assert_ok(mu_read_file(TEST_DATA_DIR "/design-schema.sql", 1 << 20, &text, &err));
    return mu_str_take(&text);
}

/* Without white space: triggers are compared by their text. */
static char *squeezed(char *text)
{
    char *out = text;
    for (const char *p = text; *p; p++)
        if (!strchr(" \n\t", *p))
            *out++ = *p;
    *out = '\0';
    return text;
}

static void first_migration_is_the_design(void **state)
{
    char *sql = design();
    sqlite3 *designed = memory_with(sql), *built = memory_with(sql_migrations[0].up);
    for (int i = 0; i < DESCRIPTIONS; i++) {
        char *want = db_text(designed, describe[i]), *got = db_text(built, describe[i]);
        assert_true(strlen(want) > 0);
        assert_string_equal(got, want);
        free(want);
        free(got);
    }
    const char *triggers = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
    char *want = squeezed(db_text(designed, triggers)), *got = squeezed(db_text(built, triggers));
    assert_string_equal(got, want);
    free(want);
    free(got);
    assert_int_equal(db_int(built, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND "
                                   "name NOT LIKE 'sqlite_%'"),
                     9);
    assert_int_equal(db_int(built, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND "
                                   "name LIKE 'idx_%'"),
                     27);
    sqlite3_close(designed);
    sqlite3_close(built);
    free(sql);
}

static void up_down_up_gives_the_same(void **state)
{
    const char *schema = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' "
                         "ORDER BY type, name";
    sqlite3 *sqlite = memory_with("");
    char *after[SQL_MIGRATION_COUNT + 1];
    after[0] = db_text(sqlite, schema);
    for (int i = 0; i < SQL_MIGRATION_COUNT; i++) {
        assert_int_equal(sqlite3_exec(sqlite, sql_migrations[i].up, NULL, NULL, NULL), SQLITE_OK);
        after[i + 1] = db_text(sqlite, schema);
        assert_string_not_equal(after[i], after[i + 1]);
    }
    for (int i = SQL_MIGRATION_COUNT - 1; i >= 0; i--) {
        char *message = NULL;
        if (sqlite3_exec(sqlite, sql_migrations[i].down, NULL, NULL, &message) != SQLITE_OK)
            fail_msg("%s down: %s", sql_migrations[i].version, message);
        char *now = db_text(sqlite, schema);
        assert_string_equal(now, after[i]);
        free(now);
    }
    for (int i = 0; i < SQL_MIGRATION_COUNT; i++)
        assert_int_equal(sqlite3_exec(sqlite, sql_migrations[i].up, NULL, NULL, NULL), SQLITE_OK);
    char *again = db_text(sqlite, schema);
    assert_string_equal(again, after[SQL_MIGRATION_COUNT]);
    free(again);
    for (int i = 0; i <= SQL_MIGRATION_COUNT; i++)
        free(after[i]);
    sqlite3_close(sqlite);
}

static void versions_compare_as_numbers(void **state)
{
    assert_true(migrate_compare("1.10.0", "1.9.0") > 0);
    assert_true(migrate_compare("1.9.0", "1.10.0") < 0);
    assert_true(migrate_compare("2.0.0", "1.99.99") > 0);
    assert_true(migrate_compare("1.0", "1.0.0") == 0);
    assert_true(migrate_compare("1.0.0", "1.0.1") < 0);
    assert_true(migrate_compare("1.x", "1.y") != 0);
    for (int i = 1; i < SQL_MIGRATION_COUNT; i++)
        assert_true(migrate_compare(sql_migrations[i - 1].version, sql_migrations[i].version) < 0);
}

static void every_statement_prepares(void **state)
{
    char *home = home_new();
    struct db *db = home_open(home, STORE_CREATE);
    struct mu_err err;
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_stmt *stmt = NULL;
        if (db_statement(db, (enum sql_id)i, &stmt, &err) != 0)
            fail_msg("%s: %s", sql_statements[i].name, err.text);
    }
    db_close(db);
    home_free(home);
}

/* Statements that run once a script or once a page must find their rows through an index. */
static void hot_statements_scan_nothing(void **state)
{
    static const enum sql_id hot[] = {
        SQL_EXECUTION_UPDATE,
        SQL_EXECUTION_UPDATE_ORIGIN,
        SQL_EXECUTION_START,
        SQL_EXECUTION_CANCEL_PENDING,
        SQL_EXECUTION_SUPERSEDE,
        SQL_EXECUTION_FIND_BY_ID,
        SQL_EXECUTION_FIND_BY_ORDER,
        SQL_EXECUTION_FIND_BY_BATCH,
        SQL_EXECUTION_LIST,
        SQL_EXECUTION_RECENT,
        SQL_EXECUTION_LAST_DURATION,
        SQL_METRICS_FIND_BY_RECORD,
        SQL_BATCH_COUNTS,
        SQL_ATTACHMENT_FIND_BY_RECORD,
        SQL_BATCH_LIST,
        SQL_BATCH_SET_AVERAGES,
    };
    char *home = home_new();
    struct db *db = home_open(home, STORE_CREATE);
    for (size_t i = 0; i < sizeof hot / sizeof hot[0]; i++) {
        MU_AUTO_STR struct mu_str sql = {0};
        mu_str_printf(&sql, "EXPLAIN QUERY PLAN %s", sql_statements[hot[i]].text);
        sqlite3_stmt *stmt;
        assert_int_equal(sqlite3_prepare_v2(db->sqlite, sql.data, -1, &stmt, NULL), SQLITE_OK);
        bool sorts_by_index = hot[i] == SQL_EXECUTION_RECENT || hot[i] == SQL_EXECUTION_LIST ||
                              hot[i] == SQL_EXECUTION_LAST_DURATION;
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(stmt, 3);
            if (strstr(step, "SCAN ") && !strstr(step, "SCAN CONSTANT"))
                fail_msg("%s: %s", sql_statements[hot[i]].name, step);
            if (sorts_by_index && strstr(step, "TEMP B-TREE"))
                fail_msg("%s: %s", sql_statements[hot[i]].name, step);
            if (hot[i] == SQL_BATCH_COUNTS && !strstr(step, "COVERING INDEX"))
                fail_msg("%s: %s", sql_statements[hot[i]].name, step);
        }
        sqlite3_finalize(stmt);
    }
    db_close(db);
    home_free(home);
}

static void a_new_database_says_what_it_is(void **state)
{
    char *home = home_new();
    struct db *db = home_open(home, STORE_CREATE);
    struct mu_err err;
    char version[32];
    assert_ok(db_schema_version(db, version, &err));
    assert_string_equal(version, db_schema_newest());
    assert_string_equal(version, "1.1.0");
    char *rows = db_text(db->sqlite, "SELECT version, script_name, length(checksum), description "
                                     "IS NOT NULL FROM schema_version ORDER BY id");
    assert_string_equal(rows, "1.0.0|1.0.0_initial.up.sql|64|1\n"
                              "1.1.0|1.1.0_run_details.up.sql|64|1\n");
    free(rows);
    assert_int_equal(db_int(db->sqlite, "PRAGMA auto_vacuum"), 2);
    assert_int_equal(db_int(db->sqlite, "PRAGMA synchronous"), 2);
    assert_int_equal(db_int(db->sqlite, "PRAGMA foreign_keys"), 1);
    assert_int_equal(db_int(db->sqlite, "PRAGMA trusted_schema"), 0);
    assert_int_equal(db_int(db->sqlite, "PRAGMA cell_size_check"), 1);
    assert_int_equal(db_int(db->sqlite, "PRAGMA busy_timeout"), 5000);
    assert_int_equal(db_int(db->sqlite, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(db_int(db->sqlite, "PRAGMA recursive_triggers"), 0);
    char *mode = db_text(db->sqlite, "PRAGMA journal_mode");
    assert_string_equal(mode, "wal\n");
    free(mode);
    /* Defensive: the schema cannot be edited by hand. */
    assert_int_not_equal(sqlite3_exec(db->sqlite,
                                      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql "
                                      "= ''",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
    struct stat st;
    assert_int_equal(stat(home_path(home, "data"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(home_path(home, "data/app.db"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(home_path(home, "data/app.db-wal"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    db_close(db);
    home_free(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_migration_is_the_design),
        cmocka_unit_test(up_down_up_gives_the_same),
        cmocka_unit_test(versions_compare_as_numbers),
        cmocka_unit_test(every_statement_prepares),
        cmocka_unit_test(hot_statements_scan_nothing),
        cmocka_unit_test(a_new_database_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
