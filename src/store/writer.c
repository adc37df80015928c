/* One thread, one connection, one queue.
 *
 * Callers append changes; the thread takes them in groups from the head, commits each group in one
 * transaction and calls back. A group that the database refuses for want of space, of a lock or of
 * a working disk is kept and tried again: the changes set values rather than add to them, and a
 * transaction that failed has left nothing, so that trying again writes nothing twice. A database
 * that is damaged, or a change that can never be made, ends the writer: it is `dead`, every caller
 * is told, nobody waits.
 *
 * Lock order: the queue's mutex is never held while SQLite works or a callback runs. */
#include "store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "store/db.h"
#include "store/writer_op.h"

enum {
    GROUP_MAX = 100,       /* rows a commit: 93,900 rows/s measured, more brings little */
    GROUP_WAIT_MS = 20,    /* after the first change */
    GROUP_BYTES = 4 << 20, /* large outputs need no company */
    QUEUE_BYTES = 32 << 20,
    QUEUE_MAX = 65536,
    LOCK_WAIT_MS = 250,   /* at a time … */
    LOCK_GAP_US = 25000,  /* … and then nobody of ours holds the flock: readers may open */
    BUSY_AFTER_MS = 5000, /* then a held lock is trouble */
    RETRY_MS = 1000,
    GIVE_UP_BUSY_MS = 60000, /* writer_free: after that long in trouble the rest is lost */
    GIVE_UP_MS = 5000,
    CHECKPOINT_PAGES = 1024, /* 4 MB of write-ahead log */
};

struct writer {
    struct db *db;
    struct writer_events events;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the thread: there is something to do */
    pthread_cond_t done; /* for callers: there is room, something is committed, or it is dead */

    struct writer_op *head, **tail;
    size_t queued, queued_bytes;
    int64_t first_ns;    /* when the first of the queue came */
    uint64_t in, out;    /* changes ever queued, and committed */
    uint64_t flush_upto; /* commit up to this one without waiting */
    bool stop;
    int64_t stop_ms;
    bool dead;
    struct mu_err death;
    int checkpoint_at; /* pages */
};

/* ---- the thread ---- */

static void wait_until(struct writer *writer, pthread_cond_t *cond, int64_t mono_ns)
{
    struct timespec at = {.tv_sec = mono_ns / 1000000000, .tv_nsec = mono_ns % 1000000000};
    pthread_cond_timedwait(cond, &writer->lock, &at);
}

static bool group_is_due(const struct writer *writer)
{
    return writer->stop || writer->queued >= GROUP_MAX || writer->queued_bytes >= GROUP_BYTES ||
           writer->flush_upto > writer->out;
}

/* Wait for a group and take it off the queue; NULL: stopped, and all is done. `*ret_count` changes
 * in it. */
static struct writer_op *take_group(struct writer *writer, size_t *ret_count)
{
    pthread_mutex_lock(&writer->lock);
    while (!writer->head && !writer->stop)
        pthread_cond_wait(&writer->work, &writer->lock);
    int64_t due_ns = writer->first_ns + (int64_t)GROUP_WAIT_MS * 1000000;
    while (writer->head && !group_is_due(writer) && mu_mono_ns() < due_ns)
        wait_until(writer, &writer->work, due_ns);

    struct writer_op *group = writer->head, **link = &writer->head;
    size_t count = 0;
    while (*link && count < GROUP_MAX && !(count > 0 && writer_op_is_request(*link))) {
        bool alone = writer_op_is_request(*link);
        writer->queued_bytes -= (*link)->size_bytes;
        link = &(*link)->next;
        count++;
        if (alone)
            break;
    }
    if (count > 0) {
        writer->head = *link;
        *link = NULL;
        if (!writer->head)
            writer->tail = &writer->head;
        writer->queued -= count;
        writer->first_ns = mu_mono_ns();
        pthread_cond_broadcast(&writer->done);
    }
    pthread_mutex_unlock(&writer->lock);
    *ret_count = count;
    return count > 0 ? group : NULL;
}

static bool same_id(const struct writer_op *a, const struct writer_op *b)
{
    return a->id_hash == b->id_hash && strcmp(a->id, b->id) == 0;
}

