#include "model/batch.h"

int64_t batch_counts_completed(const struct batch_counts *counts)
{
    return counts->by_status[EXEC_SUCCESS] + counts->by_status[EXEC_FAILED] +
           counts->by_status[EXEC_ERROR] + counts->by_status[EXEC_TIMEOUT];
}
