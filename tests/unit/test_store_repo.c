/* Repositories: what is saved is found, field by field; pages, filters, counts. */
#include "store_home.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "store/batch_repo.h"
#include "store/execution_changes.h"
#include "store/execution_repo.h"
#include "store/interpreter_repo.h"

struct fixture {
    char *home;
    struct db *db;
    struct mu_arena arena;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->home = home_new();
    f->db = home_open(f->home, STORE_CREATE);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    mu_arena_release(&f->arena);
    home_free(f->home);
    free(f);
    return 0;
}

/* Every field another value, by the table of fields itself. */
static struct execution full_execution(void)
{
    struct execution e = EXECUTION_NULL;
    static char texts[EXECUTION_FIELDS][64];
    for (int i = 0; i < EXECUTION_FIELDS; i++) {
        char *member = (char *)&e + execution_fields[i].offset;
        snprintf(texts[i], sizeof texts[i], "%s 合格 %d", execution_fields[i].column, i);
        switch (execution_fields[i].kind) {
        case FIELD_TEXT: *(const char **)(void *)member = texts[i]; break;
        case FIELD_INT: *(int64_t *)(void *)member = 1000 + i; break;
        case FIELD_REAL: *(double *)(void *)member = i + 0.125; break;
        case FIELD_TIME: *(int64_t *)(void *)member = 1795000000123 + i; break;
        case FIELD_BOOL: *(bool *)member = true; break;
        default: break;
        }
    }
    e.status = EXEC_TIMEOUT;
    e.result = RESULT_UNKNOWN;
    e.output = "a\0b\n合格";
    e.output_len = 10;
    return e;
}

static void assert_same(const struct execution *a, const struct execution *b, bool whole)
{
    for (int i = 1; i < EXECUTION_FIELDS; i++) { /* id apart */
        const struct field *field = &execution_fields[i];
        const char *x = (const char *)a + field->offset, *y = (const char *)b + field->offset;
        bool same = true;
        if (strcmp(field->column, "execution_order") == 0 ||
            (!whole && strcmp(field->column, "stack_trace") == 0))
            continue;
        switch (field->kind) {
        case FIELD_TEXT: {
            const char *s = *(const char *const *)(const void *)x;
            const char *t = *(const char *const *)(const void *)y;
            same = s && t ? strcmp(s, t) == 0 : s == t;
            break;
        }
        case FIELD_INT:
        case FIELD_TIME: same = memcmp(x, y, sizeof(int64_t)) == 0; break;
        case FIELD_REAL: {
            double s = *(const double *)(const void *)x, t = *(const double *)(const void *)y;
            same = (isnan(s) && isnan(t)) || s == t;
            break;
        }
        case FIELD_BOOL: same = *x == *y; break;
        default: same = memcmp(x, y, sizeof(int)) == 0; break;
        }
        if (!same)
            fail_msg("%s differs", field->column);
    }
}

static void columns_stand_in_the_order_of_the_fields(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    sqlite3_stmt *stmt;
    assert_ok(db_statement(f->db, SQL_EXECUTION_FIND_BY_ID, &stmt, &err));
    for (int i = 0; i < EXECUTION_FIELDS; i++)
        assert_string_equal(sqlite3_column_name(stmt, i), execution_fields[i].column);
    assert_string_equal(sqlite3_column_name(stmt, EXECUTION_FIELDS), "output");
}

static void an_execution_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    struct execution all = full_execution(), got;
    assert_ok(execution_repo_save(f->db, &all, &err));
    assert_ok(execution_repo_find_by_id(f->db, &f->arena, all.record_id, &got, &err));
    assert_same(&all, &got, true);
    assert_int_equal(got.output_len, all.output_len);
    assert_memory_equal(got.output, all.output, all.output_len);
    assert_int_equal(got.execution_order, MODEL_NULL_INT);

    /* Saved again as all NULL: the same row, replaced. */
    struct execution none = EXECUTION_NULL;
    none.record_id = all.record_id;
    none.script_path = none.script_name = "b.py";
    none.start_ms = 1795000000000;
    none.executor_type = NULL;
    int64_t id = got.id;
    assert_ok(execution_repo_save(f->db, &none, &err));
    assert_ok(execution_repo_find_by_id(f->db, &f->arena, all.record_id, &got, &err));
    assert_same(&none, &got, true);
    assert_int_equal(got.id, id);
    assert_null(got.output);
    assert_int_equal(db_int(f->db->sqlite,
                            "SELECT (duration IS NULL) + (end_time IS NULL) + (exit_code IS NULL) "
                            "+ (output IS NULL) + (result IS NULL) FROM execution_history"),
                     5);
    char *time = db_text(f->db->sqlite, "SELECT start_time FROM execution_history");
    char want[MU_TIME_TEXT_SIZE];
    mu_time_to_text(none.start_ms, want);
    assert_memory_equal(time, want, strlen(want));
    free(time);
    assert_int_equal(execution_repo_find_by_id(f->db, &f->arena, "nobody", &got, &err), 1);

    /* Empty text is not NULL. */
    none.output = "";
    assert_ok(execution_repo_save(f->db, &none, &err));
    assert_ok(execution_repo_find_by_id(f->db, &f->arena, all.record_id, &got, &err));
    assert_string_equal(got.output, "");
}

