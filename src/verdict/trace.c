/* The shapes of Python's tracebacks.
 *
 *     Traceback (most recent call last):          header
 *       File "x.py", line 34, in run              frame, two blanks
 *         bus.recv()                              its source, four blanks or more, then carets
 *     ValueError: no ACK                          the exception line, at the header's column
 *
 * A chain repeats this after "During handling …" or "The above exception …"; the last member is the
 * exception that ended the script. A group draws its members behind | and +. A syntax error in the
 * script itself has frames but no header, or, where the file cannot be decoded, nothing but the
 * exception line. A dump lists threads, most recent call first.
 *
 * Where a message that goes over several lines ends cannot be known. Indented lines and the
 * well-known libraries' forms belong to it. So do, on stderr, the lines that follow at once, unless
 * they speak for themselves (a log prefix, an overall verdict, "closing …", 程序退出): most scripts
 * print to stdout, and what they print behind a traceback of their own on stderr is mostly of that
 * kind. A traceback whose outermost frame is not `<module>` was caught and printed: its message
 * ends with its line.
 */
#include "verdict/trace.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verdict/decode.h"
#include "verdict/hints.h"

enum { TRACE_PART_BYTES = 32 * 1024, TRACE_FIELD_BYTES = 500, MESSAGE_MAX_LINES = 40 };

/* How a line on stderr begins, or a Chinese one ends, that a script printed by itself. */
static const char *const own_words[] = {
    "usage:", "clos",   "clean", "exit", "abort", "quit", "giv",   "stop",  "shut",   "disconn",
    "releas", "retry",  "recov", "bye",  "done",  "end",  "finis", "saved", "saving", "test ",
    "关闭",   "退出",   "释放",  "断开", "中止",  "终止", "停止",  "清理",  "结束",   "完成",
    "失败",   "不合格", "已",    "重试", "放弃",  "测试", "下电",
};
static const char *const log_levels[] = {"debug", "info",     "notice", "warning", "warn",
                                         "error", "critical", "fatal",  "trace"};

static const char HEADER[] = "Traceback (most recent call last):";

/* What an interpreter and its libraries say on stderr after the script has ended. */
static const char *const ignored_marks[] = {
    "Exception ignored ",
    "Error in atexit",
    "Error in sys.excepthook",
    "Error in sys.unraisablehook",
};
static const char *const shutdown_marks[] = {
    "Original exception was:",
    "sys:1: ResourceWarning",
    "sys:1: RuntimeWarning",
    "sys:1: DeprecationWarning",
    "ResourceWarning: ",
    "object address  : ",
    "object refcount : ",
    "object type     : ",
    "object type name: ",
    "object repr     : ",
    "lost sys.stderr",
    "Task was destroyed but it is pending",
    "Task exception was never retrieved",
    "Unclosed client session",
    "Unclosed connector",
    "swig/python detected a memory leak",
    "QObject::",
    "QThread: Destroyed",
    "QBasicTimer::",
    "libva ",
    "[ERROR] Failed to shutdown",
};

static bool starts(const char *line, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len >= n && memcmp(line, with, n) == 0;
}

static bool holds(const char *line, size_t len, const char *text)
{
    return line && memmem(line, len, text, strlen(text)) != NULL;
}

