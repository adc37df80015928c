/* What is said goes to stdout, a line a script; the header, the live block and messages go to
 * stderr. On one terminal both meet: the block is taken away before anything is printed and drawn
 * again after it. */
#include "cli/run_session.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/run_view.h"
#include "cli/safe_text.h"
#include "cli/words.h"
#include "service/settings.h"
#include "store/batch_repo.h"

enum { REDRAW_MS = 100, LAST_LINES = 3, LAST_LINE_BYTES = 400, LAST_LINES_INDENT = 19 };

/* ---- printing ---- */

static void begin_print(struct run_view *view)
{
    live_block_erase(&view->block);
}

static void end_print(struct run_view *view)
{
    fflush(stdout);
    fflush(stderr);
    live_block_draw(&view->block);
}

static size_t line_width(const struct term *term)
{
    return term->is_tty ? term_width(term) - 1 : 0;
}

static void print_message(struct run_view *view, const char *text)
{
    begin_print(view);
    MU_AUTO_STR struct mu_str safe = {0};
    safe_text(&safe, text, strlen(text), SAFE_LINES);
    fprintf(stderr, "%s\n", mu_str_text(&safe));
    end_print(view);
}

/* "5 scripts · python 3.12.3 (.venv) · one at a time (-j runs 7 at once) · limit 1h each" */
static void print_header(struct run_view *view)
{
    const struct term *term = &view->cli->err;
    size_t count;
    const struct run_item *items = run_items(view->run, &count);
    fprintf(stderr, P_("%zu script", "%zu scripts", count), count);

    const struct python *first = run_python(view->run, &items[0]);
    size_t pythons = 1;
    int64_t limit = items[0].script->settings->timeout_ms;
    bool same_limit = true;
    for (size_t i = 1; i < count; i++) {
        pythons += pythons == 1 && run_python(view->run, &items[i]) != first;
        same_limit = same_limit && items[i].script->settings->timeout_ms == limit;
    }
    if (first && first->usable) {
        fprintf(stderr, " · python %s", first->interpreter.version);
        if (first->origin)
            fprintf(stderr, " (%s)", first->origin);
        if (pythons > 1)
            fputs(_(" and others"), stderr);
    }
    size_t jobs = run_jobs(view->run);
    if (view->single)
        ;
    else if (jobs == 1) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        if (cores > 2)
            fprintf(stderr, _(" · one at a time (-j runs %ld at once)"), cores - 1);
        else
            fputs(_(" · one at a time"), stderr);
    } else {
        fprintf(stderr, _(" · %zu at once"), jobs);
    }
    if (jobs < view->run_options->jobs && jobs < count)
        fputs(_(" (the limit of open files allows no more)"), stderr);
    char text[64];
    if (same_limit && limit > 0)
        fprintf(stderr, view->single ? _(" · limit %s") : _(" · limit %s each"),
                mu_duration_exact(limit, text, sizeof text));
    else if (same_limit)
        fputs(_(" · no time limit"), stderr);
    if (view->run_options->until_wall_ms != 0) {
        char until[TIME_TEXT_SIZE];
        fprintf(stderr, _(" · until %s"), time_full(view->run_options->until_wall_ms, until));
    }
    if (view->options->shuffled)
        fprintf(stderr, _(" · shuffled (--shuffle=%llu)"), (unsigned long long)view->options->seed);
    if (view->options->live_output)
        fputs(_(" · output shown live"), stderr);
    fprintf(stderr, "%s\n", term_off(term));
    fflush(stderr);
}

/* Is this line already said by the line of the failure, or does it only point (`^^^^`)? */
static bool says_nothing_new(const struct execution *execution, const char *line, size_t len)
{
    const char *said[] = {execution->verdict_text, execution->error_message};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (said[i] && strlen(said[i]) == len && memcmp(said[i], line, len) == 0)
            return true;
    size_t i = 0;
    while (i < len && strchr(" ^~", line[i]))
        i++;
    return i == len;
}

/* Of a traceback one line is enough here: the source line where it broke, which comes last. */
static bool is_more_of_a_trace(const struct execution *execution, const char *line, size_t len,
                               bool *trace_shown)
{
    const char *trace = execution->stack_trace;
    if (!trace || !memmem(trace, strlen(trace), line, len))
        return false;
    bool source = len > 4 && strncmp(line, "    ", 4) == 0;
    if (!source || *trace_shown)
        return true;
    *trace_shown = true;
    return false;
}

