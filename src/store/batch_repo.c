/* batch_fields[] names the columns in the order of {batch_columns} in sql/batch.sql, and of the
 * parameters ?1 … ?30 (id, which is never bound, would be ?0).
 *
 * The counts in the row are those of its last refresh. A batch that is still open is counted when
 * it is read; a final one is read as it stands. */
#include "store/batch_repo.h"

#include "store/batch_changes.h"
#include "store/row.h"

#define F(member, kind) FIELD(batch, member, kind)
#define F_NAMED(member, column, kind) FIELD_NAMED(batch, member, column, kind)
static const struct field batch_fields[] = {
    F(id, FIELD_INT),
    F(batch_id, FIELD_TEXT),
    F(batch_name, FIELD_TEXT),
    F(description, FIELD_TEXT),
    F_NAMED(start_ms, "start_time", FIELD_TIME),
    F_NAMED(end_ms, "end_time", FIELD_TIME),
    F(duration, FIELD_REAL),
    F(estimated_remaining, FIELD_REAL),
    F(avg_memory_usage, FIELD_REAL),
    F(avg_cpu_usage, FIELD_REAL),
    F(peak_memory_usage, FIELD_REAL),
    F(execution_mode, FIELD_TEXT),
    F(max_parallel, FIELD_INT),
    F(user_id, FIELD_TEXT),
    F(status, FIELD_BATCH_STATUS),
    F(owner_pid, FIELD_INT),
    F(owner_start, FIELD_INT),
    F(project, FIELD_TEXT),
    F(command, FIELD_TEXT),
    F(script_args, FIELD_TEXT),
    F(settings, FIELD_TEXT),
    F(muster_version, FIELD_TEXT),
    F(pass_count, FIELD_INT),
    F(fail_count, FIELD_INT),
    F(unknown_count, FIELD_INT),
    F_NAMED(counts.total, "total_scripts", FIELD_INT),
    F_NAMED(counts.by_status[EXEC_SUCCESS], "success_count", FIELD_INT),
    F_NAMED(counts.by_status[EXEC_FAILED], "failed_count", FIELD_INT),
    F_NAMED(counts.by_status[EXEC_ERROR], "error_count", FIELD_INT),
    F_NAMED(counts.by_status[EXEC_TIMEOUT], "timeout_count", FIELD_INT),
    F_NAMED(counts.by_status[EXEC_CANCELLED], "cancelled_count", FIELD_INT),
};
#undef F
#undef F_NAMED
enum { BATCH_FIELDS = sizeof batch_fields / sizeof batch_fields[0], COLUMN_STATUS = 14 };

static bool is_open(const struct batch *batch)
{
    return batch->status == BATCH_PENDING || batch->status == BATCH_RUNNING ||
           batch->status == BATCH_PAUSED;
}

/* GROUP BY status, result over the last attempts, into the counts and results of `ret`. */
static int count_rows(struct db *db, const char *batch_id, struct batch *ret, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_COUNTS, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, batch_id, err) != 0)
        return -1;
    struct batch_counts counts = {0};
    int64_t by_result[RESULT_UNKNOWN + 1] = {0};
    int rc;
    while ((rc = db_step(db, stmt, err)) == 0) {
        const char *status_name = (const char *)sqlite3_column_text(stmt, 0);
        const char *result_name = (const char *)sqlite3_column_text(stmt, 1);
        int64_t rows = sqlite3_column_int64(stmt, 2);
        enum exec_status status;
        enum exec_result result;
        counts.total += rows;
        if (status_name && exec_status_parse(status_name, &status) == 0)
            counts.by_status[status] += rows;
        if (result_name && exec_result_parse(result_name, &result) == 0)
            by_result[result] += rows;
    }
    if (rc < 0)
        return -1;
    ret->counts = counts;
    ret->pass_count = by_result[RESULT_PASS];
    ret->fail_count = by_result[RESULT_FAIL];
    ret->unknown_count = by_result[RESULT_UNKNOWN];
    return 0;
}

int batch_repo_set_counts(struct db *db, const char *batch_id, struct batch_counts *ret,
                          struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    struct batch batch = {0};
    if (count_rows(db, batch_id, &batch, err) != 0 ||
        db_statement(db, SQL_BATCH_SET_COUNTS, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, batch_id, err) != 0 ||
        row_bind_int(db, stmt, 2, batch.counts.total, err) != 0)
        return -1;
    for (int i = EXEC_SUCCESS; i <= EXEC_CANCELLED; i++)
        if (row_bind_int(db, stmt, 3 + i - EXEC_SUCCESS, batch.counts.by_status[i], err) != 0)
            return -1;
    if (row_bind_int(db, stmt, 8, batch.pass_count, err) != 0 ||
        row_bind_int(db, stmt, 9, batch.fail_count, err) != 0 ||
        row_bind_int(db, stmt, 10, batch.unknown_count, err) != 0 || db_run(db, stmt, err) != 0)
        return -1;
    if (ret)
        *ret = batch.counts;
    return 0;
}

int batch_repo_refresh_counts(struct db *db, const char *batch_id, struct batch_counts *ret,
                              struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    MU_AUTO_RESET sqlite3_stmt *averages = NULL;
    if (db_tx_begin(&tx, db, err) != 0 || batch_repo_set_counts(db, batch_id, ret, err) != 0 ||
        db_statement(db, SQL_BATCH_SET_AVERAGES, &averages, err) != 0 ||
        row_bind_text(db, averages, 1, batch_id, err) != 0 || db_run(db, averages, err) != 0)
        return -1;
    return db_tx_commit(&tx, err);
}