/* A batch of `count` scripts, t_0.py …, record ids PREFIX-000…; the details in order. */
static void make_batch(struct fixture *f, const char *batch_id, size_t count)
{
    struct mu_err err;
    struct batch batch = BATCH_NULL;
    batch.batch_id = batch_id;
    batch.start_ms = 1795000000000;
    batch.status = BATCH_RUNNING;
    assert_ok(batch_repo_insert(f->db, &batch, &batch.id, &err));
    struct execution *items = calloc(count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = EXECUTION_NULL;
        items[i].record_id = mu_arena_printf(&f->arena, "%s-%04zx", batch_id, i);
        items[i].script_path = mu_arena_printf(&f->arena, "mod/t_%zu.py", i);
        items[i].script_name = items[i].script_path + 4;
        items[i].module_name = "mod";
        items[i].batch_id = batch_id;
        items[i].start_ms = 1795000000000 + (int64_t)i;
        items[i].execution_order = (int64_t)i + 1;
    }
    assert_ok(execution_repo_insert_batch(f->db, items, count, &err));
    free(items);
}

static void finish(struct fixture *f, const char *batch_id, size_t i, enum exec_status status,
                   enum exec_result result)
{
    struct mu_err err;
    struct execution e;
    const char *id = mu_arena_printf(&f->arena, "%s-%04zx", batch_id, i);
    assert_ok(execution_repo_find_by_id(f->db, &f->arena, id, &e, &err));
    e.status = status;
    e.result = result;
    e.duration = (double)i;
    e.memory_usage = 10;
    e.peak_memory = 20 + (double)i;
    e.output = "50%_done ok\\";
    e.output_len = strlen(e.output);
    assert_ok(execution_repo_save(f->db, &e, &err));
}

static void a_batch_in_its_order(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    struct execution *items, one;
    size_t count;
    make_batch(f, "b1", 12);
    assert_ok(execution_repo_find_by_batch(f->db, &f->arena, "b1", false, &items, &count, &err));
    assert_int_equal(count, 12);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(items[i].execution_order, i + 1);
    assert_ok(execution_repo_find_by_order(f->db, &f->arena, "b1", 7, &one, &err));
    assert_string_equal(one.script_path, "mod/t_6.py");
    assert_int_equal(one.execution_order, 7);
    assert_int_equal(execution_repo_find_by_order(f->db, &f->arena, "b1", 13, &one, &err), 1);
    assert_ok(execution_repo_find_by_batch(f->db, &f->arena, "zz", false, &items, &count, &err));
    assert_int_equal(count, 0);

    /* Listings leave out what is large. */
    finish(f, "b1", 0, EXEC_FAILED, RESULT_FAIL);
    assert_ok(execution_repo_find_by_batch(f->db, &f->arena, "b1", false, &items, &count, &err));
    assert_null(items[0].output);
    assert_null(items[0].stack_trace);
    assert_int_equal(items[0].status, EXEC_FAILED);

    /* Foreign keys hold. */
    struct execution orphan = EXECUTION_NULL;
    orphan.record_id = "o";
    orphan.script_path = orphan.script_name = "o.py";
    orphan.batch_id = "no such batch";
    assert_int_equal(execution_repo_insert_batch(f->db, &orphan, 1, &err), -1);
    assert_int_equal(execution_repo_find_by_id(f->db, &f->arena, "o", &one, &err), 1);
}

