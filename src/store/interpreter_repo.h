/* What a python on this machine really starts, remembered as long as the file stays the same one:
 * asking it costs a start of the interpreter. Saved through the writer (store/writer.h). */
#ifndef STORE_INTERPRETER_REPO_H
#define STORE_INTERPRETER_REPO_H

#include <stdint.h>

#include "store/store.h"

/* Which file was asked: as stat gives it. */
struct interpreter_key {
    const char *path;
    int64_t device, inode, mtime_ns, size;
};
struct interpreter_row {
    const char *executable, *version, *implementation;
};

/* The answer, copied into the arena. Positive 1: not known. */
int interpreter_repo_find(struct db *db, struct mu_arena *arena, const struct interpreter_key *key,
                          struct interpreter_row *ret, struct mu_err *err);
/* Replaces what is known about the path. Within the caller's transaction, or its own. */
int interpreter_repo_save(struct db *db, const struct interpreter_key *key,
                          const struct interpreter_row *row, struct mu_err *err);

#endif
