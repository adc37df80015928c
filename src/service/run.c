/* The model: every item goes PENDING → (started) → ended → committed → said. The engine's thread
 * starts and ends items; the writer's thread commits and posts the item back; only then is it said.
 * One finaliser (`finish_item`) serves every way out, also for a script that could not be started.
 */
#include "service/run.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/id.h"
#include "service/attachments.h"
#include "service/estimate.h"
#include "service/launch.h"
#include "service/owner.h"
#include "service/recorder.h"
#include "service/recovery.h"
#include "store/batch_repo.h"
#include "store/execution_repo.h"
#include "store/writer.h"

enum {
    TICK_MS = 1000,
    RETRY_START_MS = 200,
    IDENTICAL_MAX_S = 2,         /* stop_after_identical: only ends that came this soon count */
    DESCRIPTORS_OWN = 48,        /* database, loop, terminal, libraries */
    DESCRIPTORS_PER_SCRIPT = 10, /* two pipes, a pidfd, its log, /proc of a few processes */
};

/* What the writer's cookie says: call this once the change is committed. */
struct said {
    void (*fn)(void *arg);
    void *arg;
};

/* An item from its start until its end is said. */
struct run_active {
    struct said said;
    struct run *run;
    struct run_item *item;
    struct recorder *recorder;
    const struct python *python;
    struct attachment_folder folder; /* MUSTER_OUTPUT_DIR */
    bool started_unsaid;             /* it runs, and the database does not know yet */
    struct execution record;
    struct mu_arena arena;
    size_t slot;
    struct run_active *next, *prev; /* of those that run, oldest first */
};

/* The compiled `verdict:` of some scripts. */
struct rule_set {
    const struct verdict_rule_def *defs;
    size_t def_count;
    bool from_exit;
    struct verdict_rules *rules;
};

struct run {
    struct said said;
    struct run_options options;
    struct run_events events;
    struct db *db;
    struct writer *writer;
    struct engine *engine;
    struct python_finder *pythons;
    struct rule_set *rule_sets; /* one for each distinct `verdict:` */
    size_t rule_set_count, rule_set_cap;
    struct launch_context launch;
    struct attachment_pool attachments;
    struct output_pack *pack; /* where short logs go */
    struct batch batch;
    char batch_id[MU_ID_SIZE];
    char batch_folder[64]; /* relative to the home: where logs and attachments go */
    struct run_item *items;
    size_t *queue; /* indices of items, in starting order */
    size_t queue_count, queue_next;
    bool *slots;
    size_t jobs, running;
    struct run_active *oldest, *newest;
    size_t unsaid; /* ended, not committed yet */
    struct batch_counts counts;
    struct estimate estimate; /* the part that does not move with the clock */
    int64_t start_mono_ns;
    int64_t failures;
    size_t identical;
    char identical_message[256];
    enum run_end end;
    bool closing; /* start nothing more */
    bool held;    /* the database refuses: start nothing for now */
    bool finishing, retry_pending;
    struct mu_err failure;
    struct mu_arena arena;
};

static const struct engine_events engine_events;
static void fill_slots(struct run *run);
static void item_said(void *arg);
static void batch_said(void *arg);

/* ---- the way in ---- */

static char *local_user(struct mu_arena *arena)
{
    const char *login = getenv("SUDO_USER");
    struct passwd *entry = login && geteuid() == 0 ? NULL : getpwuid(geteuid());
    if (entry)
        return mu_arena_printf(arena, "local:%s", entry->pw_name);
    return login && geteuid() == 0 ? mu_arena_printf(arena, "local:%s", login)
                                   : mu_arena_printf(arena, "local:%u", (unsigned)geteuid());
}

/* As many at once as descriptors allow: 64 of them for -j 100 means fewer at once. */
static size_t limit_jobs(size_t jobs)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return jobs;
    size_t fit = limit.rlim_max > DESCRIPTORS_OWN + DESCRIPTORS_PER_SCRIPT
                     ? (size_t)(limit.rlim_max - DESCRIPTORS_OWN) / DESCRIPTORS_PER_SCRIPT
                     : 1;
    return jobs < fit ? jobs : fit;
}

