/* Inside the store: the connection, its statements and its transactions. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/sql.h"
#include "store/store.h"

struct db {
    sqlite3 *sqlite;
    char *path;      /* of app.db */
    char *lock_path; /* of app.db.lock */
    int lock_fd;     /* -1: a read-only folder without a lock file */
    int lock_depth;
    int wait_ms;   /* for the locks of others */
    int wal_pages; /* in the write-ahead log after the last commit of this connection */
    sqlite3_stmt *statements[SQL_COUNT];
};

/* Turn what SQLite says into an error: code, errno, "cannot write PATH: disk is full …". `rc` may
 * be an extended code. Returns -1. */
int db_error(struct db *db, int rc, struct mu_err *err);

/* The statement, prepared at its first use, reset. It belongs to the connection; reset it after
 * use (MU_AUTO_RESET), or it keeps a read transaction open. */
int db_statement(struct db *db, enum sql_id id, sqlite3_stmt **ret_stmt, struct mu_err *err);
static inline void db_reset_statement(sqlite3_stmt **stmt)
{
    if (*stmt)
        sqlite3_reset(*stmt);
}
#define MU_AUTO_RESET __attribute__((cleanup(db_reset_statement)))

/* Step: 0 row, positive 1 done, negative error. */
int db_step(struct db *db, sqlite3_stmt *stmt, struct mu_err *err);
/* Run a statement that has no parameters left to bind and gives no rows. */
int db_run(struct db *db, sqlite3_stmt *stmt, struct mu_err *err);

/* How long to wait for the locks of others. */
void db_set_wait(struct db *db, int wait_ms);

/* Hold the lock file. Nests within a connection. Waits db->wait_ms, then MU_E_BUSY. */
int db_lock(struct db *db, struct mu_err *err);
void db_unlock(struct db *db);

/* A write transaction: `MU_AUTO_TX struct db_tx tx = {0};` rolls back at the end of the scope
 * unless it was committed. Within another transaction it joins that one. */
struct db_tx {
    struct db *db; /* NULL: not begun, joined, or over */
};
int db_tx_begin(struct db_tx *tx, struct db *db, struct mu_err *err);
int db_tx_commit(struct db_tx *tx, struct mu_err *err);
void db_tx_release(struct db_tx *tx);
#define MU_AUTO_TX __attribute__((cleanup(db_tx_release)))

/* Move the write-ahead log into the database, as far as readers allow; `truncate` also empties it.
 * Others that stand in the way are no error. */
int db_checkpoint(struct db *db, bool truncate, struct mu_err *err);

#endif
