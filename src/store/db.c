/* The connection.
 *
 * Two locks stand around the file. SQLite's own (in app.db-shm) order writers and readers. Ours, a
 * flock on app.db.lock, keeps muster's connections from opening, closing, writing and checkpointing
 * at the same moment: SQLite before 3.51.3 may lose a transaction when a connection resets the
 * write-ahead log while another, which has just looked at it, checkpoints. Each connection has an
 * open file description of its own, so the lock also holds between two connections of one process;
 * a connection that waits for another one of its own thread would wait in vain, and gives up after
 * the busy timeout.
 *
 * app.db itself is never opened here beside SQLite: closing a descriptor of it drops the POSIX
 * locks that SQLite holds in this process. */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/str.h"
#include "store/migrate.h"

enum { BUSY_TIMEOUT_MS = 5000 };

/* ---- errors ---- */

/* The process that holds a lock on `path`, from /proc/locks; 0: unknown. */
static int lock_holder(const char *path)
{
    struct stat st;
    FILE *file = stat(path, &st) == 0 ? fopen("/proc/locks", "re") : NULL;
    if (!file)
        return 0;
    char line[256];
    int holder = 0;
    while (holder == 0 && fgets(line, sizeof line, file)) {
        int pid;
        unsigned long inode;
        /* 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF */
        if (sscanf(line, "%*s %*s %*s WRITE %d %*x:%*x:%lu", &pid, &inode) == 2 &&
            inode == st.st_ino && pid != getpid())
            holder = pid;
    }
    fclose(file);
    return holder;
}

static int busy_error(const char *path, const char *lock_path, struct mu_err *err)
{
    int pid = lock_holder(lock_path);
    if (pid > 0)
        return mu_err_set(err, MU_E_BUSY,
                          _("%s is locked by process %d: wait for it to finish, or end it"), path,
                          pid);
    return mu_err_set(err, MU_E_BUSY, _("%s is locked by another process: wait for it to finish"),
                      path);
}

int db_error(struct db *db, int rc, struct mu_err *err)
{
    int sys = db->sqlite ? sqlite3_system_errno(db->sqlite) : 0;
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return mu_err_nomem(err);
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL: /* the same, in the locks of the write-ahead log */
    case SQLITE_LOCKED: {
        MU_AUTO_STR struct mu_str shm = {0};
        mu_str_printf(&shm, "%s-shm", db->path);
        return busy_error(db->path, mu_str_text(&shm), err);
    }
    case SQLITE_NOTADB:
        return mu_err_set(err, MU_E_DB_CORRUPT,
                          _("%s is not a database: move it away, or choose another home"),
                          db->path);
    case SQLITE_CORRUPT:
        return mu_err_set(err, MU_E_DB_CORRUPT,
                          _("%s is damaged (%s): restore a backup, or move it away"), db->path,
                          sqlite3_errmsg(db->sqlite));
    case SQLITE_FULL:
        return mu_err_sys(err, MU_E_IO, sys ? sys : ENOSPC, _("cannot write %s"), db->path);
    case SQLITE_READONLY: return mu_err_sys(err, MU_E_IO, EROFS, _("cannot write %s"), db->path);
    case SQLITE_CANTOPEN:
        return mu_err_sys(err, MU_E_IO, sys ? sys : EACCES, _("cannot open %s"), db->path);
    case SQLITE_PERM:
    case SQLITE_IOERR: return mu_err_sys(err, MU_E_IO, sys ? sys : EIO, _("%s fails"), db->path);
    default:
        return mu_err_set(err, MU_E_DB, "%s: %s (SQLite %d)", db->path,
                          db->sqlite ? sqlite3_errmsg(db->sqlite) : sqlite3_errstr(rc), rc);
    }
}

/* ---- statements ---- */

int db_statement(struct db *db, enum sql_id id, sqlite3_stmt **ret_stmt, struct mu_err *err)
{
    if (!db->statements[id]) {
        int rc = sqlite3_prepare_v3(db->sqlite, sql_statements[id].text, -1,
                                    SQLITE_PREPARE_PERSISTENT, &db->statements[id], NULL);
        if (rc != SQLITE_OK)
            return db_error(db, rc, err);
    }
    *ret_stmt = db->statements[id];
    return 0;
}

