/* What stands before the first process: the batch and its items, in which order they start, and
 * their PENDING rows, committed. */
#include "service/run_internal.h"

#include <jansson.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/owner.h"
#include "store/execution_repo.h"

enum {
    DESCRIPTORS_OWN = 48,        /* database, loop, terminal, libraries */
    DESCRIPTORS_PER_SCRIPT = 10, /* two pipes, a pidfd, its log, /proc of a few processes */
};

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

struct execution run_pending_row(const struct run *run, const struct run_item *item)
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

char *run_log_path(const struct run *run, const struct run_item *item, char buf[LOG_PATH_SIZE])
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
        rows[i] = run_pending_row(run, &run->items[i]);
        rows[i].log_path = run_log_path(run, &run->items[i], paths[i]);
    }
    int rc = run->options.resumed ? writer_resume_batch(run->writer, &run->batch, rows, count, err)
                                  : writer_create_batch(run->writer, &run->batch, rows, count, err);
    free(paths);
    free(rows);
    return rc;
}

/* Which step of a ladder of durations, each a quarter longer than the one below, from 0.1 s on:
 * what took about as long keeps the given order. That is what people expect, and neighbours in the
 * order are neighbours in the database's pages. */
static int duration_step(double seconds)
{
    return seconds < 0.1 ? 0 : 1 + (int)(log(seconds / 0.1) / log(1.25));
}

static int compare_expected(const void *a, const void *b, void *arg)
{
    const struct run *run = arg;
    const struct run_item *x = &run->items[*(const size_t *)a],
                          *y = &run->items[*(const size_t *)b];
    double mean = run->estimate.known ? run->estimate.known_s / (double)run->estimate.known : 0;
    int dx = duration_step(isnan(x->expected_s) ? mean : x->expected_s);
    int dy = duration_step(isnan(y->expected_s) ? mean : y->expected_s);
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

const struct verdict_rules *run_rules(struct run *run, const struct settings *settings,
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

static int make_items(struct run *run, struct mu_err *err)
{
    const struct run_options *options = &run->options;
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
    return 0;
}

int run_plan(struct run *run, struct mu_err *err)
{
    const struct run_options *options = &run->options;
    run->jobs = limit_jobs(options->jobs > 0 ? options->jobs : 1);
    if (make_items(run, err) != 0)
        return -1;
    fill_batch(run);
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