static int write_row(struct db *db, enum sql_id id, const struct batch *batch, struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_tx_begin(&tx, db, err) != 0 || db_statement(db, id, &stmt, err) != 0 ||
        row_bind(db, stmt, 1, batch_fields + 1, BATCH_FIELDS - 1, batch, err) != 0 ||
        db_run(db, stmt, err) != 0)
        return -1;
    return db_tx_commit(&tx, err);
}

int batch_repo_insert(struct db *db, const struct batch *batch, int64_t *ret_id, struct mu_err *err)
{
    if (write_row(db, SQL_BATCH_INSERT, batch, err) != 0)
        return -1;
    *ret_id = sqlite3_last_insert_rowid(db->sqlite);
    return 0;
}

int batch_repo_update(struct db *db, const struct batch *batch, struct mu_err *err)
{
    return write_row(db, SQL_BATCH_UPDATE, batch, err);
}

int batch_repo_progress(struct db *db, const char *batch_id, enum batch_status status,
                        double estimated_remaining, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_PROGRESS, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, batch_id, err) != 0 ||
        row_bind_text(db, stmt, 2, batch_status_name(status), err) != 0 ||
        row_bind_real(db, stmt, 3, estimated_remaining, err) != 0 || db_run(db, stmt, err) != 0)
        return -1;
    return batch_repo_set_counts(db, batch_id, NULL, err);
}

int batch_repo_finish(struct db *db, const char *batch_id, enum batch_status status, int64_t end_ms,
                      double duration, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_FINISH, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, batch_id, err) != 0 ||
        row_bind_text(db, stmt, 2, batch_status_name(status), err) != 0 ||
        row_bind_time(db, stmt, 3, end_ms, err) != 0 ||
        row_bind_real(db, stmt, 4, duration, err) != 0 || db_run(db, stmt, err) != 0)
        return -1;
    return batch_repo_refresh_counts(db, batch_id, NULL, err);
}

static int read_row(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                    struct mu_err *err)
{
    struct batch *batch = item;
    if (row_read(db, stmt, 0, batch_fields, BATCH_FIELDS, arena, batch, err) != 0)
        return -1;
    /* Made by another program from the design alone, which has no status. */
    if (sqlite3_column_type(stmt, COLUMN_STATUS) == SQLITE_NULL)
        batch->status = batch->end_ms == MODEL_NULL_INT ? BATCH_INTERRUPTED : BATCH_COMPLETED;
    if (is_open(batch))
        return count_rows(db, batch->batch_id, batch, err);
    return 0;
}

static int read_one(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, struct batch *ret,
                    struct mu_err *err)
{
    struct batch batch = BATCH_NULL;
    int rc = db_step(db, stmt, err);
    if (rc != 0)
        return rc;
    if (read_row(db, stmt, arena, &batch, err) != 0)
        return -1;
    *ret = batch;
    return 0;
}

static int read_all(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena,
                    struct batch **ret_items, size_t *ret_count, struct mu_err *err)
{
    struct batch initial = BATCH_NULL;
    return row_collect(db, stmt, arena, sizeof initial, &initial, read_row, (void **)ret_items,
                       ret_count, err);
}

int batch_repo_find_by_number(struct db *db, struct mu_arena *arena, int64_t number,
                              struct batch *ret, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_FIND_BY_NUMBER, &stmt, err) != 0 ||
        row_bind_int(db, stmt, 1, number, err) != 0)
        return -1;
    return read_one(db, stmt, arena, ret, err);
}

int batch_repo_find_by_id(struct db *db, struct mu_arena *arena, const char *batch_id,
                          struct batch *ret, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_FIND_BY_ID, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, batch_id, err) != 0)
        return -1;
    return read_one(db, stmt, arena, ret, err);
}

int batch_repo_find_latest(struct db *db, struct mu_arena *arena, struct batch *ret,
                           struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_FIND_LATEST, &stmt, err) != 0)
        return -1;
    return read_one(db, stmt, arena, ret, err);
}

int batch_repo_find_ids(struct db *db, struct mu_arena *arena, const char *part, size_t max,
                        const char ***ret_ids, size_t *ret_count, struct mu_err *err)
{
    return row_find_ids(db, SQL_BATCH_FIND_IDS, arena, part, max, ret_ids, ret_count, err);
}

int batch_repo_list(struct db *db, struct mu_arena *arena, int64_t before_id, size_t limit,
                    struct batch **ret_items, size_t *ret_count, int64_t *ret_next,
                    struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_LIST, &stmt, err) != 0 ||
        row_bind_int(db, stmt, 1, before_id > 0 ? before_id : INT64_MAX, err) != 0 ||
        row_bind_int(db, stmt, 2, (int64_t)limit + 1, err) != 0 ||
        read_all(db, stmt, arena, ret_items, ret_count, err) != 0)
        return -1;
    *ret_next = 0;
    if (*ret_count > limit) {
        *ret_count = limit;
        *ret_next = limit > 0 ? (*ret_items)[limit - 1].id : 0;
    }
    return 0;
}

int batch_repo_list_open(struct db *db, struct mu_arena *arena, struct batch **ret_items,
                         size_t *ret_count, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_BATCH_LIST_OPEN, &stmt, err) != 0)
        return -1;
    return read_all(db, stmt, arena, ret_items, ret_count, err);
}