/* Words as a JSON array in the arena; NULL for none, or where one is no UTF-8. */
static char *words_to_json(char *const *words, struct mu_arena *arena)
{
    if (!words || !words[0])
        return NULL;
    json_t *array = json_array();
    for (size_t i = 0; words[i]; i++)
        json_array_append_new(array, json_string(words[i]));
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    char *copy = mu_arena_strdup(arena, text);
    free(text);
    return copy;
}

static void fill_batch(struct run *run)
{
    const struct run_options *options = &run->options;
    struct batch *batch = &run->batch;
    *batch = options->resumed ? *options->resumed : BATCH_NULL;
    if (!options->resumed) {
        mu_id_new(run->batch_id);
        batch->batch_name = options->name;
        batch->start_ms = mu_wall_ms();
        batch->counts.total = (int64_t)options->count;
        batch->script_args = words_to_json(options->script_args, &run->arena);
        batch->command = words_to_json(options->command, &run->arena);
    } else {
        snprintf(run->batch_id, sizeof run->batch_id, "%s", options->resumed->batch_id);
        batch->end_ms = MODEL_NULL_INT;
    }
    batch->batch_id = run->batch_id;
    batch->execution_mode = run->jobs == 1 ? "sequential" : "parallel";
    batch->max_parallel = (int64_t)run->jobs;
    batch->user_id = local_user(&run->arena);
    batch->status = BATCH_RUNNING;
    batch->owner_pid = getpid();
    batch->owner_start = owner_start_ticks(getpid());
    batch->project = options->project->folder;
    batch->muster_version = MUSTER_VERSION;
    snprintf(run->batch_folder, sizeof run->batch_folder, "logs/%s", run->batch_id);
}

static struct execution pending_row(const struct run *run, const struct run_item *item)
{
    struct execution row = EXECUTION_NULL;
    row.record_id = item->record_id;
    row.script_path = item->script->script_path;
    row.script_name = item->script->script_name;
    row.module_name = item->script->module_name;
    row.batch_id = run->batch_id;
    row.start_ms = run->options.resumed ? mu_wall_ms() : run->batch.start_ms;
    row.status = EXEC_PENDING;
    row.execution_order = item->order;
    row.attempt = item->attempt;
    return row;
}

enum { LOG_PATH_SIZE = 128 };

/* Where the log of an item lies, relative to the home: known before it starts, so that it can be
 * read while it runs. */
static char *log_path(const struct run *run, const struct run_item *item, char buf[LOG_PATH_SIZE])
{
    if (item->attempt > 1)
        snprintf(buf, LOG_PATH_SIZE, "%s/%lld.%lld.log.zst", run->batch_folder,
                 (long long)item->order, (long long)item->attempt);
    else
        snprintf(buf, LOG_PATH_SIZE, "%s/%lld.log.zst", run->batch_folder, (long long)item->order);
    return buf;
}

static int commit_rows(struct run *run, struct mu_err *err)
{
    size_t count = run->options.count;
    struct execution *rows = calloc(count ? count : 1, sizeof *rows);
    if (!rows)
        return mu_err_nomem(err);
    char(*paths)[LOG_PATH_SIZE] = calloc(count ? count : 1, sizeof *paths);
    if (!paths) {
        free(rows);
        return mu_err_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        rows[i] = pending_row(run, &run->items[i]);
        rows[i].log_path = log_path(run, &run->items[i], paths[i]);
    }
    int rc = run->options.resumed ? writer_resume_batch(run->writer, &run->batch, rows, count, err)
                                  : writer_create_batch(run->writer, &run->batch, rows, count, err);
    free(paths);
    free(rows);
    return rc;
}

