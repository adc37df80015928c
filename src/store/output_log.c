/* A log gathers blocks (a header line, the bytes, a newline) and writes them as one zstd frame, in
 * one write. A frame holds whole blocks, so that each frame that reached the disk can be read
 * alone. A write that fails is cut off again: what follows a torn frame could not be found.
 *
 * A new file is what a tiny script costs most in the file system, so the log of one that ended
 * before its first frame was due goes into the pack, a file of frames that the batch's short logs
 * share.
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

/* A file that frames are appended to. */
struct frame_file {
    char *path;
    int fd;       /* -1 before the first frame */
    off_t offset; /* where the next frame goes */
};

struct output_pack {
    struct frame_file file;
};

struct output_log {
    struct frame_file file;
    struct output_pack *pack; /* borrowed; NULL: none */
    struct mu_str gathered;
    size_t gathered_bytes; /* of the script's, without headers */
    int64_t gathered_since_ms;
    uint64_t lost_bytes;
};

int output_pack_new(const char *path, struct output_pack **ret_pack, struct mu_err *err)
{
    struct output_pack *pack = calloc(1, sizeof *pack);
    char *copy = strdup(path);
    if (!pack || !copy) {
        free(pack);
        free(copy);
        return mu_err_nomem(err);
    }
    pack->file = (struct frame_file){.path = copy, .fd = -1};
    *ret_pack = pack;
    return 0;
}

void output_pack_free(struct output_pack *pack)
{
    if (!pack)
        return;
    mu_fd_close(&pack->file.fd);
    free(pack->file.path);
    free(pack);
}

int output_log_new(const char *path, struct output_pack *pack, struct output_log **ret_log,
                   struct mu_err *err)
{
    struct output_log *log = calloc(1, sizeof *log);
    char *copy = strdup(path);
    if (!log || !copy) {
        free(log);
        free(copy);
        return mu_err_nomem(err);
    }
    log->file = (struct frame_file){.path = copy, .fd = -1};
    log->pack = pack;
    *ret_log = log;
    return 0;
}