/* A later attempt of scripts 2 and 4: counts and lists see the last one. */
static void later_attempts_supersede(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    struct batch_counts counts;
    struct execution again[2], *items, one;
    size_t count;
    make_batch(f, "b1", 5);
    make_batch(f, "b2", 5);
    for (size_t i = 0; i < 5; i++)
        finish(f, "b1", i, EXEC_ERROR, RESULT_UNKNOWN);
    for (int i = 0; i < 2; i++) {
        again[i] = EXECUTION_NULL;
        again[i].record_id = i ? "again-4" : "again-2";
        again[i].script_path = i ? "mod/t_3.py" : "mod/t_1.py";
        again[i].script_name = again[i].script_path + 4;
        again[i].batch_id = "b1";
        again[i].attempt = 2;
        again[i].execution_order = i ? 4 : 2;
    }
    assert_ok(execution_repo_insert_attempts(f->db, "b1", again, 2, &err));
    assert_ok(batch_repo_refresh_counts(f->db, "b1", &counts, &err));
    assert_int_equal(counts.total, 5);
    assert_int_equal(counts.by_status[EXEC_ERROR], 3);
    assert_int_equal(counts.by_status[EXEC_PENDING], 2);
    assert_ok(execution_repo_find_by_batch(f->db, &f->arena, "b1", false, &items, &count, &err));
    assert_int_equal(count, 5);
    assert_string_equal(items[1].record_id, "again-2");
    assert_string_equal(items[3].record_id, "again-4");
    assert_ok(execution_repo_find_by_batch(f->db, &f->arena, "b1", true, &items, &count, &err));
    assert_int_equal(count, 7);
    assert_true(items[1].superseded);
    assert_ok(execution_repo_find_by_order(f->db, &f->arena, "b1", 2, &one, &err));
    assert_string_equal(one.record_id, "again-2");
    assert_ok(batch_repo_refresh_counts(f->db, "b2", &counts, &err));
    assert_int_equal(counts.by_status[EXEC_PENDING], 5);
}

static struct execution_filter any(size_t limit)
{
    return (struct execution_filter){
        .since_ms = MODEL_NULL_INT, .until_ms = MODEL_NULL_INT, .limit = limit};
}

static size_t found(struct fixture *f, const struct execution_filter *filter)
{
    struct mu_err err;
    struct execution *items;
    size_t count;
    int64_t next;
    assert_ok(execution_repo_list(f->db, &f->arena, filter, &items, &count, &next, &err));
    return count;
}

static void filters_find_what_they_say(void **state)
{
    struct fixture *f = *state;
    make_batch(f, "b1", 20);
    make_batch(f, "b2", 20);
    finish(f, "b1", 3, EXEC_FAILED, RESULT_FAIL);
    finish(f, "b1", 4, EXEC_SUCCESS, RESULT_PASS);
    finish(f, "b2", 3, EXEC_FAILED, RESULT_FAIL);
    struct execution_filter filter = any(100);
    assert_int_equal(found(f, &filter), 40);
    filter.script_path = "mod/t_3.py";
    assert_int_equal(found(f, &filter), 2);
    filter.batch_id = "b2";
    assert_int_equal(found(f, &filter), 1);
    filter = any(100);
    filter.script_like = "T_1"; /* any case: t_1, t_10 … t_19; the _ is a letter */
    assert_int_equal(found(f, &filter), 22);
    filter.script_like = "t%1";
    assert_int_equal(found(f, &filter), 0);
    filter = any(100);
    filter.text = "50%_done";
    assert_int_equal(found(f, &filter), 3);
    filter.text = "50%Xdone";
    assert_int_equal(found(f, &filter), 0);
    filter = any(100);
    filter.module_name = "mod";
    filter.has_status = true;
    filter.status = EXEC_FAILED;
    assert_int_equal(found(f, &filter), 2);
    filter.has_result = true;
    filter.result = RESULT_PASS;
    assert_int_equal(found(f, &filter), 0);
    filter = any(100);
    filter.has_result = true;
    filter.result = RESULT_NONE;
    assert_int_equal(found(f, &filter), 37);
    filter = any(100);
    filter.since_ms = 1795000000000 + 15;
    assert_int_equal(found(f, &filter), 10);
    filter.until_ms = 1795000000000 + 16;
    assert_int_equal(found(f, &filter), 4);
    filter.since_ms = 1795000000000 + 100;
    assert_int_equal(found(f, &filter), 0);
}

