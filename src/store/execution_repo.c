/* execution_fields[] names the columns in the order of {execution_columns} in sql/execution.sql,
 * and of the parameters ?1 … ?38 (id, which is never bound, would be ?0). Listings read the first
 * LIGHT of them; stack_trace and output, which may take a megabyte a row, only where one row is
 * asked for. */
#include "store/execution_repo.h"

#include <string.h>

#include "base/str.h"
#include "store/execution_changes.h"
#include "store/row.h"

#define F(member, kind) FIELD(execution, member, kind)
#define F_NAMED(member, column, kind) FIELD_NAMED(execution, member, column, kind)
const struct field execution_fields[EXECUTION_FIELDS] = {
    F(id, FIELD_INT),
    F(record_id, FIELD_TEXT),
    F(script_path, FIELD_TEXT),
    F(script_name, FIELD_TEXT),
    F(module_name, FIELD_TEXT),
    F(batch_id, FIELD_TEXT),
    F_NAMED(start_ms, "start_time", FIELD_TIME),
    F_NAMED(end_ms, "end_time", FIELD_TIME),
    F(duration, FIELD_REAL),
    F(status, FIELD_EXEC_STATUS),
    F(result, FIELD_EXEC_RESULT),
    F(exit_code, FIELD_INT),
    F(error_message, FIELD_TEXT),
    F(memory_usage, FIELD_REAL),
    F(cpu_usage, FIELD_REAL),
    F(peak_memory, FIELD_REAL),
    F(executor_type, FIELD_TEXT),
    F(attempt, FIELD_INT),
    F(superseded, FIELD_BOOL),
    F(wait_status, FIELD_INT),
    F(content_hash, FIELD_TEXT),
    F(verdict_line, FIELD_INT),
    F(verdict_text, FIELD_TEXT),
    F(verdict_rule, FIELD_TEXT),
    F(contain, FIELD_TEXT),
    F(leaky, FIELD_BOOL),
    F(leftover, FIELD_TEXT),
    F(log_path, FIELD_TEXT),
    F(output_bytes, FIELD_INT),
    F(output_lines, FIELD_INT),
    F(interpreter, FIELD_TEXT),
    F(interpreter_version, FIELD_TEXT),
    F(cpu_seconds, FIELD_REAL),
    F(location, FIELD_TEXT),
    F(stop_reason, FIELD_TEXT),
    F(stop_signals, FIELD_TEXT),
    F(hint, FIELD_TEXT),
    F(execution_order, FIELD_INT),
    F(stack_trace, FIELD_TEXT),
};
#undef F
#undef F_NAMED
enum {
    LIGHT = EXECUTION_FIELDS - 1,
    PARAM_OUTPUT = EXECUTION_FIELDS,
    COLUMN_OUTPUT = PARAM_OUTPUT
};

/* id, record_id, batch_id, status, result, start_time, duration: of execution_recent. */
#define R(member, kind) FIELD(execution, member, kind)
static const struct field recent_fields[] = {
    R(id, FIELD_INT),
    R(record_id, FIELD_TEXT),
    R(batch_id, FIELD_TEXT),
    R(status, FIELD_EXEC_STATUS),
    R(result, FIELD_EXEC_RESULT),
    FIELD_NAMED(execution, start_ms, "start_time", FIELD_TIME),
    R(duration, FIELD_REAL),
};
#undef R
enum { RECENT_FIELDS = sizeof recent_fields / sizeof recent_fields[0] };

/* The order of the parameters from ?2 on of metrics_insert, and of the columns when read. */
#define M(member, kind) FIELD(metric_sample, member, kind)
static const struct field metric_fields[] = {
    FIELD_NAMED(metric_sample, at_ms, "timestamp", FIELD_TIME),
    M(cpu_percent, FIELD_REAL),
    M(cpu_count, FIELD_INT),
    M(memory_mb, FIELD_REAL),
    M(memory_percent, FIELD_REAL),
    M(memory_available_mb, FIELD_REAL),
    M(disk_read_mb, FIELD_REAL),
    M(disk_write_mb, FIELD_REAL),
    M(active_threads, FIELD_INT),
    M(active_processes, FIELD_INT),
};
#undef M
enum { METRIC_FIELDS = sizeof metric_fields / sizeof metric_fields[0] };