/* The last lines of the output of a failure, where they say more than its line did. */
static void print_last_lines(struct run_view *view, const struct execution *execution)
{
    const struct term *term = &view->cli->out;
    const char *lines[LAST_LINES], *output = execution->output;
    size_t lens[LAST_LINES], count = 0, end = output ? execution->output_len : 0;
    bool trace_shown = false;
    while (end > 0 && count < LAST_LINES) {
        while (end > 0 && strchr("\r\n \t", output[end - 1]))
            end--;
        size_t begin = end;
        while (begin > 0 && output[begin - 1] != '\n')
            begin--;
        if (begin < end && !says_nothing_new(execution, output + begin, end - begin) &&
            !is_more_of_a_trace(execution, output + begin, end - begin, &trace_shown)) {
            lines[count] = output + begin;
            lens[count++] = end - begin;
        }
        end = begin;
    }
    for (size_t i = count; i-- > 0;) {
        MU_AUTO_STR struct mu_str safe = {0}, line = {0};
        size_t len = lens[i];
        if (len > LAST_LINE_BYTES)
            for (len = LAST_LINE_BYTES; len > 0 && ((unsigned char)lines[i][len] & 0xc0) == 0x80;)
                len--;
        safe_text(&safe, lines[i], len, SAFE_PLAIN);
        run_line_cut(&line, mu_str_text(&safe), line_width(term) - LAST_LINES_INDENT);
        printf("%*s%s%s%s\n", LAST_LINES_INDENT, "", term_on(term, STYLE_DIM), mu_str_text(&line),
               term_off(term));
    }
}

/* ---- what happens ---- */

static void remember(struct run_view *view, const struct run_item *item,
                     const struct execution *execution)
{
    if (MU_GROW(view->notable, view->notable_cap, view->notable_count + 1) != 0)
        return;
    struct mu_arena *arena = &view->arena;
    struct run_notable *notable = &view->notable[view->notable_count++];
    *notable = (struct run_notable){.item = item, .execution = *execution};
    struct execution *copy = &notable->execution;
    copy->script_path = item->script->script_path;
    copy->script_name = item->script->script_name;
    copy->record_id = item->record_id;
    copy->output = copy->stack_trace = NULL;
    copy->error_message = mu_arena_strdup(arena, execution->error_message);
    copy->verdict_text = mu_arena_strdup(arena, execution->verdict_text);
    copy->location = mu_arena_strdup(arena, execution->location);
    copy->leftover = mu_arena_strdup(arena, execution->leftover);
    copy->hint = mu_arena_strdup(arena, execution->hint);
    copy->stop_signals = mu_arena_strdup(arena, execution->stop_signals);
}

static void on_recovered(void *arg, const struct batch *batch, size_t lost, size_t never_started)
{
    fprintf(stderr,
            _("muster: batch %lld was left by a muster that died: %zu lost, %zu never started: "
              "muster resume %lld\n"),
            (long long)batch->id, lost, never_started, (long long)batch->id);
}

static void on_batch_started(void *arg, struct run *run)
{
    struct run_view *view = arg;
    size_t count;
    const struct run_item *items = run_items(run, &count);
    view->run = run;
    view->names = run_names_of(items, count);
    view->single = count == 1;
    live_block_init(&view->block, &view->cli->err, run, &view->names,
                    !view->options->json && !view->options->live_output);
    if (view->options->json)
        run_events_batch_started(view);
    else
        print_header(view);
}

static void on_execution_started(void *arg, struct run *run, const struct run_item *item)
{
    struct run_view *view = arg;
    if (view->options->json)
        run_events_execution_started(view, item);
    else if (view->options->live_output && !view->single && run_jobs(run) == 1)
        fprintf(stderr, "── %s\n", item->script->script_path + view->names.skip);
}

