/* Inside the run: what run.c (the life of a batch), run_plan.c (what stands before its first
 * process) and run_item.c (one script of it) share. */
#ifndef SERVICE_RUN_INTERNAL_H
#define SERVICE_RUN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/mem.h"
#include "service/attachments.h"
#include "service/estimate.h"
#include "service/launch.h"
#include "service/recorder.h"
#include "service/run.h"
#include "store/writer.h"

/* What the writer's cookie says: call this once the change is committed. */
struct said {
    void (*fn)(void *arg);
    void *arg;
};

/* An item from its start until its end is said. */
struct run_active {
    struct said said;
    struct run *run;
    struct run_item *item;
    struct recorder *recorder;
    const struct python *python;
    struct attachment_folder folder; /* MUSTER_OUTPUT_DIR */
    bool started_unsaid;             /* it runs, and the database does not know yet */
    struct execution record;
    struct mu_arena arena;
    size_t slot;
    struct run_active *next, *prev; /* of those that run, oldest first */
};

/* The compiled `verdict:` of some scripts. */
struct rule_set {
    const struct verdict_rule_def *defs;
    size_t def_count;
    bool from_exit;
    struct verdict_rules *rules;
};

struct run {
    struct said said;
    struct run_options options;
    struct run_events events;
    struct db *db;
    struct writer *writer;
    struct engine *engine;
    struct python_finder *pythons;
    struct rule_set *rule_sets; /* one for each distinct `verdict:` */
    size_t rule_set_count, rule_set_cap;
    struct launch_context launch;
    struct attachment_pool attachments;
    struct output_pack *pack; /* where short logs go */
    struct batch batch;
    char batch_id[MU_ID_SIZE];
    char batch_folder[64]; /* relative to the home: where logs and attachments go */
    struct run_item *items;
    size_t *queue; /* indices of items, in starting order */
    size_t queue_count, queue_next;
    bool *slots;
    size_t jobs, running;
    struct run_active *oldest, *newest;
    struct batch_counts counts;
    struct estimate estimate; /* the part that does not move with the clock */
    int64_t start_mono_ns;
    int64_t failures;
    size_t identical;
    char identical_message[256];
    enum run_end end;
    bool closing; /* start nothing more */
    bool held;    /* the database refuses: start nothing for now */
    bool finishing, retry_pending;
    struct mu_err failure;
    struct mu_arena arena;
};

/* --- run.c --- */

/* Start what may start; end the batch where nothing is left. */
void run_fill_slots(struct run *run);
/* Start nothing more; `why` holds where something was left to start. */
void run_stop_starting(struct run *run, enum run_end why);

/* --- run_plan.c --- */

/* Fill batch and items, order the queue, commit the PENDING rows. */
int run_plan(struct run *run, struct mu_err *err);
/* The row of an item that has not started. Borrows from run and item. */
struct execution run_pending_row(const struct run *run, const struct run_item *item);
enum { LOG_PATH_SIZE = 128 };
/* Where the log of an item lies, relative to the home: known before it starts, so that it can be
 * read while it runs. Returns `buf`. */
char *run_log_path(const struct run *run, const struct run_item *item, char buf[LOG_PATH_SIZE]);
/* The rules of these settings, compiled on first use. NULL: a pattern is wrong, or no memory. */
const struct verdict_rules *run_rules(struct run *run, const struct settings *settings,
                                      struct mu_err *err);

/* --- run_item.c --- */

extern const struct engine_events run_engine_events;
/* Start one. 0: it runs, or will end as not started; -1: it stays in the queue. */
int run_item_start(struct run *run, struct run_item *item, struct mu_err *err);
/* Tell the database that it runs, unless it knows. */
void run_item_say_started(struct run_active *active);
/* NULL accepted. */
void run_active_free(struct run_active *active);

#endif
