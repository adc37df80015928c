/* Inside the store: the changes of executions that only the writer makes, each within its
 * transaction, and the fields of an execution, which it copies. */
#ifndef STORE_EXECUTION_CHANGES_H
#define STORE_EXECUTION_CHANGES_H

#include "model/execution.h"
#include "store/row.h"

enum { EXECUTION_FIELDS = 39 };
extern const struct field execution_fields[EXECUTION_FIELDS]; /* `output` apart */

/* PENDING → RUNNING. No such row, or not PENDING: nothing. */
int execution_repo_start(struct db *db, const char *record_id, int64_t start_ms,
                         struct mu_err *err);
/* Update all but script, batch and attempt; insert where there is no such row. */
int execution_repo_finish(struct db *db, const struct execution *execution, struct mu_err *err);
/* The batch is over: PENDING → CANCELLED; RUNNING → ERROR "lost". */
int execution_repo_settle(struct db *db, const char *batch_id, struct mu_err *err);
/* Insert with batch_details; earlier attempts with the same execution_order become superseded. */
int execution_repo_insert_attempts(struct db *db, const char *batch_id,
                                   const struct execution *executions, size_t count,
                                   struct mu_err *err);
int metrics_repo_insert(struct db *db, const char *record_id, const struct metric_sample *samples,
                        size_t count, struct mu_err *err);
int attachment_repo_insert(struct db *db, const char *record_id,
                           const struct attachment *attachments, size_t count, struct mu_err *err);

#endif
