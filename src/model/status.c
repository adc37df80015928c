#include "model/status.h"

#include <stddef.h>
#include <strings.h>

#include "base/error.h"

static const char *const exec_names[] = {
    [EXEC_PENDING] = "PENDING",     [EXEC_RUNNING] = "RUNNING", [EXEC_SUCCESS] = "SUCCESS",
    [EXEC_FAILED] = "FAILED",       [EXEC_ERROR] = "ERROR",     [EXEC_TIMEOUT] = "TIMEOUT",
    [EXEC_CANCELLED] = "CANCELLED",
};
static const char *const result_names[] = {
    [RESULT_NONE] = NULL,
    [RESULT_PASS] = "PASS",
    [RESULT_FAIL] = "FAIL",
    [RESULT_UNKNOWN] = "UNKNOWN",
};
static const char *const batch_names[] = {
    [BATCH_PENDING] = "pending",     [BATCH_RUNNING] = "running",
    [BATCH_PAUSED] = "paused",       [BATCH_COMPLETED] = "completed",
    [BATCH_CANCELLED] = "cancelled", [BATCH_INTERRUPTED] = "interrupted",
};
enum {
    EXEC_NAMES = sizeof exec_names / sizeof exec_names[0],
    RESULT_NAMES = sizeof result_names / sizeof result_names[0],
    BATCH_NAMES = sizeof batch_names / sizeof batch_names[0],
};

static int index_of(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (names[i] && strcasecmp(name, names[i]) == 0)
            return i;
    return -1;
}

const char *exec_status_name(enum exec_status status)
{
    MU_ASSERT((unsigned)status < EXEC_NAMES);
    return exec_names[status];
}

int exec_status_parse(const char *name, enum exec_status *ret)
{
    int i = index_of(name, exec_names, EXEC_NAMES);
    if (i < 0)
        return -1;
    *ret = (enum exec_status)i;
    return 0;
}

bool exec_status_is_final(enum exec_status status)
{
    return status >= EXEC_SUCCESS;
}

bool exec_status_may_become(enum exec_status from, enum exec_status to)
{
    if (from == EXEC_PENDING)
        return to == EXEC_RUNNING || to == EXEC_CANCELLED || to == EXEC_ERROR;
    return from == EXEC_RUNNING && exec_status_is_final(to);
}

const char *exec_result_name(enum exec_result result)
{
    MU_ASSERT((unsigned)result < RESULT_NAMES);
    return result_names[result];
}

int exec_result_parse(const char *name, enum exec_result *ret)
{
    int i = index_of(name, result_names, RESULT_NAMES);
    if (i < 0)
        return -1;
    *ret = (enum exec_result)i;
    return 0;
}

const char *batch_status_name(enum batch_status status)
{
    MU_ASSERT((unsigned)status < BATCH_NAMES);
    return batch_names[status];
}

int batch_status_parse(const char *name, enum batch_status *ret)
{
    int i = index_of(name, batch_names, BATCH_NAMES);
    if (i < 0)
        return -1;
    *ret = (enum batch_status)i;
    return 0;
}