/* Whether `later`, of the same group, makes `op` needless. */
static bool is_covered(const struct writer_op *op, const struct writer_op *later)
{
    if (op->kind == OP_STARTED)
        return later->kind == OP_FINISHED && same_id(op, later);
    return op->kind == OP_PROGRESS &&
           (later->kind == OP_PROGRESS || later->kind == OP_BATCH_FINISHED) && same_id(op, later);
}

/* At most 100 × 100 comparisons of two numbers: 5 µs. The end of a batch is a border: what comes
 * after it must not take the place of what came before. */
static void coalesce(struct writer_op *group)
{
    for (struct writer_op *op = group; op; op = op->next) {
        if (op->kind != OP_STARTED && op->kind != OP_PROGRESS)
            continue;
        for (struct writer_op *later = op->next; later && !op->skip; later = later->next) {
            op->skip = is_covered(op, later);
            if (later->kind == OP_BATCH_FINISHED)
                break;
        }
    }
}

static int commit_group(struct writer *writer, const struct writer_op *group, struct mu_err *err)
{
    MU_AUTO_TX struct db_tx tx = {0};
    if (db_tx_begin(&tx, writer->db, err) != 0)
        return -1;
    for (const struct writer_op *op = group; op; op = op->next)
        if (!op->skip && writer_op_apply(writer->db, op, err) != 0)
            return -1;
    return db_tx_commit(&tx, err);
}

static bool may_pass(enum mu_code code)
{
    return code == MU_E_IO || code == MU_E_BUSY || code == MU_E_MEMORY;
}

/* Sleep before the next attempt, unless asked to stop. False: give up. */
static bool wait_for_retry(struct writer *writer, enum mu_code code)
{
    pthread_mutex_lock(&writer->lock);
    int64_t until_ns = mu_mono_ns() + (int64_t)RETRY_MS * 1000000;
    while (mu_mono_ns() < until_ns)
        wait_until(writer, &writer->work, until_ns);
    bool go_on = !writer->stop || mu_mono_ms() - writer->stop_ms <
                                      (code == MU_E_BUSY ? GIVE_UP_BUSY_MS : GIVE_UP_MS);
    pthread_mutex_unlock(&writer->lock);
    return go_on;
}

/* Commit, again and again where that may help. 0; -1: never. */
static int persist(struct writer *writer, const struct writer_op *group, struct mu_err *err)
{
    bool reported = false;
    int64_t began_ms = mu_mono_ms();
    struct mu_err trouble = MU_ERR_INIT;
    while (commit_group(writer, group, &trouble) != 0) {
        if (trouble.code == MU_E_BUSY && mu_mono_ms() - began_ms < BUSY_AFTER_MS) {
            usleep(LOCK_GAP_US);
            continue;
        }
        bool give_up = !may_pass(trouble.code) || writer_op_is_request(group);
        if (!reported && !writer_op_is_request(group)) {
            writer->events.on_trouble(writer->events.arg, &trouble);
            reported = true;
        }
        if (give_up || !wait_for_retry(writer, trouble.code)) {
            *err = trouble;
            return -1;
        }
    }
    if (reported)
        writer->events.on_trouble(writer->events.arg, NULL);
    return 0;
}

static void answer(struct writer_op *group, bool failed, const struct mu_err *err)
{
    for (struct writer_op *op = group; op; op = op->next)
        if (writer_op_is_request(op)) {
            if (failed)
                *op->failure = *err;
            *op->done = true;
        }
}

static void free_group(struct writer_op *group)
{
    while (group) {
        struct writer_op *next = group->next;
        free(group);
        group = next;
    }
}

/* A group is over: it counts as committed, or the writer is dead, at one moment for all who wait.
 */
static void conclude(struct writer *writer, struct writer_op *group, size_t count, bool failed,
                     bool alive, const struct mu_err *err)
{
    struct writer_op *rest = NULL;
    pthread_mutex_lock(&writer->lock);
    answer(group, failed, err);
    if (alive) {
        writer->out += count;
    } else {
        writer->dead = true;
        writer->death = *err;
        rest = writer->head;
        writer->head = NULL;
        writer->tail = &writer->head;
        writer->queued = writer->queued_bytes = 0;
        answer(rest, true, err);
    }
    pthread_cond_broadcast(&writer->done);
    pthread_mutex_unlock(&writer->lock);
    free_group(group);
    free_group(rest);
}

