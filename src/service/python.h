/* Which Python a script gets: `python:`, else $VIRTUAL_ENV, else $CONDA_PREFIX, else the nearest
 * `.venv` from the script's folder up to the project, else `python3` on the PATH.
 *
 * Each candidate is asked once what it is (engine/interpreter.h); answers of real binaries are kept
 * in the database, so that a run does not pay for the question again. A shim's answer may change
 * with folder and environment: it is asked anew by every run. */
#ifndef SERVICE_PYTHON_H
#define SERVICE_PYTHON_H

#include "base/error.h"
#include "base/mem.h"
#include "engine/interpreter.h"
#include "service/discover.h"
#include "service/project.h"
#include "store/store.h"
#include "store/writer.h"

/* What a candidate turned out to be. */
struct python {
    const char *candidate; /* as chosen: path or name */
    const char *origin;    /* "python:", "$VIRTUAL_ENV", ".venv" … for the header; NULL: PATH */
    bool usable;
    struct interpreter interpreter; /* where usable */
    struct mu_err error;            /* where not: why */
};

struct python_finder;

/* `db` and `writer` may be NULL (then nothing is remembered). All are borrowed. */
int python_finder_new(const struct project *project, struct db *db, struct writer *writer,
                      struct python_finder **ret_finder, struct mu_err *err);
/* The interpreter of one script; borrowed from the finder, the same pointer for the same one. An
 * unusable one is no error here: the script gets an ERROR row with its cause. NULL only without
 * memory. */
const struct python *python_finder_find(struct python_finder *finder, const struct script *script);
void python_finder_free(struct python_finder *finder);

#endif