static const struct field attachment_fields[] = {
    FIELD(attachment, name, FIELD_TEXT),
    FIELD(attachment, path, FIELD_TEXT),
    FIELD(attachment, size_bytes, FIELD_INT),
};
enum { ATTACHMENT_FIELDS = sizeof attachment_fields / sizeof attachment_fields[0] };

/* ---- writing ---- */

static int run_bound(struct db *db, enum sql_id id, const struct execution *execution,
                     struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, id, &stmt, err) != 0)
        return -1;
    int last = sqlite3_bind_parameter_count(stmt);
    size_t fields = (size_t)(last < EXECUTION_FIELDS ? last + 1 : EXECUTION_FIELDS) - 1;
    if (row_bind(db, stmt, 1, execution_fields + 1, fields, execution, err) != 0)
        return -1;
    if (last >= PARAM_OUTPUT) {
        int rc = sqlite3_bind_text64(stmt, PARAM_OUTPUT, execution->output, execution->output_len,
                                     SQLITE_STATIC, SQLITE_UTF8);
        if (rc != SQLITE_OK)
            return db_error(db, rc, err);
    }
    return db_run(db, stmt, err);
}

int execution_repo_finish(struct db *db, const struct execution *execution, struct mu_err *err)
{
    if (run_bound(db, SQL_EXECUTION_UPDATE, execution, err) != 0)
        return -1;
    return sqlite3_changes(db->sqlite) > 0 ? 0
                                           : run_bound(db, SQL_EXECUTION_INSERT, execution, err);
}

int execution_repo_save(struct db *db, const struct execution *execution, struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    if (db_tx_begin(&tx, db, err) != 0 || execution_repo_finish(db, execution, err) != 0 ||
        run_bound(db, SQL_EXECUTION_UPDATE_ORIGIN, execution, err) != 0)
        return -1;
    return db_tx_commit(&tx, err);
}

static int insert_details(struct db *db, const struct execution *execution, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_DETAILS_INSERT, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, execution->batch_id, err) != 0 ||
        row_bind_text(db, stmt, 2, execution->record_id, err) != 0 ||
        row_bind_int(db, stmt, 3, execution->execution_order, err) != 0)
        return -1;
    return db_run(db, stmt, err);
}

/* The details of rows whose order runs on with their ids, the last of which was just inserted. */
static int insert_details_of_rows(struct db *db, int64_t first_id, int64_t first_order,
                                  struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_DETAILS_INSERT_ROWS, &stmt, err) != 0 ||
        row_bind_int(db, stmt, 1, first_id, err) != 0 ||
        row_bind_int(db, stmt, 2, first_order - first_id, err) != 0)
        return -1;
    return db_run(db, stmt, err);
}

int execution_repo_insert_batch(struct db *db, const struct execution *executions, size_t count,
                                struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    if (db_tx_begin(&tx, db, err) != 0)
        return -1;
    int64_t first_id = 0;
    bool run_on = true;
    for (size_t i = 0; i < count; i++) {
        if (run_bound(db, SQL_EXECUTION_INSERT, &executions[i], err) != 0)
            return -1;
        int64_t id = sqlite3_last_insert_rowid(db->sqlite);
        first_id = i == 0 ? id : first_id;
        run_on = run_on && id == first_id + (int64_t)i &&
                 executions[i].execution_order == executions[0].execution_order + (int64_t)i;
    }
    if (count > 0 && run_on &&
        insert_details_of_rows(db, first_id, executions[0].execution_order, err) != 0)
        return -1;
    for (size_t i = 0; i < count && !run_on; i++)
        if (insert_details(db, &executions[i], err) != 0)
            return -1;
    return db_tx_commit(&tx, err);
}

int execution_repo_start(struct db *db, const char *record_id, int64_t start_ms, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_EXECUTION_START, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, record_id, err) != 0 ||
        row_bind_time(db, stmt, 2, start_ms, err) != 0)
        return -1;
    return db_run(db, stmt, err);
}

