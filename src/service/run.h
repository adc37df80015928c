/* A run: the batch that one `muster run` or `muster resume` carries out.
 *
 *     run_new (PENDING rows committed) → run_execute (the loop) → run_free
 *
 * It joins engine, recorder and writer, and decides what starts when, and what stops early. All
 * callbacks run on the loop's thread. What `on_execution_finished` tells has been committed. */
#ifndef SERVICE_RUN_H
#define SERVICE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/engine.h"
#include "model/batch.h"
#include "model/execution.h"
#include "service/discover.h"
#include "service/project.h"
#include "service/python.h"
#include "service/settings.h"

struct run;

/* One script of the batch. */
struct run_item {
    const struct script *script;
    int64_t order;   /* in the given order, from 1 */
    int64_t attempt; /* from 1 */
    char record_id[37];
    enum exec_status status;
    enum exec_result result;
    double expected_s;         /* how long it took last time; NAN unknown */
    struct run_active *active; /* while it runs, and until its end is committed */
};

struct run_options {
    const struct project *project;
    struct settings_set *set;
    const struct script *scripts; /* in the given order */
    size_t count;
    size_t jobs;
    bool keep_order;          /* start in the given order also when several run at a time */
    const char *name;         /* NULL: none */
    int64_t until_wall_ms;    /* start nothing more from then on; 0: never */
    char *const *environment; /* what scripts inherit, NULL-terminated */
    mode_t umask;             /* the same */
    char *const *script_args; /* NULL-terminated, or NULL */
    char *const *command;     /* the command line, NULL-terminated; a resumed batch keeps its own */
    /* resume: the batch, and per script its last attempt (execution_order and attempt count). */
    const struct batch *resumed;
    const struct execution *previous; /* `count` of them */
};

struct run_events {
    /* A batch whose muster died was made final: so many were lost, so many never started. Before
     * all else. */
    void (*on_recovered)(void *arg, const struct batch *batch, size_t lost, size_t never_started);
    /* The rows are there; nothing runs yet. */
    void (*on_batch_started)(void *arg, struct run *run);
    void (*on_execution_started)(void *arg, struct run *run, const struct run_item *item);
    /* Output as it comes; only where somebody wants it. NULL: nobody. */
    void (*on_line)(void *arg, struct run *run, const struct run_item *item, enum stream stream,
                    const char *data, size_t len);
    void (*on_slow)(void *arg, struct run *run, const struct run_item *item, int64_t elapsed_ms);
    void (*on_execution_finished)(void *arg, struct run *run, const struct run_item *item,
                                  const struct execution *execution);
    /* The database refuses (a whole sentence), or NULL: it goes on. Nothing is started meanwhile.
     */
    void (*on_trouble)(void *arg, struct run *run, const char *text);
    void *arg;
};

/* Why a batch ended before all had run. */
enum run_end {
    RUN_WHOLE,
    RUN_INTERRUPTED, /* Ctrl-C or a signal */
    RUN_FAIL_FAST,
    RUN_IDENTICAL, /* stop_after_identical */
    RUN_UNTIL,
    RUN_BATCH_TIMEOUT,
    RUN_DATABASE, /* the database failed for good */
};

/* Open the store, resolve interpreters, commit the batch with its PENDING rows. `options` is
 * borrowed for the run's life. Errors: those of the store (3), MU_E_SETTINGS for a bad verdict
 * rule. */
int run_new(const struct run_options *options, const struct run_events *events,
            struct run **ret_run, struct mu_err *err);
/* Until all have run or the batch ended early. The batch is final in the database afterwards. */
int run_execute(struct run *run, enum run_end *ret_end, struct mu_err *err);
void run_free(struct run *run);

/* Start nothing more and stop what runs as a limit does; `now`: SIGKILL. For Ctrl-C and signals. */
void run_interrupt(struct run *run, bool now);

const struct batch *run_batch(const struct run *run); /* status, duration final after run_execute */
const struct run_item *run_items(const struct run *run, size_t *ret_count);
const struct batch_counts *run_counts(const struct run *run); /* what has been said so far */
size_t run_jobs(const struct run *run);
/* Seconds that are left, from history and from the batch itself; NAN where nothing is known. */
double run_remaining_s(const struct run *run);
struct engine *run_engine(struct run *run); /* for timers, signals and keys of a live view */
struct db *run_db(struct run *run);         /* a reading connection */
/* The interpreter of an item; borrowed. */
const struct python *run_python(const struct run *run, const struct run_item *item);

/* What runs at this moment, oldest first. */
struct run_live {
    const struct run_item *item;
    pid_t pid;
    int64_t elapsed_ms;
    double memory_mb; /* NAN before the first sample */
    bool stopping;
    const char *last_line; /* cleaned; "" */
};
void run_each_live(struct run *run, void (*each)(void *arg, const struct run_live *live),
                   void *arg);

#endif
