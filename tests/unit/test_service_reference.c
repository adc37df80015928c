/* References against a real database with two batches. */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "service/reference.h"
#include "store/batch_repo.h"
#include "store/execution_repo.h"

static char home[64];
static struct db *db;
static struct mu_arena arena;

#define BATCH_1 "01900000-0000-7000-8000-00000000aaaa"
#define BATCH_2 "01900000-0000-7000-8000-00000000bbbb"

static void insert_batch(const char *batch_id, const char *const *paths, size_t count)
{
    struct mu_err err = MU_ERR_INIT;
    struct batch batch = BATCH_NULL;
    struct execution executions[4];
    char ids[4][40];
    int64_t number;
    batch.batch_id = batch_id;
    batch.start_ms = 1;
    batch.status = BATCH_RUNNING;
    batch.counts.total = (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        executions[i] = EXECUTION_NULL;
        /* "01911111-…": begins unlike the batches, ends with its batch and order */
        snprintf(ids[i], sizeof ids[i], "01911111-0000-7000-8000-0000%.4s000%zu", batch_id + 32,
                 i + 1);
        executions[i].record_id = ids[i];
        executions[i].script_path = paths[i];
        executions[i].script_name = strrchr(paths[i], '/') + 1;
        executions[i].batch_id = batch_id;
        executions[i].start_ms = 1;
        executions[i].execution_order = (int64_t)i + 1;
    }
    if (batch_repo_insert(db, &batch, &number, &err) != 0 ||
        execution_repo_insert_batch(db, executions, count, &err) != 0)
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    static const char *const many[] = {"checks/a.py", "checks/sub/a.py", "checks/ba.py"};
    static const char *const one[] = {"checks/a.py"};
    struct mu_err err = MU_ERR_INIT;
    snprintf(home, sizeof home, "/tmp/muster-test-XXXXXX");
    if (!mkdtemp(home) || db_open(home, STORE_CREATE, &db, &err) != 0)
        return -1;
    insert_batch(BATCH_1, many, 3);
    insert_batch(BATCH_2, one, 1);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {
        "/data/app.db", "/data/app.db-wal", "/data/app.db-shm", "/data/app.db.lock", "/data", ""};
    char path[128];
    db_close(db);
    mu_arena_release(&arena);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s%s", home, names[i]);
        remove(path);
    }
    return 0;
}

static void batches(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
        enum mu_code code;
    } cases[] = {
        {"1", 1, MU_OK},
        {"2", 2, MU_OK},
        {"latest", 2, MU_OK},
        {BATCH_1, 1, MU_OK},
        {"aaaa", 1, MU_OK},
        {"AAAA", 1, MU_OK},
        {"0190", 0, MU_E_NOT_FOUND}, /* digits alone are a number */
        {"01900000-", 0, MU_E_AMBIGUOUS},
        {"3", 0, MU_E_NOT_FOUND},
        {"cccc", 0, MU_E_NOT_FOUND},
        {"99999999999999999999999", 0, MU_E_NOT_FOUND},
        {"b_can.py", 0, MU_E_NOT_FOUND},
        {"", 0, MU_E_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mu_err err = MU_ERR_INIT;
        struct batch batch;
        int rc = reference_batch(db, &arena, cases[i].text, &batch, &err);
        if ((rc == 0) != (cases[i].code == MU_OK) || err.code != cases[i].code)
            fail_msg("'%s': rc %d, %s", cases[i].text, rc, err.text);
        if (rc == 0)
            assert_int_equal(batch.id, cases[i].number);
    }
}

static void records(void **state)
{
    static const struct {
        const char *text, *path;
        int64_t order;
        enum mu_code code;
    } cases[] = {
        {"1/3", "checks/ba.py", 3, MU_OK},
        {"latest/1", "checks/a.py", 1, MU_OK},
        {"1/ba.py", "checks/ba.py", 3, MU_OK},
        {"1/sub/a.py", "checks/sub/a.py", 2, MU_OK},
        {"1/checks/a.py", "checks/a.py", 1, MU_OK}, /* whole */
        {"1/a.py", NULL, 0, MU_E_AMBIGUOUS},
        {"2/a.py", "checks/a.py", 1, MU_OK},
        {"2", "checks/a.py", 1, MU_OK}, /* the only one */
        {"1", NULL, 0, MU_E_NOT_FOUND},
        {"1/4", NULL, 0, MU_E_NOT_FOUND},
        {"1/", NULL, 0, MU_E_NOT_FOUND},
        {"1/py", NULL, 0, MU_E_NOT_FOUND},
        {"3/1", NULL, 0, MU_E_NOT_FOUND},
        {"aaaa0002", "checks/sub/a.py", 2, MU_OK},
        {"aaaa/2", "checks/sub/a.py", 2, MU_OK},
        {"01911111-", NULL, 0, MU_E_AMBIGUOUS},
        {"a.py", NULL, 0, MU_E_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mu_err err = MU_ERR_INIT;
        struct execution e;
        int rc = reference_record(db, &arena, cases[i].text, &e, &err);
        if ((rc == 0) != (cases[i].code == MU_OK) || err.code != cases[i].code)
            fail_msg("'%s': rc %d, %s", cases[i].text, rc, err.text);
        if (rc != 0)
            continue;
        assert_string_equal(e.script_path, cases[i].path);
        assert_int_equal(e.execution_order, cases[i].order);
    }
}

static void either(void **state)
{
    struct mu_err err = MU_ERR_INIT;
    struct reference ref;
    assert_int_equal(reference_any(db, &arena, "2", &ref, &err), 0);
    assert_int_equal(ref.kind, REFERENCE_BATCH);
    assert_int_equal(reference_any(db, &arena, "2/1", &ref, &err), 0);
    assert_int_equal(ref.kind, REFERENCE_RECORD);
    assert_int_equal(reference_any(db, &arena, "bbbb", &ref, &err), 0);
    assert_int_equal(ref.kind, REFERENCE_BATCH);
    assert_int_equal(reference_any(db, &arena, "bbbb0001", &ref, &err), 0);
    assert_int_equal(ref.kind, REFERENCE_RECORD);
    assert_int_equal(reference_any(db, &arena, "checks/a.py", &ref, &err), 1);
    assert_int_equal(reference_any(db, &arena, "a.py", &ref, &err), 1);
    assert_int_equal(reference_any(db, &arena, "019", &ref, &err), -1); /* no batch 19 */
    assert_int_equal(reference_any(db, &arena, "f00", &ref, &err), -1);
    assert_int_equal(err.code, MU_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches),
        cmocka_unit_test(records),
        cmocka_unit_test(either),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