static int compare_expected(const void *a, const void *b, void *arg)
{
    const struct run *run = arg;
    const struct run_item *x = &run->items[*(const size_t *)a],
                          *y = &run->items[*(const size_t *)b];
    double mean = run->estimate.known ? run->estimate.known_s / (double)run->estimate.known : 0;
    double dx = isnan(x->expected_s) ? mean : x->expected_s;
    double dy = isnan(y->expected_s) ? mean : y->expected_s;
    if (dx != dy)
        return dx < dy ? 1 : -1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Expectations from history, and the order of starting: longest first where several run at a
 * time. */
static int plan_queue(struct run *run, struct mu_err *err)
{
    size_t count = run->options.count;
    run->queue = calloc(count ? count : 1, sizeof *run->queue);
    run->slots = calloc(run->jobs, sizeof *run->slots);
    if (!run->queue || !run->slots)
        return mu_err_nomem(err);
    for (size_t i = 0; i < count; i++) {
        struct run_item *item = &run->items[i];
        if (execution_repo_last_duration(run->db, item->script->script_path, &item->expected_s,
                                         err) != 0)
            return -1;
        if (isnan(item->expected_s)) {
            run->estimate.waiting_unknown++;
        } else {
            run->estimate.known++;
            run->estimate.known_s += item->expected_s;
            run->estimate.waiting_s += item->expected_s;
        }
        run->queue[i] = i;
    }
    run->queue_count = count;
    run->estimate.jobs = run->jobs;
    if (run->jobs > 1 && !run->options.keep_order)
        qsort_r(run->queue, count, sizeof *run->queue, compare_expected, run);
    return 0;
}

/* On the writer's thread: what has been committed may be said, on the loop's. */
static void on_committed(void *arg, void *cookie)
{
    struct run *run = arg;
    const struct said *said = cookie;
    engine_post(run->engine, said->fn, said->arg);
}

struct trouble {
    struct run *run;
    bool over, fatal;
    struct mu_err err;
};

static void trouble_on_loop(void *arg);

static void on_trouble(void *arg, const struct mu_err *err)
{
    struct run *run = arg;
    struct trouble *trouble = calloc(1, sizeof *trouble);
    if (!trouble)
        return;
    trouble->run = run;
    trouble->over = err == NULL;
    if (err) {
        trouble->fatal = err->code == MU_E_DB_CORRUPT; /* it will not go on by itself */
        trouble->err = *err;
    }
    if (engine_post(run->engine, trouble_on_loop, trouble) != 0)
        free(trouble);
}

static void trouble_on_loop(void *arg)
{
    struct trouble *trouble = arg;
    struct run *run = trouble->run;
    run->held = !trouble->over;
    if (run->events.on_trouble)
        run->events.on_trouble(run->events.arg, run, trouble->over ? NULL : trouble->err.text);
    if (trouble->fatal) {
        run->end = RUN_DATABASE;
        run->failure = trouble->err;
        run->closing = true;
        run->held = false;
        engine_stop_all(run->engine, true);
    }
    free(trouble);
    fill_slots(run);
}

/* The rules of these settings, compiled on first use. NULL: a pattern is wrong, or no memory. */
static const struct verdict_rules *rules_for(struct run *run, const struct settings *settings,
                                             struct mu_err *err)
{
    for (size_t i = 0; i < run->rule_set_count; i++) {
        const struct rule_set *known = &run->rule_sets[i];
        if (known->defs == settings->verdict_rules &&
            known->def_count == settings->verdict_rule_count &&
            known->from_exit == settings->verdict_from_exit)
            return known->rules;
    }
    struct rule_set set = {
        .defs = settings->verdict_rules,
        .def_count = settings->verdict_rule_count,
        .from_exit = settings->verdict_from_exit,
    };
    if (MU_GROW(run->rule_sets, run->rule_set_cap, run->rule_set_count + 1) != 0) {
        mu_err_nomem(err);
        return NULL;
    }
    if (verdict_rules_new(set.defs, set.def_count, set.from_exit, &set.rules, err) != 0)
        return NULL;
    run->rule_sets[run->rule_set_count++] = set;
    return set.rules;
}

static int run_open(struct run *run, struct mu_err *err)
{
    const struct run_options *options = &run->options;
    run->jobs = limit_jobs(options->jobs > 0 ? options->jobs : 1);
    for (size_t i = 0; i < options->count; i++)
        if (!rules_for(run, options->scripts[i].settings, err))
            return -1;
    if (engine_new(&engine_events, &run->engine, err) != 0)
        return -1;
    const struct writer_events writer_events = {
        .on_committed = on_committed,
        .on_trouble = on_trouble,
        .arg = run,
    };
    if (writer_new(options->project->home, &writer_events, &run->writer, err) != 0 ||
        db_open(options->project->home, STORE_READ, &run->db, err) != 0 ||
        python_finder_new(options->project, run->db, run->writer, &run->pythons, err) != 0)
        return -1;

    if (recover_batches(run->db, run->writer, run->events.on_recovered, run->events.arg, err) != 0)
        return -1;

    run->items = calloc(options->count ? options->count : 1, sizeof *run->items);
    if (!run->items)
        return mu_err_nomem(err);
    for (size_t i = 0; i < options->count; i++) {
        struct run_item *item = &run->items[i];
        item->script = &options->scripts[i];
        item->order = options->previous ? options->previous[i].execution_order : (int64_t)i + 1;
        item->attempt = options->previous ? options->previous[i].attempt + 1 : 1;
        item->status = EXEC_PENDING;
        item->expected_s = NAN;
        mu_id_new(item->record_id);
    }
    fill_batch(run);
    run->attachments.parent =
        mu_arena_printf(&run->arena, "%s/%s", options->project->home, run->batch_folder);
    MU_AUTO_FREE char *pack = NULL;
    if (!run->attachments.parent ||
        asprintf(&pack, "%s/" RECORDER_PACK_NAME, run->attachments.parent) < 0)
        return mu_err_nomem(err);
    if (output_pack_new(pack, &run->pack, err) != 0)
        return -1;
    size_t cores = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    run->launch = (struct launch_context){
        .project = options->project,
        .batch_id = run->batch_id,
        .environment = options->environment,
        .umask = options->umask,
        .script_args = options->script_args,
        .slot_cores = cores > run->jobs ? cores / run->jobs : 1,
    };
    run->counts.total = (int64_t)options->count;
    run->counts.by_status[EXEC_PENDING] = (int64_t)options->count;
    if (plan_queue(run, err) != 0)
        return -1;
    return commit_rows(run, err);
}

int run_new(const struct run_options *options, const struct run_events *events,
            struct run **ret_run, struct mu_err *err)
{
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return mu_err_nomem(err);
    run->said = (struct said){.fn = batch_said, .arg = run};
    run->options = *options;
    run->events = *events;
    if (run_open(run, err) != 0) {
        run_free(run);
        return -1;
    }
    *ret_run = run;
    return 0;
}

/* ---- starting ---- */

/* SHA-256 of the script as it is now, hex. */
static int hash_script(const char *path, char ret_hex[65], struct mu_err *err)
{
    MU_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot read the script %s"), path);
    if (S_ISDIR(st.st_mode))
        return mu_err_sys(err, MU_E_IO, EISDIR, _("cannot read the script %s"), path);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    unsigned char buf[16384];
    for (;;) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mu_err_sys(err, MU_E_IO, errno, _("cannot read the script %s"), path);
        if (n == 0)
            break;
        crypto_hash_sha256_update(&state, buf, (unsigned long long)n);
    }
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(ret_hex, 65, digest, sizeof digest);
    return 0;
}