static void on_line(void *arg, struct run *run, const struct run_item *item, enum stream stream,
                    const char *data, size_t len)
{
    struct run_view *view = arg;
    struct term *term = stream == STREAM_STDOUT ? &view->cli->out : &view->cli->err;
    bool prefixed = run_jobs(run) > 1;
    if (!term->is_tty && !prefixed) {
        fwrite(data, 1, len, term->file);
    } else {
        MU_AUTO_STR struct mu_str safe = {0};
        safe_text(&safe, data, len,
                  SAFE_LINES | SAFE_TABS | (term->color ? SAFE_COLORS : SAFE_PLAIN));
        if (prefixed)
            fprintf(term->file, "%s │ ", item->script->script_path + view->names.skip);
        fwrite(mu_str_text(&safe), 1, safe.len, term->file);
        if (prefixed && (len == 0 || data[len - 1] != '\n'))
            fputc('\n', term->file);
    }
    fflush(term->file);
}

static void on_slow(void *arg, struct run *run, const struct run_item *item, int64_t elapsed_ms)
{
    struct run_view *view = arg;
    if (view->options->json)
        return;
    char time[40] = ">";
    mu_duration_format(item->script->settings->slow_after_ms, time + 1, sizeof time - 1);
    MU_AUTO_STR struct mu_str line = {0};
    run_line_of(&line, &view->cli->out, &view->names, STYLE_TIMEOUT, _("SLOW"), time,
                item->script->script_path + view->names.skip, "", line_width(&view->cli->out));
    begin_print(view);
    printf("%s\n", mu_str_text(&line));
    end_print(view);
}

static void on_execution_finished(void *arg, struct run *run, const struct run_item *item,
                                  const struct execution *execution)
{
    struct run_view *view = arg;
    view->passed += execution->result == RESULT_PASS;
    bool succeeded = execution->status == EXEC_SUCCESS;
    if (!succeeded || execution->leaky)
        remember(view, item, execution);
    if (view->options->json) {
        run_events_execution_finished(view, item, execution);
        return;
    }
    const struct term *term = &view->cli->out;
    MU_AUTO_STR struct mu_str line = {0};
    run_line(&line, term, &view->names, execution, line_width(term));
    begin_print(view);
    if (view->options->live_output && execution->output_len > 0 &&
        execution->output[execution->output_len - 1] != '\n')
        putchar('\n');
    printf("%s\n", mu_str_text(&line));
    if (!succeeded && execution->status != EXEC_CANCELLED && term->is_tty &&
        !view->options->live_output)
        print_last_lines(view, execution);
    end_print(view);
}

static void on_trouble(void *arg, struct run *run, const char *text)
{
    struct run_view *view = arg;
    MU_AUTO_STR struct mu_str message = {0};
    if (text)
        mu_str_printf(&message, _("muster: %s: nothing more is started until it works again"),
                      text);
    else
        mu_str_puts(&message, _("muster: the database works again: going on"));
    print_message(view, mu_str_text(&message));
}

/* ---- keys, signals, redrawing ---- */

static void describe_running(void *arg, const struct run_live *live)
{
    struct run_view *view = arg;
    char time[32], memory[32] = "";
    mu_duration_format(live->elapsed_ms, time, sizeof time);
    if (!isnan(live->memory_mb))
        mu_size_format((int64_t)(live->memory_mb * 1048576), memory, sizeof memory);
    MU_AUTO_STR struct mu_str rest = {0}, line = {0};
    mu_str_printf(&rest, "%7s  %s", memory, live->last_line);
    run_line_of(&line, &view->cli->err, &view->names, STYLE_BOLD, _("RUNNING"), time,
                live->item->script->script_path + view->names.skip, mu_str_text(&rest),
                line_width(&view->cli->err));
    fprintf(stderr, "%s\n", mu_str_text(&line));
}

static void say_what_runs(struct run_view *view)
{
    begin_print(view);
    run_each_live(view->run, describe_running, view);
    end_print(view);
}

static void say_stopping(void *arg, const struct run_live *live)
{
    struct run_view *view = arg;
    char grace[32];
    mu_duration_exact(live->item->script->settings->grace_ms, grace, sizeof grace);
    fprintf(stderr, _("stopping: %s may finish its cleanup (%s); Ctrl-C again kills\n"),
            live->item->script->script_path + view->names.skip, grace);
}

