/* The writer: acknowledged means committed, whatever happens to the disk or to the process. */
#include "store_home.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "store/batch_repo.h"
#include "store/execution_repo.h"
#include "store/writer.h"

enum { START_MS_BASE = 1000 };

struct scene {
    char *home;
    struct writer *writer;
    atomic_int committed, troubles, recoveries;
    enum mu_code trouble_code;
    void (*on_committed)(struct scene *scene, void *cookie);
    sqlite3 *reader; /* used by on_committed alone */
    atomic_int unseen;
};

static void committed(void *arg, void *cookie)
{
    struct scene *scene = arg;
    if (scene->on_committed)
        scene->on_committed(scene, cookie);
    scene->committed++;
}

static void trouble(void *arg, const struct mu_err *err)
{
    struct scene *scene = arg;
    if (!err) {
        scene->recoveries++;
        return;
    }
    scene->trouble_code = err->code;
    scene->troubles++;
}

static struct scene *scene_at(char *home)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct writer_events events = {committed, trouble, scene};
    struct mu_err err;
    scene->home = home;
    assert_ok(writer_new(home, &events, &scene->writer, &err));
    return scene;
}

static void scene_end(struct scene *scene)
{
    struct mu_err err;
    assert_ok(writer_free(scene->writer, &err));
    free(scene);
}

/* ---- a batch to play with ---- */

struct play {
    struct batch batch;
    struct execution *items;
    size_t count;
    struct mu_arena arena;
    char id[MU_ID_SIZE];
};

static void play_init(struct play *play, size_t count)
{
    *play = (struct play){.count = count};
    mu_id_new(play->id);
    play->batch = BATCH_NULL;
    play->batch.batch_id = play->id;
    play->batch.start_ms = mu_wall_ms();
    play->batch.status = BATCH_RUNNING;
    play->items = calloc(count, sizeof *play->items);
    for (size_t i = 0; i < count; i++) {
        struct execution *item = &play->items[i];
        char *id = mu_arena_alloc(&play->arena, MU_ID_SIZE);
        mu_id_new(id);
        *item = EXECUTION_NULL;
        item->record_id = id;
        item->script_path = mu_arena_printf(&play->arena, "t_%zu.py", i);
        item->script_name = item->script_path;
        item->batch_id = play->id;
        item->start_ms = play->batch.start_ms;
        item->execution_order = (int64_t)i + 1;
    }
}

static void play_create(struct play *play, struct writer *writer, size_t count)
{
    struct mu_err err;
    play_init(play, count);
    assert_ok(writer_create_batch(writer, &play->batch, play->items, count, &err));
    assert_true(play->batch.id > 0);
    assert_int_equal(play->batch.counts.total, count);
}

static void play_release(struct play *play)
{
    free(play->items);
    mu_arena_release(&play->arena);
}

static struct execution *play_finish(struct play *play, size_t i)
{
    struct execution *item = &play->items[i];
    item->status = i % 7 == 3 ? EXEC_FAILED : EXEC_SUCCESS;
    item->result = i % 7 == 3 ? RESULT_FAIL : RESULT_PASS;
    item->start_ms = play->batch.start_ms + START_MS_BASE;
    item->end_ms = item->start_ms + 100;
    item->duration = 0.1;
    item->output = "one line of output\n";
    item->output_len = strlen(item->output);
    return item;
}

static sqlite3 *reader_of(const char *home)
{
    sqlite3 *sqlite;
    assert_int_equal(
        sqlite3_open_v2(home_path(home, "data/app.db"), &sqlite, SQLITE_OPEN_READWRITE, NULL),
        SQLITE_OK);
    sqlite3_db_config(sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_wal_autocheckpoint(sqlite, 0);
    sqlite3_busy_timeout(sqlite, 5000);
    return sqlite;
}

static int64_t final_rows(sqlite3 *sqlite)
{
    return db_int(sqlite, "SELECT count(*) FROM execution_history WHERE status IN "
                          "('SUCCESS', 'FAILED')");
}

/* ---- tests ---- */

static void look_from_outside(struct scene *scene, void *cookie)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM execution_history WHERE record_id = '%s' AND status = 'SUCCESS'",
             ((struct execution *)cookie)->record_id);
    if (db_int(scene->reader, sql) != 1)
        scene->unseen++;
}

