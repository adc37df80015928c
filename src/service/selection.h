/* Which of the scripts found are run, and in which order: --failed, --shuffle. */
#ifndef SERVICE_SELECTION_H
#define SERVICE_SELECTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "service/discover.h"
#include "store/store.h"

/* The scripts of a batch whose last attempt did not succeed (FAILED, ERROR, TIMEOUT), in its order.
 * Array in the arena; `ret_batch_id` is the batch's number. Positive 1: there is no batch yet. */
int selection_failed(struct db *db, struct mu_arena *arena, const char ***ret_paths,
                     size_t *ret_count, int64_t *ret_number, struct mu_err *err);
/* Keep only the scripts whose script_path is one of `paths` (in the order of the list). */
int selection_keep(struct script_list *list, const char *const *paths, size_t count,
                   struct mu_err *err);
/* Shuffle: the same seed and the same scripts give the same order on every machine. */
void selection_shuffle(struct script_list *list, uint64_t seed);

#endif
