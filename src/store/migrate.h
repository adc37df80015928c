/* Inside the store: bring a database to the newest schema. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <stdbool.h>

#include "store/db.h"

/* Numbers between dots compare as numbers: 1.10.0 > 1.9.0. Like strcmp. */
int migrate_compare(const char *a, const char *b);

/* Check what was applied, and apply what is missing, each migration in a transaction of its own
 * with its row in schema_version. To be called with the lock held.
 * Errors: MU_E_DB_NEWER; MU_E_DB_CORRUPT (no database of muster's); MU_E_DB (a script that differs
 * from the one applied, an unknown version); what SQLite says. */
int migrate(struct db *db, struct mu_err *err);

/* The newest version in the file; "0.0.0" for an empty one. */
int migrate_current(struct db *db, char ret_version[32], struct mu_err *err);

#endif
