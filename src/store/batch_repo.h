/* batch_execution. Rows are copied into the caller's arena; the counts are GROUP BY status over
 * each script's last attempt. */
#ifndef STORE_BATCH_REPO_H
#define STORE_BATCH_REPO_H

#include <stddef.h>

#include "model/batch.h"
#include "store/store.h"

/* Insert; `ret_id` is the number people use. */
int batch_repo_insert(struct db *db, const struct batch *batch, int64_t *ret_id,
                      struct mu_err *err);
int batch_repo_update(struct db *db, const struct batch *batch, struct mu_err *err);
/* Positive 1: no such batch. */
int batch_repo_find_by_number(struct db *db, struct mu_arena *arena, int64_t number,
                              struct batch *ret, struct mu_err *err);
int batch_repo_find_by_id(struct db *db, struct mu_arena *arena, const char *batch_id,
                          struct batch *ret, struct mu_err *err);
int batch_repo_find_latest(struct db *db, struct mu_arena *arena, struct batch *ret,
                           struct mu_err *err);
/* Batches whose batch_id begins or ends with `part`, at most `max` ids. */
int batch_repo_find_ids(struct db *db, struct mu_arena *arena, const char *part, size_t max,
                        const char ***ret_ids, size_t *ret_count, struct mu_err *err);
/* Newest first; `before_id` 0: from the newest; `ret_next` the cursor of the next page, or 0. */
int batch_repo_list(struct db *db, struct mu_arena *arena, int64_t before_id, size_t limit,
                    struct batch **ret_items, size_t *ret_count, int64_t *ret_next,
                    struct mu_err *err);
/* Batches that are not final (pending, running, paused): for recovery. */
int batch_repo_list_open(struct db *db, struct mu_arena *arena, struct batch **ret_items,
                         size_t *ret_count, struct mu_err *err);
/* Bring the counts of a batch up to its rows, from GROUP BY status over the last attempts, and its
 * averages; answers them. Within the caller's transaction, or its own. */
int batch_repo_refresh_counts(struct db *db, const char *batch_id, struct batch_counts *ret,
                              struct mu_err *err);

#endif
