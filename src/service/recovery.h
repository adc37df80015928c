/* Batches whose muster died: found at the start of the next one, and made final. */
#ifndef SERVICE_RECOVERY_H
#define SERVICE_RECOVERY_H

#include <stddef.h>

#include "base/error.h"
#include "model/batch.h"
#include "store/store.h"
#include "store/writer.h"

/* For every batch that is not final and whose owner is dead: what it left running is killed,
 * RUNNING becomes ERROR "lost", what never started CANCELLED, the batch interrupted. `said` (may be
 * NULL) is called for each once that is committed. */
int recover_batches(struct db *db, struct writer *writer,
                    void (*said)(void *arg, const struct batch *batch, size_t lost,
                                 size_t never_started),
                    void *arg, struct mu_err *err);

#endif