int execution_repo_settle(struct db *db, const char *batch_id, struct mu_err *err)
{
    static const enum sql_id changes[] = {SQL_EXECUTION_CANCEL_PENDING, SQL_EXECUTION_LOSE_RUNNING};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
        if (db_statement(db, changes[i], &stmt, err) != 0 ||
            row_bind_text(db, stmt, 1, batch_id, err) != 0 || db_run(db, stmt, err) != 0)
            return -1;
    }
    return 0;
}

int execution_repo_insert_attempts(struct db *db, const char *batch_id,
                                   const struct execution *executions, size_t count,
                                   struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    MU_AUTO_RESET sqlite3_stmt *last = NULL;
    MU_AUTO_RESET sqlite3_stmt *supersede = NULL;
    if (db_tx_begin(&tx, db, err) != 0 ||
        db_statement(db, SQL_EXECUTION_LAST_ID, &last, err) != 0 || db_step(db, last, err) < 0)
        return -1;
    int64_t last_execution = sqlite3_column_int64(last, 0);
    int64_t last_detail = sqlite3_column_int64(last, 1);
    if (execution_repo_insert_batch(db, executions, count, err) != 0 ||
        db_statement(db, SQL_EXECUTION_SUPERSEDE, &supersede, err) != 0 ||
        row_bind_text(db, supersede, 1, batch_id, err) != 0 ||
        row_bind_int(db, supersede, 2, last_execution, err) != 0 ||
        row_bind_int(db, supersede, 3, last_detail, err) != 0 || db_run(db, supersede, err) != 0)
        return -1;
    return db_tx_commit(&tx, err);
}

int metrics_repo_insert(struct db *db, const char *record_id, const struct metric_sample *samples,
                        size_t count, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_METRICS_INSERT, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, record_id, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (row_bind(db, stmt, 2, metric_fields, METRIC_FIELDS, &samples[i], err) != 0 ||
            db_run(db, stmt, err) != 0)
            return -1;
    return 0;
}

int attachment_repo_insert(struct db *db, const char *record_id,
                           const struct attachment *attachments, size_t count, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_ATTACHMENT_INSERT, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, record_id, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (row_bind(db, stmt, 2, attachment_fields, ATTACHMENT_FIELDS, &attachments[i], err) !=
                0 ||
            db_run(db, stmt, err) != 0)
            return -1;
    return 0;
}

/* ---- reading ---- */

static int read_light(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                      struct mu_err *err)
{
    return row_read(db, stmt, 0, execution_fields, LIGHT, arena, item, err);
}

static int read_recent(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                       struct mu_err *err)
{
    return row_read(db, stmt, 0, recent_fields, RECENT_FIELDS, arena, item, err);
}

static int read_metric(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                       struct mu_err *err)
{
    return row_read(db, stmt, 0, metric_fields, METRIC_FIELDS, arena, item, err);
}

static int read_attachment(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena, void *item,
                           struct mu_err *err)
{
    return row_read(db, stmt, 0, attachment_fields, ATTACHMENT_FIELDS, arena, item, err);
}

/* 0, positive 1 where there is no row. */
static int read_whole(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena,
                      struct execution *ret, struct mu_err *err)
{
    struct execution execution = EXECUTION_NULL;
    int rc = db_step(db, stmt, err);
    if (rc != 0)
        return rc;
    if (row_read(db, stmt, 0, execution_fields, EXECUTION_FIELDS, arena, &execution, err) != 0 ||
        row_read_text(db, stmt, COLUMN_OUTPUT, arena, &execution.output, &execution.output_len,
                      err) != 0)
        return -1;
    *ret = execution;
    return 0;
}

static int collect(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena,
                   int (*read)(struct db *db, sqlite3_stmt *stmt, struct mu_arena *arena,
                               void *item, struct mu_err *err),
                   struct execution **ret_items, size_t *ret_count, struct mu_err *err)
{
    struct execution initial = EXECUTION_NULL;
    return row_collect(db, stmt, arena, sizeof initial, &initial, read, (void **)ret_items,
                       ret_count, err);
}