static void said_only_when_others_can_see_it(void **state)
{
    char *home = home_new();
    struct scene *scene = scene_at(home);
    struct play play;
    struct mu_err err;
    play_create(&play, scene->writer, 300);
    scene->reader = reader_of(home);
    scene->on_committed = look_from_outside;
    for (size_t i = 0; i < play.count; i++) {
        play_finish(&play, i)->status = EXEC_SUCCESS;
        assert_ok(writer_execution_finished(scene->writer, &play.items[i], NULL, 0, NULL, 0,
                                            &play.items[i], &err));
    }
    assert_ok(writer_sync(scene->writer, &err));
    assert_int_equal(scene->committed, 300);
    assert_int_equal(scene->unseen, 0);
    sqlite3_close(scene->reader);
    scene_end(scene);
    play_release(&play);
    home_free(home);
}

static void running_and_final_are_written_once(void **state)
{
    char *home = home_new();
    struct scene *scene = scene_at(home);
    struct play play;
    struct mu_err err;
    play_create(&play, scene->writer, 50);
    sqlite3 *other = reader_of(home);
    assert_int_equal(sqlite3_exec(other,
                                  "CREATE TABLE writes(status); CREATE TRIGGER note AFTER UPDATE "
                                  "OF status ON execution_history BEGIN INSERT INTO writes VALUES "
                                  "(NEW.status); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    for (size_t i = 0; i < play.count; i++) {
        struct execution *item = &play.items[i];
        assert_ok(writer_execution_started(scene->writer, item->record_id, 5, item, &err));
        assert_ok(writer_execution_finished(scene->writer, play_finish(&play, i), NULL, 0, NULL, 0,
                                            item, &err));
    }
    assert_ok(writer_sync(scene->writer, &err));
    assert_int_equal(scene->committed, 100); /* both were acknowledged */
    int64_t writes = db_int(other, "SELECT count(*) FROM writes");
    assert_in_range(writes, 50, 54); /* at the border of two groups one is written twice */
    assert_int_equal(final_rows(other), 50);

    /* In groups of their own both are written. */
    struct play second;
    play_create(&second, scene->writer, 1);
    assert_ok(writer_execution_started(scene->writer, second.items[0].record_id, 77, NULL, &err));
    assert_ok(writer_sync(scene->writer, &err));
    char *row = db_text(other, "SELECT status, start_time FROM execution_history WHERE status = "
                               "'RUNNING'");
    assert_string_equal(row, "RUNNING|1970-01-01 00:00:00.077\n");
    free(row);
    sqlite3_close(other);
    scene_end(scene);
    play_release(&play);
    play_release(&second);
    home_free(home);
}

static void ten_thousand_executions(void **state)
{
    enum { N = 10000, LEFT = 100 };
    char *home = home_new();
    struct scene *scene = scene_at(home);
    struct play play;
    struct mu_err err;
    struct metric_sample samples[2] = {{.at_ms = 1, .memory_mb = 5}, {.at_ms = 2}};
    struct attachment file = {"plot.png", "logs/plot.png", 7};
    play_create(&play, scene->writer, N);
    for (size_t i = 0; i < N - LEFT; i++) {
        struct execution *item = &play.items[i];
        assert_ok(writer_execution_started(scene->writer, item->record_id, 5, NULL, &err));
        assert_ok(writer_samples(scene->writer, item->record_id, samples, 1, &err));
        assert_ok(writer_execution_finished(scene->writer, play_finish(&play, i), samples, 2,
                                            i % 100 ? NULL : &file, i % 100 ? 0 : 1, item, &err));
        if (i % 1000 == 0)
            assert_ok(writer_batch_progress(scene->writer, play.id, BATCH_RUNNING, 9.5, &err));
    }
    assert_ok(writer_batch_finished(scene->writer, play.id, BATCH_CANCELLED,
                                    play.batch.start_ms + 9000, 9, &play, &err));
    assert_ok(writer_sync(scene->writer, &err));
    assert_int_equal(scene->committed, N - LEFT + 1);
    assert_int_equal(scene->troubles, 0);

    sqlite3 *reader = reader_of(home);
    char *counts = db_text(reader, "SELECT total_scripts, success_count, failed_count, "
                                   "cancelled_count, completed_count, status, duration, "
                                   "estimated_remaining FROM batch_execution");
    char *grouped = db_text(reader, "SELECT count(*), sum(status = 'SUCCESS'), sum(status = "
                                    "'FAILED'), sum(status = 'CANCELLED'), sum(status IN "
                                    "('SUCCESS', 'FAILED')), 'cancelled', 9.0, NULL FROM "
                                    "execution_history");
    assert_string_equal(counts, grouped);
    free(counts);
    free(grouped);
    assert_int_equal(db_int(reader, "SELECT count(*) FROM performance_metrics"), 3 * (N - LEFT));
    assert_int_equal(db_int(reader, "SELECT count(*) FROM attachments"), (N - LEFT) / 100);
    assert_int_equal(db_int(reader, "SELECT count(*) FROM execution_history WHERE status = "
                                    "'CANCELLED' AND duration IS NULL AND exit_code IS NULL AND "
                                    "result IS NULL"),
                     LEFT);
    sqlite3_close(reader);
    scene_end(scene);
    struct stat st;
    assert_int_equal(stat(home_path(home, "data/app.db-wal"), &st), 0);
    assert_int_equal(st.st_size, 0); /* checkpointed at the end */
    play_release(&play);
    home_free(home);
}

static void a_batch_is_resumed(void **state)
{
    char *home = home_new();
    struct scene *scene = scene_at(home);
    struct play play, again;
    struct mu_err err;
    play_create(&play, scene->writer, 10);
    for (size_t i = 0; i < 6; i++)
        assert_ok(writer_execution_finished(scene->writer, play_finish(&play, i), NULL, 0, NULL, 0,
                                            NULL, &err));
    assert_ok(writer_batch_finished(scene->writer, play.id, BATCH_INTERRUPTED, 1, 1, NULL, &err));
    play_init(&again, 4);
    for (size_t i = 0; i < 4; i++) {
        again.items[i].batch_id = play.id;
        again.items[i].script_path = again.items[i].script_name = play.items[6 + i].script_path;
        again.items[i].execution_order = 7 + (int64_t)i;
        again.items[i].attempt = 2;
    }
    play.batch.status = BATCH_RUNNING;
    play.batch.owner_pid = 4711;
    assert_ok(writer_resume_batch(scene->writer, &play.batch, again.items, 4, &err));
    sqlite3 *reader = reader_of(home);
    char *row = db_text(reader, "SELECT total_scripts, completed_count, cancelled_count, status, "
                                "owner_pid FROM batch_execution");
    assert_string_equal(row, "10|6|0|running|4711\n");
    free(row);
    assert_int_equal(db_int(reader, "SELECT count(*) FROM execution_history"), 14);
    assert_int_equal(db_int(reader, "SELECT sum(superseded) FROM execution_history"), 4);
    sqlite3_close(reader);
    scene_end(scene);
    play_release(&play);
    play_release(&again);
    home_free(home);
}

static void what_cannot_be_created_is_told(void **state)
{
    char *home = home_new();
    struct scene *scene = scene_at(home);
    struct play play;
    struct mu_err err;
    play_create(&play, scene->writer, 3);
    assert_int_equal(writer_create_batch(scene->writer, &play.batch, play.items, 3, &err), -1);
    assert_non_null(strstr(err.text, "UNIQUE"));
    struct play other;
    play_create(&other, scene->writer, 3); /* it goes on */
    struct interpreter_key key = {"/usr/bin/python3", 1, 2, 3, 4};
    struct interpreter_row row = {"/usr/bin/python3.11", "3.11.2", "cpython"};
    assert_ok(writer_interpreter_save(scene->writer, &key, &row, &err));
    assert_ok(writer_sync(scene->writer, &err));
    assert_int_equal(scene->troubles, 0);
    scene_end(scene);
    struct db *db = home_open(home, STORE_READ);
    assert_int_equal(db_int(db->sqlite, "SELECT count(*) FROM execution_history"), 6);
    assert_int_equal(db_int(db->sqlite, "SELECT count(*) FROM interpreters"), 1);
    db_close(db);
    play_release(&play);
    play_release(&other);
    home_free(home);
}

/* A change that can never be made ends the writer; nobody hangs. */
static void a_dead_writer_tells_everybody(void **state)
{
    char *home = home_new();
    struct scene *scene = scene_at(home);
    struct metric_sample sample = {.at_ms = 1};
    struct play play;
    struct mu_err err = MU_ERR_INIT;
    assert_ok(writer_samples(scene->writer, "no such record", &sample, 1, &err));
    assert_int_equal(writer_sync(scene->writer, &err), -1);
    assert_non_null(strstr(err.text, "FOREIGN KEY"));
    assert_int_equal(scene->troubles, 1);
    assert_int_equal(writer_samples(scene->writer, "x", &sample, 1, &err), -1);
    play_init(&play, 2);
    assert_int_equal(writer_create_batch(scene->writer, &play.batch, play.items, 2, &err), -1);
    assert_int_equal(writer_free(scene->writer, &err), -1);
    free(scene);
    play_release(&play);
    home_free(home);
}

static void *unlock_later(void *arg)
{
    usleep(700000);
    sqlite3_exec(arg, "COMMIT", NULL, NULL, NULL);
    return NULL;
}

/* Another program holds the write lock: 60 MB of output wait in a queue of 32. */
static void a_full_queue_makes_callers_wait(void **state)
{
    char *home = home_new();
    struct scene *scene = scene_at(home);
    struct play play;
    struct mu_err err;
    play_create(&play, scene->writer, 60);
    char *output = malloc(1 << 20);
    memset(output, 'x', 1 << 20);
    sqlite3 *other = reader_of(home);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    pthread_t thread;
    int64_t began_ms = mu_mono_ms();
    assert_int_equal(pthread_create(&thread, NULL, unlock_later, other), 0);
    for (size_t i = 0; i < play.count; i++) {
        struct execution *item = play_finish(&play, i);
        item->output = output;
        item->output_len = 1 << 20;
        assert_ok(writer_execution_finished(scene->writer, item, NULL, 0, NULL, 0, item, &err));
    }
    assert_true(mu_mono_ms() - began_ms >= 600);
    pthread_join(thread, NULL);
    assert_ok(writer_sync(scene->writer, &err));
    assert_int_equal(scene->committed, 60);
    assert_int_equal(scene->troubles, 0); /* shorter than the busy timeout */
    assert_int_equal(db_int(other, "SELECT sum(length(output)) FROM execution_history"), 60 << 20);
    sqlite3_close(other);
    scene_end(scene);
    free(output);
    play_release(&play);
    home_free(home);
}

/* Run `count` executions to the end in this process. */
static void run_a_batch(char *home, size_t count)
{
    struct scene *scene = scene_at(home);
    struct play play;
    struct mu_err err;
    play_create(&play, scene->writer, count);
    for (size_t i = 0; i < count; i++) {
        struct execution *item = &play.items[i];
        assert_ok(writer_execution_started(scene->writer, item->record_id, 5, NULL, &err));
        assert_ok(writer_execution_finished(scene->writer, play_finish(&play, i), NULL, 0, NULL, 0,
                                            item, &err));
        if (i % 50 == 0)
            assert_ok(writer_sync(scene->writer, &err));
    }
    assert_ok(writer_batch_finished(scene->writer, play.id, BATCH_COMPLETED, 1, 1, NULL, &err));
    scene_end(scene);
    play_release(&play);
}

static void two_processes_write_to_one_home(void **state)
{
    enum { EACH = 2000, PROCESSES = 3 };
    char *home = home_new();
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            run_a_batch(home, EACH); /* the home is new: they also race to make it */
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        assert_int_equal(status, 0);
    }
    struct db *db = home_open(home, STORE_READ);
    assert_int_equal(db_int(db->sqlite, "SELECT count(*) FROM batch_execution WHERE success_count "
                                        "+ failed_count = 2000 AND status = 'completed'"),
                     PROCESSES);
    assert_int_equal(final_rows(db->sqlite), EACH * PROCESSES);
    char *check = db_text(db->sqlite, "PRAGMA integrity_check");
    assert_string_equal(check, "ok\n");
    free(check);
    db_close(db);
    home_free(home);
}

