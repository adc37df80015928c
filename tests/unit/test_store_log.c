/* Logs of output: what was appended is read back, `zstd -dc` reads it too, tears end it. */
#include "store_home.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "store/output_log.h"

struct seen {
    struct mu_str out, err;
    size_t blocks;
    int64_t last_ms;
    size_t stop_after;
};

static bool gather(void *arg, enum stream stream, int64_t since_start_ms, const char *data,
                   size_t len)
{
    struct seen *seen = arg;
    mu_str_append(stream == STREAM_STDOUT ? &seen->out : &seen->err, data, len);
    assert_true(since_start_ms >= seen->last_ms);
    seen->last_ms = since_start_ms;
    return ++seen->blocks != seen->stop_after;
}

static void forget(struct seen *seen)
{
    mu_str_release(&seen->out);
    mu_str_release(&seen->err);
    *seen = (struct seen){0};
}

static struct output_log *log_at(const char *path)
{
    struct output_log *log;
    struct mu_err err;
    assert_ok(output_log_new(path, NULL, &log, &err));
    return log;
}

static void what_was_printed_comes_back(void **state)
{
    char *home = home_new();
    char *path = strdup(home_path(home, "logs/1/a.log.zst"));
    struct output_log *log = log_at(path);
    struct mu_err err;
    struct stat st;
    assert_int_not_equal(stat(path, &st), 0); /* silent so far */
    assert_ok(output_log_append(log, STREAM_STDOUT, 0, "a\0b\n", 4, &err));
    assert_ok(output_log_append(log, STREAM_STDERR, 5, "\xff\xfe@o 1 1\n", 9, &err));
    assert_ok(output_log_flush(log, &err));
    struct seen seen = {0};
    assert_ok(output_log_read(path, gather, &seen, &err)); /* while it is being written */
    assert_int_equal(seen.blocks, 2);
    assert_int_equal(seen.out.len, 4);
    assert_memory_equal(seen.out.data, "a\0b\n", 4);
    assert_int_equal(seen.err.len, 9);
    assert_memory_equal(seen.err.data, "\xff\xfe@o 1 1\n", 9);
    forget(&seen);

    /* 3 MB at once, and a second that goes by by itself. */
    MU_AUTO_STR struct mu_str big = {0};
    while (big.len < 3 << 20)
        mu_str_printf(&big, "line %zu of many\n", big.len);
    assert_ok(output_log_append(log, STREAM_STDOUT, 10, big.data, big.len, &err));
    assert_ok(output_log_append(log, STREAM_STDERR, 2000, "late", 4, &err));
    assert_ok(output_log_read(path, gather, &seen, &err));
    assert_int_equal(seen.out.len, big.len + 4);
    assert_memory_equal(seen.out.data + 4, big.data, big.len);
    assert_int_equal(seen.err.len, 9 + 4);
    forget(&seen);
    seen.stop_after = 2;
    assert_ok(output_log_read(path, gather, &seen, &err));
    assert_int_equal(seen.blocks, 2);
    forget(&seen);
    uint64_t lost = 7;
    assert_ok(output_log_close(log, NULL, &lost, &err));
    assert_int_equal(lost, 0);
    free(path);
    home_free(home);
}

static void a_silent_script_has_no_file(void **state)
{
    char *home = home_new();
    char *path = strdup(home_path(home, "logs/s"));
    struct mu_err err;
    struct seen seen = {0};
    struct output_log *log = log_at(path);
    assert_ok(output_log_append(log, STREAM_STDOUT, 0, "", 0, &err));
    assert_ok(output_log_close(log, NULL, NULL, &err));
    assert_int_equal(output_log_read(path, gather, &seen, &err), -1);
    assert_int_equal(err.code, MU_E_NOT_FOUND);
    free(path);
    home_free(home);
}

