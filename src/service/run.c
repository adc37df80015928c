/* The model: every item goes PENDING → (started) → ended → committed → said. The engine's thread
 * starts and ends items; the writer's thread commits and posts the item back; only then is it said.
 */
#include "service/run_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "service/recovery.h"

enum { TICK_MS = 1000, RETRY_START_MS = 200 };

/* ---- opening ---- */

static void batch_said(void *arg)
{
    struct run *run = arg;
    engine_quit(run->engine);
}

/* On the writer's thread: what has been committed may be said, on the loop's. */
static void on_committed(void *arg, void *cookie)
{
    struct run *run = arg;
    const struct said *said = cookie;
    engine_post(run->engine, said->fn, said->arg);
}

struct trouble {
    struct run *run;
    bool over, fatal;
    struct mu_err err;
};

static void trouble_on_loop(void *arg);

static void on_trouble(void *arg, const struct mu_err *err)
{
    struct run *run = arg;
    struct trouble *trouble = calloc(1, sizeof *trouble);
    if (!trouble)
        return;
    trouble->run = run;
    trouble->over = err == NULL;
    if (err) {
        trouble->fatal = err->code == MU_E_DB_CORRUPT; /* it will not go on by itself */
        trouble->err = *err;
    }
    if (engine_post(run->engine, trouble_on_loop, trouble) != 0)
        free(trouble);
}

static void trouble_on_loop(void *arg)
{
    struct trouble *trouble = arg;
    struct run *run = trouble->run;
    run->held = !trouble->over;
    if (run->held)
        run->failure = trouble->err;
    if (run->events.on_trouble)
        run->events.on_trouble(run->events.arg, run, trouble->over ? NULL : trouble->err.text);
    if (trouble->fatal) {
        run->end = RUN_DATABASE;
        run->closing = true;
        run->held = false;
        engine_stop_all(run->engine, true);
    }
    free(trouble);
    run_fill_slots(run);
}

static int run_open(struct run *run, struct mu_err *err)
{
    const struct run_options *options = &run->options;
    if (engine_new(&run_engine_events, &run->engine, err) != 0)
        return -1;
    const struct writer_events writer_events = {
        .on_committed = on_committed,
        .on_trouble = on_trouble,
        .arg = run,
    };
    if (writer_new(options->project->home, &writer_events, &run->writer, err) != 0 ||
        db_open(options->project->home, STORE_READ, &run->db, err) != 0 ||
        python_finder_new(options->project, run->db, run->writer, &run->pythons, err) != 0 ||
        recover_batches(run->db, run->writer, run->events.on_recovered, run->events.arg, err) !=
            0 ||
        run_plan(run, err) != 0)
        return -1;

    run->attachments.parent =
        mu_arena_printf(&run->arena, "%s/%s", options->project->home, run->batch_folder);
    MU_AUTO_FREE char *pack = NULL;
    if (!run->attachments.parent ||
        asprintf(&pack, "%s/" RECORDER_PACK_NAME, run->attachments.parent) < 0)
        return mu_err_nomem(err);
    return output_pack_new(pack, &run->pack, err);
}

int run_new(const struct run_options *options, const struct run_events *events,
            struct run **ret_run, struct mu_err *err)
{
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return mu_err_nomem(err);
    run->said = (struct said){.fn = batch_said, .arg = run};
    run->options = *options;
    run->events = *events;
    if (run_open(run, err) != 0) {
        run_free(run);
        return -1;
    }
    *ret_run = run;
    return 0;
}

/* ---- the queue ---- */

void run_stop_starting(struct run *run, enum run_end why)
{
    if (run->closing)
        return;
    run->closing = true;
    if (run->queue_next < run->queue_count)
        run->end = why;
}

/* End without waiting for a database that does not work: whoever opens the home next closes the
 * batch. */
static void give_up(struct run *run)
{
    run->end = RUN_DATABASE;
    engine_quit(run->engine);
}

