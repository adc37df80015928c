/* A log gathers blocks (a header line, the bytes, a newline) and writes them as one zstd frame, in
 * one write. A frame holds whole blocks, so that each frame that reached the disk can be read
 * alone. A write that fails is cut off again: what follows a torn frame could not be found.
 *
 * Memory: an idle log holds nothing, a busy one up to FRAME_BYTES. The compression context and the
 * buffer of compressed bytes belong to the thread. */
#include "store/output_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    FRAME_BYTES = 128 * 1024 - 1, /* with the NUL that follows, a buffer of 128 KB */
    BLOCK_MAX = 64 * 1024,        /* longer data becomes several blocks */
    FRAME_MS = 1000,
    LEVEL = 3,
    HEADER_MAX = 64,
};

/* ---- the thread's compressor ---- */

struct compressor {
    ZSTD_CCtx *context;
    char *out;
    size_t out_size;
};

static pthread_key_t compressor_key;
static pthread_once_t compressor_once = PTHREAD_ONCE_INIT;

static void free_compressor(void *arg)
{
    struct compressor *compressor = arg;
    ZSTD_freeCCtx(compressor->context);
    free(compressor->out);
    free(compressor);
}

static void make_key(void)
{
    MU_ASSERT(pthread_key_create(&compressor_key, free_compressor) == 0);
}

/* NULL: no memory. */
static struct compressor *compressor_get(void)
{
    pthread_once(&compressor_once, make_key);
    struct compressor *compressor = pthread_getspecific(compressor_key);
    if (compressor)
        return compressor;
    compressor = calloc(1, sizeof *compressor);
    if (!compressor)
        return NULL;
    compressor->out_size = ZSTD_compressBound(FRAME_BYTES);
    compressor->out = malloc(compressor->out_size);
    compressor->context = ZSTD_createCCtx();
    if (!compressor->out || !compressor->context ||
        pthread_setspecific(compressor_key, compressor) != 0) {
        free_compressor(compressor);
        return NULL;
    }
    return compressor;
}

/* ---- writing ---- */

struct output_log {
    char *path;
    int fd;       /* -1 before the first append */
    off_t offset; /* where the next frame goes */
    struct mu_str gathered;
    size_t gathered_bytes; /* of the script's, without headers */
    int64_t gathered_since_ms;
    uint64_t lost_bytes;
};

int output_log_new(const char *path, struct output_log **ret_log, struct mu_err *err)
{
    struct output_log *log = calloc(1, sizeof *log);
    char *copy = strdup(path);
    if (!log || !copy) {
        free(log);
        free(copy);
        return mu_err_nomem(err);
    }
    log->path = copy;
    log->fd = -1;
    *ret_log = log;
    return 0;
}

static int open_file(struct output_log *log, struct mu_err *err)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW };
    log->fd = open(log->path, FLAGS, 0600);
    if (log->fd < 0 && errno == ENOENT) {
        MU_AUTO_FREE char *folder =
            strndup(log->path, (size_t)(mu_path_name(log->path) - log->path));
        if (!folder)
            return mu_err_nomem(err);
        folder[strlen(folder) - 1] = '\0'; /* the slash: the path is absolute */
        if (mu_mkdirs(folder, 0700, err) != 0)
            return -1;
        log->fd = open(log->path, FLAGS, 0600);
    }
    return log->fd >= 0 ? 0 : mu_err_sys(err, MU_E_IO, errno, _("cannot make %s"), log->path);
}

static int write_frame(struct output_log *log, struct mu_err *err)
{
    struct compressor *compressor = compressor_get();
    if (!compressor || log->gathered.failed)
        return mu_err_nomem(err);
    if (log->fd < 0 && open_file(log, err) != 0)
        return -1;
    size_t size = ZSTD_compressCCtx(compressor->context, compressor->out, compressor->out_size,
                                    log->gathered.data, log->gathered.len, LEVEL);
    if (ZSTD_isError(size))
        return mu_err_set(err, MU_E_INTERNAL, "%s: %s", log->path, ZSTD_getErrorName(size));
    if (lseek(log->fd, log->offset, SEEK_SET) < 0 ||
        mu_write_all(log->fd, compressor->out, size) != 0) {
        int why = errno;
        if (ftruncate(log->fd, log->offset) != 0)
            return mu_err_sys(err, MU_E_IO, errno, _("cannot write %s"), log->path);
        return mu_err_sys(err, MU_E_IO, why, _("cannot write %s"), log->path);
    }
    log->offset += (off_t)size;
    return 0;
}

static int end_frame(struct output_log *log, struct mu_err *err)
{
    if (log->gathered_bytes == 0)
        return 0;
    int rc = write_frame(log, err);
    if (rc != 0)
        log->lost_bytes += log->gathered_bytes;
    log->gathered_bytes = 0;
    mu_str_clear(&log->gathered);
    log->gathered.failed = false;
    return rc;
}

static void gather(struct output_log *log, enum stream stream, int64_t since_start_ms,
                   const char *data, size_t len)
{
    if (log->gathered_bytes == 0)
        log->gathered_since_ms = since_start_ms;
    mu_str_printf(&log->gathered, "@%c %lld %zu\n", stream == STREAM_STDERR ? 'e' : 'o',
                  (long long)since_start_ms, len);
    mu_str_append(&log->gathered, data, len);
    mu_str_putc(&log->gathered, '\n');
    log->gathered_bytes += len;
}

