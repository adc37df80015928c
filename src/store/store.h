/* The store: one SQLite file in a home, `data/app.db`.
 *
 * A `struct db` is one connection, used by one thread at a time. Reading commands open one with
 * STORE_READ; whoever runs a batch also starts the writer (store/writer.h), which owns the only
 * writing connection of the process.
 *
 * WAL, synchronous=FULL, foreign_keys=ON, trusted_schema=OFF, cell_size_check=ON, defensive mode,
 * busy_timeout 5 s, wal_autocheckpoint=0 and no checkpoint on close: checkpoints are the writer's.
 * SQLite before 3.51.3 has a rare WAL-reset race between connections that checkpoint and write, so
 * every process takes a flock on `data/app.db.lock` around open, close, each write transaction and
 * each checkpoint. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

enum store_mode {
    STORE_READ,   /* must exist; an older schema is migrated first, where it can be written */
    STORE_WRITE,  /* must exist; migrated */
    STORE_CREATE, /* made where it does not exist, migrated where it is older */
};

struct db;

/* Open `home`/data/app.db. Folders are made 0700, files 0600 (umask 077 is the caller's).
 * Errors: MU_E_NOT_FOUND (no database there: "muster run" or "muster init" makes one), MU_E_IO
 * (read-only, full, network file system: NFS and CIFS are refused because of WAL), MU_E_DB_NEWER,
 * MU_E_DB_CORRUPT (no database, or damaged), MU_E_BUSY (locked for over 5 s), MU_E_DB. */
int db_open(const char *home, enum store_mode mode, struct db **ret_db, struct mu_err *err);
void db_close(struct db *db); /* NULL accepted */

/* "1.1.0": the newest migration in this binary; and the one in the file. */
const char *db_schema_newest(void);
int db_schema_version(struct db *db, char ret_version[32], struct mu_err *err);
/* "3.40.1" */
const char *db_sqlite_version(void);

#endif
