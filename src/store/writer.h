/* The writer: the one thread of a process that changes the database.
 *
 * Callers hand it changes and go on; it commits them in groups (at most 100 rows, or 20 ms after
 * the first, or at once when asked to flush), and calls back after COMMIT. What has been said to be
 * finished has been committed: say it only from the callback. RUNNING and the final state of one
 * record that fall into one group are written once.
 *
 * The queue is bounded: where it is full (the disk stands), a caller waits: back-pressure. When the
 * disk is full or fails, the writer keeps the group, reports through `on_trouble`, tries again once
 * a second, and acknowledges nothing meanwhile. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <stddef.h>

#include "model/batch.h"
#include "model/execution.h"
#include "store/interpreter_repo.h"
#include "store/store.h"

struct writer;

struct writer_events {
    /* Called on the writer's thread after the COMMIT that holds the change. */
    void (*on_committed)(void *arg, void *cookie);
    /* The database refuses (`err` says why), and again with NULL when it goes on by itself.
     * On the writer's thread. */
    void (*on_trouble)(void *arg, const struct mu_err *err);
    void *arg;
};

/* Open the home's database for writing (STORE_CREATE) and start the thread. */
int writer_new(const char *home, const struct writer_events *events, struct writer **ret_writer,
               struct mu_err *err);
/* Commit all that is queued, stop the thread, checkpoint (only if it is alone), close. */
int writer_free(struct writer *writer, struct mu_err *err);

/* Store the batch and its PENDING rows in one transaction and wait for its COMMIT: before the first
 * process. Fills batch->id. */
int writer_create_batch(struct writer *writer, struct batch *batch,
                        const struct execution *executions, size_t count, struct mu_err *err);
/* New attempts for an existing batch (`resume`): earlier attempts of those scripts become
 * superseded, the batch's owner and status are replaced. Waits for the COMMIT. */
int writer_resume_batch(struct writer *writer, const struct batch *batch,
                        const struct execution *executions, size_t count, struct mu_err *err);

/* The following copy what they are given and do not wait. `cookie` comes back through
 * on_committed; NULL: no call. Error: MU_E_MEMORY, or the writer has ended. */

/* PENDING → RUNNING: start_ms, status. */
int writer_execution_started(struct writer *writer, const char *record_id, int64_t start_ms,
                             void *cookie, struct mu_err *err);
/* The final row, its samples and attachments. */
int writer_execution_finished(struct writer *writer, const struct execution *execution,
                              const struct metric_sample *samples, size_t sample_count,
                              const struct attachment *attachments, size_t attachment_count,
                              void *cookie, struct mu_err *err);
/* Samples of a running one (so that a live view elsewhere sees them). */
int writer_samples(struct writer *writer, const char *record_id,
                   const struct metric_sample *samples, size_t count, struct mu_err *err);
/* The batch goes on: counts from the rows, estimated_remaining, status. */
int writer_batch_progress(struct writer *writer, const char *batch_id, enum batch_status status,
                          double estimated_remaining, struct mu_err *err);
/* The batch ended: a row of it that is still PENDING becomes CANCELLED (start_time the batch's, no
 * duration, no exit code, no result), one that is RUNNING (its muster died) ERROR "lost"; counts
 * from the rows, status, end, duration. */
int writer_batch_finished(struct writer *writer, const char *batch_id, enum batch_status status,
                          int64_t end_ms, double duration, void *cookie, struct mu_err *err);

/* What an interpreter answered (store/interpreter_repo.h). */
int writer_interpreter_save(struct writer *writer, const struct interpreter_key *key,
                            const struct interpreter_row *row, struct mu_err *err);

/* Commit now what is queued, without waiting for the group to fill. Does not wait. */
void writer_flush(struct writer *writer);
/* Wait until all that was queued before is committed. */
int writer_sync(struct writer *writer, struct mu_err *err);

#endif
