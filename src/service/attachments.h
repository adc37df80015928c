/* Attachments: the files that a script leaves in the folder MUSTER_OUTPUT_DIR names.
 *
 * Most scripts leave nothing. Making and removing a folder for each costs ext4 more than all else
 * that muster does for a tiny script (an inode freed a moment ago is not given out again, and is
 * passed over at each search for one), so an empty folder is kept and renamed for the next script.
 */
#ifndef SERVICE_ATTACHMENTS_H
#define SERVICE_ATTACHMENTS_H

#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/execution.h"

/* The empty folders at hand. Zero-initialise it. */
struct attachment_pool {
    char **spare;
    size_t count, cap;
};

/* Make `folder` (and those above it), or rename a spare one to it. `ret_mtime`: its time of change
 * now, by which it is known to be untouched afterwards. */
int attachments_prepare(struct attachment_pool *pool, const char *folder,
                        struct timespec *ret_mtime, struct mu_err *err);
/* What is in it, in the arena: regular files only, at most 1,000, four folders deep, in the order
 * of their names. An empty folder becomes a spare one. What cannot be read is left out. */
void attachments_collect(struct attachment_pool *pool, const char *home, const char *folder,
                         struct timespec mtime, struct mu_arena *arena,
                         struct attachment **ret_items, size_t *ret_count);
/* Remove the spare folders. */
void attachment_pool_release(struct attachment_pool *pool);

#endif