static void link_active(struct run *run, struct run_active *active)
{
    active->prev = run->newest;
    *(run->newest ? &run->newest->next : &run->oldest) = active;
    run->newest = active;
    run->running++;
    run->slots[active->slot - 1] = true;
}

static void unlink_active(struct run *run, struct run_active *active)
{
    *(active->prev ? &active->prev->next : &run->oldest) = active->next;
    *(active->next ? &active->next->prev : &run->newest) = active->prev;
    active->next = active->prev = NULL;
    run->running--;
    run->slots[active->slot - 1] = false;
}

static void active_free(struct run_active *active)
{
    if (!active)
        return;
    active->item->active = NULL;
    attachments_give_back(&active->run->attachments, &active->folder);
    recorder_free(active->recorder);
    mu_arena_release(&active->arena);
    free(active);
}

static void finish_item(struct run_active *active, const struct exec_end *end);

/* A script that cannot be started ends in the loop as any other does, only sooner. */
struct not_started {
    struct run_active *active;
    struct exec_end end;
};

static void not_started_on_loop(void *arg)
{
    struct not_started *failed = arg;
    finish_item(failed->active, &failed->end);
    free(failed);
}

static int post_not_started(struct run_active *active, const struct mu_err *cause)
{
    struct not_started *failed = calloc(1, sizeof *failed);
    if (!failed)
        return -1;
    failed->active = active;
    failed->end.start_error = *cause;
    if (engine_post(active->run->engine, not_started_on_loop, failed) != 0) {
        free(failed);
        return -1;
    }
    return 0;
}

