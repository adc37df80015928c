#include "service/owner.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "model/execution.h"

int64_t owner_start_ticks(int64_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    MU_AUTO_STR struct mu_str stat = {0};
    if (mu_read_file(path, 4096, &stat, NULL) != 0)
        return MODEL_NULL_INT;
    /* The name stands in parentheses and may hold anything: count from the last one. */
    const char *p = strrchr(mu_str_text(&stat), ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoll(p + 1, NULL, 10) : MODEL_NULL_INT;
}

bool owner_is_alive(int64_t pid, int64_t start_ticks)
{
    return pid > 0 && start_ticks != MODEL_NULL_INT && owner_start_ticks(pid) == start_ticks;
}