/* `flags`: O_TRUNC for a log of its own, none for a pack that goes on. */
static int open_file(struct frame_file *file, int flags, struct mu_err *err)
{
    flags |= O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    file->fd = open(file->path, flags, 0600);
    if (file->fd < 0 && errno == ENOENT) {
        MU_AUTO_FREE char *folder =
            strndup(file->path, (size_t)(mu_path_name(file->path) - file->path));
        if (!folder)
            return mu_err_nomem(err);
        folder[strlen(folder) - 1] = '\0'; /* the slash: the path is absolute */
        if (mu_mkdirs(folder, 0700, err) != 0)
            return -1;
        file->fd = open(file->path, flags, 0600);
    }
    if (file->fd < 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot make %s"), file->path);
    file->offset = lseek(file->fd, 0, SEEK_END);
    return 0;
}

/* Compress what is gathered and append it as one frame. */
static int write_frame(struct frame_file *file, const struct mu_str *gathered, size_t *ret_size,
                       struct mu_err *err)
{
    struct compressor *compressor = compressor_get();
    if (!compressor || gathered->failed)
        return mu_err_nomem(err);
    size_t size = ZSTD_compressCCtx(compressor->context, compressor->out, compressor->out_size,
                                    gathered->data, gathered->len, LEVEL);
    if (ZSTD_isError(size))
        return mu_err_set(err, MU_E_INTERNAL, "%s: %s", file->path, ZSTD_getErrorName(size));
    if (lseek(file->fd, file->offset, SEEK_SET) < 0 ||
        mu_write_all(file->fd, compressor->out, size) != 0) {
        int why = errno;
        if (ftruncate(file->fd, file->offset) != 0)
            return mu_err_sys(err, MU_E_IO, errno, _("cannot write %s"), file->path);
        return mu_err_sys(err, MU_E_IO, why, _("cannot write %s"), file->path);
    }
    file->offset += (off_t)size;
    *ret_size = size;
    return 0;
}

/* Into `file`, opened on first use. */
static int end_frame(struct output_log *log, struct frame_file *file, int open_flags,
                     size_t *ret_size, struct mu_err *err)
{
    *ret_size = 0;
    if (log->gathered_bytes == 0)
        return 0;
    int rc = file->fd < 0 ? open_file(file, open_flags, err) : 0;
    if (rc == 0)
        rc = write_frame(file, &log->gathered, ret_size, err);
    if (rc != 0)
        log->lost_bytes += log->gathered_bytes;
    log->gathered_bytes = 0;
    mu_str_clear(&log->gathered);
    log->gathered.failed = false;
    return rc;
}

static int end_own_frame(struct output_log *log, struct mu_err *err)
{
    size_t size;
    return end_frame(log, &log->file, O_TRUNC, &size, err);
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
    while (len > 0) {
        size_t part = len < BLOCK_MAX ? len : BLOCK_MAX;
        bool full = log->gathered.len + HEADER_MAX + part > FRAME_BYTES;
        if (full && end_own_frame(log, err) != 0)
            rc = -1;
        gather(log, stream, since_start_ms, data, part);
        data += part;
        len -= part;
    }
    bool old = since_start_ms - log->gathered_since_ms >= FRAME_MS;
    if ((old || log->gathered.failed) && end_own_frame(log, err) != 0)
        rc = -1;
    return rc;
}

int output_log_flush(struct output_log *log, struct mu_err *err)
{
    int rc = end_own_frame(log, err);
    mu_str_release(&log->gathered);
    return rc;
}

int output_log_close(struct output_log *log, struct output_place *ret_place,
                     uint64_t *ret_lost_bytes, struct mu_err *err)
{
    if (!log)
        return 0;
    struct output_place place = {0};
    bool packed = log->pack && log->file.fd < 0;
    struct frame_file *file = packed ? &log->pack->file : &log->file;
    size_t size;
    int rc = end_frame(log, file, packed ? 0 : O_TRUNC, &size, err);
    if (packed && size > 0)
        place = (struct output_place){
            .in_pack = true, .offset = file->offset - (off_t)size, .size = (off_t)size};
    if (ret_place)
        *ret_place = place;
    if (ret_lost_bytes)
        *ret_lost_bytes = log->lost_bytes;
    mu_str_release(&log->gathered);
    mu_fd_close(&log->file.fd);
    free(log->file.path);
    free(log);
    return rc;
}

/* ---- reading ---- */

struct reader {
    const char *path;
    int fd;
    int64_t left;         /* bytes that may still be read; negative: to the end of the file */
    struct mu_str packed; /* read, not yet decompressed */
    bool ended;
    struct mu_str content; /* of one frame */
};

static int read_more(struct reader *reader, struct mu_err *err)
{
    char buf[64 * 1024];
    size_t want = reader->left >= 0 && (uint64_t)reader->left < sizeof buf ? (size_t)reader->left
                                                                           : sizeof buf;
    ssize_t n;
    do
        n = read(reader->fd, buf, want);
    while (n < 0 && errno == EINTR);
    if (n > 0 && reader->left > 0)
        reader->left -= n;
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
    long long offset = 0, size = -1;
    int name_len = (int)strlen(path), used = 0;
    const char *at = strrchr(mu_path_name(path), '@');
    if (at && sscanf(at, "@%lld+%lld%n", &offset, &size, &used) == 2 && at[used] == '\0')
        name_len = (int)(at - path);
    else
        offset = 0, size = -1;
    MU_AUTO_FREE char *name = strndup(path, (size_t)name_len);
    if (!name)
        return mu_err_nomem(err);
    MU_AUTO_FD int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || lseek(fd, offset, SEEK_SET) < 0)
        return mu_err_sys(err, errno == ENOENT ? MU_E_NOT_FOUND : MU_E_IO, errno,
                          _("cannot open %s"), name);
    struct reader reader = {.path = name, .fd = fd, .left = size};
    int rc;
    while ((rc = next_frame(&reader, err)) == 0)
        if (reader.content.len > 0 && !each_block(&reader.content, each, arg))
            break;
    mu_str_release(&reader.packed);
    mu_str_release(&reader.content);
    return rc < 0 ? -1 : 0;
}
