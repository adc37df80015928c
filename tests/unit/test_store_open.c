/* Opening: what is refused, with what words; what is adopted. */
#include "store_home.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/fd.h"

static void write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(mu_write_all(fd, data, len), 0);
    close(fd);
}

/* Opening must fail with this code and words. */
static void assert_refused(const char *home, enum store_mode mode, enum mu_code code,
                           const char *words)
{
    struct mu_err err = MU_ERR_INIT;
    struct db *db = NULL;
    int rc = db_open(home, mode, &db, &err);
    db_close(db);
    assert_int_equal(rc, -1);
    if (err.code != code || !strstr(err.text, words))
        fail_msg("code %d: %s (wanted %d, \"%s\")", (int)err.code, err.text, (int)code, words);
}

static void change(const char *home, const char *sql)
{
    struct db *db = home_open(home, STORE_WRITE);
    db_exec(db, sql);
    db_close(db);
}

static void nothing_there(void **state)
{
    char *home = home_new();
    assert_refused(home, STORE_READ, MU_E_NOT_FOUND, "muster init");
    assert_refused(home, STORE_WRITE, MU_E_NOT_FOUND, "muster run");
    assert_refused("/nonexistent/home", STORE_READ, MU_E_NOT_FOUND, "/nonexistent/home");
    struct stat st;
    assert_int_not_equal(stat(home_path(home, "data"), &st), 0); /* looking makes nothing */
    home_free(home);
}

static void an_empty_file_is_a_new_one(void **state)
{
    char *home = home_new();
    assert_int_equal(mkdir(home_path(home, "data"), 0700), 0);
    write_file(home_path(home, "data/app.db"), "", 0);
    struct db *db = home_open(home, STORE_READ);
    assert_int_equal(db_int(db->sqlite, "SELECT count(*) FROM schema_version"), 2);
    assert_int_equal(db_int(db->sqlite, "PRAGMA auto_vacuum"), 2);
    db_close(db);
    home_free(home);
}

static void a_folder_in_its_place(void **state)
{
    char *home = home_new();
    assert_int_equal(mkdir(home_path(home, "data"), 0700), 0);
    assert_int_equal(mkdir(home_path(home, "data/app.db"), 0700), 0);
    assert_refused(home, STORE_CREATE, MU_E_IO, "is no file");
    assert_refused(home, STORE_READ, MU_E_IO, "is no file");
    home_free(home);
}

static void not_a_database(void **state)
{
    char *home = home_new();
    assert_int_equal(mkdir(home_path(home, "data"), 0700), 0);
    char text[8192];
    memset(text, 'x', sizeof text);
    write_file(home_path(home, "data/app.db"), text, sizeof text);
    assert_refused(home, STORE_CREATE, MU_E_DB_CORRUPT, "is not a database");
    assert_refused(home, STORE_READ, MU_E_DB_CORRUPT, "is not a database");
    home_free(home);
}

static void a_damaged_one(void **state)
{
    char *home = home_new();
    db_close(home_open(home, STORE_CREATE));
    /* Everything into the file itself, then spoil the schema's page. */
    struct db *db = home_open(home, STORE_WRITE);
    struct mu_err err;
    assert_ok(db_checkpoint(db, true, &err));
    db_close(db);
    int fd = open(home_path(home, "data/app.db"), O_WRONLY);
    char junk[400];
    memset(junk, 0xee, sizeof junk);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 100), sizeof junk);
    close(fd);
    assert_refused(home, STORE_READ, MU_E_DB_CORRUPT, "damaged");
    home_free(home);
}

static void another_program_s_database(void **state)
{
    char *home = home_new();
    assert_int_equal(mkdir(home_path(home, "data"), 0700), 0);
    sqlite3 *sqlite;
    assert_int_equal(sqlite3_open(home_path(home, "data/app.db"), &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, "CREATE TABLE songs(title)", NULL, NULL, NULL), 0);
    sqlite3_close(sqlite);
    assert_refused(home, STORE_CREATE, MU_E_DB_CORRUPT, "is not muster's database");
    home_free(home);
}

static void a_newer_one(void **state)
{
    char *home = home_new();
    db_close(home_open(home, STORE_CREATE));
    change(home, "INSERT INTO schema_version (version) VALUES ('1.10.0')");
    assert_refused(home, STORE_READ, MU_E_DB_NEWER, "1.10.0");
    assert_refused(home, STORE_CREATE, MU_E_DB_NEWER, db_schema_newest());
    home_free(home);
}

static void a_migration_of_another_text(void **state)
{
    char *home = home_new();
    db_close(home_open(home, STORE_CREATE));
    change(home, "UPDATE schema_version SET checksum = 'abc' WHERE version = '1.0.0'");
    assert_refused(home, STORE_READ, MU_E_DB, "migration 1.0.0");
    home_free(home);
}

