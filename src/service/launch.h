/* What a script is started with: interpreter and arguments, environment, folder, standard input.
 *
 * argv[0], __file__, sys.path[0], signals and tracebacks are those of `python3 script.py` from the
 * script's own folder (`cwd:` changes the folder). */
#ifndef SERVICE_LAUNCH_H
#define SERVICE_LAUNCH_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "service/discover.h"
#include "service/project.h"
#include "service/python.h"

/* What the whole batch shares. */
struct launch_context {
    const struct project *project;
    const char *batch_id;
    char *const *environment; /* the user's own, NULL-terminated: what scripts inherit */
    mode_t umask;             /* the user's own */
    char *const *script_args; /* after `--`; NULL-terminated, or NULL */
    size_t slot_cores;        /* cores that a slot has: OMP_NUM_THREADS */
};

/* Fill `ret` for one attempt; everything it points to lives in `arena`. `slot` is from 1;
 * `output_dir` is the absolute folder of its attachments. Error: MU_E_SETTINGS (env_file),
 * MU_E_MEMORY. */
int launch_prepare(const struct launch_context *context, const struct script *script,
                   const struct python *python, const char *record_id, int64_t attempt, size_t slot,
                   const char *output_dir, struct mu_arena *arena, struct launch *ret,
                   struct mu_err *err);

#endif