int output_log_append(struct output_log *log, enum stream stream, int64_t since_start_ms,
                      const char *data, size_t len, struct mu_err *err)
{
    int rc = 0;
    /* So that there is a file to follow before the first frame is full. A failure shows later. */
    if (len > 0 && log->fd < 0 && log->gathered_bytes == 0)
        open_file(log, NULL);
    while (len > 0) {
        size_t part = len < BLOCK_MAX ? len : BLOCK_MAX;
        bool full = log->gathered.len + HEADER_MAX + part > FRAME_BYTES;
        if (full && end_frame(log, err) != 0)
            rc = -1;
        gather(log, stream, since_start_ms, data, part);
        data += part;
        len -= part;
    }
    bool old = since_start_ms - log->gathered_since_ms >= FRAME_MS;
    if ((old || log->gathered.failed) && end_frame(log, err) != 0)
        rc = -1;
    return rc;
}

int output_log_flush(struct output_log *log, struct mu_err *err)
{
    int rc = end_frame(log, err);
    mu_str_release(&log->gathered);
    return rc;
}

int output_log_close(struct output_log *log, uint64_t *ret_lost_bytes, struct mu_err *err)
{
    if (!log)
        return 0;
    int rc = output_log_flush(log, err);
    if (ret_lost_bytes)
        *ret_lost_bytes = log->lost_bytes;
    mu_fd_close(&log->fd);
    free(log->path);
    free(log);
    return rc;
}

/* ---- reading ---- */

struct reader {
    const char *path;
    int fd;
    struct mu_str packed; /* read, not yet decompressed */
    bool ended;
    struct mu_str content; /* of one frame */
};

static int read_more(struct reader *reader, struct mu_err *err)
{
    char buf[64 * 1024];
    ssize_t n;
    do
        n = read(reader->fd, buf, sizeof buf);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot read %s"), reader->path);
    reader->ended = n == 0;
    mu_str_append(&reader->packed, buf, (size_t)n);
    return reader->packed.failed ? mu_err_nomem(err) : 0;
}

/* Where no frame can be read: the torn end if no other frame begins in what follows. */
static int torn_or_damaged(struct reader *reader, struct mu_err *err)
{
    static const char magic[] = "\x28\xb5\x2f\xfd"; /* 0xFD2FB528, little endian: RFC 8878 */
    while (!reader->ended)
        if (read_more(reader, err) != 0)
            return -1;
    if (reader->packed.len <= 4 ||
        !memmem(reader->packed.data + 4, reader->packed.len - 4, magic, 4))
        return 1;
    return mu_err_set(err, MU_E_IO, _("%s is damaged: its later part cannot be read"),
                      reader->path);
}

/* The next frame's content: 0, positive 1 at the end. */
static int next_frame(struct reader *reader, struct mu_err *err)
{
    size_t size = 0;
    for (;;) {
        size = reader->packed.len > 0
                   ? ZSTD_findFrameCompressedSize(reader->packed.data, reader->packed.len)
                   : 0;
        bool whole = size > 0 && !ZSTD_isError(size);
        if (whole)
            break;
        /* No frame of ours is larger: more bytes would not help. */
        if (reader->ended || reader->packed.len > ZSTD_COMPRESSBOUND(FRAME_BYTES))
            return reader->packed.len == 0 ? 1 : torn_or_damaged(reader, err);
        if (read_more(reader, err) != 0)
            return -1;
    }
    unsigned long long len = ZSTD_getFrameContentSize(reader->packed.data, size);
    if (len > FRAME_BYTES)
        return torn_or_damaged(reader, err);
    mu_str_clear(&reader->content);
    char space[4096] = {0};
    while (reader->content.len < len && !reader->content.failed)
        mu_str_append(&reader->content, space, sizeof space);
    if (reader->content.failed)
        return mu_err_nomem(err);
    if (len > 0 && ZSTD_decompress(reader->content.data, len, reader->packed.data, size) != len)
        return torn_or_damaged(reader, err);
    reader->content.len = (size_t)len;
    memmove(reader->packed.data, reader->packed.data + size, reader->packed.len - size);
    reader->packed.len -= size;
    return 0;
}

/* Hand out the blocks of a frame. False: enough, or what stands there is no block. */
static bool each_block(const struct mu_str *content,
                       bool (*each)(void *arg, enum stream stream, int64_t since_start_ms,
                                    const char *data, size_t len),
                       void *arg)
{
    const char *p = content->data, *end = content->data + content->len;
    while (p < end) {
        char stream;
        long long since_ms;
        size_t len;
        char header[HEADER_MAX];
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline || newline - p >= HEADER_MAX)
            return false;
        memcpy(header, p, (size_t)(newline - p));
        header[newline - p] = '\0';
        if (sscanf(header, "@%c %lld %zu", &stream, &since_ms, &len) != 3 ||
            len >= (size_t)(end - newline - 1))
            return false;
        if (!each(arg, stream == 'e' ? STREAM_STDERR : STREAM_STDOUT, since_ms, newline + 1, len))
            return false;
        p = newline + 1 + len + 1;
    }
    return true;
}

int output_log_read(const char *path,
                    bool (*each)(void *arg, enum stream stream, int64_t since_start_ms,
                                 const char *data, size_t len),
                    void *arg, struct mu_err *err)
{
    MU_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mu_err_sys(err, errno == ENOENT ? MU_E_NOT_FOUND : MU_E_IO, errno,
                          _("cannot open %s"), path);
    struct reader reader = {.path = path, .fd = fd};
    int rc;
    while ((rc = next_frame(&reader, err)) == 0)
        if (reader.content.len > 0 && !each_block(&reader.content, each, arg))
            break;
    mu_str_release(&reader.packed);
    mu_str_release(&reader.content);
    return rc < 0 ? -1 : 0;
}