/* Between groups, when the write-ahead log has grown. Trouble here is the next commit's too. */
static void maybe_checkpoint(struct writer *writer)
{
    int pages = writer->db->wal_pages;
    if (pages < CHECKPOINT_PAGES)
        writer->checkpoint_at = CHECKPOINT_PAGES;
    if (pages < writer->checkpoint_at)
        return;
    db_checkpoint(writer->db, false, NULL);
    /* Where a reader stands in the way, the log goes on growing: not at every commit again. */
    writer->checkpoint_at = pages + CHECKPOINT_PAGES;
}

static void *run(void *arg)
{
    struct writer *writer = arg;
    struct writer_op *group;
    size_t count;
    bool alive = true;
    while (alive && (group = take_group(writer, &count))) {
        struct mu_err err = MU_ERR_INIT;
        coalesce(group);
        bool failed = persist(writer, group, &err) != 0;
        for (struct writer_op *op = group; op && !failed; op = op->next)
            if (op->cookie)
                writer->events.on_committed(writer->events.arg, op->cookie);
        /* A request that fails is its caller's affair; the writer goes on unless the file is bad.
         */
        alive = !failed || (writer_op_is_request(group) && err.code != MU_E_DB_CORRUPT);
        conclude(writer, group, count, failed, alive, &err);
        if (alive)
            maybe_checkpoint(writer);
    }
    return NULL;
}

/* ---- the callers ---- */

static int dead_error(const struct writer *writer, struct mu_err *err)
{
    if (err)
        *err = writer->death;
    return mu_err_wrap(err, "%s", _("the database is no longer written"));
}

/* Append a copy of `op`; waits while the queue is full. The number of the change goes to `ret_in`,
 * which may be NULL. */
static int enqueue(struct writer *writer, const struct writer_op *op, uint64_t *ret_in,
                   struct mu_err *err)
{
    struct writer_op *copy = writer_op_copy(op);
    if (!copy)
        return mu_err_nomem(err);
    copy->next = NULL;
    pthread_mutex_lock(&writer->lock);
    /* A callback on the writer's own thread would wait for itself. */
    bool may_wait = !pthread_equal(pthread_self(), writer->thread);
    while (may_wait && !writer->dead && writer->head &&
           (writer->queued_bytes + copy->size_bytes > QUEUE_BYTES || writer->queued >= QUEUE_MAX))
        pthread_cond_wait(&writer->done, &writer->lock);
    if (writer->dead) {
        int rc = dead_error(writer, err);
        pthread_mutex_unlock(&writer->lock);
        free(copy);
        return rc;
    }
    if (!writer->head)
        writer->first_ns = mu_mono_ns();
    *writer->tail = copy;
    writer->tail = &copy->next;
    writer->queued++;
    writer->queued_bytes += copy->size_bytes;
    writer->in++;
    if (ret_in)
        *ret_in = writer->in;
    if (writer_op_is_request(copy))
        writer->flush_upto = writer->in;
    /* The thread sleeps until the group is due; wake it for its first and for a full one only. */
    if (writer->queued == 1 || group_is_due(writer))
        pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    return 0;
}

/* Queue what somebody waits for, and wait. */
static int request(struct writer *writer, struct writer_op *op, struct mu_err *err)
{
    bool done = false;
    struct mu_err failure = MU_ERR_INIT;
    op->done = &done;
    op->failure = &failure;
    if (enqueue(writer, op, NULL, err) != 0)
        return -1;
    pthread_mutex_lock(&writer->lock);
    while (!done)
        pthread_cond_wait(&writer->done, &writer->lock);
    pthread_mutex_unlock(&writer->lock);
    if (failure.code == MU_OK)
        return 0;
    if (err)
        *err = failure;
    return -1;
}

int writer_create_batch(struct writer *writer, struct batch *batch,
                        const struct execution *executions, size_t count, struct mu_err *err)
{
    struct writer_op op = {.kind = OP_CREATE_BATCH,
                           .batch = batch,
                           .executions = executions,
                           .execution_count = count};
    return request(writer, &op, err);
}

int writer_resume_batch(struct writer *writer, const struct batch *batch,
                        const struct execution *executions, size_t count, struct mu_err *err)
{
    struct batch copy = *batch;
    struct writer_op op = {.kind = OP_RESUME_BATCH,
                           .batch = &copy,
                           .executions = executions,
                           .execution_count = count};
    return request(writer, &op, err);
}

