/* What the trees of the running scripts use, at intervals. */
#ifndef ENGINE_SAMPLE_H
#define ENGINE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct engine;
struct engine_exec;

struct sampler {
    int meminfo_fd;
    int64_t cpu_count;
    double tick_seconds, page_mb;
};

/* One execution's samples so far. */
struct exec_samples {
    int64_t due_ns, last_ns; /* 0: none yet */
    double cpu_seconds;      /* of the whole tree, at the last */
    double cpu_percent, memory_mb;
    double memory_sum_mb, memory_peak_mb;
    double read_mb, write_mb;
    int64_t count;
};

void sampler_init(struct sampler *sampler);
void sampler_release(struct sampler *sampler);
/* The execution has started: its first sample is due in 0.1 s. */
void sample_begin(struct engine_exec *exec);
/* Scan, and take one now unless the last is under 100 ms old. */
void sample_now(struct engine_exec *exec);
/* Callback of engine.sample_timer. */
void sample_due(void *engine);

#endif
