/* The judge: what each line says is kept as little more than a line number.
 *
 * A line is (1) passed over where the prefilter finds nothing and nobody waits for it, (2) decoded
 * and cleaned, (3) offered to the traceback parser of its stream, whose lines are not output,
 * (4) to the user's rules, (5) to the frameworks' footers, (6) to the table of shapes. Four things
 * may decide in the end: the user's last match, the last overall statement, the rows, or nothing.
 * A traceback that nothing follows makes a pass doubtful; on stderr, with exit code 1, it is what
 * ended the script.
 */
#include "verdict/verdict.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/execution.h"
#include "verdict/decode.h"
#include "verdict/frameworks.h"
#include "verdict/hints.h"
#include "verdict/rules.h"
#include "verdict/trace.h"

enum {
    LINE_MAX_BYTES = 64 * 1024,  /* longer ones: first and last half of this */
    SHAPE_LINE_BYTES = 4 * 1024, /* the same, for the built-in rules */
    TEXT_MAX_BYTES = 500,
    COUNT_BLOCK_LINES = 3, /* counts that are further apart do not belong together */
    FUNCTION_MAX_BYTES = 40,
};

struct decision {
    enum exec_result result;
    int64_t line; /* 0: none */
    const char *rule;
    struct mu_str text;
};

struct judge {
    const struct verdict_rules *rules;
    char *script;
    pcre2_match_data *match;
    int64_t line;
    struct trace_parser trace[2]; /* stdout, stderr */
    const struct trace *last_trace;
    bool trace_trails; /* nothing was printed after the last traceback */
    bool uncaught;     /* on stderr nothing but shutdown messages came after one */
    bool uncaught_assertion;
    bool out_of_memory; /* a line could not be read */
    struct frameworks frameworks;
    struct decision user, overall, tap, row_fail, row_pass, row_pending;
    bool weak_rows;       /* some row says 通过 or PASS only */
    struct counts counts; /* of the lines of counts just before */
    int64_t counts_line;
    char last_stderr[TEXT_MAX_BYTES]; /* the last line on stderr that is not blank, raw */
    size_t last_stderr_len;
    struct mu_str joined, decoded, clean, cut, scratch;          /* working memory */
    struct mu_str message, location, function, hint, trace_text; /* of the judgement */
};

int judge_new(const struct verdict_rules *rules, const char *script_path, struct judge **ret_judge,
              struct mu_err *err)
{
    struct judge *judge = calloc(1, sizeof *judge);
    if (!judge)
        return mu_err_nomem(err);
    judge->rules = rules;
    judge->script = strdup(script_path);
    judge->match = pcre2_match_data_create(8, NULL);
    judge->counts = COUNTS_NONE;
    if (!judge->script || !judge->match) {
        judge_free(judge);
        return mu_err_nomem(err);
    }
    for (size_t i = 0; i < 2; i++)
        judge->trace[i].script = judge->script;
    judge->trace[1].is_stderr = true;
    *ret_judge = judge;
    return 0;
}

