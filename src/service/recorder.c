#include "service/recorder.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/units.h"
#include "service/excerpt.h"
#include "service/hints.h"
#include "store/output_log.h"
#include "verdict/decode.h"

enum {
    LINE_MAX_BYTES = 64 * 1024, /* a longer line is handled in pieces */
    LAST_LINE_BYTES = 200,
    SAMPLES_MAX = 4096, /* then every second one is dropped: a week at 1 s stays 200 KB */
};

struct recorder {
    const struct project *project;
    const struct script *script;
    struct output_log *log;
    struct recorder_rules rules;
    struct judge *judge; /* from the first line on, or the end */
    struct excerpt excerpt;
    struct mu_str unfinished[3]; /* by stream: a line that waits for its newline */
    struct mu_str decoded;       /* scratch */
    char last_line[LAST_LINE_BYTES + 1];
    bool last_line_is_stale;
    struct mu_str last_raw;
    int64_t output_bytes, output_lines;
    bool ends_in_line; /* the newest byte of the output is no newline */
    struct metric_sample *samples;
    size_t sample_count, sample_cap, sample_stride, sample_skip;
    struct mu_arena arena;
    char *log_path;
};

int recorder_new(const struct project *project, const struct script *script,
                 struct recorder_rules rules, const char *log_path, struct output_pack *pack,
                 struct recorder **ret_recorder, struct mu_err *err)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        return mu_err_nomem(err);
    recorder->project = project;
    recorder->script = script;
    recorder->rules = rules;
    recorder->sample_stride = 1;
    excerpt_init(&recorder->excerpt, (size_t)script->settings->output_limit_bytes);
    recorder->log_path = mu_arena_strdup(&recorder->arena, log_path);
    char *absolute = mu_arena_printf(&recorder->arena, "%s/%s", project->home, log_path);
    if (!recorder->log_path || !absolute) {
        recorder_free(recorder);
        return mu_err_nomem(err);
    }
    if (output_log_new(absolute, pack, &recorder->log, err) != 0) {
        recorder_free(recorder);
        return -1;
    }
    *ret_recorder = recorder;
    return 0;
}

static struct judge *judge_of(struct recorder *recorder, struct mu_err *err)
{
    if (recorder->judge)
        return recorder->judge;
    const struct verdict_rules *rules =
        recorder->rules.get(recorder->rules.arg, recorder->script->settings, err);
    if (!rules || judge_new(rules, recorder->script->path_abs, &recorder->judge, err) != 0)
        return NULL;
    return recorder->judge;
}

/* How many bytes at the end of `data` begin a UTF-8 character that is not whole yet (0 to 3). */
static size_t cut_character(const char *data, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)data[len - back];
        if ((c & 0xc0) == 0x80)
            continue;
        size_t need = (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : (c & 0xf8) == 0xf0 ? 4 : 1;
        return need > back ? back : 0;
    }
    return 0;
}

/* One whole line, or a piece of an overlong one, in the order of arrival. */
static void take_line(struct recorder *recorder, enum stream stream, const char *data, size_t len)
{
    struct judge *judge = judge_of(recorder, NULL);
    if (judge) /* without memory for one the end says so */
        judge_line(judge, stream, data, len);
    mu_str_clear(&recorder->decoded);
    decode_line(data, len, &recorder->decoded);
    excerpt_append(&recorder->excerpt, mu_str_text(&recorder->decoded), recorder->decoded.len);
    if (strspn(mu_str_text(&recorder->decoded), " \t\r\n") < recorder->decoded.len) {
        size_t keep = recorder->decoded.len < 4 * LAST_LINE_BYTES ? recorder->decoded.len
                                                                  : 4 * LAST_LINE_BYTES;
        mu_str_clear(&recorder->last_raw);
        mu_str_append(&recorder->last_raw, recorder->decoded.data, keep);
        recorder->last_line_is_stale = true;
    }
}

