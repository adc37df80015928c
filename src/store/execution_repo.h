/* execution_history, with batch_details for the order. Rows are copied into the caller's arena. */
#ifndef STORE_EXECUTION_REPO_H
#define STORE_EXECUTION_REPO_H

#include <stddef.h>

#include "model/execution.h"
#include "store/store.h"

/* Insert or replace the row with that record_id. Within the caller's transaction, or its own. */
int execution_repo_save(struct db *db, const struct execution *execution, struct mu_err *err);
/* Insert `count` PENDING rows with their batch_details in one transaction. */
int execution_repo_insert_batch(struct db *db, const struct execution *executions, size_t count,
                                struct mu_err *err);
/* Whole row, output and trace included. Positive 1: no such record. */
int execution_repo_find_by_id(struct db *db, struct mu_arena *arena, const char *record_id,
                              struct execution *ret, struct mu_err *err);
/* The `order`-th script of a batch, its last attempt. Positive 1: none. */
int execution_repo_find_by_order(struct db *db, struct mu_arena *arena, const char *batch_id,
                                 int64_t order, struct execution *ret, struct mu_err *err);
/* Every execution of a batch in the given order, all attempts where `superseded_too`; without
 * output and stack_trace. Array in the arena. */
int execution_repo_find_by_batch(struct db *db, struct mu_arena *arena, const char *batch_id,
                                 bool superseded_too, struct execution **ret_items,
                                 size_t *ret_count, struct mu_err *err);
/* Records whose record_id begins or ends with `part` (hex and dashes only), at most `max` ids. */
int execution_repo_find_ids(struct db *db, struct mu_arena *arena, const char *part, size_t max,
                            const char ***ret_ids, size_t *ret_count, struct mu_err *err);

struct execution_filter {
    const char *script_path; /* exact */
    const char *script_like; /* part of the path, any case */
    const char *batch_id;
    const char *module_name;
    const char *text; /* in the output */
    bool has_status;
    enum exec_status status;
    bool has_result;
    enum exec_result result;
    int64_t since_ms, until_ms; /* start_time, MODEL_NULL_INT: open */
    bool superseded_too;
    int64_t before_id; /* cursor: only rows with a smaller id; 0: from the newest */
    size_t limit;
};
/* Newest first, without output and stack_trace. `ret_next` is the cursor of the next page, or 0. */
int execution_repo_list(struct db *db, struct mu_arena *arena,
                        const struct execution_filter *filter, struct execution **ret_items,
                        size_t *ret_count, int64_t *ret_next, struct mu_err *err);

/* The last `limit` finished executions of a script before id `before_id` (0: any), newest first:
 * one indexed query, light rows (id, record_id, batch_id, status, result, start_ms, duration). */
int execution_repo_recent(struct db *db, struct mu_arena *arena, const char *script_path,
                          int64_t before_id, size_t limit, struct execution **ret_items,
                          size_t *ret_count, struct mu_err *err);
/* Duration in seconds of the last execution of a script that ended by itself or was SUCCESS; NAN
 * where there is none. One statement, prepared once, for 100,000 scripts in a row. */
int execution_repo_last_duration(struct db *db, const char *script_path, double *ret_seconds,
                                 struct mu_err *err);

int metrics_repo_find_by_record(struct db *db, struct mu_arena *arena, const char *record_id,
                                struct metric_sample **ret_items, size_t *ret_count,
                                struct mu_err *err);
int attachment_repo_find_by_record(struct db *db, struct mu_arena *arena, const char *record_id,
                                   struct attachment **ret_items, size_t *ret_count,
                                   struct mu_err *err);

#endif