static int acknowledge_fd;

static void acknowledge(struct scene *scene, void *cookie)
{
    const char *id = ((struct execution *)cookie)->record_id;
    if (write(acknowledge_fd, id, MU_ID_SIZE) != MU_ID_SIZE)
        _exit(3);
}

static void write_until_killed(char *home)
{
    struct scene *scene = scene_at(home);
    scene->on_committed = acknowledge;
    for (;;) {
        struct play play;
        struct mu_err err;
        play_create(&play, scene->writer, 500);
        for (size_t i = 0; i < play.count; i++) {
            struct execution *item = &play.items[i];
            assert_ok(writer_execution_started(scene->writer, item->record_id, 5, NULL, &err));
            assert_ok(writer_execution_finished(scene->writer, play_finish(&play, i), NULL, 0, NULL,
                                                0, item, &err));
        }
        assert_ok(writer_sync(scene->writer, &err));
        play_release(&play);
    }
}

static void killed_at_any_moment(void **state)
{
    enum { ROUNDS = 20 };
    char *home = home_new();
    db_close(home_open(home, STORE_CREATE));
    unsigned seed = (unsigned)mu_mono_ns();
    size_t acknowledged = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            acknowledge_fd = ends[1];
            write_until_killed(home);
        }
        close(ends[1]);
        MU_AUTO_STR struct mu_str ids = {0};
        char buf[MU_ID_SIZE * 64];
        /* Every other round from its start, while it opens; else from its first word. */
        int64_t more_ms = 1 + rand_r(&seed) % 80;
        int64_t end_ms = round % 2 ? mu_mono_ms() + more_ms : INT64_MAX;
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        bool killed = false;
        for (ssize_t n; (n = read(ends[0], buf, sizeof buf)) != 0;) {
            if (n > 0)
                mu_str_append(&ids, buf, (size_t)n);
            else
                usleep(500);
            if (n > 0 && end_ms == INT64_MAX)
                end_ms = mu_mono_ms() + more_ms;
            if (!killed && mu_mono_ms() >= end_ms) {
                kill(pid, SIGKILL);
                killed = true;
            }
        }
        waitpid(pid, NULL, 0);
        close(ends[0]);

        struct db *db = home_open(home, STORE_READ);
        struct mu_arena arena = {0};
        for (size_t at = 0; at + MU_ID_SIZE <= ids.len; at += MU_ID_SIZE, acknowledged++) {
            struct execution row;
            struct mu_err err;
            assert_ok(execution_repo_find_by_id(db, &arena, ids.data + at, &row, &err));
            assert_true(row.status == EXEC_SUCCESS || row.status == EXEC_FAILED);
            assert_string_equal(row.output, "one line of output\n");
        }
        char *check = db_text(db->sqlite, "PRAGMA integrity_check");
        assert_string_equal(check, "ok\n");
        free(check);
        mu_arena_release(&arena);
        db_close(db);
    }
    assert_true(acknowledged > 0);
    print_message("# %zu acknowledged, none lost\n", acknowledged);
    home_free(home);
}