int writer_execution_started(struct writer *writer, const char *record_id, int64_t start_ms,
                             void *cookie, struct mu_err *err)
{
    struct writer_op op = {
        .kind = OP_STARTED, .id = record_id, .at_ms = start_ms, .cookie = cookie};
    return enqueue(writer, &op, NULL, err);
}

int writer_execution_finished(struct writer *writer, const struct execution *execution,
                              const struct metric_sample *samples, size_t sample_count,
                              const struct attachment *attachments, size_t attachment_count,
                              void *cookie, struct mu_err *err)
{
    struct writer_op op = {.kind = OP_FINISHED,
                           .id = execution->record_id,
                           .execution = *execution,
                           .samples = samples,
                           .sample_count = sample_count,
                           .attachments = attachments,
                           .attachment_count = attachment_count,
                           .cookie = cookie};
    return enqueue(writer, &op, NULL, err);
}

int writer_samples(struct writer *writer, const char *record_id,
                   const struct metric_sample *samples, size_t count, struct mu_err *err)
{
    struct writer_op op = {
        .kind = OP_SAMPLES, .id = record_id, .samples = samples, .sample_count = count};
    return enqueue(writer, &op, NULL, err);
}

int writer_batch_progress(struct writer *writer, const char *batch_id, enum batch_status status,
                          double estimated_remaining, struct mu_err *err)
{
    struct writer_op op = {.kind = OP_PROGRESS,
                           .id = batch_id,
                           .batch_status = status,
                           .seconds = estimated_remaining};
    return enqueue(writer, &op, NULL, err);
}

int writer_batch_finished(struct writer *writer, const char *batch_id, enum batch_status status,
                          int64_t end_ms, double duration, void *cookie, struct mu_err *err)
{
    struct writer_op op = {.kind = OP_BATCH_FINISHED,
                           .id = batch_id,
                           .batch_status = status,
                           .at_ms = end_ms,
                           .seconds = duration,
                           .cookie = cookie};
    return enqueue(writer, &op, NULL, err);
}

int writer_interpreter_save(struct writer *writer, const struct interpreter_key *key,
                            const struct interpreter_row *row, struct mu_err *err)
{
    struct writer_op op = {
        .kind = OP_INTERPRETER, .interpreter_key = *key, .interpreter_row = *row};
    return enqueue(writer, &op, NULL, err);
}

void writer_flush(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->flush_upto = writer->in;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
}

int writer_sync(struct writer *writer, struct mu_err *err)
{
    pthread_mutex_lock(&writer->lock);
    uint64_t upto = writer->in;
    writer->flush_upto = upto;
    pthread_cond_signal(&writer->work);
    while (writer->out < upto && !writer->dead)
        pthread_cond_wait(&writer->done, &writer->lock);
    int rc = writer->dead ? dead_error(writer, err) : 0;
    pthread_mutex_unlock(&writer->lock);
    return rc;
}

/* The thread takes no signals: they belong to the loop. */
static int start_thread(struct writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void release(struct writer *writer)
{
    db_close(writer->db);
    pthread_cond_destroy(&writer->work);
    pthread_cond_destroy(&writer->done);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

int writer_new(const char *home, const struct writer_events *events, struct writer **ret_writer,
               struct mu_err *err)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return mu_err_nomem(err);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->work, &attr);
    pthread_cond_init(&writer->done, &attr);
    pthread_condattr_destroy(&attr);
    writer->events = *events;
    writer->tail = &writer->head;
    writer->checkpoint_at = CHECKPOINT_PAGES;
    if (db_open(home, STORE_CREATE, &writer->db, err) != 0) {
        release(writer);
        return -1;
    }
    db_set_wait(writer->db, LOCK_WAIT_MS);
    int rc = start_thread(writer);
    if (rc != 0) {
        release(writer);
        return mu_err_sys(err, MU_E_IO, rc, "%s", _("cannot start the writer's thread"));
    }
    *ret_writer = writer;
    return 0;
}

int writer_free(struct writer *writer, struct mu_err *err)
{
    if (!writer)
        return 0;
    pthread_mutex_lock(&writer->lock);
    writer->stop = true;
    writer->stop_ms = mu_mono_ms();
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    int rc = writer->dead ? dead_error(writer, err) : 0;
    if (rc == 0)
        db_checkpoint(writer->db, true, NULL); /* what stays in the log is not lost either */
    release(writer);
    return rc;
}
