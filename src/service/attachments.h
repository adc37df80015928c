/* Attachments: the files that a script leaves in the folder MUSTER_OUTPUT_DIR names. */
#ifndef SERVICE_ATTACHMENTS_H
#define SERVICE_ATTACHMENTS_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/execution.h"

/* Make the folder (and those above it). */
int attachments_prepare(const char *folder, struct mu_err *err);
/* What is in it, in the arena: regular files only, at most 1,000, four folders deep, in the order
 * of their names. An empty folder is removed. What cannot be read is left out. */
void attachments_collect(const char *home, const char *folder, struct mu_arena *arena,
                         struct attachment **ret_items, size_t *ret_count);
/* Remove the folder where it is empty: the script never started. */
void attachments_discard(const char *folder);

#endif