static struct run_active *active_new(struct run *run, struct run_item *item, struct mu_err *err)
{
    struct run_active *active = calloc(1, sizeof *active);
    if (!active) {
        mu_err_nomem(err);
        return NULL;
    }
    active->said = (struct said){.fn = item_said, .arg = active};
    active->run = run;
    active->item = item;
    item->active = active;
    while (run->slots[active->slot])
        active->slot++;
    active->slot++;

    char log[LOG_PATH_SIZE];
    log_path(run, item, log);
    active->record = pending_row(run, item);
    if (recorder_new(run->options.project, item->script,
                     rules_for(run, item->script->settings, err), log, run->pack, &active->recorder,
                     err) == 0)
        return active;
    active_free(active);
    return NULL;
}

/* 0 started (or will end as not started); -1: it stays in the queue. */
static int start_item(struct run *run, struct run_item *item, struct mu_err *err)
{
    struct run_active *active = active_new(run, item, err);
    if (!active)
        return -1;
    struct mu_err cause = MU_ERR_INIT;
    struct launch launch;
    char *hash = mu_arena_alloc(&active->arena, 65);
    active->python = python_finder_find(run->pythons, item->script);
    if (!hash || !active->python) {
        active_free(active);
        return mu_err_nomem(err);
    }
    bool startable = false;
    if (!active->python->usable) {
        cause = active->python->error;
    } else if (hash_script(item->script->path_abs, hash, &cause) == 0 &&
               attachments_prepare(&run->attachments, &active->folder, &cause) == 0 &&
               launch_prepare(&run->launch, item->script, active->python, item->record_id,
                              item->attempt, active->slot, active->folder.path, &active->arena,
                              &launch, &cause) == 0) {
        startable = true;
        active->record.content_hash = hash;
        launch.user = active;
    }
    if (active->python->usable) {
        active->record.interpreter = active->python->interpreter.executable;
        active->record.interpreter_version = active->python->interpreter.version;
    }
    link_active(run, active);
    int rc = startable ? engine_start(run->engine, &launch, err) : post_not_started(active, &cause);
    if (rc != 0) {
        unlink_active(run, active);
        active_free(active);
        return -1;
    }
    return 0;
}

static void stop_starting(struct run *run, enum run_end why)
{
    if (run->closing)
        return;
    run->closing = true;
    if (run->queue_next < run->queue_count)
        run->end = why;
}

/* The last row is final: close the batch. Its own row is committed with the last execution's. */
static void finish_batch(struct run *run)
{
    if (run->finishing)
        return;
    run->finishing = true;
    if (run->end == RUN_DATABASE) {
        engine_quit(run->engine);
        return;
    }
    struct batch *batch = &run->batch;
    double seconds = (double)(mu_mono_ns() - run->start_mono_ns) / 1e9;
    batch->status = run->end == RUN_WHOLE         ? BATCH_COMPLETED
                    : run->end == RUN_INTERRUPTED ? BATCH_INTERRUPTED
                                                  : BATCH_CANCELLED;
    batch->duration = isnan(batch->duration) ? seconds : batch->duration + seconds;
    batch->end_ms = mu_wall_ms();
    if (writer_batch_finished(run->writer, run->batch_id, batch->status, batch->end_ms,
                              batch->duration, &run->said, &run->failure) != 0)
        engine_quit(run->engine);
    writer_flush(run->writer);
}