/* The last row is final: close the batch. Its own row is committed with the last execution's. */
static void finish_batch(struct run *run)
{
    if (run->finishing)
        return;
    run->finishing = true;
    if (run->end == RUN_DATABASE || (run->held && run->end == RUN_INTERRUPTED)) {
        give_up(run);
        return;
    }
    struct batch *batch = &run->batch;
    double seconds = (double)(mu_mono_ns() - run->start_mono_ns) / 1e9;
    batch->status = run->end == RUN_WHOLE         ? BATCH_COMPLETED
                    : run->end == RUN_INTERRUPTED ? BATCH_INTERRUPTED
                                                  : BATCH_CANCELLED;
    batch->duration = isnan(batch->duration) ? seconds : batch->duration + seconds;
    batch->end_ms = mu_wall_ms();
    if (writer_batch_finished(run->writer, run->batch_id, batch->status, batch->end_ms,
                              batch->duration, &run->said, &run->failure) != 0)
        engine_quit(run->engine);
    writer_flush(run->writer);
}

static void retry_on_loop(void *arg)
{
    struct run *run = arg;
    run->retry_pending = false;
    run_fill_slots(run);
}

void run_fill_slots(struct run *run)
{
    int64_t until = run->options.until_wall_ms;
    while (!run->closing && !run->held && run->running < run->jobs &&
           run->queue_next < run->queue_count) {
        if (until != 0 && mu_wall_ms() >= until) {
            run_stop_starting(run, RUN_UNTIL);
            break;
        }
        struct mu_err err = MU_ERR_INIT;
        if (run_item_start(run, &run->items[run->queue[run->queue_next]], &err) != 0) {
            if (run->running > 0) { /* no descriptors, no memory: fewer at once, and go on */
                run->jobs = run->running;
                break;
            }
            if (!run->retry_pending &&
                engine_timer_start(run->engine, RETRY_START_MS, false, retry_on_loop, run))
                run->retry_pending = true;
            run->failure = err;
            if (run->events.on_trouble)
                run->events.on_trouble(run->events.arg, run, err.text);
            break;
        }
        const struct run_item *item = &run->items[run->queue[run->queue_next]];
        run->queue_next++;
        if (isnan(item->expected_s))
            run->estimate.waiting_unknown--;
        else
            run->estimate.waiting_s -= item->expected_s;
    }
    if (run->running == 0 && !run->retry_pending &&
        (run->closing || run->queue_next == run->queue_count))
        finish_batch(run);
}

/* ---- the loop ---- */

static void tick(void *arg)
{
    struct run *run = arg;
    for (struct run_active *active = run->oldest; active; active = active->next) {
        run_item_say_started(active);
        recorder_tick(active->recorder);
    }
    if (!run->finishing)
        writer_batch_progress(run->writer, run->batch_id, BATCH_RUNNING, run_remaining_s(run),
                              NULL);
    int64_t until = run->options.until_wall_ms;
    if (until != 0 && mu_wall_ms() >= until)
        run_stop_starting(run, RUN_UNTIL);
}

static void batch_timeout(void *arg)
{
    struct run *run = arg;
    run_stop_starting(run, RUN_BATCH_TIMEOUT);
    run->end = RUN_BATCH_TIMEOUT;
    engine_stop_all(run->engine, false);
    run_fill_slots(run);
}

void run_interrupt(struct run *run, bool now)
{
    if (run->finishing) {
        if (run->held) /* it waits for the database, perhaps for ever */
            give_up(run);
        return;
    }
    run->closing = true;
    if (run->running > 0 || run->queue_next < run->queue_count)
        run->end = RUN_INTERRUPTED;
    engine_stop_all(run->engine, now);
    run_fill_slots(run);
}

