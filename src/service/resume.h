/* What a batch still has to run: the plan of `muster resume`. */
#ifndef SERVICE_RESUME_H
#define SERVICE_RESUME_H

#include <stddef.h>

#include "base/error.h"
#include "model/batch.h"
#include "service/discover.h"
#include "service/project.h"
#include "service/settings.h"
#include "store/store.h"

struct resume_plan {
    struct script_list scripts; /* in the order of the batch */
    struct execution *previous; /* their last attempts, `scripts.count` of them */
    char **script_args;         /* as the batch had them, or NULL */
    const char **missing;       /* scripts whose file is gone */
    size_t missing_count;
};

/* Errors: MU_E_BUSY where another process runs the batch at this moment; the database's; a wrong
 * directive. */
int resume_plan_make(const struct project *project, struct settings_set *set, struct db *db,
                     const struct batch *batch, struct resume_plan *ret, struct mu_err *err);
void resume_plan_release(struct resume_plan *plan);

#endif
