/* What people type for a batch or an execution: `42`, `latest`, `42/7`, `42/b_can.py`, a prefix or
 * suffix of a UUID. Digits alone are a number. */
#ifndef SERVICE_REFERENCE_H
#define SERVICE_REFERENCE_H

#include "model/batch.h"
#include "model/execution.h"
#include "store/store.h"

/* `42`, `latest` or part of a batch_id. The row is copied into `arena`.
 * Errors: MU_E_NOT_FOUND, MU_E_AMBIGUOUS (lists what fits), or the database's. */
int reference_batch(struct db *db, struct mu_arena *arena, const char *text, struct batch *ret,
                    struct mu_err *err);

/* `42/7` and `42/b_can.py` (the end of its path; last attempt), `latest/…`, part of a record_id, or
 * a batch of one script. The whole row, output included. Errors as above. */
int reference_record(struct db *db, struct mu_arena *arena, const char *text, struct execution *ret,
                     struct mu_err *err);

enum reference_kind { REFERENCE_BATCH, REFERENCE_RECORD };
struct reference {
    enum reference_kind kind;
    struct batch batch;         /* REFERENCE_BATCH */
    struct execution execution; /* REFERENCE_RECORD */
};
/* Either. Positive 1: `text` does not look like one of them (it may be a script's path). */
int reference_any(struct db *db, struct mu_arena *arena, const char *text, struct reference *ret,
                  struct mu_err *err);

/* Is `path` the same as `end`, or does it end with it after a '/'? */
bool path_ends_with(const char *path, const char *end);

#endif