void judge_free(struct judge *judge)
{
    if (!judge)
        return;
    struct mu_str *const strings[] = {
        &judge->user.text,     &judge->overall.text,  &judge->tap.text,
        &judge->row_fail.text, &judge->row_pass.text, &judge->row_pending.text,
        &judge->joined,        &judge->decoded,       &judge->clean,
        &judge->cut,           &judge->scratch,       &judge->message,
        &judge->location,      &judge->function,      &judge->hint,
        &judge->trace_text,
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        mu_str_release(strings[i]);
    trace_parser_release(&judge->trace[0]);
    trace_parser_release(&judge->trace[1]);
    pcre2_match_data_free(judge->match);
    free(judge->script);
    free(judge);
}

static void decide(struct judge *judge, struct decision *ret, enum exec_result result,
                   const char *rule)
{
    ret->result = result;
    ret->rule = rule;
    ret->line = judge->line;
    const char *text = mu_str_text(&judge->clean);
    size_t len = judge->clean.len;
    while (len > 0 && (*text == ' ' || *text == '\t'))
        text++, len--;
    len = whole_characters(text, len, TEXT_MAX_BYTES);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    mu_str_clear(&ret->text);
    mu_str_append(&ret->text, text, len);
}

static void take_statement(struct judge *judge, const struct statement *said)
{
    if (said->level == LEVEL_OVERALL)
        decide(judge, &judge->overall, said->result, said->rule);
    else if (said->level == LEVEL_ROW && said->weak)
        judge->weak_rows = true;
    else if (said->level == LEVEL_ROW && said->result == RESULT_FAIL && judge->row_fail.line == 0)
        decide(judge, &judge->row_fail, said->result, said->rule);
    else if (said->level == LEVEL_ROW && said->result == RESULT_PASS)
        decide(judge, &judge->row_pass, said->result, said->rule);
    else if (said->level == LEVEL_ROW && said->result == RESULT_UNKNOWN)
        decide(judge, &judge->row_pending, said->result, said->rule);
}

/* Lines of counts that stand together count together. */
static void take_counts(struct judge *judge, const struct counts *counts, struct statement *said)
{
    bool near = judge->line - judge->counts_line <= COUNT_BLOCK_LINES;
    if (!near || !counts_merge(&judge->counts, counts))
        judge->counts = *counts;
    judge->counts_line = judge->line;
    *said = counts_judge(&judge->counts);
}

static struct statement statement_of(struct judge *judge, struct counts *ret_counts)
{
    const char *text = mu_str_text(&judge->clean);
    size_t len = judge->clean.len;
    if (len > SHAPE_LINE_BYTES) {
        size_t head = whole_characters(text, len, SHAPE_LINE_BYTES / 2);
        size_t tail = whole_characters(text, len, len - SHAPE_LINE_BYTES / 2);
        mu_str_clear(&judge->cut);
        mu_str_append(&judge->cut, text, head);
        mu_str_putc(&judge->cut, 'x');
        mu_str_append(&judge->cut, text + tail, len - tail);
        text = mu_str_text(&judge->cut);
        len = judge->cut.len;
    }
    struct shape shape;
    words_shape(&judge->rules->shapes.words, text, len, &judge->scratch, judge->match, &shape);
    if (judge->cut.failed || judge->scratch.failed)
        judge->out_of_memory = true;
    return shapes_read(&judge->rules->shapes, &shape, judge->match, ret_counts);
}

static void read_words(struct judge *judge)
{
    struct counts counts;
    struct statement said = statement_of(judge, &counts);
    if (said.level != LEVEL_ROW && counts.named)
        take_counts(judge, &counts, &said);
    take_statement(judge, &said);
}

/* Follows tracebacks. Returns false where the line belongs to one. */
static bool read_trace(struct judge *judge, size_t s, bool blank)
{
    struct trace_parser *parser = &judge->trace[s];
    struct counts counts;
    if (s == 1 && !blank && parser->state == TRACE_AFTER &&
        statement_of(judge, &counts).level == LEVEL_OVERALL)
        trace_parser_end_message(parser);
    enum trace_line kind = trace_parser_feed(parser, mu_str_text(&judge->clean), judge->clean.len);
    switch (kind) {
    case TRACE_LINE_ERROR:
        if (s == 1 && !parser->trace.ignored) {
            judge->uncaught = true;
            judge->uncaught_assertion = parser->trace.assertion;
        }
        judge->trace_trails = true;
        judge->last_trace = &parser->trace;
        return false;
    case TRACE_LINE_IGNORED: return false;
    case TRACE_LINE_PART:
        if (parser->trace.dump)
            judge->last_trace = &parser->trace;
        return false;
    case TRACE_LINE_SHUTDOWN: return false;
    case TRACE_LINE_OTHER: break;
    }
    if (!blank) {
        judge->trace_trails = false;
        if (s == 1)
            judge->uncaught = false;
    }
    return true;
}

static bool is_blank(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)data[i] > ' ')
            return false;
    return true;
}

