#include "service/trend.h"

#include <stdbool.h>
#include <string.h>

#include "store/execution_repo.h"

enum { TREND_RUNS = 20 };

int trend_find(struct db *db, const char *script_path, const char *record_id, struct trend *ret,
               struct mu_err *err)
{
    struct mu_arena arena = {0};
    struct execution *items;
    size_t count;
    if (execution_repo_recent(db, &arena, script_path, 0, TREND_RUNS + 1, &items, &count, err) !=
        0) {
        mu_arena_release(&arena);
        return -1;
    }
    struct trend trend = {.kind = TREND_FIRST, .in_row = 1, .failed = 1, .of = 1};
    bool row = true, seen_self = false;
    for (size_t i = 0; i < count; i++) {
        const struct execution *e = &items[i];
        if (strcmp(e->record_id, record_id) == 0) {
            seen_self = true;
            trend.since_ms = e->start_ms;
            continue;
        }
        if (!seen_self || e->status == EXEC_CANCELLED || trend.of == TREND_RUNS)
            continue;
        bool failed = e->status != EXEC_SUCCESS;
        trend.of++;
        trend.failed += failed;
        row = row && failed;
        if (row) {
            trend.in_row++;
            trend.since_ms = e->start_ms;
        }
    }
    if (trend.in_row > 1)
        trend.kind = TREND_SINCE;
    else if (trend.failed > 1)
        trend.kind = TREND_SOMETIMES;
    else if (trend.of > 1)
        trend.kind = TREND_NEW;
    trend.more = row && count > TREND_RUNS;
    mu_arena_release(&arena);
    *ret = trend;
    return 0;
}