/* 4 MB of disk, filled up: nothing is acknowledged, nothing is lost, it goes on by itself. */
static void a_full_disk_is_waited_for(void **state)
{
    char *home = home_new();
    if (mount("tmpfs", home, "tmpfs", 0, "size=4m") != 0) {
        print_message("# no mounts here: the full disk is not tested\n");
        home_free(home);
        skip();
    }
    struct scene *scene = scene_at(home);
    struct play play;
    struct mu_err err;
    play_create(&play, scene->writer, 40);
    char *ballast = strdup(home_path(home, "ballast"));
    int fd = open(ballast, O_WRONLY | O_CREAT, 0600);
    static const char block[4096];
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
    char *output = malloc(20000);
    memset(output, 'x', 20000);
    for (size_t i = 0; i < play.count; i++) {
        struct execution *item = play_finish(&play, i);
        item->output = output;
        item->output_len = 20000;
        assert_ok(writer_execution_finished(scene->writer, item, NULL, 0, NULL, 0, item, &err));
    }
    writer_flush(scene->writer);
    for (int i = 0; i < 300 && scene->troubles == 0; i++)
        usleep(10000);
    assert_int_equal(scene->troubles, 1);
    assert_int_equal(scene->trouble_code, MU_E_IO);
    assert_int_equal(scene->committed, 0);
    unlink(ballast);
    assert_ok(writer_sync(scene->writer, &err));
    assert_int_equal(scene->committed, 40);
    assert_int_equal(scene->troubles, 1);
    assert_int_equal(scene->recoveries, 1);
    scene_end(scene);
    struct db *db = home_open(home, STORE_READ);
    assert_int_equal(final_rows(db->sqlite), 40);
    char *check = db_text(db->sqlite, "PRAGMA integrity_check");
    assert_string_equal(check, "ok\n");
    free(check);
    db_close(db);
    free(ballast);
    free(output);
    play_release(&play);
    umount2(home, MNT_DETACH);
    home_free(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(said_only_when_others_can_see_it),
        cmocka_unit_test(running_and_final_are_written_once),
        cmocka_unit_test(ten_thousand_executions),
        cmocka_unit_test(a_batch_is_resumed),
        cmocka_unit_test(what_cannot_be_created_is_told),
        cmocka_unit_test(a_dead_writer_tells_everybody),
        cmocka_unit_test(a_full_queue_makes_callers_wait),
        cmocka_unit_test(two_processes_write_to_one_home),
        cmocka_unit_test(killed_at_any_moment),
        cmocka_unit_test(a_full_disk_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