int db_step(struct db *db, sqlite3_stmt *stmt, struct mu_err *err)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return 0;
    return rc == SQLITE_DONE ? 1 : db_error(db, rc, err);
}

int db_run(struct db *db, sqlite3_stmt *stmt, struct mu_err *err)
{
    int rc = db_step(db, stmt, err);
    sqlite3_reset(stmt);
    return rc < 0 ? -1 : 0;
}

/* ---- locks and transactions ---- */

void db_set_wait(struct db *db, int wait_ms)
{
    db->wait_ms = wait_ms;
    sqlite3_busy_timeout(db->sqlite, wait_ms);
}

int db_lock(struct db *db, struct mu_err *err)
{
    if (db->lock_fd < 0 || db->lock_depth > 0) {
        db->lock_depth++;
        return 0;
    }
    int64_t until_ns = mu_mono_ns() + (int64_t)db->wait_ms * 1000000;
    for (useconds_t nap_us = 200; flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0;) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return mu_err_sys(err, MU_E_IO, errno, _("cannot lock %s"), db->lock_path);
        if (mu_mono_ns() >= until_ns)
            return busy_error(db->path, db->lock_path, err);
        /* A commit takes a millisecond or two: ask often at first. */
        usleep(nap_us);
        nap_us = nap_us < 5000 ? nap_us * 2 : nap_us;
    }
    db->lock_depth = 1;
    return 0;
}

void db_unlock(struct db *db)
{
    MU_ASSERT(db->lock_depth > 0);
    if (--db->lock_depth == 0 && db->lock_fd >= 0)
        flock(db->lock_fd, LOCK_UN);
}

static int run_named(struct db *db, enum sql_id id, struct mu_err *err)
{
    sqlite3_stmt *stmt;
    if (db_statement(db, id, &stmt, err) != 0)
        return -1;
    return db_run(db, stmt, err);
}

int db_tx_begin(struct db_tx *tx, struct db *db, struct mu_err *err)
{
    tx->db = NULL;
    if (!sqlite3_get_autocommit(db->sqlite))
        return 0;
    if (db_lock(db, err) != 0)
        return -1;
    if (run_named(db, SQL_TX_BEGIN, err) != 0) {
        db_unlock(db);
        return -1;
    }
    tx->db = db;
    return 0;
}

int db_tx_commit(struct db_tx *tx, struct mu_err *err)
{
    struct db *db = tx->db;
    if (!db)
        return 0;
    if (run_named(db, SQL_TX_COMMIT, err) != 0)
        return -1;
    tx->db = NULL;
    db_unlock(db);
    return 0;
}

void db_tx_release(struct db_tx *tx)
{
    struct db *db = tx->db;
    if (!db)
        return;
    /* Some failures (disk full, I/O) have rolled back already. */
    if (!sqlite3_get_autocommit(db->sqlite))
        run_named(db, SQL_TX_ROLLBACK, NULL);
    tx->db = NULL;
    db_unlock(db);
}

int db_checkpoint(struct db *db, bool truncate, struct mu_err *err)
{
    if (db_lock(db, err) != 0)
        return -1;
    sqlite3_busy_timeout(db->sqlite, 0);
    int rc = sqlite3_wal_checkpoint_v2(
        db->sqlite, "main", truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, NULL,
        NULL);
    sqlite3_busy_timeout(db->sqlite, db->wait_ms);
    int failed = rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? 0 : db_error(db, rc, err);
    db_unlock(db);
    return failed;
}

