/* The two output streams of a script, live, as whole lines. */
#ifndef ENGINE_CAPTURE_H
#define ENGINE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "model/status.h"

struct engine_exec;

/* How long an unfinished line waits for its newline. */
#define CAPTURE_FLUSH_NS (100 * INT64_C(1000000))
enum { CAPTURE_BUFFER_SIZE = 64 * 1024 };

struct capture {
    struct engine_exec *exec;
    enum stream stream;
    int fd; /* -1: at its end */
    uv_poll_t poll;
    char *partial; /* a line without its newline yet */
    size_t partial_len, partial_cap;
    int64_t partial_ns; /* when its first byte came */
};

/* Begin to read `fd` (taken also on failure). Returns 0 or a negative errno. */
int capture_open(struct capture *capture, struct engine_exec *exec, enum stream stream,
                 int fd_take);
/* Read what lies in the pipe: until it is empty or at its end, or `max_bytes` were read. */
void capture_drain(struct capture *capture, size_t max_bytes);
/* Emit the unfinished line, if there is one. */
void capture_flush(struct capture *capture);
/* Stop reading, emit the rest, free. May be called again. */
void capture_close(struct capture *capture);

#endif