static void retry_on_loop(void *arg)
{
    struct run *run = arg;
    run->retry_pending = false;
    fill_slots(run);
}

static void fill_slots(struct run *run)
{
    int64_t until = run->options.until_wall_ms;
    while (!run->closing && !run->held && run->running < run->jobs &&
           run->queue_next < run->queue_count) {
        if (until != 0 && mu_wall_ms() >= until) {
            stop_starting(run, RUN_UNTIL);
            break;
        }
        struct mu_err err = MU_ERR_INIT;
        if (start_item(run, &run->items[run->queue[run->queue_next]], &err) != 0) {
            if (run->running > 0) { /* no descriptors, no memory: fewer at once, and go on */
                run->jobs = run->running;
                break;
            }
            if (!run->retry_pending &&
                engine_timer_start(run->engine, RETRY_START_MS, false, retry_on_loop, run))
                run->retry_pending = true;
            run->failure = err;
            if (run->events.on_trouble)
                run->events.on_trouble(run->events.arg, run, err.text);
            break;
        }
        const struct run_item *item = &run->items[run->queue[run->queue_next]];
        run->queue_next++;
        if (isnan(item->expected_s))
            run->estimate.waiting_unknown--;
        else
            run->estimate.waiting_s -= item->expected_s;
    }
    if (run->running == 0 && !run->retry_pending &&
        (run->closing || run->queue_next == run->queue_count))
        finish_batch(run);
}

/* ---- while it runs: the engine's callbacks ---- */

static void count_change(struct run *run, struct run_item *item, enum exec_status status)
{
    run->counts.by_status[item->status]--;
    run->counts.by_status[status]++;
    item->status = status;
}

/* RUNNING reaches the database with the first sample, 0.1 s after the start: shorter scripts are
 * written once, as what they ended. To whoever recovers a batch both are the same: a script that
 * must run (again). */
static void say_started(struct run_active *active)
{
    if (!active->started_unsaid)
        return;
    active->started_unsaid = false;
    writer_execution_started(active->run->writer, active->item->record_id, active->record.start_ms,
                             NULL, NULL);
}

static void on_started(void *user, struct engine_exec *exec, pid_t pid, int64_t start_wall_ms)
{
    struct run_active *active = user;
    struct run *run = active->run;
    active->record.start_ms = start_wall_ms;
    active->started_unsaid = true;
    count_change(run, active->item, EXEC_RUNNING);
    if (run->events.on_execution_started)
        run->events.on_execution_started(run->events.arg, run, active->item);
}

static void on_line(void *user, enum stream stream, int64_t since_start_ns, const char *data,
                    size_t len, bool complete)
{
    struct run_active *active = user;
    struct run *run = active->run;
    recorder_line(active->recorder, stream, since_start_ns, data, len, complete);
    if (run->events.on_line)
        run->events.on_line(run->events.arg, run, active->item, stream, data, len);
}

static void on_sample(void *user, const struct metric_sample *sample)
{
    struct run_active *active = user;
    say_started(active);
    recorder_sample(active->recorder, sample);
}

static void on_slow(void *user, int64_t elapsed_ms)
{
    struct run_active *active = user;
    struct run *run = active->run;
    if (run->events.on_slow)
        run->events.on_slow(run->events.arg, run, active->item, elapsed_ms);
}

/* ---- the way out ---- */

static const char *stop_reason(const struct run *run, enum stop_reason stop)
{
    switch (stop) {
    case STOP_TIMEOUT: return "timeout";
    case STOP_IDLE: return "idle";
    case STOP_CANCEL: return run->end == RUN_BATCH_TIMEOUT ? "batch_timeout" : "interrupt";
    case STOP_NONE: break;
    }
    return NULL;
}

