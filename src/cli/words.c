#include "cli/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/i18n.h"
#include "base/units.h"

/* ------------------------------------------------------------------ executions and batches */

const char *execution_word(const struct execution *execution)
{
    switch (execution->status) {
    case EXEC_PENDING: return "WAIT";
    case EXEC_RUNNING: return "RUN";
    case EXEC_SUCCESS: return execution->result == RESULT_PASS ? "PASS" : "OK";
    case EXEC_FAILED: return "FAIL";
    case EXEC_ERROR: return "ERROR";
    case EXEC_TIMEOUT: return "TIMEOUT";
    case EXEC_CANCELLED: break;
    }
    return execution->stop_reason && strcmp(execution->stop_reason, "skip") == 0 ? "SKIP"
                                                                                 : "CANCEL";
}

enum style execution_style(const struct execution *execution)
{
    switch (execution->status) {
    case EXEC_SUCCESS: return execution->result == RESULT_PASS ? STYLE_PASS : STYLE_NONE;
    case EXEC_FAILED: return STYLE_FAIL;
    case EXEC_ERROR: return STYLE_ERROR;
    case EXEC_TIMEOUT: return STYLE_TIMEOUT;
    case EXEC_RUNNING: return STYLE_BOLD;
    default: return STYLE_CANCEL;
    }
}

enum style batch_style(enum batch_status status)
{
    switch (status) {
    case BATCH_RUNNING: return STYLE_BOLD;
    case BATCH_CANCELLED:
    case BATCH_INTERRUPTED: return STYLE_TIMEOUT;
    default: return STYLE_NONE;
    }
}

const char *batch_word(enum batch_status status)
{
    static const char *const words[] = {
        [BATCH_PENDING] = N_("pending"),     [BATCH_RUNNING] = N_("running"),
        [BATCH_PAUSED] = N_("paused"),       [BATCH_COMPLETED] = N_("completed"),
        [BATCH_CANCELLED] = N_("cancelled"), [BATCH_INTERRUPTED] = N_("interrupted"),
    };
    return _(words[status]);
}

void execution_why(const struct execution *execution, struct mu_str *ret)
{
    if (execution->status == EXEC_SUCCESS) {
        if (execution->result != RESULT_PASS)
            mu_str_puts(ret, _("(no verdict)"));
    } else if (execution->error_message) {
        mu_str_puts(ret, execution->error_message);
    } else if (execution->verdict_text && execution->result == RESULT_FAIL) {
        mu_str_puts(ret, execution->verdict_text);
    } else if (execution->status == EXEC_FAILED && execution->exit_code != MODEL_NULL_INT) {
        mu_str_printf(ret, _("exit code %lld"), (long long)execution->exit_code);
    } else if (execution->status == EXEC_CANCELLED && isnan(execution->duration)) {
        mu_str_puts(ret, _("(not started)"));
    }
}

void batch_counts_text(const struct batch *batch, struct mu_str *ret)
{
    const int64_t *by_status = batch->counts.by_status;
    const struct {
        int64_t count;
        const char *text;
    } parts[] = {
        {by_status[EXEC_SUCCESS], N_("%lld success")},
        {by_status[EXEC_FAILED], N_("%lld failed")},
        {by_status[EXEC_ERROR], N_("%lld error")},
        {by_status[EXEC_TIMEOUT], N_("%lld timeout")},
        {by_status[EXEC_CANCELLED], N_("%lld cancelled")},
        {by_status[EXEC_RUNNING], N_("%lld running")},
        {by_status[EXEC_PENDING], N_("%lld waiting")},
    };
    bool first = true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].count == 0)
            continue;
        mu_str_puts(ret, first ? "" : " · ");
        mu_str_printf(ret, _(parts[i].text), (long long)parts[i].count);
        first = false;
        if (i > 0)
            continue;
        /* Only a SUCCESS can be a PASS. */
        int64_t pass = batch->pass_count, none = parts[0].count - pass;
        mu_str_puts(ret, " (");
        if (pass > 0)
            mu_str_printf(ret, _("%lld pass"), (long long)pass);
        mu_str_puts(ret, pass > 0 && none > 0 ? ", " : "");
        if (none > 0)
            mu_str_printf(ret, _("%lld no verdict"), (long long)none);
        mu_str_putc(ret, ')');
    }
}

