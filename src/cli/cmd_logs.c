/* muster logs: everything that a script printed.
 *
 * To a pipe or a file: the bytes as they were. On a terminal (and with --json) a line at a time,
 * decoded as the verdict reads it, and made safe. A line may come in several blocks, and the blocks
 * of the two streams alternate, so each stream gathers its own line. */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/print_json.h"
#include "cli/safe_text.h"
#include "service/reference.h"
#include "store/output_log.h"
#include "verdict/decode.h"

enum { OPT_JSON = 256, OPT_STREAM, OPT_TIMESTAMPS };

struct reader {
    struct cli *cli;
    bool wanted[STREAM_STDERR + 1];
    bool timestamps;
    bool as_bytes;
    json_t *items; /* --json: lines are gathered here */
    struct line {
        struct mu_str text;
        int64_t since_start_ms; /* of its first byte */
    } lines[STREAM_STDERR + 1];
    bool at_line_start; /* as_bytes */
};

static void print_time(int64_t since_start_ms)
{
    printf("%8.3f  ", (double)since_start_ms / 1000);
}

static void end_line(struct reader *reader, enum stream stream)
{
    struct line *line = &reader->lines[stream];
    MU_AUTO_STR struct mu_str text = {0};
    decode_line(mu_str_text(&line->text), line->text.len, &text);
    if (reader->items) {
        json_array_append_new(reader->items,
                              json_pack("{s:s, s:f, s:o}", "stream",
                                        stream == STREAM_STDOUT ? "out" : "err", "seconds",
                                        (double)line->since_start_ms / 1000, "text",
                                        json_stringn(mu_str_text(&text), text.len)));
    } else {
        MU_AUTO_STR struct mu_str safe = {0};
        const struct term *out = &reader->cli->out;
        safe_text(&safe, mu_str_text(&text), text.len,
                  SAFE_TABS | (out->color ? SAFE_COLORS : SAFE_PLAIN));
        if (reader->timestamps)
            print_time(line->since_start_ms);
        printf("%s\n", mu_str_text(&safe));
    }
    mu_str_clear(&line->text);
}

static void take_bytes(struct reader *reader, int64_t since_start_ms, const char *data, size_t len)
{
    while (len > 0) {
        const char *newline = reader->timestamps ? memchr(data, '\n', len) : NULL;
        size_t n = newline ? (size_t)(newline - data) + 1 : len;
        if (reader->timestamps && reader->at_line_start)
            print_time(since_start_ms);
        fwrite(data, 1, n, stdout);
        reader->at_line_start = data[n - 1] == '\n';
        data += n;
        len -= n;
    }
}

static bool each_block(void *arg, enum stream stream, int64_t since_start_ms, const char *data,
                       size_t len)
{
    struct reader *reader = arg;
    struct line *line = &reader->lines[stream];
    if (!reader->wanted[stream])
        return true;
    if (reader->as_bytes) {
        take_bytes(reader, since_start_ms, data, len);
        return !ferror(stdout);
    }
    while (len > 0) {
        const char *newline = memchr(data, '\n', len);
        size_t n = newline ? (size_t)(newline - data) : len;
        if (line->text.len == 0)
            line->since_start_ms = since_start_ms;
        mu_str_append(&line->text, data, n);
        /* A line without end must not fill the memory: it is shown in parts. */
        if (newline || line->text.len > 1 << 20)
            end_line(reader, stream);
        n += newline != NULL;
        data += n;
        len -= n;
    }
    return !ferror(stdout);
}

static int read_log(struct reader *reader, const struct execution *execution, struct mu_err *err)
{
    struct cli *cli = reader->cli;
    int rc = -1;
    struct mu_err cause = {.code = MU_E_NOT_FOUND};
    if (execution->log_path) {
        char *path = mu_arena_printf(&cli->arena, "%s/%s", cli->project.home, execution->log_path);
        if (!path)
            return mu_err_nomem(err);
        rc = output_log_read(path, each_block, reader, &cause);
    }
    if (rc != 0 && cause.code != MU_E_NOT_FOUND) {
        if (err)
            *err = cause;
        return -1;
    }
    if (rc != 0 && execution->output && execution->output_len > 0) {
        /* The log was removed, or never made: what the database keeps is the next best. */
        if (execution->output_bytes > (int64_t)execution->output_len)
            fprintf(stderr, "%s\n",
                    _("muster: the log is gone: this is what the database keeps of it"));
        each_block(reader, STREAM_STDOUT, 0, execution->output, execution->output_len);
    }
    for (enum stream s = STREAM_STDOUT; s <= STREAM_STDERR; s++)
        if (reader->lines[s].text.len > 0)
            end_line(reader, s);
    return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct execution execution;
    const char *stream = cli_option(cli, OPT_STREAM);
    bool json = cli_option(cli, OPT_JSON) != NULL;
    if (stream && strcmp(stream, "out") != 0 && strcmp(stream, "err") != 0)
        return cli_usage(cli, _("--stream cannot be '%s': out or err"), stream);
    if (reference_record(cli->db, &cli->arena, argv[0], &execution, &err) != 0)
        return cli_fail(cli, &err);

    struct reader reader = {
        .cli = cli,
        .timestamps = cli_option(cli, OPT_TIMESTAMPS) != NULL,
        .as_bytes = !json && !cli->out.is_tty,
        .items = json ? json_array() : NULL,
        .at_line_start = true,
    };
    reader.wanted[STREAM_STDOUT] = !stream || strcmp(stream, "out") == 0;
    reader.wanted[STREAM_STDERR] = !stream || strcmp(stream, "err") == 0;
    int rc = read_log(&reader, &execution, &err);
    for (enum stream s = STREAM_STDOUT; s <= STREAM_STDERR; s++)
        mu_str_release(&reader.lines[s].text);
    if (rc != 0) {
        json_decref(reader.items);
        return cli_fail(cli, &err);
    }
    return json ? print_json_items(cli, reader.items) : 0;
}

static const struct option_def options[] = {
    {"stream", OPT_STREAM, "out|err", 0, N_("only standard output, or only standard error")},
    {"timestamps", OPT_TIMESTAMPS, NULL, 0, N_("put the seconds since its start before each line")},
    {"json", OPT_JSON, NULL, 0, N_("print one JSON document: the lines, their stream and time")},
    {0},
};

const struct command cmd_logs = {
    .name = "logs",
    .args = "RECORD",
    .summary = N_("print the whole output of one execution"),
    .description =
        N_("To a pipe or a file the bytes are those that the script printed. On a terminal "
           "control characters are shown, not obeyed.\n"
           "  muster logs 42/7\n"
           "  muster logs latest/b_can.py --stream err > trace.txt"),
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_DB,
    .run = run,
};
