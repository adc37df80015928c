/* Attachments: the files that a script leaves in the folder MUSTER_OUTPUT_DIR names.
 *
 * Most scripts leave nothing. Making and removing a folder for each costs ext4 more than all else
 * that muster does for a tiny script (an inode freed a moment ago is not given out again, and is
 * passed over at each search for one), so a folder that stayed empty serves the next script. */
#ifndef SERVICE_ATTACHMENTS_H
#define SERVICE_ATTACHMENTS_H

#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/execution.h"

struct attachment_folder {
    char *path;            /* absolute; NULL: none */
    struct timespec mtime; /* when it was empty: so it is known to be untouched */
};

/* The empty folders at hand. */
struct attachment_pool {
    const char *parent; /* absolute; where folders are made */
    unsigned made;
    struct attachment_folder *spare;
    size_t count, cap;
};

/* An empty folder for one script: a spare one, or a new one (and those above it). It is the
 * caller's until it is given back or collected, which sets `path` to NULL. */
int attachments_prepare(struct attachment_pool *pool, struct attachment_folder *ret,
                        struct mu_err *err);
/* It was not used. A NULL path is accepted. */
void attachments_give_back(struct attachment_pool *pool, struct attachment_folder *folder);
/* What is in it, in the arena: regular files only, at most 1,000, four folders deep, in the order
 * of their names. A folder that stayed empty is given back. What cannot be read is left out. */
void attachments_collect(struct attachment_pool *pool, const char *home,
                         struct attachment_folder *folder, struct mu_arena *arena,
                         struct attachment **ret_items, size_t *ret_count);
/* Remove the spare folders. */
void attachment_pool_release(struct attachment_pool *pool);

#endif
