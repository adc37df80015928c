/* The cache of interpreters: one row a path, valid while device, inode, time and size stay. */
#include "store/interpreter_repo.h"

#include "store/row.h"

#define K(member, kind) FIELD(interpreter_key, member, kind)
static const struct field key_fields[] = {
    K(path, FIELD_TEXT),    K(device, FIELD_INT), K(inode, FIELD_INT),
    K(mtime_ns, FIELD_INT), K(size, FIELD_INT),
};
#undef K
static const struct field row_fields[] = {
    FIELD(interpreter_row, executable, FIELD_TEXT),
    FIELD(interpreter_row, version, FIELD_TEXT),
    FIELD(interpreter_row, implementation, FIELD_TEXT),
};
enum {
    KEY_FIELDS = sizeof key_fields / sizeof key_fields[0],
    ROW_FIELDS = sizeof row_fields / sizeof row_fields[0],
};

int interpreter_repo_find(struct db *db, struct mu_arena *arena, const struct interpreter_key *key,
                          struct interpreter_row *ret, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_INTERPRETER_FIND, &stmt, err) != 0 ||
        row_bind(db, stmt, 1, key_fields, KEY_FIELDS, key, err) != 0)
        return -1;
    int rc = db_step(db, stmt, err);
    return rc != 0 ? rc : row_read(db, stmt, 0, row_fields, ROW_FIELDS, arena, ret, err);
}

int interpreter_repo_save(struct db *db, const struct interpreter_key *key,
                          const struct interpreter_row *row, struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_tx_begin(&tx, db, err) != 0 || db_statement(db, SQL_INTERPRETER_SAVE, &stmt, err) != 0 ||
        row_bind(db, stmt, 1, key_fields, KEY_FIELDS, key, err) != 0 ||
        row_bind(db, stmt, 1 + KEY_FIELDS, row_fields, ROW_FIELDS, row, err) != 0 ||
        db_run(db, stmt, err) != 0)
        return -1;
    return db_tx_commit(&tx, err);
}
