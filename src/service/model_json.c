#include "service/model_json.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/utf8.h"

/* Text that is no UTF-8 (a file name may be any bytes) has U+FFFD where it is none: JSON cannot
 * hold it as it is. */
json_t *json_text(const char *value)
{
    if (!value)
        return json_null();
    size_t len = strlen(value);
    if (mu_utf8_valid(value, len))
        return json_stringn_nocheck(value, len);
    MU_AUTO_STR struct mu_str valid = {0};
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t ch;
        n = mu_utf8_decode(value + i, len - i, &ch);
        if (n > 0)
            mu_str_append(&valid, value + i, n);
        else
            mu_str_puts(&valid, "\xef\xbf\xbd"), n = 1;
    }
    return valid.failed ? NULL : json_string(mu_str_text(&valid));
}

static json_t *integer(int64_t value)
{
    return value == MODEL_NULL_INT ? json_null() : json_integer(value);
}

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *moment(int64_t wall_ms)
{
    char buf[MU_TIME_TEXT_SIZE];
    return wall_ms == MODEL_NULL_INT ? json_null() : json_string(mu_time_to_text(wall_ms, buf));
}

/* A column that holds JSON itself. */
static json_t *nested(const char *value)
{
    json_t *json = value ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;
    return json ? json : json_text(value);
}

struct member {
    const char *name;
    json_t *value;
};

/* Takes every value. */
static json_t *object_of(const struct member *members, size_t count)
{
    json_t *object = json_object();
    bool failed = !object;
    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(object, members[i].name, members[i].value) != 0)
            failed = true;
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}
#define OBJECT_OF(members) object_of(members, sizeof(members) / sizeof *(members))

json_t *execution_to_json(const struct execution *e, bool whole)
{
    const struct member members[] = {
        {"id", json_integer(e->id)},
        {"record_id", json_text(e->record_id)},
        {"script_path", json_text(e->script_path)},
        {"script_name", json_text(e->script_name)},
        {"module_name", json_text(e->module_name)},
        {"batch_id", json_text(e->batch_id)},
        {"start_time", moment(e->start_ms)},
        {"end_time", moment(e->end_ms)},
        {"duration", real(e->duration)},
        {"status", json_text(exec_status_name(e->status))},
        {"result", json_text(exec_result_name(e->result))},
        {"exit_code", integer(e->exit_code)},
        {"error_message", json_text(e->error_message)},
        {"memory_usage", real(e->memory_usage)},
        {"cpu_usage", real(e->cpu_usage)},
        {"peak_memory", real(e->peak_memory)},
        {"executor_type", json_text(e->executor_type)},
        {"execution_order", json_integer(e->execution_order)},
        {"attempt", json_integer(e->attempt)},
        {"superseded", json_boolean(e->superseded)},
        {"wait_status", integer(e->wait_status)},
        {"content_hash", json_text(e->content_hash)},
        {"verdict_line", integer(e->verdict_line)},
        {"verdict_text", json_text(e->verdict_text)},
        {"verdict_rule", json_text(e->verdict_rule)},
        {"contain", json_text(e->contain)},
        {"leaky", json_boolean(e->leaky)},
        {"leftover", json_text(e->leftover)},
        {"log_path", json_text(e->log_path)},
        {"output_bytes", integer(e->output_bytes)},
        {"output_lines", integer(e->output_lines)},
        {"interpreter", json_text(e->interpreter)},
        {"interpreter_version", json_text(e->interpreter_version)},
        {"cpu_seconds", real(e->cpu_seconds)},
        {"location", json_text(e->location)},
        {"stop_reason", json_text(e->stop_reason)},
        {"stop_signals", json_text(e->stop_signals)},
        {"hint", json_text(e->hint)},
    };
    json_t *object = OBJECT_OF(members);
    if (!object || !whole)
        return object;
    const struct member more[] = {
        {"output", e->output ? json_stringn(e->output, e->output_len) : json_null()},
        {"stack_trace", json_text(e->stack_trace)},
    };
    json_t *both = OBJECT_OF(more);
    if (both && json_object_update(object, both) == 0) {
        json_decref(both);
        return object;
    }
    json_decref(both);
    json_decref(object);
    return NULL;
}

json_t *batch_to_json(const struct batch *b)
{
    const int64_t *by_status = b->counts.by_status;
    const struct member members[] = {
        {"id", json_integer(b->id)},
        {"batch_id", json_text(b->batch_id)},
        {"batch_name", json_text(b->batch_name)},
        {"description", json_text(b->description)},
        {"total_scripts", json_integer(b->counts.total)},
        {"completed_count", json_integer(batch_counts_completed(&b->counts))},
        {"success_count", json_integer(by_status[EXEC_SUCCESS])},
        {"failed_count", json_integer(by_status[EXEC_FAILED])},
        {"error_count", json_integer(by_status[EXEC_ERROR])},
        {"timeout_count", json_integer(by_status[EXEC_TIMEOUT])},
        {"cancelled_count", json_integer(by_status[EXEC_CANCELLED])},
        {"start_time", moment(b->start_ms)},
        {"end_time", moment(b->end_ms)},
        {"duration", real(b->duration)},
        {"estimated_remaining", real(b->estimated_remaining)},
        {"avg_memory_usage", real(b->avg_memory_usage)},
        {"avg_cpu_usage", real(b->avg_cpu_usage)},
        {"peak_memory_usage", real(b->peak_memory_usage)},
        {"execution_mode", json_text(b->execution_mode)},
        {"max_parallel", integer(b->max_parallel)},
        {"user_id", json_text(b->user_id)},
        {"status", json_text(batch_status_name(b->status))},
        {"owner_pid", integer(b->owner_pid)},
        {"owner_start", integer(b->owner_start)},
        {"project", json_text(b->project)},
        {"command", nested(b->command)},
        {"script_args", nested(b->script_args)},
        {"settings", nested(b->settings)},
        {"muster_version", json_text(b->muster_version)},
        {"pass_count", json_integer(b->pass_count)},
        {"fail_count", json_integer(b->fail_count)},
        {"unknown_count", json_integer(b->unknown_count)},
    };
    return OBJECT_OF(members);
}

json_t *metric_to_json(const struct metric_sample *s)
{
    const struct member members[] = {
        {"timestamp", moment(s->at_ms)},
        {"cpu_percent", real(s->cpu_percent)},
        {"cpu_count", integer(s->cpu_count)},
        {"memory_mb", real(s->memory_mb)},
        {"memory_percent", real(s->memory_percent)},
        {"memory_available_mb", real(s->memory_available_mb)},
        {"disk_read_mb", real(s->disk_read_mb)},
        {"disk_write_mb", real(s->disk_write_mb)},
        {"active_threads", integer(s->active_threads)},
        {"active_processes", integer(s->active_processes)},
    };
    return OBJECT_OF(members);
}

json_t *attachment_to_json(const struct attachment *a)
{
    const struct member members[] = {
        {"name", json_text(a->name)},
        {"path", json_text(a->path)},
        {"size_bytes", integer(a->size_bytes)},
    };
    return OBJECT_OF(members);
}