int run_execute(struct run *run, enum run_end *ret_end, struct mu_err *err)
{
    int64_t limit_ms = settings_batch(run->options.set)->batch_timeout_ms;
    run->start_mono_ns = mu_mono_ns();
    if (run->events.on_batch_started)
        run->events.on_batch_started(run->events.arg, run);
    if (!engine_timer_start(run->engine, TICK_MS, true, tick, run) ||
        (limit_ms > 0 && !engine_timer_start(run->engine, limit_ms, false, batch_timeout, run)))
        return mu_err_nomem(err);
    run_fill_slots(run);
    engine_run(run->engine);

    *ret_end = run->end;
    /* The rows that never started are CANCELLED in the database: say the same. */
    run->counts.by_status[EXEC_CANCELLED] += run->counts.by_status[EXEC_PENDING];
    run->counts.by_status[EXEC_PENDING] = 0;
    if (run->end == RUN_DATABASE) {
        if (err)
            *err = run->failure;
        return -1;
    }
    return writer_sync(run->writer, err);
}

void run_free(struct run *run)
{
    if (!run)
        return;
    if (run->writer)
        writer_free(run->writer, NULL);
    if (run->engine)
        engine_free(run->engine);
    /* What was never committed, because the database failed, was never said either. */
    for (size_t i = 0; run->items && i < run->options.count; i++)
        run_active_free(run->items[i].active);
    db_close(run->db);
    python_finder_free(run->pythons);
    for (size_t i = 0; i < run->rule_set_count; i++)
        verdict_rules_free(run->rule_sets[i].rules);
    free(run->rule_sets);
    attachment_pool_release(&run->attachments);
    output_pack_free(run->pack);
    free(run->items);
    free(run->queue);
    free(run->slots);
    mu_arena_release(&run->arena);
    free(run);
}

/* ---- what a view asks ---- */

const struct batch *run_batch(const struct run *run)
{
    return &run->batch;
}

const struct run_item *run_items(const struct run *run, size_t *ret_count)
{
    *ret_count = run->options.count;
    return run->items;
}

const struct batch_counts *run_counts(const struct run *run)
{
    return &run->counts;
}

size_t run_jobs(const struct run *run)
{
    return run->jobs;
}

struct engine *run_engine(struct run *run)
{
    return run->engine;
}

struct db *run_db(struct run *run)
{
    return run->db;
}

const struct python *run_python(const struct run *run, const struct run_item *item)
{
    return python_finder_find(run->pythons, item->script);
}

static void add_running(void *arg, const struct exec_live *live)
{
    struct estimate *estimate = arg;
    const struct run_active *active = live->user;
    double elapsed_s = (double)live->elapsed_ms / 1000;
    if (isnan(active->item->expected_s)) {
        estimate->running_unknown++;
        estimate->running_unknown_elapsed_s += elapsed_s;
        return;
    }
    double left_s = active->item->expected_s - elapsed_s;
    if (left_s <= 0)
        return;
    estimate->running_left_s += left_s;
    if (left_s > estimate->running_longest_s)
        estimate->running_longest_s = left_s;
}

double run_remaining_s(const struct run *run)
{
    struct estimate estimate = run->estimate;
    if (run->closing) {
        estimate.waiting_s = 0;
        estimate.waiting_unknown = 0;
    }
    engine_each_running(run->engine, add_running, &estimate);
    return estimate_remaining_s(&estimate);
}

struct each_live {
    void (*each)(void *arg, const struct run_live *live);
    void *arg;
};

static void pass_live(void *arg, const struct exec_live *live)
{
    const struct each_live *to = arg;
    const struct run_active *active = live->user;
    const struct run_live answer = {
        .item = active->item,
        .pid = live->pid,
        .elapsed_ms = live->elapsed_ms,
        .memory_mb = live->memory_mb,
        .stopping = live->stopping,
        .last_line = recorder_last_line(active->recorder),
    };
    to->each(to->arg, &answer);
}

void run_each_live(struct run *run, void (*each)(void *arg, const struct run_live *live), void *arg)
{
    struct each_live to = {.each = each, .arg = arg};
    engine_each_running(run->engine, pass_live, &to);
}
