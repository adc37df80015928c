/* One run of one script: a row of execution_history, its samples and its attachments.
 *
 * Plain structs. The strings are borrowed: their owner is whoever filled the struct (a repository
 * copies them into the caller's arena). NULL is SQL NULL; so are NAN for a double and
 * MODEL_NULL_INT for an integer. */
#ifndef MODEL_EXECUTION_H
#define MODEL_EXECUTION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/status.h"

#define MODEL_NULL_INT INT64_MIN

/* Where the middle of `output` was left out, a line of its own begins so. */
#define OUTPUT_GAP "[muster: "

struct execution {
    int64_t id; /* 0 before it is stored */
    const char *record_id;
    const char *script_path; /* relative to the project with '/', else absolute: the key */
    const char *script_name;
    const char *module_name;
    const char *batch_id;
    int64_t start_ms; /* wall clock; the batch's until it starts */
    int64_t end_ms;   /* MODEL_NULL_INT until it ended */
    double duration;  /* seconds, monotonic clock */
    enum exec_status status;
    enum exec_result result;
    int64_t exit_code;  /* exit status, or minus the signal */
    const char *output; /* valid UTF-8: first and last part up to output_limit */
    size_t output_len;  /* bytes of `output`, which may hold NULs */
    const char *error_message;
    const char *stack_trace;
    double memory_usage; /* mean of the samples, MB */
    double cpu_usage;    /* percent of one core, from the kernel's accounting */
    double peak_memory;  /* MB */
    const char *executor_type;

    /* Added by migration 1.1.0. */
    int64_t execution_order;  /* in the given order, from 1: the 7 of 42/7 (from batch_details) */
    int64_t attempt;          /* from 1 */
    bool superseded;          /* a later attempt of the same script exists in the same batch */
    int64_t wait_status;      /* as wait4 gave it */
    const char *content_hash; /* SHA-256 of the script that ran, hex */
    int64_t verdict_line;     /* the deciding line of the output, from 1 */
    const char *verdict_text; /* that line, cleaned */
    const char *verdict_rule; /* by which rule */
    const char *contain;      /* how its tree was held: "subreaper" … */
    bool leaky;               /* processes were left behind and killed */
    const char *leftover;     /* their names and command lines, one a line */
    const char *log_path;     /* relative to the home */
    int64_t output_bytes, output_lines; /* of both streams, whole */
    const char *interpreter;            /* absolute path of what was started */
    const char *interpreter_version;    /* "3.11.2" */
    double cpu_seconds;                 /* user + system of the whole tree */
    const char *location;               /* where it failed: "c_temp.py:34", from the trace */
    const char *stop_reason; /* why muster stopped it: "timeout", "idle", "interrupt" …, or NULL */
    const char *stop_signals; /* what it was sent: "SIGINT SIGABRT SIGKILL", or NULL */
    const char *hint;         /* what may help, one sentence (English; translated when shown) */
};

/* An execution with every nullable member NULL. */
#define EXECUTION_NULL                                                                             \
    ((struct execution){.end_ms = MODEL_NULL_INT,                                                  \
                        .duration = NAN,                                                           \
                        .exit_code = MODEL_NULL_INT,                                               \
                        .memory_usage = NAN,                                                       \
                        .cpu_usage = NAN,                                                          \
                        .peak_memory = NAN,                                                        \
                        .executor_type = "process",                                                \
                        .attempt = 1,                                                              \
                        .wait_status = MODEL_NULL_INT,                                             \
                        .verdict_line = MODEL_NULL_INT,                                            \
                        .output_bytes = MODEL_NULL_INT,                                            \
                        .output_lines = MODEL_NULL_INT,                                            \
                        .cpu_seconds = NAN})

/* One sample of the whole tree: a row of performance_metrics. */
struct metric_sample {
    int64_t at_ms; /* wall clock */
    double cpu_percent;
    int64_t cpu_count;
    double memory_mb, memory_percent, memory_available_mb;
    double disk_read_mb, disk_write_mb; /* since the start of the script */
    int64_t active_threads, active_processes;
};

/* A file that the script left in MUSTER_OUTPUT_DIR. */
struct attachment {
    const char *name; /* relative to that folder */
    const char *path; /* relative to the home */
    int64_t size_bytes;
};

#endif