static void on_signal(void *arg, int signo)
{
    struct run_view *view = arg;
    if (signo == SIGUSR1) {
        say_what_runs(view);
        return;
    }
    if (signo == SIGWINCH) {
        live_block_draw(&view->block);
        return;
    }
    view->interrupts++;
    if (!view->options->json) {
        begin_print(view);
        if (view->interrupts == 1)
            run_each_live(view->run, say_stopping, view);
        end_print(view);
    }
    run_interrupt(view->run, view->interrupts > 1);
}

static void on_key(void *arg)
{
    struct run_view *view = arg;
    char key;
    if (read(STDIN_FILENO, &key, 1) == 1 && key == 't')
        say_what_runs(view);
}

static void redraw(void *arg)
{
    struct run_view *view = arg;
    live_block_draw(&view->block);
}

/* Keys come at once and unseen while the batch runs; Ctrl-C stays a signal. Only in the foreground:
 * a background job that changes the terminal would be stopped. */
static bool take_keyboard(struct termios *ret_saved)
{
    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
        tcgetattr(STDIN_FILENO, ret_saved) != 0)
        return false;
    struct termios raw = *ret_saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static int listen_to_person(struct run_view *view, bool keyboard, struct mu_err *err)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGWINCH};
    struct engine *engine = run_engine(view->run);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (engine_on_signal(engine, signals[i], on_signal, view, err) != 0)
            return -1;
    if (keyboard && engine_on_readable(engine, STDIN_FILENO, on_key, view, err) != 0)
        return -1;
    if (view->cli->err.is_tty && !view->options->json && !view->options->live_output &&
        !engine_timer_start(engine, REDRAW_MS, true, redraw, view))
        return mu_err_nomem(err);
    return 0;
}

/* The whole batch's counts: a resumed one's are in the database, as they are for a new one. */
static void load_counts(struct run_view *view)
{
    struct batch batch;
    view->counts = *run_counts(view->run);
    if (view->run_options->resumed &&
        batch_repo_find_by_id(run_db(view->run), &view->arena, run_batch(view->run)->batch_id,
                              &batch, NULL) == 0) {
        view->counts = batch.counts;
        view->passed = batch.pass_count;
    }
}

static int exit_status(const struct run_view *view, enum run_end end)
{
    const struct batch_counts *counts = &view->counts;
    if (end == RUN_INTERRUPTED || view->interrupts > 0)
        return EXIT_INTERRUPTED;
    if (counts->by_status[EXEC_SUCCESS] < counts->total || run_summary_unstarted(view) > 0)
        return EXIT_NO;
    size_t count;
    const struct run_item *items = run_items(view->run, &count);
    for (size_t i = 0; i < count; i++)
        if (items[i].result == RESULT_UNKNOWN && items[i].script->settings->verdict_require)
            return EXIT_NO;
    return 0;
}

int run_session(struct cli *cli, const struct run_options *run_options,
                const struct session_options *options)
{
    struct run_view view = {.cli = cli, .options = options, .run_options = run_options};
    const struct run_events events = {
        .on_recovered = on_recovered,
        .on_batch_started = on_batch_started,
        .on_execution_started = on_execution_started,
        .on_line = options->live_output ? on_line : NULL,
        .on_slow = on_slow,
        .on_execution_finished = on_execution_finished,
        .on_trouble = on_trouble,
        .arg = &view,
    };
    struct mu_err err = MU_ERR_INIT;
    if (run_new(run_options, &events, &view.run, &err) != 0)
        return cli_fail(cli, &err);

    struct termios saved;
    bool keyboard = !options->json && cli->err.is_tty && take_keyboard(&saved);
    enum run_end end = RUN_WHOLE;
    int rc = listen_to_person(&view, keyboard, &err);
    if (rc == 0)
        rc = run_execute(view.run, &end, &err);
    live_block_erase(&view.block);
    if (keyboard)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);

    int status;
    if (rc != 0) {
        status = cli_fail(cli, &err);
    } else {
        load_counts(&view);
        if (options->json)
            run_events_batch_finished(&view);
        else
            run_summary_print(&view, end);
        status = exit_status(&view, end);
    }
    run_free(view.run);
    free(view.notable);
    mu_arena_release(&view.arena);
    return status;
}