void recorder_line(struct recorder *recorder, enum stream stream, int64_t since_start_ns,
                   const char *data, size_t len, bool complete)
{
    /* A full disk is said by the writer, whose database stands on the same one; the log counts
     * what it lost. */
    output_log_append(recorder->log, stream, since_start_ns / 1000000, data, len, NULL);
    recorder->output_bytes += (int64_t)len;
    recorder->output_lines += complete;
    recorder->ends_in_line = !complete;

    struct mu_str *unfinished = &recorder->unfinished[stream];
    if (complete && unfinished->len == 0) {
        take_line(recorder, stream, data, len);
        return;
    }
    mu_str_append(unfinished, data, len);
    if (complete || unfinished->len >= LINE_MAX_BYTES) {
        size_t keep = complete ? 0 : cut_character(mu_str_text(unfinished), unfinished->len);
        take_line(recorder, stream, mu_str_text(unfinished), unfinished->len - keep);
        char rest[4];
        memcpy(rest, mu_str_text(unfinished) + unfinished->len - keep, keep);
        mu_str_clear(unfinished);
        mu_str_append(unfinished, rest, keep);
    }
}

void recorder_sample(struct recorder *recorder, const struct metric_sample *sample)
{
    if (recorder->sample_skip > 0) {
        recorder->sample_skip--;
        return;
    }
    if (recorder->sample_count == SAMPLES_MAX) {
        for (size_t i = 0; i < SAMPLES_MAX / 2; i++)
            recorder->samples[i] = recorder->samples[2 * i];
        recorder->sample_count = SAMPLES_MAX / 2;
        recorder->sample_stride *= 2;
    }
    if (MU_GROW(recorder->samples, recorder->sample_cap, recorder->sample_count + 1) != 0)
        return; /* one sample less */
    recorder->samples[recorder->sample_count++] = *sample;
    recorder->sample_skip = recorder->sample_stride - 1;
}

void recorder_tick(struct recorder *recorder)
{
    output_log_flush(recorder->log, NULL);
}

const char *recorder_last_line(const struct recorder *recorder)
{
    struct recorder *self = (struct recorder *)recorder; /* a cache */
    const struct mu_str *raw = &recorder->last_raw;
    for (enum stream s = STREAM_STDOUT; s <= STREAM_STDERR; s++)
        if (recorder->unfinished[s].len > 0)
            raw = &recorder->unfinished[s];
    if (recorder->last_line_is_stale || raw != &recorder->last_raw) {
        MU_AUTO_STR struct mu_str decoded = {0}, clean = {0};
        size_t len = raw->len < 4 * LAST_LINE_BYTES ? raw->len : 4 * LAST_LINE_BYTES;
        decode_line(mu_str_text(raw), len, &decoded);
        clean_line(mu_str_text(&decoded), decoded.len, &clean);
        size_t keep = clean.len < LAST_LINE_BYTES ? clean.len : LAST_LINE_BYTES;
        while (keep > 0 && keep < clean.len && ((unsigned char)clean.data[keep] & 0xc0) == 0x80)
            keep--;
        memcpy(self->last_line, mu_str_text(&clean), keep);
        self->last_line[keep] = '\0';
        self->last_line_is_stale = false;
    }
    return recorder->last_line;
}

/* muster's own words for a limit: "timed out after 30s in bus.recv()". */
static const char *limit_message(struct recorder *recorder, enum stop_reason stop,
                                 const char *function)
{
    const struct settings *settings = recorder->script->settings;
    char limit[64];
    mu_duration_exact(stop == STOP_IDLE ? settings->idle_timeout_ms : settings->timeout_ms, limit,
                      sizeof limit);
    return mu_arena_printf(&recorder->arena, "%s %s%s%s",
                           stop == STOP_IDLE ? "no output for" : "timed out after", limit,
                           function ? " in " : "", function ? function : "");
}

static const char *hang_hint(const char *function)
{
    if (function && strncmp(function, "input(", 6) == 0)
        return N_("it waits for somebody to type: set `stdin: newline` or `stdin: FILE`");
    if (function && strstr(function, "plt.show("))
        return N_("plt.show() waits for a window to be closed: set `env: {MPLBACKEND: Agg}`");
    return NULL;
}

int recorder_finish(struct recorder *recorder, const struct exec_end *end, const char *stop_reason,
                    struct execution *ret, struct mu_err *err)
{
    for (enum stream s = STREAM_STDOUT; s <= STREAM_STDERR; s++) {
        if (recorder->unfinished[s].len > 0)
            take_line(recorder, s, mu_str_text(&recorder->unfinished[s]),
                      recorder->unfinished[s].len);
        mu_str_clear(&recorder->unfinished[s]);
    }
    recorder->output_lines += recorder->ends_in_line;
    struct output_place place;
    uint64_t lost_bytes = 0;
    output_log_close(recorder->log, &place, &lost_bytes, NULL);
    recorder->log = NULL;

