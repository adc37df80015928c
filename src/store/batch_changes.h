/* Inside the store: the changes of batches that only the writer makes, within its transaction. */
#ifndef STORE_BATCH_CHANGES_H
#define STORE_BATCH_CHANGES_H

#include "model/batch.h"
#include "store/db.h"

/* The counts alone, without the averages: cheap, from an index. `ret` may be NULL. */
int batch_repo_set_counts(struct db *db, const char *batch_id, struct batch_counts *ret,
                          struct mu_err *err);
int batch_repo_progress(struct db *db, const char *batch_id, enum batch_status status,
                        double estimated_remaining, struct mu_err *err);
/* Status, end and duration; counts and averages. */
int batch_repo_finish(struct db *db, const char *batch_id, enum batch_status status, int64_t end_ms,
                      double duration, struct mu_err *err);

#endif
