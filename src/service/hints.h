/* Hints that need the file system: where a missing module or file is after all. */
#ifndef SERVICE_HINTS_H
#define SERVICE_HINTS_H

#include "base/mem.h"
#include "service/discover.h"
#include "service/project.h"

/* One English sentence (marked for translation when shown; where it names a file, in `arena` and
 * translated already) for an `error_message` such as "ModuleNotFoundError: No module named 'can'",
 * or NULL where nothing is known to help. `arena` is for scratch, too. */
const char *hint_from_files(const struct project *project, const struct script *script,
                            const char *error_message, struct mu_arena *arena);

#endif
