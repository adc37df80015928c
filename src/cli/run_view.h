/* The state of a session's view, shared by its parts: lines, live block, summary, events. */
#ifndef CLI_RUN_VIEW_H
#define CLI_RUN_VIEW_H

#include <stdbool.h>

#include "cli/cli.h"
#include "cli/live_block.h"
#include "cli/run_line.h"
#include "cli/run_session.h"

/* What the summary says of a script that did not simply succeed; in the view's arena. */
struct run_notable {
    const struct run_item *item;
    struct execution execution; /* strings in the arena; without output and trace */
};

struct run_view {
    struct cli *cli;
    const struct session_options *options;
    const struct run_options *run_options;
    struct run *run;
    struct run_names names;
    struct live_block block;
    struct run_notable *notable;
    size_t notable_count, notable_cap;
    /* Of the whole batch, at its end: a resumed one counts what ran before as well. */
    struct batch_counts counts;
    int64_t passed; /* results PASS; of SUCCESS the rest has no verdict */
    bool single;    /* one script */
    unsigned interrupts;
    struct mu_arena arena;
};

/* The last word: printed to stdout. `end` says why the batch ended. */
void run_summary_print(struct run_view *view, enum run_end end);
/* How many files define tests and start none. */
size_t run_summary_unstarted(const struct run_view *view);

/* --json: one event a line on stdout. */
void run_events_batch_started(struct run_view *view);
void run_events_execution_started(struct run_view *view, const struct run_item *item);
void run_events_execution_finished(struct run_view *view, const struct run_item *item,
                                   const struct execution *execution);
void run_events_batch_finished(struct run_view *view);

#endif