static size_t blanks_of(const char *line, size_t len)
{
    size_t n = 0;
    while (n < len && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return n;
}

static bool starts_with_one(const char *line, size_t len, const char *const *words, size_t count,
                            size_t *ret_len)
{
    for (size_t i = 0; i < count; i++) {
        *ret_len = strlen(words[i]);
        if (*ret_len <= len && strncasecmp(line, words[i], *ret_len) == 0)
            return true;
    }
    return false;
}

static bool ends_with_own_word(const char *line, size_t len)
{
    while (len > 0 &&
           (strchr(" .!", line[len - 1]) || (len > 2 && memcmp(line + len - 3, "！", 3) == 0) ||
            (len > 2 && memcmp(line + len - 3, "。", 3) == 0)))
        len -= strchr(" .!", line[len - 1]) ? 1 : 3;
    for (size_t i = 0; i < sizeof own_words / sizeof own_words[0]; i++) {
        size_t n = strlen(own_words[i]);
        if ((unsigned char)own_words[i][0] >= 0x80 && n <= len &&
            memcmp(line + len - n, own_words[i], n) == 0)
            return true;
    }
    return false;
}

/* The line is a print or a log record of its own, and not the rest of an exception's message. */
static bool speaks_for_itself(const char *line, size_t len)
{
    size_t n;
    if (starts_with_one(line, len, own_words, sizeof own_words / sizeof own_words[0], &n) ||
        ends_with_own_word(line, len))
        return true;
    while (len > 0 && strchr("[(<", *line))
        line++, len--;
    if (starts_with_one(line, len, log_levels, sizeof log_levels / sizeof log_levels[0], &n) &&
        (n == len || strchr("]):| -", line[n])))
        return true;
    size_t digits = 0; /* 2024-03-05 …, 11:16:01 … */
    while (digits < len && isdigit((unsigned char)line[digits]))
        digits++;
    return digits + 1 < len && (digits == 4 || digits == 2) &&
           strchr(digits == 4 ? "-/." : ":", line[digits]) &&
           isdigit((unsigned char)line[digits + 1]);
}

static void set(struct mu_str *str, const char *text, size_t len)
{
    mu_str_clear(str);
    mu_str_append(str, text, whole_characters(text, len, TRACE_FIELD_BYTES));
}

static void frame_clear(struct trace_frame *frame)
{
    frame->line = 0;
    mu_str_clear(&frame->source);
}

static void frame_release(struct trace_frame *frame)
{
    mu_str_release(&frame->path);
    mu_str_release(&frame->function);
    mu_str_release(&frame->source);
}

void trace_parser_release(struct trace_parser *parser)
{
    struct trace *t = &parser->trace;
    mu_str_release(&t->head);
    mu_str_release(&t->tail);
    mu_str_release(&t->error);
    mu_str_release(&t->shadow);
    frame_release(&t->script);
    frame_release(&t->folder);
    frame_release(&t->innermost);
}

bool trace_failed(const struct trace *t)
{
    return t->head.failed || t->tail.failed || t->error.failed || t->shadow.failed ||
           t->script.path.failed || t->script.source.failed || t->script.function.failed ||
           t->folder.path.failed || t->folder.source.failed || t->folder.function.failed ||
           t->innermost.path.failed || t->innermost.source.failed || t->innermost.function.failed;
}

static void frames_clear(struct trace_parser *p)
{
    frame_clear(&p->trace.script);
    frame_clear(&p->trace.folder);
    frame_clear(&p->trace.innermost);
    memset(p->open, 0, sizeof p->open);
}

static void begin(struct trace_parser *p, enum trace_state state)
{
    struct trace *t = &p->trace;
    /* What Python ignores while it ends must not hide what ended the script. */
    p->discard = p->ignored_next && t->complete;
    t->ignored = p->ignored_next && !p->discard ? true : p->discard && t->ignored;
    p->ignored_next = false;
    p->state = state;
    p->blanks = 0;
    p->message_open = p->has_frames = p->from_module = false;
    p->section_done = p->in_current = false;
    if (p->discard)
        return;
    mu_str_clear(&t->head);
    mu_str_clear(&t->tail);
    mu_str_clear(&t->error);
    mu_str_clear(&t->shadow);
    t->complete = t->assertion = false;
    t->dump = state == TRACE_DUMP;
    frames_clear(p);
}

static void keep(struct trace_parser *p, const char *line, size_t len)
{
    struct trace *t = &p->trace;
    if (p->discard)
        return;
    struct mu_str *to =
        t->head.len + len < TRACE_PART_BYTES && t->tail.len == 0 ? &t->head : &t->tail;
    if (len > TRACE_PART_BYTES - 1) {
        line += len - (TRACE_PART_BYTES - 1);
        len = TRACE_PART_BYTES - 1;
        while (len > 0 && ((unsigned char)*line & 0xc0) == 0x80)
            line++, len--;
    }
    mu_str_append(to, line, len);
    mu_str_putc(to, '\n');
    if (t->tail.len > 2 * (size_t)TRACE_PART_BYTES) {
        const char *from =
            memchr(t->tail.data + t->tail.len - TRACE_PART_BYTES, '\n', TRACE_PART_BYTES);
        size_t left = from ? (size_t)(t->tail.data + t->tail.len - (from + 1)) : 0;
        if (left > 0)
            memmove(t->tail.data, from + 1, left);
        t->tail.len = left;
        t->tail.data[left] = '\0';
    }
}

/* `  File "PATH", line N, in FUNCTION`, `…, line N in FUNCTION` (dump) or no function at all. */
static bool parse_frame(const char *line, size_t len, struct trace_frame *ret, size_t *ret_path_len,
                        const char **ret_path, const char **ret_function, size_t *ret_function_len)
{
    static const char LINE[] = "\", line ";
    size_t at = blanks_of(line, len);
    if (!starts(line + at, len - at, "File \""))
        return false;
    at += 6;
    const char *end = NULL; /* the last `", line `: a path may hold quotes */
    for (const char *from = line + at;;) {
        const char *hit = memmem(from, (size_t)(line + len - from), LINE, sizeof LINE - 1);
        if (!hit)
            break;
        end = hit;
        from = hit + 1;
    }
    if (!end)
        return false;
    *ret_path = line + at;
    *ret_path_len = (size_t)(end - (line + at));
    size_t i = (size_t)(end - line) + sizeof LINE - 1;
    long number = 0;
    size_t digits = i;
    for (; i < len && line[i] >= '0' && line[i] <= '9'; i++)
        if (number < 100000000)
            number = number * 10 + (line[i] - '0');
    if (i == digits)
        return false;
    ret->line = number;
    *ret_function = NULL;
    *ret_function_len = 0;
    if (i < len && line[i] == ',')
        i++;
    if (starts(line + i, len - i, " in ")) {
        *ret_function = line + i + 4;
        *ret_function_len = len - i - 4;
    }
    return true;
}

static const char *base_name(const char *path, size_t len, size_t *ret_len)
{
    size_t at = len;
    while (at > 0 && path[at - 1] != '/' && path[at - 1] != '\\')
        at--;
    *ret_len = len - at;
    return path + at;
}

static bool is_script(const struct trace_parser *p, const char *path, size_t len)
{
    size_t script_len = strlen(p->script);
    if (script_len == len && memcmp(path, p->script, len) == 0)
        return true;
    if (len == 0 || path[0] == '/')
        return false;
    size_t name_len, script_name_len;
    const char *name = base_name(path, len, &name_len);
    const char *script_name = base_name(p->script, script_len, &script_name_len);
    return name_len == script_name_len && memcmp(name, script_name, name_len) == 0;
}

static bool is_in_folder(const struct trace_parser *p, const char *path, size_t len)
{
    size_t name_len, script_len = strlen(p->script);
    base_name(p->script, script_len, &name_len);
    size_t folder = script_len - name_len;
    return folder > 0 && len > folder && memcmp(path, p->script, folder) == 0 &&
           !holds(path, len, "/site-packages/");
}

static void take_frame(struct trace_parser *p, const char *line, size_t len)
{
    struct trace *t = &p->trace;
    struct trace_frame frame = {0};
    const char *path, *function;
    size_t path_len, function_len;
    memset(p->open, 0, sizeof p->open);
    if (p->discard || !parse_frame(line, len, &frame, &path_len, &path, &function, &function_len))
        return;
    if (!p->has_frames)
        p->from_module = function && (starts(function, function_len, "<module>") ||
                                      starts(function, function_len, "_run_module_as_main"));
    p->has_frames = true;
    bool own = is_script(p, path, path_len);
    bool near = own || is_in_folder(p, path, path_len);
    struct trace_frame *const kinds[] = {&t->script, &t->folder, &t->innermost};
    const bool fits[] = {own, near, path_len == 0 || path[0] != '<'};
    for (size_t i = 0; i < 3; i++) {
        if (!fits[i] || (t->dump && (p->section_done || kinds[i]->line > 0)))
            continue;
        kinds[i]->line = frame.line;
        set(&kinds[i]->path, path, path_len);
        set(&kinds[i]->function, function ? function : "", function_len);
        mu_str_clear(&kinds[i]->source);
        p->open[i] = kinds[i];
    }
    size_t name_len;
    const char *name = base_name(path, path_len, &name_len);
    if (near && name_len > 3 && memcmp(name + name_len - 3, ".py", 3) == 0 &&
        hints_is_standard_module(name, name_len - 3))
        set(&t->shadow, name, name_len);
}

static void take_source(struct trace_parser *p, const char *text, size_t len)
{
    for (size_t i = 0; i < 3; i++)
        if (p->open[i])
            set(&p->open[i]->source, text, len);
    memset(p->open, 0, sizeof p->open);
}

/* `package.Name` or `package.Name: message`. A verdict that follows cut-off frames is none. */
static bool is_exception_line(const char *line, size_t len, size_t *ret_name_len)
{
    static const char *const verdicts[] = {"passed", "failed", "pass", "fail", "ok", "ng"};
    bool dot = false;
    size_t n = 0;
    for (; n < len; n++) {
        char c = line[n];
        if (c == '.' && n > 0 && n + 1 < len && line[n + 1] != '.' && line[n + 1] != ' ')
            dot = true;
        else if (!(isalpha((unsigned char)c) || (unsigned char)c >= 0x80 || c == '_') &&
                 (n == 0 || !(isdigit((unsigned char)c) || c == '<' || c == '>')))
            break;
    }
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (strlen(verdicts[i]) == n && strncasecmp(verdicts[i], line, n) == 0)
            return false;
    *ret_name_len = n;
    return n > 0 && (n == len || (line[n] == ':' && (n + 1 == len || line[n + 1] == ' '))) &&
           (dot || (line[0] >= 'A' && line[0] <= 'Z'));
}

static bool is_assertion(const char *name, size_t len)
{
    static const char ASSERTION[] = "AssertionError";
    size_t n = sizeof ASSERTION - 1;
    return len >= n && memcmp(name + len - n, ASSERTION, n) == 0 &&
           (len == n || name[len - n - 1] == '.');
}

static bool message_goes_on(const char *line, size_t len)
{
    return holds(line, len, "validation error") || (len > 0 && strchr(":,([{", line[len - 1]));
}

static void take_error(struct trace_parser *p, const char *line, size_t len, size_t name_len)
{
    struct trace *t = &p->trace;
    p->state = TRACE_AFTER;
    p->blanks = p->loose_lines = 0;
    p->message_open = p->is_stderr && message_goes_on(line, len);
    if (p->discard)
        return;
    set(&t->error, line, len);
    t->complete = true;
    t->assertion = is_assertion(line, name_len);
}

static bool is_header(const char *line, size_t len)
{
    while (len > 0 && line[len - 1] == ' ')
        len--;
    size_t n = sizeof HEADER - 1;
    return len >= n && memcmp(line + len - n, HEADER, n) == 0;
}

static bool is_dump_start(const char *line, size_t len)
{
    return starts(line, len, "Fatal Python error: ") || starts(line, len, "Timeout (") ||
           ((starts(line, len, "Current thread 0x") || starts(line, len, "Thread 0x") ||
             starts(line, len, "Stack (")) &&
            holds(line, len, "(most recent call first)"));
}

/* What stands between the threads of a dump and after them. */
static bool is_dump_part(const char *line, size_t len)
{
    return blanks_of(line, len) == len || starts(line, len, "Extension modules:") ||
           starts(line, len, "Python runtime state:") || starts(line, len, "<no Python frame>") ||
           starts(line, len, "Stack (");
}

static enum trace_line part(const struct trace_parser *p)
{
    return p->discard ? TRACE_LINE_IGNORED : TRACE_LINE_PART;
}

static bool is_chain(const char *line, size_t len)
{
    return starts(line, len, "During handling of the above exception, another exception") ||
           starts(line, len, "The above exception was the direct cause of");
}

/* A traceback follows that ended nothing. */
static bool announces_ignored(const char *line, size_t len)
{
    for (size_t i = 0; i < sizeof ignored_marks / sizeof ignored_marks[0]; i++)
        if (starts(line, len, ignored_marks[i]))
            return true;
    return false;
}

static bool is_shutdown(const char *line, size_t len)
{
    for (size_t i = 0; i < sizeof shutdown_marks / sizeof shutdown_marks[0]; i++)
        if (starts(line, len, shutdown_marks[i]))
            return true;
    return announces_ignored(line, len) || holds(line, len, ": ResourceWarning: ") ||
           holds(line, len, "resource_tracker: There appear to be");
}

/* A file that is no text, or of another encoding: no frame, no header. */
static bool is_bare_syntax_error(const char *line, size_t len)
{
    return starts(line, len, "SyntaxError: ") || starts(line, len, "IndentationError: ") ||
           starts(line, len, "TabError: ");
}

static enum trace_line feed_dump(struct trace_parser *p, const char *line, size_t len);
static enum trace_line feed_frames(struct trace_parser *p, const char *line, size_t len);

static enum trace_line feed_idle(struct trace_parser *p, const char *line, size_t len)
{
    if (is_header(line, len)) {
        bool group = holds(line, len, "+ Exception Group Traceback");
        begin(p, group ? TRACE_GROUP : TRACE_FRAMES);
        keep(p, line, len);
        return part(p);
    }
    if (is_dump_start(line, len)) {
        begin(p, TRACE_DUMP);
        p->trace.complete = !p->discard;
        return feed_dump(p, line, len);
    }
    struct trace_frame frame;
    const char *path, *function;
    size_t path_len, function_len;
    if (starts(line, len, "  File \"") &&
        parse_frame(line, len, &frame, &path_len, &path, &function, &function_len) && !function) {
        begin(p, TRACE_SYNTAX);
        keep(p, line, len);
        take_frame(p, line, len);
        return part(p);
    }
    if (p->is_stderr && is_bare_syntax_error(line, len)) {
        begin(p, TRACE_SYNTAX);
        return feed_frames(p, line, len);
    }
    p->state = TRACE_IDLE;
    size_t name_len;
    bool follows = (p->ignored_next && is_exception_line(line, len, &name_len)) ||
                   (p->warned && blanks_of(line, len) > 0 && blanks_of(line, len) < len);
    p->warned = false;
    if (follows)
        return TRACE_LINE_SHUTDOWN;
    if (is_shutdown(line, len)) {
        p->ignored_next = announces_ignored(line, len);
        p->warned = !p->ignored_next;
        return TRACE_LINE_SHUTDOWN;
    }
    if (blanks_of(line, len) < len)
        p->ignored_next = false;
    return TRACE_LINE_OTHER;
}

static enum trace_line feed_frames(struct trace_parser *p, const char *line, size_t len)
{
    size_t blanks = blanks_of(line, len), name_len;
    if (blanks >= 2 && blanks < len) {
        keep(p, line, len);
        if (starts(line + blanks, len - blanks, "File \""))
            take_frame(p, line, len);
        else if (blanks >= 4)
            take_source(p, line + blanks, len - blanks);
        return part(p);
    }
    if (is_exception_line(line, len, &name_len) &&
        (p->state != TRACE_SYNTAX || holds(line, name_len, "SyntaxError") ||
         holds(line, name_len, "IndentationError") || holds(line, name_len, "TabError"))) {
        keep(p, line, len);
        take_error(p, line, len, name_len);
        return p->discard ? TRACE_LINE_IGNORED : TRACE_LINE_ERROR;
    }
    return feed_idle(p, line, len);
}

static enum trace_line feed_group(struct trace_parser *p, const char *line, size_t len)
{
    size_t at = blanks_of(line, len), name_len;
    if (at == len || (line[at] != '|' && line[at] != '+')) {
        p->state = p->trace.complete ? TRACE_AFTER : TRACE_IDLE;
        p->blanks = 0;
        return trace_parser_feed(p, line, len);
    }
    keep(p, line, len);
    if (p->trace.complete && !p->discard)
        return TRACE_LINE_PART;
    at += at + 1 < len && line[at + 1] == ' ' ? 2 : 1;
    if (starts(line + at, len - at, "  File \"")) {
        take_frame(p, line + at, len - at);
    } else if (starts(line + at, len - at, "    ")) {
        size_t blanks = blanks_of(line + at, len - at);
        take_source(p, line + at + blanks, len - at - blanks);
    } else if (is_exception_line(line + at, len - at, &name_len)) {
        take_error(p, line + at, len - at, name_len);
        p->state = TRACE_GROUP;
        return p->discard ? TRACE_LINE_IGNORED : TRACE_LINE_ERROR;
    }
    return part(p);
}

static enum trace_line feed_after(struct trace_parser *p, const char *line, size_t len)
{
    size_t blanks = blanks_of(line, len);
    if (blanks == len) {
        p->blanks++;
        return part(p);
    }
    if (is_chain(line, len)) {
        for (; p->blanks > 0; p->blanks--)
            keep(p, "", 0);
        keep(p, line, len);
        p->state = TRACE_CHAIN;
        return part(p);
    }
    bool goes_on = p->blanks == 0 && !is_header(line, len) && !is_dump_start(line, len) &&
                   ((blanks > 0 && !starts(line, len, "  + Exception Group")) || p->message_open ||
                    (p->is_stderr && p->loose_lines < MESSAGE_MAX_LINES &&
                     (p->from_module || strchr("[({})]~^|", line[0])) && !is_shutdown(line, len) &&
                     !speaks_for_itself(line, len)));
    if (!goes_on)
        return feed_idle(p, line, len);
    keep(p, line, len);
    p->loose_lines += blanks == 0;
    p->message_open = p->message_open || (p->is_stderr && message_goes_on(line, len));
    return part(p);
}

static enum trace_line feed_chain(struct trace_parser *p, const char *line, size_t len)
{
    if (blanks_of(line, len) == len) {
        keep(p, "", 0);
        return part(p);
    }
    if (!is_header(line, len))
        return feed_idle(p, line, len);
    p->state = holds(line, len, "+ Exception Group Traceback") ? TRACE_GROUP : TRACE_FRAMES;
    p->has_frames = p->from_module = false;
    keep(p, line, len);
    if (!p->discard) {
        p->trace.complete = false;
        frames_clear(p);
    }
    return part(p);
}

static enum trace_line feed_dump(struct trace_parser *p, const char *line, size_t len)
{
    bool current = starts(line, len, "Current thread ");
    if (current || starts(line, len, "Thread 0x")) {
        if (p->in_current && p->trace.innermost.line > 0)
            p->section_done = true;
        if (!p->section_done && !p->discard)
            frames_clear(p);
        p->in_current = current;
    } else if (starts(line, len, "  ")) {
        take_frame(p, line, len);
    } else if (p->trace.tail.len + p->trace.head.len > 0 && !is_dump_part(line, len)) {
        return feed_idle(p, line, len);
    }
    keep(p, line, len);
    return part(p);
}

enum trace_line trace_parser_feed(struct trace_parser *p, const char *line, size_t len)
{
    while (len > 0 && line[len - 1] == '\n')
        len--;
    switch (p->state) {
    case TRACE_FRAMES:
    case TRACE_SYNTAX: return feed_frames(p, line, len);
    case TRACE_GROUP: return feed_group(p, line, len);
    case TRACE_AFTER: return feed_after(p, line, len);
    case TRACE_CHAIN: return feed_chain(p, line, len);
    case TRACE_DUMP: return feed_dump(p, line, len);
    case TRACE_IDLE: break;
    }
    return feed_idle(p, line, len);
}

void trace_parser_end_message(struct trace_parser *p)
{
    p->loose_lines = MESSAGE_MAX_LINES;
}