static int note_wal_pages(void *arg, sqlite3 *sqlite, const char *schema, int pages)
{
    (void)sqlite;
    (void)schema;
    ((struct db *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

/* ---- opening ---- */

/* WAL needs shared memory between the processes: file systems over a network have none. */
static int refuse_network(const char *home, struct mu_err *err)
{
    static const struct {
        unsigned magic;
        const char *name;
    } refused[] = {
        {0x6969, "NFS"},    {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},  {0x517b, "SMB"},
        {0x01021997, "9p"}, {0x5346414f, "AFS"},  {0x00c36400, "Ceph"},
    };
    struct statfs fs;
    if (statfs(home, &fs) != 0)
        return 0; /* opening will say what is wrong */
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if ((unsigned)fs.f_type == refused[i].magic)
            return mu_err_set(err, MU_E_IO,
                              _("%s lies on a network file system (%s), where a database cannot be "
                                "shared safely: choose a home on a local disk (--home)"),
                              home, refused[i].name);
    return 0;
}

static int check_file(struct db *db, const char *home, enum store_mode mode, struct mu_err *err)
{
    struct stat st;
    if (stat(db->path, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return 0;
        return mu_err_set(err, MU_E_IO, _("%s is no file: move it away, or choose another home"),
                          db->path);
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot open %s"), db->path);
    if (mode != STORE_CREATE)
        return mu_err_set(err, MU_E_NOT_FOUND,
                          _("no database in %s: \"muster run\" or \"muster init\" makes one"),
                          home);
    /* SQLite would make it 0644. Nobody can hold a lock on it yet. */
    MU_AUTO_FD int fd = open(db->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot make %s"), db->path);
    return 0;
}

static int open_lock_file(struct db *db, enum store_mode mode, struct mu_err *err)
{
    db->lock_fd = open(db->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (db->lock_fd >= 0)
        return 0;
    int why = errno;
    if (mode == STORE_READ && (why == EROFS || why == EACCES || why == EPERM)) {
        /* Reading works without, where nobody can write. */
        db->lock_fd = open(db->lock_path, O_RDONLY | O_CLOEXEC);
        return 0;
    }
    return mu_err_sys(err, MU_E_IO, why, _("cannot open %s"), db->lock_path);
}

static int configure(struct db *db, enum store_mode mode, bool immutable, struct mu_err *err)
{
    sqlite3 *sqlite = db->sqlite;
    sqlite3_busy_timeout(sqlite, db->wait_ms);
    sqlite3_extended_result_codes(sqlite, 1);
    sqlite3_db_config(sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(sqlite, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_wal_hook(sqlite, note_wal_pages, db); /* in place of the automatic checkpoint */
    /* A write-ahead log that has grown shrinks again when it starts anew. */
    const char *pragmas = "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
                          "PRAGMA journal_size_limit = 16777216;";
    int rc = sqlite3_exec(sqlite, pragmas, NULL, NULL, NULL);
    bool readonly = sqlite3_db_readonly(sqlite, "main") == 1;
    if (rc == SQLITE_OK && readonly && mode != STORE_READ)
        return mu_err_set(err, MU_E_IO, _("%s is read-only: choose another home (--home)"),
                          db->path);
    /* auto_vacuum takes effect only before the first page is written, which journal_mode does. On
     * an older file it would cost a commit at every opening. */
    struct stat st;
    if (rc == SQLITE_OK && stat(db->path, &st) == 0 && st.st_size == 0)
        rc = sqlite3_exec(sqlite, "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL, NULL);
    if (rc == SQLITE_OK && !readonly && !immutable)
        rc = sqlite3_exec(sqlite, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

static int connect(struct db *db, enum store_mode mode, bool immutable, struct mu_err *err)
{
    MU_AUTO_STR struct mu_str uri = {0};
    mu_str_puts(&uri, db->path[0] == '/' ? "file://" : "file:");
    for (const char *p = db->path; *p; p++)
        if (strchr("%?#", *p))
            mu_str_printf(&uri, "%%%02x", (unsigned char)*p);
        else
            mu_str_putc(&uri, *p);
    mu_str_puts(&uri, immutable ? "?immutable=1" : "");
    if (uri.failed)
        return mu_err_nomem(err);
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                (immutable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int rc = sqlite3_open_v2(uri.data, &db->sqlite, flags, NULL);
    if (rc != SQLITE_OK)
        return db_error(db, rc, err);
    if (configure(db, mode, immutable, err) != 0 || migrate(db, err) != 0)
        return -1;
    if (mode == STORE_READ) {
        rc = sqlite3_exec(db->sqlite, "PRAGMA query_only = ON", NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            return db_error(db, rc, err);
    }
    return 0;
}

static void disconnect(struct db *db)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(db->statements[i]);
        db->statements[i] = NULL;
    }
    sqlite3_close(db->sqlite);
    db->sqlite = NULL;
}

/* In a read-only folder SQLite cannot make app.db-shm. If nothing waits in the write-ahead log, the
 * file is whole without it and nobody here can change it: it may be read as immutable. */
static int connect_readonly(struct db *db, struct mu_err *err)
{
    MU_AUTO_STR struct mu_str path = {0};
    mu_str_printf(&path, "%s-wal", db->path);
    struct stat st;
    if (stat(mu_str_text(&path), &st) == 0 && st.st_size > 0)
        return mu_err_set(err, MU_E_IO,
                          _("%s cannot be read in its read-only folder, because changes wait in "
                            "%s: copy the home to where it can be written"),
                          db->path, path.data);
    return connect(db, STORE_READ, true, err);
}

static int open_locked(struct db *db, const char *home, enum store_mode mode, struct mu_err *err)
{
    if (check_file(db, home, mode, err) != 0)
        return -1;
    struct mu_err first = MU_ERR_INIT;
    if (connect(db, mode, false, &first) == 0)
        return 0;
    int rc = db->sqlite ? sqlite3_errcode(db->sqlite) & 0xff : SQLITE_OK;
    if (mode == STORE_READ && first.code == MU_E_IO && rc == SQLITE_CANTOPEN) {
        disconnect(db);
        return connect_readonly(db, err);
    }
    if (err)
        *err = first;
    return -1;
}

/* Counting every allocation under a mutex costs 5 % of the writer, and nobody asks for the count.
 */
static void tune_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int db_open(const char *home, enum store_mode mode, struct db **ret_db, struct mu_err *err)
{
    static pthread_once_t tuned = PTHREAD_ONCE_INIT;
    pthread_once(&tuned, tune_sqlite);
    MU_AUTO_STR struct mu_str data = {0}, path = {0}, lock_path = {0};
    mu_str_printf(&data, "%s/data", home);
    mu_str_printf(&path, "%s/data/app.db", home);
    mu_str_printf(&lock_path, "%s/data/app.db.lock", home);
    struct db *db = calloc(1, sizeof *db);
    if (db) {
        db->lock_fd = -1;
        db->wait_ms = BUSY_TIMEOUT_MS;
        db->path = mu_str_take(&path);
        db->lock_path = mu_str_take(&lock_path);
    }
    if (!db || !db->path || !db->lock_path || data.failed) {
        db_close(db);
        return mu_err_nomem(err);
    }
    int rc = refuse_network(home, err);
    if (rc == 0 && mode == STORE_CREATE)
        rc = mu_mkdirs(data.data, 0700, err);
    if (rc == 0 && mode != STORE_CREATE)
        rc = check_file(db, home, mode, err); /* before a lock file is made beside nothing */
    if (rc == 0)
        rc = open_lock_file(db, mode, err);
    if (rc == 0)
        rc = db_lock(db, err);
    if (rc == 0) {
        rc = open_locked(db, home, mode, err);
        db_unlock(db);
    }
    if (rc != 0) {
        db_close(db);
        return -1;
    }
    *ret_db = db;
    return 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    if (db->sqlite) {
        /* Closing must not fail: whoever holds the lock for over five seconds is not opening. */
        bool locked = db_lock(db, NULL) == 0;
        disconnect(db);
        if (locked)
            db_unlock(db);
    }
    mu_fd_close(&db->lock_fd);
    free(db->path);
    free(db->lock_path);
    free(db);
}

const char *db_schema_newest(void)
{
    return sql_migrations[SQL_MIGRATION_COUNT - 1].version;
}

int db_schema_version(struct db *db, char ret_version[32], struct mu_err *err)
{
    return migrate_current(db, ret_version, err);
}

const char *db_sqlite_version(void)
{
    return sqlite3_libversion();
}