/* What the end of one script means for the rest of the batch. */
static void apply_policies(struct run *run, const struct execution *record)
{
    const struct settings *settings = settings_batch(run->options.set);
    bool failed = record->status == EXEC_FAILED || record->status == EXEC_ERROR ||
                  record->status == EXEC_TIMEOUT;
    if (failed && settings->fail_fast > 0 && ++run->failures >= settings->fail_fast)
        stop_starting(run, RUN_FAIL_FAST);

    const char *message = record->error_message ? record->error_message : "";
    bool quick = isnan(record->duration) || record->duration < IDENTICAL_MAX_S;
    if (record->status != EXEC_ERROR || !quick || !message[0]) {
        run->identical = 0;
    } else if (run->identical > 0 &&
               strncmp(message, run->identical_message, sizeof run->identical_message - 1) == 0) {
        run->identical++;
    } else {
        run->identical = 1;
        snprintf(run->identical_message, sizeof run->identical_message, "%s", message);
    }
    if (settings->stop_after_identical > 0 &&
        run->identical >= (size_t)settings->stop_after_identical)
        stop_starting(run, RUN_IDENTICAL);
}

static void finish_item(struct run_active *active, const struct exec_end *end)
{
    struct run *run = active->run;
    struct execution *record = &active->record;
    unlink_active(run, active);

    struct mu_err err = MU_ERR_INIT;
    if (recorder_finish(active->recorder, end, stop_reason(run, end->stop), record, &err) != 0) {
        record->status = EXEC_ERROR;
        record->result = RESULT_UNKNOWN;
        record->error_message = mu_arena_strdup(&active->arena, err.text);
    }
    if (end->started)
        record->end_ms = record->start_ms + end->duration_ns / 1000000;
    if (!isnan(record->duration)) {
        run->estimate.finished++;
        run->estimate.finished_s += record->duration;
    }
    apply_policies(run, record);

    size_t sample_count, attachment_count = 0;
    const struct metric_sample *samples = recorder_samples(active->recorder, &sample_count);
    struct attachment *attachments = NULL;
    attachments_collect(&run->attachments, run->options.project->home, &active->folder,
                        &active->arena, &attachments, &attachment_count);
    run->unsaid++;
    if (writer_execution_finished(run->writer, record, samples, sample_count, attachments,
                                  attachment_count, &active->said, &run->failure) != 0) {
        run->end = RUN_DATABASE;
        run->closing = true;
        run->unsaid--;
        active_free(active);
    }
    fill_slots(run);
}

static void on_finished(void *user, const struct exec_end *end)
{
    finish_item(user, end);
}

static const struct engine_events engine_events = {
    .on_started = on_started,
    .on_line = on_line,
    .on_sample = on_sample,
    .on_slow = on_slow,
    .on_finished = on_finished,
};

static void item_said(void *arg)
{
    struct run_active *active = arg;
    struct run *run = active->run;
    struct run_item *item = active->item;
    count_change(run, item, active->record.status);
    item->result = active->record.result;
    run->unsaid--;
    if (run->events.on_execution_finished)
        run->events.on_execution_finished(run->events.arg, run, item, &active->record);
    active_free(active);
}

static void batch_said(void *arg)
{
    struct run *run = arg;
    engine_quit(run->engine);
}

/* ---- the loop ---- */

static void tick(void *arg)
{
    struct run *run = arg;
    for (struct run_active *active = run->oldest; active; active = active->next) {
        say_started(active);
        recorder_tick(active->recorder);
    }
    if (!run->finishing)
        writer_batch_progress(run->writer, run->batch_id, BATCH_RUNNING, run_remaining_s(run),
                              NULL);
    int64_t until = run->options.until_wall_ms;
    if (until != 0 && mu_wall_ms() >= until)
        stop_starting(run, RUN_UNTIL);
}

static void batch_timeout(void *arg)
{
    struct run *run = arg;
    stop_starting(run, RUN_BATCH_TIMEOUT);
    run->end = RUN_BATCH_TIMEOUT;
    engine_stop_all(run->engine, false);
    fill_slots(run);
}

void run_interrupt(struct run *run, bool now)
{
    if (run->finishing)
        return;
    run->closing = true;
    if (run->running > 0 || run->queue_next < run->queue_count)
        run->end = RUN_INTERRUPTED;
    engine_stop_all(run->engine, now);
    fill_slots(run);
}

