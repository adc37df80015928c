/* Inside the store: one change in the writer's queue. */
#ifndef STORE_WRITER_OP_H
#define STORE_WRITER_OP_H

#include <stdbool.h>

#include "model/batch.h"
#include "model/execution.h"
#include "store/db.h"
#include "store/interpreter_repo.h"

enum writer_op_kind {
    OP_STARTED,
    OP_FINISHED,
    OP_SAMPLES,
    OP_PROGRESS,
    OP_BATCH_FINISHED,
    OP_INTERPRETER,
    /* Somebody waits for these: they borrow what they point to, and are a group of their own. */
    OP_CREATE_BATCH,
    OP_RESUME_BATCH,
};

/* Which members count follows from the kind. */
struct writer_op {
    struct writer_op *next;
    enum writer_op_kind kind;
    size_t size_bytes; /* of the whole allocation */
    void *cookie;
    bool skip;      /* a later change of its group says all that it says */
    const char *id; /* record_id or batch_id */
    uint64_t id_hash;

    int64_t at_ms; /* start or end */
    double seconds;
    enum batch_status batch_status;
    struct execution execution;
    const struct metric_sample *samples;
    size_t sample_count;
    const struct attachment *attachments;
    size_t attachment_count;
    struct interpreter_key interpreter_key;
    struct interpreter_row interpreter_row;

    struct batch *batch;
    const struct execution *executions;
    size_t execution_count;
    bool *done; /* with `failure`, under the writer's lock */
    struct mu_err *failure;
};

/* A copy of `op` and all that it points to, in one allocation (free()); NULL: no memory. */
struct writer_op *writer_op_copy(const struct writer_op *op);
/* Make the change, within the caller's transaction. */
int writer_op_apply(struct db *db, const struct writer_op *op, struct mu_err *err);
static inline bool writer_op_is_request(const struct writer_op *op)
{
    return op->kind >= OP_CREATE_BATCH;
}

#endif