/* The design's own code makes the tables with its DDL, and rows without a checksum, or none. */
static void the_design_s_own_is_adopted(void **state)
{
    for (int with_row = 0; with_row <= 1; with_row++) {
        char *home = home_new();
        assert_int_equal(mkdir(home_path(home, "data"), 0700), 0);
        sqlite3 *sqlite;
        struct mu_str ddl = {0};
        struct mu_err err;
        assert_ok(mu_read_file(TEST_DATA_DIR "/design-schema.sql", 1 << 20, &ddl, &err));
        assert_int_equal(sqlite3_open(home_path(home, "data/app.db"), &sqlite), SQLITE_OK);
        assert_int_equal(sqlite3_exec(sqlite, ddl.data, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(
            sqlite3_exec(sqlite,
                         "INSERT INTO execution_history (record_id, script_path, script_name, "
                         "status, start_time) VALUES ('r', 'a.py', 'a.py', 'SUCCESS', 'x');"
                         "INSERT INTO batch_details (batch_id, record_id) VALUES ('none', 'r')",
                         NULL, NULL, NULL),
            SQLITE_OK);
        if (with_row)
            assert_int_equal(sqlite3_exec(sqlite,
                                          "INSERT INTO schema_version (version, script_name) "
                                          "VALUES ('1.0.0', 'v1_0_0_initial.py')",
                                          NULL, NULL, NULL),
                             SQLITE_OK);
        sqlite3_close(sqlite);
        mu_str_release(&ddl);

        struct db *db = home_open(home, STORE_READ);
        char *versions = db_text(db->sqlite, "SELECT version FROM schema_version ORDER BY id");
        assert_string_equal(versions, "1.0.0\n1.1.0\n");
        free(versions);
        assert_int_equal(
            db_int(db->sqlite, "SELECT attempt FROM execution_history WHERE record_id = 'r'"), 1);
        assert_int_equal(
            db_int(db->sqlite, "SELECT superseded FROM execution_history WHERE record_id = 'r'"),
            0);
        db_close(db);
        home_free(home);
    }
}

static void locked_by_another_process(void **state)
{
    char *home = home_new();
    db_close(home_open(home, STORE_CREATE));
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(home_path(home, "data/app.db.lock"), O_RDWR);
        if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    char c;
    assert_int_equal(read(ready[0], &c, 1), 1);
    char words[64];
    snprintf(words, sizeof words, "process %d", (int)pid);
    assert_refused(home, STORE_READ, MU_E_BUSY, words);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    db_close(home_open(home, STORE_READ));
    close(ready[0]);
    close(ready[1]);
    home_free(home);
}

static void remount(const char *home, unsigned long flags)
{
    if (mount(NULL, home, NULL, MS_REMOUNT | MS_BIND | flags, NULL) != 0)
        fail_msg("remount %s", home);
}

/* A read-only bind mount: also root cannot write there. */
static void a_read_only_home(void **state)
{
    char *home = home_new();
    if (mount(home, home, NULL, MS_BIND, NULL) != 0) {
        print_message("# no mounts here: the read-only home is not tested\n");
        home_free(home);
        skip();
    }
    remount(home, MS_RDONLY);
    assert_refused(home, STORE_CREATE, MU_E_IO, "Read-only");
    remount(home, 0);

    struct db *db = home_open(home, STORE_CREATE);
    struct mu_err err;
    assert_ok(db_checkpoint(db, true, &err));
    db_close(db);
    remount(home, MS_RDONLY);
    assert_refused(home, STORE_WRITE, MU_E_IO, "Read-only");
    db = home_open(home, STORE_READ); /* app.db-shm stands there */
    assert_int_equal(db_int(db->sqlite, "SELECT count(*) FROM schema_version"), 2);
    db_close(db);

    remount(home, 0);
    unlink(home_path(home, "data/app.db-shm"));
    unlink(home_path(home, "data/app.db.lock"));
    remount(home, MS_RDONLY);
    db = home_open(home, STORE_READ);
    assert_int_equal(db_int(db->sqlite, "SELECT count(*) FROM schema_version"), 2);
    db_close(db);

    remount(home, 0);
    change(home, "DELETE FROM users");
    change(home, "INSERT INTO users (user_id, username, password_hash) VALUES ('u', 'u', 'p')");
    unlink(home_path(home, "data/app.db-shm"));
    remount(home, MS_RDONLY);
    assert_refused(home, STORE_READ, MU_E_IO, "app.db-wal");
    umount2(home, MNT_DETACH);
    home_free(home);
}

static void names_that_are_no_plain_text(void **state)
{
    char *top = home_new();
    char *home = strdup(home_path(top, "a b?c#d%20\n中文"));
    db_close(home_open(home, STORE_CREATE));
    struct stat st;
    assert_int_equal(stat(home_path(home, "data/app.db"), &st), 0);
    free(home);
    home_free(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_there),
        cmocka_unit_test(an_empty_file_is_a_new_one),
        cmocka_unit_test(a_folder_in_its_place),
        cmocka_unit_test(not_a_database),
        cmocka_unit_test(a_damaged_one),
        cmocka_unit_test(another_program_s_database),
        cmocka_unit_test(a_newer_one),
        cmocka_unit_test(a_migration_of_another_text),
        cmocka_unit_test(the_design_s_own_is_adopted),
        cmocka_unit_test(locked_by_another_process),
        cmocka_unit_test(a_read_only_home),
        cmocka_unit_test(names_that_are_no_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