static void pages_follow_without_gap_or_repeat(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    make_batch(f, "b1", 25);
    struct execution_filter filter = any(10);
    int64_t last = INT64_MAX;
    size_t seen = 0, pages = 0;
    do {
        struct execution *items;
        size_t count;
        assert_ok(execution_repo_list(f->db, &f->arena, &filter, &items, &count, &filter.before_id,
                                      &err));
        for (size_t i = 0; i < count; i++) {
            assert_true(items[i].id < last);
            last = items[i].id;
        }
        seen += count;
        pages++;
        if (pages == 1)
            make_batch(f, "b2", 3); /* newer rows do not move the older pages */
    } while (filter.before_id != 0);
    assert_int_equal(seen, 25);
    assert_int_equal(pages, 3);
    filter = any(28);
    struct execution *items;
    size_t count;
    int64_t next = 7;
    assert_ok(execution_repo_list(f->db, &f->arena, &filter, &items, &count, &next, &err));
    assert_int_equal(count, 28);
    assert_int_equal(next, 0); /* exactly the last page */
}

static void parts_of_ids(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    const char **ids;
    size_t count;
    make_batch(f, "ab1", 20);
    make_batch(f, "cb1", 3);
    assert_ok(execution_repo_find_ids(f->db, &f->arena, "ab1-000", 100, &ids, &count, &err));
    assert_int_equal(count, 16);
    assert_ok(execution_repo_find_ids(f->db, &f->arena, "AB1-0013", 100, &ids, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(ids[0], "ab1-0013");
    assert_ok(execution_repo_find_ids(f->db, &f->arena, "0001", 100, &ids, &count, &err));
    assert_int_equal(count, 2); /* of both, by their ends */
    assert_ok(execution_repo_find_ids(f->db, &f->arena, "-", 2, &ids, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(execution_repo_find_ids(f->db, &f->arena, "ab1", 2, &ids, &count, &err));
    assert_int_equal(count, 2); /* enough to know that it is ambiguous */
    assert_ok(execution_repo_find_ids(f->db, &f->arena, "%", 2, &ids, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(execution_repo_find_ids(f->db, &f->arena, "", 2, &ids, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(batch_repo_find_ids(f->db, &f->arena, "b1", 10, &ids, &count, &err));
    assert_int_equal(count, 2);
    assert_ok(batch_repo_find_ids(f->db, &f->arena, "c", 10, &ids, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(ids[0], "cb1");
}

static void a_script_s_past(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    struct execution *items;
    size_t count;
    double seconds;
    for (int i = 0; i < 5; i++) {
        char batch[8];
        snprintf(batch, sizeof batch, "b%d", i);
        make_batch(f, batch, 3);
        if (i < 4)
            finish(f, batch, 2, i == 3 ? EXEC_TIMEOUT : EXEC_SUCCESS, RESULT_PASS);
    }
    assert_ok(execution_repo_recent(f->db, &f->arena, "mod/t_2.py", 0, 3, &items, &count, &err));
    assert_int_equal(count, 3);
    assert_string_equal(items[0].batch_id, "b3");
    assert_int_equal(items[0].status, EXEC_TIMEOUT);
    assert_true(items[0].duration == 2.0);
    assert_ok(execution_repo_recent(f->db, &f->arena, "mod/t_2.py", items[0].id, 9, &items, &count,
                                    &err));
    assert_int_equal(count, 3);
    assert_string_equal(items[0].batch_id, "b2");
    assert_ok(execution_repo_last_duration(f->db, "mod/t_2.py", &seconds, &err));
    assert_true(seconds == 2.0);
    assert_ok(execution_repo_last_duration(f->db, "mod/t_1.py", &seconds, &err));
    assert_true(isnan(seconds));
}

static void samples_and_attachments(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    make_batch(f, "b1", 1);
    struct metric_sample in[2] = {
        {1795000000500, 50.5, 2, 12.5, 0.1, 8000, 1.5, NAN, 3, 1},
        {1795000001500, 99.5, 2, 13.5, NAN, 7000, 2.5, 0.5, MODEL_NULL_INT, 2},
    };
    struct attachment files[2] = {{"plot 1.png", "logs/x/plot 1.png", 1234}, {"a/b", "c", 0}};
    assert_ok(metrics_repo_insert(f->db, "b1-0000", in, 2, &err));
    assert_ok(attachment_repo_insert(f->db, "b1-0000", files, 2, &err));
    struct metric_sample *samples;
    struct attachment *attachments;
    size_t count;
    assert_ok(metrics_repo_find_by_record(f->db, &f->arena, "b1-0000", &samples, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(samples[0].at_ms, in[0].at_ms);
    assert_true(samples[0].cpu_percent == 50.5 && isnan(samples[0].disk_write_mb));
    assert_true(samples[1].disk_read_mb == 2.5 && isnan(samples[1].memory_percent));
    assert_int_equal(samples[1].active_threads, MODEL_NULL_INT);
    assert_int_equal(samples[1].active_processes, 2);
    assert_ok(
        attachment_repo_find_by_record(f->db, &f->arena, "b1-0000", &attachments, &count, &err));
    assert_int_equal(count, 2);
    assert_string_equal(attachments[0].name, "plot 1.png");
    assert_int_equal(attachments[0].size_bytes, 1234);
    assert_int_equal(metrics_repo_insert(f->db, "nobody", in, 1, &err), -1);
    /* They go with their execution. */
    db_exec(f->db, "DELETE FROM execution_history");
    assert_int_equal(db_int(f->db->sqlite, "SELECT count(*) FROM performance_metrics"), 0);
    assert_int_equal(db_int(f->db->sqlite, "SELECT count(*) FROM attachments"), 0);
    assert_int_equal(db_int(f->db->sqlite, "SELECT count(*) FROM batch_details"), 0);
}

static void a_batch_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    struct batch in = {
        .batch_id = "b1",
        .batch_name = "夜间",
        .description = "d",
        .counts = {.total = 21},
        .start_ms = 1795000000001,
        .end_ms = 1795000009001,
        .duration = 9,
        .estimated_remaining = 1.5,
        .avg_memory_usage = 2.5,
        .avg_cpu_usage = 3.5,
        .peak_memory_usage = 4.5,
        .execution_mode = "parallel",
        .max_parallel = 7,
        .user_id = "local:me",
        .status = BATCH_INTERRUPTED,
        .owner_pid = 8,
        .owner_start = 9,
        .project = "/p",
        .command = "[\"muster\"]",
        .script_args = "[]",
        .settings = "{}",
        .muster_version = "0.1.0",
        .pass_count = 11,
        .fail_count = 12,
        .unknown_count = 13,
    };
    struct batch got;
    for (int i = EXEC_SUCCESS; i <= EXEC_CANCELLED; i++)
        in.counts.by_status[i] = i;
    assert_ok(batch_repo_insert(f->db, &in, &in.id, &err));
    for (int round = 0; round < 2; round++) {
        assert_ok(batch_repo_find_by_number(f->db, &f->arena, in.id, &got, &err));
        assert_int_equal(got.start_ms, in.start_ms);
        assert_int_equal(got.end_ms, in.end_ms);
        assert_true(
            got.duration == in.duration && got.estimated_remaining == in.estimated_remaining &&
            got.avg_memory_usage == in.avg_memory_usage && got.avg_cpu_usage == in.avg_cpu_usage &&
            got.peak_memory_usage == in.peak_memory_usage);
        assert_string_equal(got.batch_name, in.batch_name);
        assert_string_equal(got.description, in.description);
        assert_string_equal(got.execution_mode, in.execution_mode);
        assert_string_equal(got.user_id, in.user_id);
        assert_string_equal(got.project, in.project);
        assert_string_equal(got.command, in.command);
        assert_string_equal(got.script_args, in.script_args);
        assert_string_equal(got.settings, in.settings);
        assert_string_equal(got.muster_version, in.muster_version);
        assert_int_equal(got.max_parallel, in.max_parallel);
        assert_int_equal(got.status, in.status);
        assert_int_equal(got.owner_pid, in.owner_pid);
        assert_int_equal(got.owner_start, in.owner_start);
        assert_int_equal(got.pass_count, in.pass_count);
        assert_int_equal(got.fail_count, in.fail_count);
        assert_int_equal(got.unknown_count, in.unknown_count);
        assert_memory_equal(&got.counts, &in.counts, sizeof in.counts);
        in.batch_name = "updated";
        in.owner_pid = 88;
        in.status = BATCH_COMPLETED;
        in.counts.by_status[EXEC_ERROR] = 5;
        in.peak_memory_usage = 99;
        assert_ok(batch_repo_update(f->db, &in, &err));
    }
    assert_int_equal(db_int(f->db->sqlite, "SELECT completed_count FROM batch_execution"),
                     2 + 3 + 5 + 5);

    struct batch none = BATCH_NULL, open = BATCH_NULL, *items;
    size_t count;
    int64_t next;
    none.batch_id = "b2";
    none.status = BATCH_CANCELLED;
    open.batch_id = "b3";
    open.status = BATCH_PAUSED;
    assert_ok(batch_repo_insert(f->db, &none, &none.id, &err));
    assert_ok(batch_repo_insert(f->db, &open, &open.id, &err));
    assert_ok(batch_repo_find_by_id(f->db, &f->arena, "b2", &got, &err));
    assert_null(got.batch_name);
    assert_true(isnan(got.duration) && got.end_ms == MODEL_NULL_INT &&
                got.max_parallel == MODEL_NULL_INT);
    assert_ok(batch_repo_find_latest(f->db, &f->arena, &got, &err));
    assert_string_equal(got.batch_id, "b3");
    assert_ok(batch_repo_list_open(f->db, &f->arena, &items, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(items[0].batch_id, "b3");
    assert_ok(batch_repo_list(f->db, &f->arena, 0, 2, &items, &count, &next, &err));
    assert_int_equal(count, 2);
    assert_ok(batch_repo_list(f->db, &f->arena, next, 2, &items, &count, &next, &err));
    assert_int_equal(count, 1);
    assert_string_equal(items[0].batch_id, "b1");
    assert_int_equal(next, 0);
    assert_int_equal(batch_repo_find_by_number(f->db, &f->arena, 99, &got, &err), 1);
}

static void counts_are_those_of_the_rows(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    struct batch_counts counts;
    struct batch got;
    make_batch(f, "b1", 6);
    finish(f, "b1", 0, EXEC_SUCCESS, RESULT_PASS);
    finish(f, "b1", 1, EXEC_SUCCESS, RESULT_UNKNOWN);
    finish(f, "b1", 2, EXEC_FAILED, RESULT_FAIL);
    finish(f, "b1", 3, EXEC_RUNNING, RESULT_NONE);
    assert_ok(batch_repo_find_by_id(f->db, &f->arena, "b1", &got, &err)); /* open: counted now */
    assert_int_equal(got.counts.by_status[EXEC_RUNNING], 1);
    assert_int_equal(got.counts.by_status[EXEC_PENDING], 2);
    assert_ok(batch_repo_refresh_counts(f->db, "b1", &counts, &err));
    assert_int_equal(counts.total, 6);
    assert_int_equal(batch_counts_completed(&counts), 3);
    assert_ok(batch_repo_find_by_id(f->db, &f->arena, "b1", &got, &err));
    assert_int_equal(got.pass_count, 1);
    assert_int_equal(got.fail_count, 1);
    assert_int_equal(got.unknown_count, 1);
    assert_true(got.avg_memory_usage == 10 && got.peak_memory_usage == 23);
    assert_int_equal(db_int(f->db->sqlite, "SELECT total_scripts * 100 + completed_count * 10 + "
                                           "success_count FROM batch_execution"),
                     632);
}

static void interpreters_are_remembered(void **state)
{
    struct fixture *f = *state;
    struct mu_err err;
    struct interpreter_key key = {"/usr/bin/python3", 1, 2, 1795000000123456789, 4096};
    struct interpreter_row row = {"/usr/bin/python3.11", "3.11.2", "cpython"}, got = {0};
    assert_int_equal(interpreter_repo_find(f->db, &f->arena, &key, &got, &err), 1);
    assert_ok(interpreter_repo_save(f->db, &key, &row, &err));
    assert_ok(interpreter_repo_find(f->db, &f->arena, &key, &got, &err));
    assert_string_equal(got.executable, row.executable);
    assert_string_equal(got.version, "3.11.2");
    assert_string_equal(got.implementation, "cpython");
    key.mtime_ns++;
    assert_int_equal(interpreter_repo_find(f->db, &f->arena, &key, &got, &err), 1);
    assert_ok(interpreter_repo_save(f->db, &key, &row, &err));
    assert_int_equal(db_int(f->db->sqlite, "SELECT count(*) FROM interpreters"), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(columns_stand_in_the_order_of_the_fields),
        T(an_execution_comes_back_whole),
        T(a_batch_in_its_order),
        T(later_attempts_supersede),
        T(filters_find_what_they_say),
        T(pages_follow_without_gap_or_repeat),
        T(parts_of_ids),
        T(a_script_s_past),
        T(samples_and_attachments),
        T(a_batch_comes_back_whole),
        T(counts_are_those_of_the_rows),
        T(interpreters_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