int execution_repo_find_by_id(struct db *db, struct mu_arena *arena, const char *record_id,
                              struct execution *ret, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_EXECUTION_FIND_BY_ID, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, record_id, err) != 0)
        return -1;
    return read_whole(db, stmt, arena, ret, err);
}

int execution_repo_find_by_order(struct db *db, struct mu_arena *arena, const char *batch_id,
                                 int64_t order, struct execution *ret, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_EXECUTION_FIND_BY_ORDER, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, batch_id, err) != 0 ||
        row_bind_int(db, stmt, 2, order, err) != 0)
        return -1;
    return read_whole(db, stmt, arena, ret, err);
}

int execution_repo_find_by_batch(struct db *db, struct mu_arena *arena, const char *batch_id,
                                 bool superseded_too, struct execution **ret_items,
                                 size_t *ret_count, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_EXECUTION_FIND_BY_BATCH, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, batch_id, err) != 0 ||
        row_bind_int(db, stmt, 2, superseded_too, err) != 0)
        return -1;
    return collect(db, stmt, arena, read_light, ret_items, ret_count, err);
}

int execution_repo_find_ids(struct db *db, struct mu_arena *arena, const char *part, size_t max,
                            const char ***ret_ids, size_t *ret_count, struct mu_err *err)
{
    return row_find_ids(db, SQL_EXECUTION_FIND_IDS, arena, part, max, ret_ids, ret_count, err);
}

/* `%part%` with what LIKE takes for a wildcard escaped. */
static char *like_pattern(struct mu_arena *arena, const char *part)
{
    char *pattern = mu_arena_alloc(arena, 2 * strlen(part) + 3);
    if (!pattern)
        return NULL;
    char *out = pattern;
    *out++ = '%';
    for (; *part; part++) {
        if (strchr("%_\\", *part))
            *out++ = '\\';
        *out++ = *part;
    }
    *out = '%';
    return pattern;
}

/* A parameter of execution_list and what the filter says about it. */
struct condition {
    const char *param;
    bool used;
    const char *text; /* NULL: the number */
    int64_t number;
    bool is_time;
};

/* The statement without the lines whose parameter is not in use. */
static void choose_lines(const char *sql, const struct condition *conditions, size_t count,
                         struct mu_str *ret)
{
    while (*sql) {
        size_t len = strcspn(sql, "\n") + 1;
        const char *param = memchr(sql, ':', len);
        size_t name = param ? 1 + strspn(param + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        bool keep = true;
        for (size_t i = 0; param && i < count; i++)
            if (strlen(conditions[i].param) == name &&
                memcmp(param, conditions[i].param, name) == 0)
                keep = conditions[i].used;
        if (keep)
            mu_str_append(ret, sql, len);
        sql += len;
    }
}

static int bind_conditions(struct db *db, sqlite3_stmt *stmt, const struct condition *conditions,
                           size_t count, struct mu_err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct condition *condition = &conditions[i];
        int param = sqlite3_bind_parameter_index(stmt, condition->param);
        if (!condition->used)
            continue;
        int rc = condition->text      ? row_bind_text(db, stmt, param, condition->text, err)
                 : condition->is_time ? row_bind_time(db, stmt, param, condition->number, err)
                                      : row_bind_int(db, stmt, param, condition->number, err);
        if (rc != 0)
            return -1;
    }
    return 0;
}

