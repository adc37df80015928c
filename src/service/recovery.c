#include "service/recovery.h"

#include <math.h>

#include "base/mem.h"
#include "engine/survivors.h"
#include "service/owner.h"
#include "store/batch_repo.h"
#include "store/execution_repo.h"

static int make_final(struct db *db, struct writer *writer, struct mu_arena *arena,
                      const struct batch *batch, size_t *ret_lost, size_t *ret_never_started,
                      struct mu_err *err)
{
    struct execution *items;
    size_t count;
    if (execution_repo_find_by_batch(db, arena, batch->batch_id, false, &items, &count, err) != 0)
        return -1;
    /* When it died nobody knows: the last thing that it recorded is the best guess. */
    int64_t end_ms = batch->start_ms;
    for (size_t i = 0; i < count; i++) {
        *ret_lost += items[i].status == EXEC_RUNNING;
        *ret_never_started += items[i].status == EXEC_PENDING;
        if (items[i].end_ms != MODEL_NULL_INT && items[i].end_ms > end_ms)
            end_ms = items[i].end_ms;
    }
    return writer_batch_finished(writer, batch->batch_id, BATCH_INTERRUPTED, end_ms,
                                 (double)(end_ms - batch->start_ms) / 1000, NULL, err);
}

int recover_batches(struct db *db, struct writer *writer,
                    void (*said)(void *arg, const struct batch *batch, size_t lost,
                                 size_t never_started),
                    void *arg, struct mu_err *err)
{
    struct mu_arena arena = {0};
    struct batch *open_batches;
    size_t count, dead = 0;
    int rc = batch_repo_list_open(db, &arena, &open_batches, &count, err);
    const char **ids = rc == 0 ? mu_arena_alloc(&arena, (count + 1) * sizeof *ids) : NULL;
    if (rc == 0 && !ids)
        rc = mu_err_nomem(err);
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (!owner_is_alive(open_batches[i].owner_pid, open_batches[i].owner_start)) {
            ids[dead] = open_batches[i].batch_id;
            open_batches[dead++] = open_batches[i];
        }
    if (rc == 0 && dead > 0)
        survivors_kill(ids, dead);
    for (size_t i = 0; rc == 0 && i < dead; i++) {
        size_t lost = 0, never_started = 0;
        rc = make_final(db, writer, &arena, &open_batches[i], &lost, &never_started, err);
        if (rc == 0)
            rc = writer_sync(writer, err);
        if (rc == 0 && said)
            said(arg, &open_batches[i], lost, never_started);
    }
    mu_arena_release(&arena);
    return rc;
}