    bool limit = end->stop == STOP_TIMEOUT || end->stop == STOP_IDLE;
    struct verdict_end how = {
        .started = end->started,
        .wait_status = end->wait_status,
        .timed_out = limit,
        .cancelled = end->stop == STOP_CANCEL,
    };
    struct judgement judgement;
    struct judge *judge = judge_of(recorder, err);
    if (!judge || judge_finish(judge, &how, &judgement, err) != 0)
        return -1;

    ret->status = judgement.status;
    ret->result = judgement.result;
    ret->exit_code = judgement.exit_code;
    ret->verdict_line = judgement.line > 0 ? judgement.line : MODEL_NULL_INT;
    ret->verdict_text = judgement.text;
    ret->verdict_rule = judgement.rule;
    ret->error_message = judgement.error_message;
    ret->stack_trace = judgement.stack_trace;
    ret->location = judgement.location;
    ret->hint = judgement.hint;
    ret->stop_reason = stop_reason;
    ret->stop_signals = mu_arena_strdup(&recorder->arena, end->signals_sent);
    if (limit) {
        ret->error_message = limit_message(recorder, end->stop, judgement.function);
        ret->hint = hang_hint(judgement.function);
    } else if (end->stop == STOP_CANCEL && judgement.function) {
        ret->error_message = mu_arena_printf(
            &recorder->arena, "%s in %s",
            judgement.error_message ? judgement.error_message : "stopped", judgement.function);
    }
    if (!ret->hint && ret->error_message)
        ret->hint = hint_from_files(recorder->project, recorder->script, ret->error_message,
                                    &recorder->arena);

    if (lost_bytes > 0 && !ret->hint)
        ret->hint = N_("the log is not whole: the disk took only a part of the output");

    if (!end->started) {
        ret->error_message = mu_arena_strdup(&recorder->arena, end->start_error.text);
        return 0;
    }
    ret->wait_status = end->wait_status;
    ret->duration = (double)end->duration_ns / 1e9;
    ret->contain = end->contain;
    ret->leaky = end->leaky;
    ret->leftover = mu_arena_strdup(&recorder->arena, end->leftover);
    ret->cpu_seconds = end->usage.cpu_seconds;
    ret->cpu_usage = ret->duration > 0 ? 100 * end->usage.cpu_seconds / ret->duration : NAN;
    ret->memory_usage = end->usage.mean_memory_mb;
    ret->peak_memory = end->usage.peak_memory_mb;
    ret->output_bytes = recorder->output_bytes;
    ret->output_lines = recorder->output_lines;
    ret->log_path =
        recorder->output_bytes == 0 ? NULL
        : place.in_pack
            ? mu_arena_printf(&recorder->arena, "%.*s/" RECORDER_PACK_NAME "@%lld+%lld",
                              (int)(mu_path_name(recorder->log_path) - recorder->log_path - 1),
                              recorder->log_path, (long long)place.offset, (long long)place.size)
            : recorder->log_path;

    mu_str_clear(&recorder->decoded);
    excerpt_text(&recorder->excerpt, &recorder->decoded);
    if (recorder->decoded.failed)
        return mu_err_nomem(err);
    ret->output = mu_str_text(&recorder->decoded);
    ret->output_len = recorder->decoded.len;
    return 0;
}

const struct metric_sample *recorder_samples(const struct recorder *recorder, size_t *ret_count)
{
    *ret_count = recorder->sample_count;
    return recorder->samples;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->log)
        output_log_close(recorder->log, NULL, NULL, NULL);
    judge_free(recorder->judge);
    excerpt_release(&recorder->excerpt);
    for (size_t i = 0; i < sizeof recorder->unfinished / sizeof recorder->unfinished[0]; i++)
        mu_str_release(&recorder->unfinished[i]);
    mu_str_release(&recorder->decoded);
    mu_str_release(&recorder->last_raw);
    free(recorder->samples);
    mu_arena_release(&recorder->arena);
    free(recorder);
}