/* ------------------------------------------------------------------ times */

static struct tm local_tm(int64_t wall_ms)
{
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000);
    localtime_r(&seconds, &tm);
    return tm;
}

/* Midnight `days` away from that of the moment; mktime knows the days of 23 and 25 hours. */
static int64_t midnight(int64_t wall_ms, int days)
{
    struct tm tm = local_tm(wall_ms);
    tm = (struct tm){
        .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday + days, .tm_isdst = -1};
    return (int64_t)mktime(&tm) * 1000;
}

char *day_text(int64_t wall_ms, int64_t now_ms, char buf[TIME_TEXT_SIZE])
{
    static const char *const days[] = {N_("Sun"), N_("Mon"), N_("Tue"), N_("Wed"),
                                       N_("Thu"), N_("Fri"), N_("Sat")};
    struct tm tm = local_tm(wall_ms);
    if (wall_ms >= midnight(now_ms, 1) || wall_ms < midnight(now_ms, -6))
        strftime(buf, TIME_TEXT_SIZE, "%Y-%m-%d", &tm);
    else if (wall_ms >= midnight(now_ms, 0))
        snprintf(buf, TIME_TEXT_SIZE, "%s", _("today"));
    else if (wall_ms >= midnight(now_ms, -1))
        snprintf(buf, TIME_TEXT_SIZE, "%s", _("yesterday"));
    else
        snprintf(buf, TIME_TEXT_SIZE, "%s", _(days[tm.tm_wday]));
    return buf;
}

char *time_text(int64_t wall_ms, int64_t now_ms, char buf[TIME_TEXT_SIZE])
{
    struct tm tm = local_tm(wall_ms);
    size_t len = strlen(day_text(wall_ms, now_ms, buf));
    strftime(buf + len, TIME_TEXT_SIZE - len, " %H:%M", &tm);
    return buf;
}

char *time_full(int64_t wall_ms, char buf[TIME_TEXT_SIZE])
{
    struct tm tm = local_tm(wall_ms);
    strftime(buf, TIME_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
    return buf;
}

char *seconds_text(double seconds, char *buf, size_t size)
{
    buf[0] = '\0';
    return isnan(seconds) ? buf : mu_duration_format(llround(seconds * 1000), buf, size);
}

/* All of `text` in strptime's `format`, on top of `tm`. */
static bool matches(const char *text, const char *format, struct tm *tm)
{
    const char *rest = strptime(text, format, tm);
    return rest && *rest == '\0';
}

int time_parse(const char *text, bool end, int64_t now_ms, int64_t *ret_ms)
{
    int64_t ago_ms;
    if (strcmp(text, "now") == 0) {
        *ret_ms = now_ms;
    } else if (strcmp(text, "today") == 0) {
        *ret_ms = midnight(now_ms, end ? 1 : 0) - end;
    } else if (strcmp(text, "yesterday") == 0) {
        *ret_ms = midnight(now_ms, end ? 0 : -1) - end;
    } else if (strspn(text, "0123456789.") < strlen(text) &&
               mu_duration_parse(text, &ago_ms) == 0) {
        *ret_ms = now_ms - ago_ms; /* a number alone is no time: seconds would surprise */
    } else {
        static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
                                              "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"};
        struct tm now = local_tm(now_ms), tm = {0};
        bool found = false, day = false;
        for (size_t i = 0; !found && i < sizeof formats / sizeof formats[0]; i++) {
            tm = (struct tm){0};
            found = matches(text, formats[i], &tm);
        }
        if (!found) {
            tm = (struct tm){.tm_year = now.tm_year, .tm_mon = now.tm_mon, .tm_mday = now.tm_mday};
            found = matches(text, "%H:%M", &tm);
        }
        if (!found) {
            tm = (struct tm){0};
            if (!matches(text, "%Y-%m-%d", &tm))
                return -1;
            tm.tm_mday += end ? 1 : 0;
            day = true;
        }
        tm.tm_isdst = -1;
        *ret_ms = (int64_t)mktime(&tm) * 1000 - (day && end);
    }
    return 0;
}
