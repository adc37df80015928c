/* The log of one execution: every byte that it printed, which stream and when, compressed.
 *
 * A file of zstd frames, so that `zstd -dc` shows its content. The content is a sequence of blocks:
 * a text header line `@<stream> <ms since start> <bytes>\n` (stream o or e) and then the bytes as
 * they came, and a newline. A frame is closed when 128 KB are gathered, when a second has gone by,
 * and at the end, so that a reader follows a running script and a crash costs at most the last
 * second. One compression context serves all logs of a thread: 200 scripts at once cost no 200
 * contexts. */
#ifndef STORE_OUTPUT_LOG_H
#define STORE_OUTPUT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/status.h"

struct output_log; /* writing */

/* A file of frames that the short logs of a batch share: those of scripts that ended before their
 * first frame was due. Making a file is what a tiny script costs most in the file system. */
struct output_pack;
/* `path` absolute; goes on where the file exists. It is made at the first use. */
int output_pack_new(const char *path, struct output_pack **ret_pack, struct mu_err *err);
void output_pack_free(struct output_pack *pack); /* NULL accepted */

/* Where a closed log is: in its own file, or at these bytes of the pack. */
struct output_place {
    bool in_pack;
    int64_t offset, size;
};

/* The file is made with its first frame (a silent script has none). `path` absolute, its folder is
 * made. `pack` is borrowed until the log is closed; NULL: always a file of its own. */
int output_log_new(const char *path, struct output_pack *pack, struct output_log **ret_log,
                   struct mu_err *err);
/* Gathers; writes a frame where one is full. After a failure (disk full) the log goes on trying
 * with later frames, and counts what it lost. */
int output_log_append(struct output_log *log, enum stream stream, int64_t since_start_ms,
                      const char *data, size_t len, struct mu_err *err);
/* Close the frame at once (the tick of a second). */
int output_log_flush(struct output_log *log, struct mu_err *err);
/* Writes the rest. `ret_place` and `ret_lost_bytes` may be NULL. */
int output_log_close(struct output_log *log, struct output_place *ret_place,
                     uint64_t *ret_lost_bytes, struct mu_err *err);

/* Read a log, PATH or PATH@OFFSET+SIZE (a part of a pack), as far as it is there: a torn last frame
 * ends it without an error. `each` returns false to stop. Errors: MU_E_NOT_FOUND, MU_E_IO. */
int output_log_read(const char *path,
                    bool (*each)(void *arg, enum stream stream, int64_t since_start_ms,
                                 const char *data, size_t len),
                    void *arg, struct mu_err *err);

#endif
