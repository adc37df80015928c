/* Whose process runs a batch: a pid and its start time, because a pid alone may be somebody else's
 * by now. */
#ifndef SERVICE_OWNER_H
#define SERVICE_OWNER_H

#include <stdbool.h>
#include <stdint.h>

/* When the process began, in clock ticks since boot (field 22 of /proc/PID/stat); MODEL_NULL_INT
 * where there is no such process. */
int64_t owner_start_ticks(int64_t pid);
bool owner_is_alive(int64_t pid, int64_t start_ticks);

#endif
