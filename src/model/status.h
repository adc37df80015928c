/* The states of executions and batches, their names in the database, and their legal changes. */
#ifndef MODEL_STATUS_H
#define MODEL_STATUS_H

#include <stdbool.h>

/* execution_history.status. The order is that of the product's table of statuses. */
enum exec_status {
    EXEC_PENDING,
    EXEC_RUNNING,
    EXEC_SUCCESS,
    EXEC_FAILED,
    EXEC_ERROR,
    EXEC_TIMEOUT,
    EXEC_CANCELLED,
};
enum { EXEC_STATUS_COUNT = EXEC_CANCELLED + 1 };

/* execution_history.result. NONE is NULL in the database: not finished, or never started. */
enum exec_result { RESULT_NONE, RESULT_PASS, RESULT_FAIL, RESULT_UNKNOWN };

/* batch_execution.status (an added column). */
enum batch_status {
    BATCH_PENDING,
    BATCH_RUNNING,
    BATCH_PAUSED,
    BATCH_COMPLETED,   /* every script ran or was skipped */
    BATCH_CANCELLED,   /* any other early end: --fail-fast, --until, a person */
    BATCH_INTERRUPTED, /* Ctrl-C, a signal, or muster's death */
};
enum { BATCH_STATUS_COUNT = BATCH_INTERRUPTED + 1 };

/* Which of the two output streams of a script. */
enum stream { STREAM_STDOUT = 1, STREAM_STDERR = 2 };

/* "PENDING" …; never NULL. */
const char *exec_status_name(enum exec_status status);
/* 0, or -1 where `name` is none. Upper or lower case. */
int exec_status_parse(const char *name, enum exec_status *ret);
/* SUCCESS, FAILED, ERROR, TIMEOUT, CANCELLED. */
bool exec_status_is_final(enum exec_status status);
/* PENDING → RUNNING or CANCELLED or ERROR (could not be started); RUNNING → any final one. */
bool exec_status_may_become(enum exec_status from, enum exec_status to);

/* "PASS", "FAIL", "UNKNOWN"; NULL for RESULT_NONE. */
const char *exec_result_name(enum exec_result result);
int exec_result_parse(const char *name, enum exec_result *ret);

/* "pending", "running" …; never NULL. */
const char *batch_status_name(enum batch_status status);
int batch_status_parse(const char *name, enum batch_status *ret);

#endif
