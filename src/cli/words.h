/* How executions, batches and times are called for people. The one place for it: the lines of a
 * run, its summary and the reading commands all speak through this. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/term.h"
#include "model/batch.h"
#include "model/execution.h"

/* PASS, OK (no verdict), FAIL, ERROR, TIMEOUT, CANCEL, SKIP, RUN, WAIT: never translated, so that
 * they can be searched for. At most 7 characters. */
const char *execution_word(const struct execution *execution);
enum style execution_style(const struct execution *execution);
enum style batch_style(enum batch_status status);
/* "completed" …, translated. */
const char *batch_word(enum batch_status status);

/* Append why it ended so, one line, raw (make it safe before printing): the error message, the
 * line that decided, the exit code, "(no verdict)"; nothing for a PASS. */
void execution_why(const struct execution *execution, struct mu_str *ret);
/* Append "2 success (1 pass, 1 no verdict) · 1 failed · 1 error", over the last attempts. */
void batch_counts_text(const struct batch *batch, struct mu_str *ret);

enum { TIME_TEXT_SIZE = 64 };
/* Local time for people: "today 07:30", "yesterday 07:30", "Mon 07:30" within a week, else
 * "2026-11-02 07:30". Returns `buf`. */
char *time_text(int64_t wall_ms, int64_t now_ms, char buf[TIME_TEXT_SIZE]);
/* The day alone: "today", "yesterday", "Mon", "2026-11-02". */
char *day_text(int64_t wall_ms, int64_t now_ms, char buf[TIME_TEXT_SIZE]);
/* The whole local time: "2026-11-02 07:30:00". */
char *time_full(int64_t wall_ms, char buf[TIME_TEXT_SIZE]);
/* "59.9s"; "" for NAN. */
char *seconds_text(double seconds, char *buf, size_t size);

/* Read a point in time as people write it, local: `2026-11-23`, `2026-11-23 07:30[:15]` (or with
 * 'T'), `07:30`, `now`, `today`, `yesterday`, and `7d`, `1h30m`: so long ago. A day alone is its
 * first millisecond, or with `end` its last. Returns 0, or -1. */
int time_parse(const char *text, bool end, int64_t now_ms, int64_t *ret_ms);

#endif