int run_execute(struct run *run, enum run_end *ret_end, struct mu_err *err)
{
    int64_t limit_ms = settings_batch(run->options.set)->batch_timeout_ms;
    run->start_mono_ns = mu_mono_ns();
    if (run->events.on_batch_started)
        run->events.on_batch_started(run->events.arg, run);
    if (!engine_timer_start(run->engine, TICK_MS, true, tick, run) ||
        (limit_ms > 0 && !engine_timer_start(run->engine, limit_ms, false, batch_timeout, run)))
        return mu_err_nomem(err);
    fill_slots(run);
    engine_run(run->engine);

    *ret_end = run->end;
    /* The rows that never started are CANCELLED in the database: say the same. */
    run->counts.by_status[EXEC_CANCELLED] += run->counts.by_status[EXEC_PENDING];
    run->counts.by_status[EXEC_PENDING] = 0;
    if (run->end == RUN_DATABASE) {
        if (err)
            *err = run->failure;
        return -1;
    }
    return writer_sync(run->writer, err);
}

void run_free(struct run *run)
{
    if (!run)
        return;
    while (run->oldest) {
        struct run_active *active = run->oldest;
        unlink_active(run, active);
        active_free(active);
    }
    if (run->writer)
        writer_free(run->writer, NULL);
    db_close(run->db);
    python_finder_free(run->pythons);
    if (run->engine)
        engine_free(run->engine);
    for (size_t i = 0; i < run->rule_set_count; i++)
        verdict_rules_free(run->rule_sets[i].rules);
    free(run->rule_sets);
    attachment_pool_release(&run->attachments);
    output_pack_free(run->pack);
    free(run->items);
    free(run->queue);
    free(run->slots);
    mu_arena_release(&run->arena);
    free(run);
}

/* ---- what a view asks ---- */

const struct batch *run_batch(const struct run *run)
{
    return &run->batch;
}

const struct run_item *run_items(const struct run *run, size_t *ret_count)
{
    *ret_count = run->options.count;
    return run->items;
}

const struct batch_counts *run_counts(const struct run *run)
{
    return &run->counts;
}

size_t run_jobs(const struct run *run)
{
    return run->jobs;
}

struct engine *run_engine(struct run *run)
{
    return run->engine;
}

struct db *run_db(struct run *run)
{
    return run->db;
}

const struct python *run_python(const struct run *run, const struct run_item *item)
{
    return python_finder_find(run->pythons, item->script);
}

static void add_running(void *arg, const struct exec_live *live)
{
    struct estimate *estimate = arg;
    const struct run_active *active = live->user;
    double elapsed_s = (double)live->elapsed_ms / 1000;
    if (isnan(active->item->expected_s)) {
        estimate->running_unknown++;
        estimate->running_unknown_elapsed_s += elapsed_s;
        return;
    }
    double left_s = active->item->expected_s - elapsed_s;
    if (left_s <= 0)
        return;
    estimate->running_left_s += left_s;
    if (left_s > estimate->running_longest_s)
        estimate->running_longest_s = left_s;
}

double run_remaining_s(const struct run *run)
{
    struct estimate estimate = run->estimate;
    if (run->closing) {
        estimate.waiting_s = 0;
        estimate.waiting_unknown = 0;
    }
    engine_each_running(run->engine, add_running, &estimate);
    return estimate_remaining_s(&estimate);
}

struct each_live {
    void (*each)(void *arg, const struct run_live *live);
    void *arg;
};

static void pass_live(void *arg, const struct exec_live *live)
{
    const struct each_live *to = arg;
    const struct run_active *active = live->user;
    const struct run_live answer = {
        .item = active->item,
        .pid = live->pid,
        .elapsed_ms = live->elapsed_ms,
        .memory_mb = live->memory_mb,
        .stopping = live->stopping,
        .last_line = recorder_last_line(active->recorder),
    };
    to->each(to->arg, &answer);
}

void run_each_live(struct run *run, void (*each)(void *arg, const struct run_live *live), void *arg)
{
    struct each_live to = {.each = each, .arg = arg};
    engine_each_running(run->engine, pass_live, &to);
}
