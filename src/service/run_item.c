/* One script of a batch: its start, what the engine says of it, its end. One finaliser
 * (`finish_item`) serves every way out, also for a script that could not be started. */
#include "service/run_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"

enum { IDENTICAL_MAX_S = 2 }; /* stop_after_identical: only ends that came this soon count */

static void item_said(void *arg);

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

void run_active_free(struct run_active *active)
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

static const struct verdict_rules *rules_of(void *arg, const struct settings *settings,
                                            struct mu_err *err)
{
    return run_rules(arg, settings, err);
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
    run_log_path(run, item, log);
    active->record = run_pending_row(run, item);
    const struct recorder_rules rules = {.get = rules_of, .arg = run};
    if (recorder_new(run->options.project, item->script, rules, log, run->pack, &active->recorder,
                     err) == 0)
        return active;
    run_active_free(active);
    return NULL;
}

int run_item_start(struct run *run, struct run_item *item, struct mu_err *err)
{
    struct run_active *active = active_new(run, item, err);
    if (!active)
        return -1;
    struct mu_err cause = MU_ERR_INIT;
    struct launch launch;
    char *hash = mu_arena_alloc(&active->arena, 65);
    active->python = python_finder_find(run->pythons, item->script);
    if (!hash || !active->python) {
        run_active_free(active);
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
        run_active_free(active);
        return -1;
    }
    return 0;
}

static void count_change(struct run *run, struct run_item *item, enum exec_status status)
{
    run->counts.by_status[item->status]--;
    run->counts.by_status[status]++;
    item->status = status;
}

/* RUNNING reaches the database with the first sample, 0.1 s after the start: shorter scripts are
 * written once, as what they ended. To whoever recovers a batch both are the same: a script that
 * must run (again). */
void run_item_say_started(struct run_active *active)
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
    run_item_say_started(active);
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
        run_stop_starting(run, RUN_FAIL_FAST);

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
        run_stop_starting(run, RUN_IDENTICAL);
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
    if (writer_execution_finished(run->writer, record, samples, sample_count, attachments,
                                  attachment_count, &active->said, &run->failure) != 0) {
        run->end = RUN_DATABASE;
        run->closing = true;
        run_active_free(active);
    }
    run_fill_slots(run);
}

static void on_finished(void *user, const struct exec_end *end)
{
    finish_item(user, end);
}

const struct engine_events run_engine_events = {
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
    if (run->events.on_execution_finished)
        run->events.on_execution_finished(run->events.arg, run, item, &active->record);
    run_active_free(active);
}