static void zstd_reads_it(void **state)
{
    char *home = home_new();
    char *path = strdup(home_path(home, "x.zst"));
    struct mu_err err;
    struct output_log *log = log_at(path);
    assert_ok(output_log_append(log, STREAM_STDOUT, 1, "one\n", 4, &err));
    assert_ok(output_log_flush(log, &err));
    assert_ok(output_log_append(log, STREAM_STDERR, 2, "two", 3, &err));
    assert_ok(output_log_close(log, NULL, NULL, &err));
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        execlp("zstd", "zstd", "-dc", path, NULL);
        _exit(127);
    }
    close(ends[1]);
    char text[256] = {0};
    ssize_t n, len = 0;
    while ((n = read(ends[0], text + len, sizeof text - 1 - (size_t)len)) > 0)
        len += n;
    int status;
    waitpid(pid, &status, 0);
    close(ends[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        skip();
    assert_int_equal(status, 0);
    assert_string_equal(text, "@o 1 4\none\n\n@e 2 3\ntwo\n");
    free(path);
    home_free(home);
}

static void a_torn_end_is_no_error(void **state)
{
    char *home = home_new();
    char *path = strdup(home_path(home, "x.zst"));
    struct mu_err err;
    struct stat st;
    struct output_log *log = log_at(path);
    off_t frames[4] = {0};
    for (int i = 1; i < 4; i++) {
        char text[64];
        snprintf(text, sizeof text, "frame %d, of which something is lost\n", i);
        assert_ok(output_log_append(log, STREAM_STDOUT, i, text, strlen(text), &err));
        assert_ok(output_log_flush(log, &err));
        assert_int_equal(stat(path, &st), 0);
        frames[i] = st.st_size;
    }
    assert_ok(output_log_close(log, NULL, NULL, &err));
    for (off_t size = frames[3]; size >= 0; size--) {
        assert_int_equal(truncate(path, size), 0);
        struct seen seen = {0};
        assert_ok(output_log_read(path, gather, &seen, &err));
        size_t whole = size == frames[3] ? 3 : size >= frames[2] ? 2 : size >= frames[1] ? 1 : 0;
        assert_int_equal(seen.blocks, whole);
        forget(&seen);
    }
    home_free(home);
    free(path);
}

/* A crash leaves zeros where the end was; what is spoilt in the middle is told. */
static void zeros_and_damage(void **state)
{
    char *home = home_new();
    char *path = strdup(home_path(home, "x.zst"));
    struct mu_err err;
    struct seen seen = {0};
    struct stat st;
    struct output_log *log = log_at(path);
    assert_ok(output_log_append(log, STREAM_STDOUT, 1, "first\n", 6, &err));
    assert_ok(output_log_flush(log, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size + 5000), 0);
    assert_ok(output_log_read(path, gather, &seen, &err));
    assert_int_equal(seen.blocks, 1);
    forget(&seen);

    assert_ok(output_log_append(log, STREAM_STDOUT, 2, "second\n", 7, &err));
    assert_ok(output_log_close(log, NULL, NULL, &err));
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\0\0\0\0", 4, 0), 4);
    close(fd);
    assert_int_equal(output_log_read(path, gather, &seen, &err), -1);
    assert_int_equal(err.code, MU_E_IO);
    forget(&seen);
    home_free(home);
    free(path);
}

static void a_full_disk_loses_and_counts(void **state)
{
    char *home = home_new();
    char *path = strdup(home_path(home, "x.zst"));
    struct mu_err err = MU_ERR_INIT;
    struct seen seen = {0};
    struct output_log *log = log_at(path);
    assert_ok(output_log_append(log, STREAM_STDOUT, 1, "before\n", 7, &err));
    assert_ok(output_log_flush(log, &err));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    struct rlimit before, tight;
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = (rlim_t)st.st_size + 10;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    assert_int_equal(output_log_append(log, STREAM_STDOUT, 2, "lost\n", 5, &err), 0);
    int rc = output_log_flush(log, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(rc, -1);
    assert_int_equal(err.code, MU_E_IO);
    assert_ok(output_log_append(log, STREAM_STDOUT, 3, "after\n", 6, &err));
    uint64_t lost = 0;
    assert_ok(output_log_close(log, NULL, &lost, &err));
    assert_int_equal(lost, 5);
    assert_ok(output_log_read(path, gather, &seen, &err));
    assert_int_equal(seen.out.len, 13);
    assert_memory_equal(seen.out.data, "before\nafter\n", 13);
    forget(&seen);
    home_free(home);
    free(path);
}

static void many_logs_are_fast_and_small(void **state)
{
    enum { LOGS = 200, MB = 64 };
    char *home = home_new();
    struct mu_err err;
    struct output_log *logs[LOGS];
    for (int i = 0; i < LOGS; i++) {
        char name[64];
        snprintf(name, sizeof name, "logs/%d", i);
        logs[i] = log_at(home_path(home, name));
        assert_ok(output_log_append(logs[i], STREAM_STDOUT, 0, "little\n", 7, &err));
    }
    MU_AUTO_STR struct mu_str text = {0};
    for (int i = 0; text.len < 1 << 20; i++)
        mu_str_printf(&text, "2026-11-23 07:30:%02d.%03d INFO step %d: voltage %d.%d V, ok\n",
                      i % 60, i % 1000, i, i % 14, i % 10);
    int64_t began = mu_mono_ns();
    for (int i = 0; i < MB; i++)
        for (size_t at = 0; at < 1 << 20; at += 4096)
            assert_ok(output_log_append(logs[0], STREAM_STDOUT, i, text.data + at, 4096, &err));
    double seconds = (double)(mu_mono_ns() - began) / 1e9;
    print_message("# %.0f MB/s of log text\n", MB / seconds);
    for (int i = 0; i < LOGS; i++)
        assert_ok(output_log_close(logs[i], NULL, NULL, &err));
    home_free(home);
}

static void short_logs_share_a_pack(void **state)
{
    char *home = home_new();
    char *folder = strdup(home_path(home, "logs/7"));
    struct mu_err err;
    struct output_pack *pack;
    struct output_place places[3];
    char path[512], pack_path[512];
    snprintf(pack_path, sizeof pack_path, "%s/short.log.zst", folder);
    assert_ok(output_pack_new(pack_path, &pack, &err));
    for (int i = 0; i < 3; i++) {
        struct output_log *log;
        snprintf(path, sizeof path, "%s/%d.log.zst", folder, i);
        assert_ok(output_log_new(path, pack, &log, &err));
        assert_ok(output_log_append(log, STREAM_STDOUT, 0, path, strlen(path), &err));
        if (i == 1) /* it is looked at while it runs: a file of its own from now on */
            assert_ok(output_log_flush(log, &err));
        assert_ok(output_log_append(log, STREAM_STDERR, 1, "end\n", 4, &err));
        assert_ok(output_log_close(log, &places[i], NULL, &err));
        assert_int_equal(access(path, F_OK) == 0, i == 1);
        assert_int_equal(places[i].in_pack, i != 1);
    }
    output_pack_free(pack);
    for (int i = 0; i < 3; i++) {
        char own[512], place[1100];
        struct seen seen = {0};
        snprintf(own, sizeof own, "%s/%d.log.zst", folder, i);
        snprintf(place, sizeof place, "%s@%lld+%lld", pack_path, (long long)places[i].offset,
                 (long long)places[i].size);
        assert_ok(output_log_read(i == 1 ? own : place, gather, &seen, &err));
        assert_int_equal(seen.blocks, 2);
        assert_int_equal(seen.out.len, strlen(own));
        assert_memory_equal(seen.out.data, own, seen.out.len);
        forget(&seen);
    }
    free(folder);
    home_free(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_printed_comes_back),
        cmocka_unit_test(a_silent_script_has_no_file),
        cmocka_unit_test(zstd_reads_it),
        cmocka_unit_test(a_torn_end_is_no_error),
        cmocka_unit_test(zeros_and_damage),
        cmocka_unit_test(a_full_disk_loses_and_counts),
        cmocka_unit_test(short_logs_share_a_pack),
        cmocka_unit_test(many_logs_are_fast_and_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
