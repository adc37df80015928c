/* Pipes in, lines out.
 *
 * All pipes are read through one buffer of the engine, as large as a pipe (larger pipes were no
 * faster: 1 to 3 GB/s either way). A line that lies wholly within a read is
 * handed on from there, without a copy; only the unfinished end of a read is kept, up to
 * PARTIAL_MAX bytes and CAPTURE_FLUSH_NS. Each turn of the loop reads a bounded amount of each
 * pipe, so that a flood delays neither timers nor the neighbours. */
#include "engine/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "engine/process.h"

enum {
    PARTIAL_MAX = 64 * 1024,
    TURN_BYTES = 1024 * 1024,
};

static void emit(struct capture *capture, int64_t at_ns, const char *data, size_t len,
                 bool complete)
{
    struct engine_exec *exec = capture->exec;
    exec->engine->events->on_line(exec->user, capture->stream, at_ns - exec->start_ns, data, len,
                                  complete);
}

void capture_flush(struct capture *capture)
{
    size_t len = capture->partial_len;
    if (len == 0)
        return;
    capture->partial_len = 0;
    emit(capture, capture->partial_ns, capture->partial, len, false);
}

/* Keep the end of a read for the next. */
static void keep(struct capture *capture, int64_t now, const char *data, size_t len)
{
    while (capture->partial_len + len >= PARTIAL_MAX) {
        if (capture->partial_len == 0) {
            emit(capture, now, data, PARTIAL_MAX, false);
            data += PARTIAL_MAX;
            len -= PARTIAL_MAX;
            continue;
        }
        size_t part = PARTIAL_MAX - capture->partial_len;
        memcpy(capture->partial + capture->partial_len, data, part);
        capture->partial_len += part;
        capture_flush(capture);
        data += part;
        len -= part;
    }
    if (len == 0)
        return;
    if (!capture->partial && !(capture->partial = malloc(PARTIAL_MAX))) {
        emit(capture, now, data, len, false); /* no memory: in two pieces rather than lost */
        return;
    }
    if (capture->partial_len == 0) {
        struct engine_exec *exec = capture->exec;
        capture->partial_ns = now;
        if (exec->flush.slot == 0)
            loop_timer_set(&exec->engine->loop, &exec->flush, now + CAPTURE_FLUSH_NS);
    }
    memcpy(capture->partial + capture->partial_len, data, len);
    capture->partial_len += len;
}

static void take(struct capture *capture, int64_t now, const char *data, size_t len)
{
    const char *end = data + len;
    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        if (!newline) {
            keep(capture, now, data, (size_t)(end - data));
            return;
        }
        size_t line = (size_t)(newline + 1 - data);
        if (capture->partial_len == 0) {
            emit(capture, now, data, line, true);
        } else if (capture->partial_len + line <= PARTIAL_MAX) {
            memcpy(capture->partial + capture->partial_len, data, line);
            line += capture->partial_len;
            capture->partial_len = 0;
            emit(capture, now, capture->partial, line, true);
        } else {
            capture_flush(capture);
            emit(capture, now, data, line, true);
        }
        data = newline + 1;
    }
}

static void stop_reading(struct capture *capture)
{
    if (capture->fd < 0)
        return;
    uv_close((uv_handle_t *)&capture->poll, exec_handle_closed);
    mu_fd_close(&capture->fd);
}

void capture_drain(struct capture *capture, size_t max_bytes)
{
    struct engine *engine = capture->exec->engine;
    for (size_t total = 0; capture->fd >= 0 && total < max_bytes;) {
        ssize_t n = read(capture->fd, engine->read_buffer, CAPTURE_BUFFER_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            capture_flush(capture);
            stop_reading(capture);
            return;
        }
        int64_t now = loop_now_ns(&engine->loop);
        capture->exec->output_ns = now - engine->loop.away_ns;
        take(capture, now, engine->read_buffer, (size_t)n);
        total += (size_t)n;
    }
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct engine_exec *exec = handle->data;
    struct capture *capture = &exec->streams[handle == &exec->streams[1].poll];
    loop_now_ns(&exec->engine->loop);
    capture_drain(capture, TURN_BYTES);
    if (capture->fd < 0)
        exec_stream_ended(exec);
}

int capture_open(struct capture *capture, struct engine_exec *exec, enum stream stream, int fd_take)
{
    *capture = (struct capture){.exec = exec, .stream = stream, .fd = fd_take};
    int rc = uv_poll_init(&exec->engine->loop.uv, &capture->poll, fd_take);
    if (rc != 0) {
        mu_fd_close(&capture->fd);
        return rc;
    }
    exec->users++;
    capture->poll.data = exec;
    return uv_poll_start(&capture->poll, UV_READABLE, on_readable);
}

void capture_close(struct capture *capture)
{
    stop_reading(capture);
    capture_flush(capture);
    free(capture->partial);
    capture->partial = NULL;
}