void judge_line(struct judge *judge, enum stream stream, const char *data, size_t len)
{
    size_t s = stream == STREAM_STDERR;
    bool blank = is_blank(data, len);
    judge->line++;
    if (s == 1 && !blank) {
        judge->last_stderr_len = whole_characters(data, len, TEXT_MAX_BYTES);
        memcpy(judge->last_stderr, data, judge->last_stderr_len);
    }
    bool waited_for = judge->trace[s].state != TRACE_IDLE || judge->trace_trails || judge->uncaught;
    bool matters =
        waited_for || (!blank && prefilter_may_matter(&judge->rules->prefilter, data, len));
    if (!matters && !blank)
        judge->frameworks.unittest[s].ran_open = false;
    if (!matters && judge->rules->user_count == 0)
        return;

    if (len > LINE_MAX_BYTES) {
        mu_str_clear(&judge->joined);
        mu_str_append(&judge->joined, data, LINE_MAX_BYTES / 2);
        mu_str_append(&judge->joined, data + len - LINE_MAX_BYTES / 2, LINE_MAX_BYTES / 2);
        data = mu_str_text(&judge->joined);
        len = judge->joined.len;
    }
    mu_str_clear(&judge->decoded);
    mu_str_clear(&judge->clean);
    decode_line(data, len, &judge->decoded);
    clean_line(mu_str_text(&judge->decoded), judge->decoded.len, &judge->clean);
    if (judge->joined.failed || judge->decoded.failed || judge->clean.failed)
        judge->out_of_memory = true;
    const char *line = mu_str_text(&judge->clean);
    blank = is_blank(line, judge->clean.len);

    bool is_output = !matters || read_trace(judge, s, blank);
    if (is_output || judge->trace[s].state == TRACE_AFTER) {
        const struct user_rule *rule =
            rules_match(judge->rules, line, judge->clean.len, judge->match);
        if (rule)
            decide(judge, &judge->user, rule->result, rule->name);
    }
    if (!matters || !is_output || blank)
        return;
    struct statement said;
    bool is_tap;
    if (!frameworks_read(&judge->frameworks, stream, line, judge->clean.len, &said, &is_tap)) {
        read_words(judge);
        return;
    }
    take_statement(judge, &said);
    if (is_tap) {
        said = frameworks_tap(&judge->frameworks);
        if (said.level != LEVEL_NONE)
            decide(judge, &judge->tap, said.result, said.rule);
        judge->tap.line = judge->line;
    }
}

/* What the output says, the exit left aside. NULL: nothing. */
static const struct decision *weigh(const struct judge *judge)
{
    if (judge->user.line > 0)
        return &judge->user;
    bool tap = frameworks_tap(&judge->frameworks).level != LEVEL_NONE;
    if (tap && judge->tap.line > judge->overall.line)
        return &judge->tap;
    if (judge->overall.line > 0)
        return &judge->overall;
    if (judge->row_fail.line > 0)
        return &judge->row_fail;
    if (judge->row_pending.line > 0)
        return &judge->row_pending;
    if (judge->row_pass.line > 0 && !judge->weak_rows)
        return &judge->row_pass;
    return NULL;
}

static enum exec_status status_of(const struct judge *judge, const struct verdict_end *end,
                                  enum exec_result said)
{
    int status = end->wait_status;
    if (end->cancelled)
        return EXEC_CANCELLED;
    if (end->timed_out)
        return EXEC_TIMEOUT;
    if (!end->started || end->out_of_memory || !WIFEXITED(status))
        return EXEC_ERROR;
    if (WEXITSTATUS(status) == 1 && judge->uncaught && !judge->uncaught_assertion)
        return EXEC_ERROR;
    return WEXITSTATUS(status) != 0 || said == RESULT_FAIL ? EXEC_FAILED : EXEC_SUCCESS;
}

/* The end of the call that begins at `text`: `Bus(1).recv(2)`. 0: no call. `short_form`: the same
 * without arguments. */
