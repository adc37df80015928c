/* What one `run` starts: a row of batch_execution. Strings and NULLs as in model/execution.h. */
#ifndef MODEL_BATCH_H
#define MODEL_BATCH_H

#include <stdint.h>

#include "model/execution.h"
#include "model/status.h"

/* GROUP BY status over each script's last attempt. `completed` counts the final states that ended
 * by themselves or by a limit: all but PENDING, RUNNING and CANCELLED. */
struct batch_counts {
    int64_t total; /* scripts, not attempts */
    int64_t by_status[EXEC_STATUS_COUNT];
};
int64_t batch_counts_completed(const struct batch_counts *counts);

struct batch {
    int64_t id; /* the number that people use; 0 before it is stored */
    const char *batch_id;
    const char *batch_name;
    const char *description;
    struct batch_counts counts;
    int64_t start_ms, end_ms;             /* wall clock */
    double duration, estimated_remaining; /* seconds */
    double avg_memory_usage, avg_cpu_usage, peak_memory_usage;
    const char *execution_mode; /* "sequential" or "parallel" */
    int64_t max_parallel;
    const char *user_id; /* "local:LOGIN" from the command line */

    /* Added by migration 1.1.0. */
    enum batch_status status;
    int64_t owner_pid,
        owner_start;         /* who runs it: pid and its start time (/proc/PID/stat, ticks) */
    const char *project;     /* absolute folder */
    const char *command;     /* the command line that started it, a JSON array */
    const char *script_args; /* what came after --, a JSON array, or NULL */
    const char *settings;    /* the effective settings, JSON, for `resume` */
    const char *muster_version;
    int64_t pass_count; /* results over the last attempts, filled by the repository when read */
    int64_t fail_count;
    int64_t unknown_count;
};

#define BATCH_NULL                                                                                 \
    ((struct batch){.end_ms = MODEL_NULL_INT,                                                      \
                    .duration = NAN,                                                               \
                    .estimated_remaining = NAN,                                                    \
                    .avg_memory_usage = NAN,                                                       \
                    .avg_cpu_usage = NAN,                                                          \
                    .peak_memory_usage = NAN,                                                      \
                    .max_parallel = MODEL_NULL_INT,                                                \
                    .owner_pid = MODEL_NULL_INT,                                                   \
                    .owner_start = MODEL_NULL_INT})

#endif