int execution_repo_list(struct db *db, struct mu_arena *arena,
                        const struct execution_filter *filter, struct execution **ret_items,
                        size_t *ret_count, int64_t *ret_next, struct mu_err *err)
{
    const char *like = filter->script_like ? like_pattern(arena, filter->script_like) : NULL;
    if (filter->script_like && !like)
        return mu_err_nomem(err);
    int64_t before = filter->before_id > 0 ? filter->before_id : INT64_MAX;
    const char *result = filter->has_result ? exec_result_name(filter->result) : NULL;
    const struct condition conditions[] = {
        {":before", true, NULL, before, false},
        {":script_path", filter->script_path, filter->script_path, 0, false},
        {":script_like", like, like, 0, false},
        {":batch_id", filter->batch_id, filter->batch_id, 0, false},
        {":module_name", filter->module_name, filter->module_name, 0, false},
        {":text", filter->text, filter->text, 0, false},
        {":status", filter->has_status,
         filter->has_status ? exec_status_name(filter->status) : NULL, 0, false},
        {":result", result, result, 0, false},
        {":no_result", filter->has_result && !result, NULL, 1, false},
        {":since", filter->since_ms != MODEL_NULL_INT, NULL, filter->since_ms, true},
        {":until", filter->until_ms != MODEL_NULL_INT, NULL, filter->until_ms, true},
        {":superseded", !filter->superseded_too, NULL, 0, false},
        /* One more than asked for tells whether there is a next page. */
        {":limit", true, NULL, (int64_t)filter->limit + 1, false},
    };
    enum { CONDITIONS = sizeof conditions / sizeof conditions[0] };

    MU_AUTO_STR struct mu_str sql = {0};
    choose_lines(sql_statements[SQL_EXECUTION_LIST].text, conditions, CONDITIONS, &sql);
    if (sql.failed)
        return mu_err_nomem(err);
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(db->sqlite, mu_str_text(&sql), -1, &stmt, NULL);
    if (rc != SQLITE_OK)
        return db_error(db, rc, err);
    rc = bind_conditions(db, stmt, conditions, CONDITIONS, err);
    if (rc == 0)
        rc = collect(db, stmt, arena, read_light, ret_items, ret_count, err);
    sqlite3_finalize(stmt);
    if (rc != 0)
        return -1;
    *ret_next = 0;
    if (*ret_count > filter->limit) {
        *ret_count = filter->limit;
        *ret_next = filter->limit > 0 ? (*ret_items)[filter->limit - 1].id : 0;
    }
    return 0;
}

int execution_repo_recent(struct db *db, struct mu_arena *arena, const char *script_path,
                          int64_t before_id, size_t limit, struct execution **ret_items,
                          size_t *ret_count, struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_EXECUTION_RECENT, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, script_path, err) != 0 ||
        row_bind_int(db, stmt, 2, before_id > 0 ? before_id : INT64_MAX, err) != 0 ||
        row_bind_int(db, stmt, 3, (int64_t)limit, err) != 0)
        return -1;
    return collect(db, stmt, arena, read_recent, ret_items, ret_count, err);
}

int execution_repo_last_duration(struct db *db, const char *script_path, double *ret_seconds,
                                 struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    if (db_statement(db, SQL_EXECUTION_LAST_DURATION, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, script_path, err) != 0)
        return -1;
    int rc = db_step(db, stmt, err);
    if (rc < 0)
        return -1;
    *ret_seconds = rc == 0 ? sqlite3_column_double(stmt, 0) : NAN;
    return 0;
}

int metrics_repo_find_by_record(struct db *db, struct mu_arena *arena, const char *record_id,
                                struct metric_sample **ret_items, size_t *ret_count,
                                struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    struct metric_sample initial = {0};
    if (db_statement(db, SQL_METRICS_FIND_BY_RECORD, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, record_id, err) != 0)
        return -1;
    return row_collect(db, stmt, arena, sizeof initial, &initial, read_metric, (void **)ret_items,
                       ret_count, err);
}

int attachment_repo_find_by_record(struct db *db, struct mu_arena *arena, const char *record_id,
                                   struct attachment **ret_items, size_t *ret_count,
                                   struct mu_err *err)
{
    MU_AUTO_RESET sqlite3_stmt *stmt = NULL;
    struct attachment initial = {0};
    if (db_statement(db, SQL_ATTACHMENT_FIND_BY_RECORD, &stmt, err) != 0 ||
        row_bind_text(db, stmt, 1, record_id, err) != 0)
        return -1;
    return row_collect(db, stmt, arena, sizeof initial, &initial, read_attachment,
                       (void **)ret_items, ret_count, err);
}
