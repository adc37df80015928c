/* Since when does a script fail? One indexed query over its last executions. */
#ifndef SERVICE_TREND_H
#define SERVICE_TREND_H

#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

enum trend_kind {
    TREND_FIRST,     /* it never ran before */
    TREND_NEW,       /* it did not fail in the last 20 runs */
    TREND_SINCE,     /* it has failed in a row */
    TREND_SOMETIMES, /* the run before was good, but others were not */
};

struct trend {
    enum trend_kind kind;
    int64_t since_ms; /* TREND_SINCE: when the row of failures began */
    unsigned in_row;  /* TREND_SINCE: this one included; `more`: the row is at least that long */
    int more;
    unsigned failed, of; /* this one included */
};

/* The trend of a script that did not succeed in `record_id`. Executions that were cancelled say
 * nothing and are passed over. */
int trend_find(struct db *db, const char *script_path, const char *record_id, struct trend *ret,
               struct mu_err *err);

#endif