static size_t call_end(const char *text, size_t len, struct mu_str *short_form)
{
    size_t depth = 0, end = 0, i = 0;
    for (; i < len; i++) {
        char c = text[i];
        if (c == '(' && (i > 0 || depth > 0)) {
            if (depth++ == 0)
                mu_str_putc(short_form, '(');
        } else if (depth > 0) {
            if (c == ')' && --depth == 0) {
                mu_str_putc(short_form, ')');
                end = i + 1;
            }
        } else if (isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '_' || c == '.') {
            mu_str_putc(short_form, c);
        } else {
            break;
        }
    }
    if (depth > 0) /* the call goes on in the next line */
        mu_str_putc(short_form, ')');
    return depth > 0 ? i : end == i ? end : 0;
}

/* "bus.recv()" from `msg = bus.recv()`, its arguments left out where it is long; "read()" from the
 * function's name where the source is no call. A call that only sleeps says too little:
 * "recv(): time.sleep(60)". */
static void name_function(const struct trace_frame *frame, struct mu_str *ret)
{
    const char *text = mu_str_text(&frame->source), *end = text + frame->source.len;
    for (const char *equals = text; (equals = strstr(equals, " = ")); equals += 3) {
        if (memchr(text, '(', (size_t)(equals - text)))
            break;
        text = equals + 3;
    }
    static const char *const words[] = {"return ", "await ", "yield ", "if ",
                                        "while ",  "not ",   "assert "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            text += strlen(words[i]);
    MU_AUTO_STR struct mu_str short_form = {0};
    size_t len = call_end(text, (size_t)(end - text), &short_form);
    bool named = frame->function.len > 0 && frame->function.data[0] != '<';
    if (len > 0 && named && memmem(mu_str_text(&short_form), short_form.len, "sleep(", 6))
        mu_str_printf(ret, "%s(): ", frame->function.data);
    if (len > FUNCTION_MAX_BYTES || (len > 0 && text[len - 1] != ')'))
        mu_str_append(ret, mu_str_text(&short_form), short_form.len);
    else if (len > 0)
        mu_str_append(ret, text, len);
    else if (named)
        mu_str_printf(ret, "%s()", frame->function.data);
}

static const struct trace_frame *best_frame(const struct trace *trace)
{
    if (trace->script.line > 0)
        return &trace->script;
    return trace->folder.line > 0 ? &trace->folder : &trace->innermost;
}

static void describe_trace(struct judge *judge, const struct trace *trace, bool ended_by_it,
                           struct judgement *ret)
{
    mu_str_append(&judge->trace_text, mu_str_text(&trace->head), trace->head.len);
    if (trace->tail.len > 0)
        mu_str_append(&judge->trace_text, trace->tail.data, trace->tail.len);
    while (judge->trace_text.len > 0 && judge->trace_text.data[judge->trace_text.len - 1] == '\n')
        judge->trace_text.data[--judge->trace_text.len] = '\0';
    ret->stack_trace = mu_str_text(&judge->trace_text);
    if (!ended_by_it)
        return;
    if (trace->error.len > 0) {
        mu_str_append(&judge->message, trace->error.data, trace->error.len);
        if (trace->shadow.len > 0 && hints_may_be_shadowed(trace->error.data)) {
            mu_str_printf(&judge->hint,
                          _("%s hides Python's own module of that name: rename the file"),
                          trace->shadow.data);
            ret->hint = mu_str_text(&judge->hint);
        } else {
            ret->hint = hints_find(trace->error.data, mu_str_text(&trace->innermost.source));
        }
    }
    const struct trace_frame *frame = best_frame(trace);
    if (frame->line == 0)
        return;
    if (!ret->hint && trace->error.len > 0)
        ret->hint = hints_find(trace->error.data, mu_str_text(&frame->source));
    const char *path = mu_str_text(&frame->path), *name = path;
    for (const char *p = path; *p; p++)
        if (*p == '/' || *p == '\\')
            name = p + 1;
    mu_str_printf(&judge->location, "%s:%ld", name, frame->line);
    ret->location = mu_str_text(&judge->location);
    name_function(frame, &judge->function);
    if (judge->function.len > 0)
        ret->function = judge->function.data;
}

static void describe_end(struct judge *judge, const struct verdict_end *end,
                         enum exec_status status, struct judgement *ret)
{
    const struct trace *trace = judge->last_trace;
    bool in_unittest = judge->overall.line > 0 && judge->overall.result == RESULT_FAIL &&
                       strcmp(judge->overall.rule, "unittest") == 0;
    bool signaled = end->started && WIFSIGNALED(end->wait_status);
    bool stopped = end->timed_out || end->cancelled;
    if (trace) {
        bool ended = status != EXEC_SUCCESS &&
                     (judge->uncaught || judge->trace_trails || trace->dump || in_unittest);
        describe_trace(judge, trace, ended, ret);
    }
    if (end->out_of_memory && !stopped) {
        mu_str_clear(&judge->message);
        mu_str_puts(&judge->message, "out of memory");
    } else if (signaled && !stopped && !(judge->uncaught && judge->message.len > 0)) {
        const char *name = sigabbrev_np(WTERMSIG(end->wait_status));
        mu_str_clear(&judge->message);
        mu_str_printf(&judge->message, "killed by signal %d", WTERMSIG(end->wait_status));
        if (name)
            mu_str_printf(&judge->message, " (SIG%s)", name);
    } else if (judge->message.len == 0 && status == EXEC_FAILED && WIFEXITED(end->wait_status) &&
               WEXITSTATUS(end->wait_status) == 1 && judge->last_stderr_len > 0) {
        mu_str_clear(&judge->decoded);
        decode_line(judge->last_stderr, judge->last_stderr_len, &judge->decoded);
        mu_str_clear(&judge->clean);
        clean_line(mu_str_text(&judge->decoded), judge->decoded.len, &judge->clean);
        const char *text = mu_str_text(&judge->clean);
        mu_str_append(&judge->message, text,
                      whole_characters(text, judge->clean.len, TEXT_MAX_BYTES));
    }
    if (judge->message.len > 0)
        ret->error_message = judge->message.data;
}

static bool out_of_memory(const struct judge *judge)
{
    const struct mu_str *const strings[] = {
        &judge->user.text,     &judge->overall.text,  &judge->tap.text,
        &judge->row_fail.text, &judge->row_pass.text, &judge->row_pending.text,
        &judge->message,       &judge->location,      &judge->function,
        &judge->hint,          &judge->trace_text,
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        if (strings[i]->failed)
            return true;
    return judge->out_of_memory || trace_failed(&judge->trace[0].trace) ||
           trace_failed(&judge->trace[1].trace);
}

int judge_finish(struct judge *judge, const struct verdict_end *end, struct judgement *ret,
                 struct mu_err *err)
{
    const struct decision *decision = weigh(judge);
    enum exec_result said = decision ? decision->result : RESULT_NONE;
    const char *rule = decision ? decision->rule : NULL;
    bool by_text = decision != NULL;
    if (!decision && judge->rules->from_exit && end->started && WIFEXITED(end->wait_status) &&
        WEXITSTATUS(end->wait_status) == 0) {
        said = RESULT_PASS;
        rule = "exit code 0";
    }
    if (said == RESULT_PASS && judge->trace_trails) {
        said = RESULT_UNKNOWN;
        rule = "traceback after a pass";
    }

    struct judgement j = {.exit_code = MODEL_NULL_INT};
    j.status = status_of(judge, end, said);
    j.result = said == RESULT_NONE ? RESULT_UNKNOWN : said;
    if (!end->started) {
        j.result = RESULT_NONE;
        rule = NULL;
        by_text = false;
    } else if (j.status == EXEC_FAILED && said != RESULT_FAIL) {
        j.result = RESULT_FAIL;
        rule = "exit code";
        by_text = false;
    } else if (j.status != EXEC_SUCCESS && said == RESULT_PASS) {
        j.result = RESULT_UNKNOWN;
        rule = "pass before a bad end";
    }
    if (end->started)
        j.exit_code = WIFSIGNALED(end->wait_status) ? -WTERMSIG(end->wait_status)
                                                    : WEXITSTATUS(end->wait_status);
    j.rule = rule;
    if (by_text) {
        j.line = decision->line;
        j.text = mu_str_text(&decision->text);
    }
    describe_end(judge, end, j.status, &j);
    if (out_of_memory(judge))
        return mu_err_nomem(err);
    *ret = j;
    return 0;
}
