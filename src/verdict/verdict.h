/* The verdict: bytes in, judgement out.
 *
 * A judge is fed every whole line that a script printed, in the order of arrival, and answers at
 * the end: status, result, which line decided and by which rule, the last traceback and where it
 * points. It is pure (no files, no clock, no locale), streams (memory does not grow with the
 * output) and one judge belongs to one thread.
 *
 *     judge_new → judge_line … → judge_finish → judge_free
 */
#ifndef VERDICT_VERDICT_H
#define VERDICT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/status.h"

/* A user's own rule, from muster.yaml: `- {match: '^VERDICT=NOK', result: FAIL}`. */
struct verdict_rule_def {
    const char *pattern; /* PCRE2 */
    enum exec_result result;
};

/* Compiled rules and policy, made once for a batch, shared by its judges (read only). */
struct verdict_rules;

/* Compile. `defs` are borrowed for the call. `from_exit`: exit code 0 is a PASS where the output
 * decides nothing. Errors: MU_E_SETTINGS (bad pattern: says which, where and why), MU_E_MEMORY. */
int verdict_rules_new(const struct verdict_rule_def *defs, size_t def_count, bool from_exit,
                      struct verdict_rules **ret_rules, struct mu_err *err);
void verdict_rules_free(struct verdict_rules *rules);

/* How the script ended. */
struct verdict_end {
    bool started;       /* false: could not be started */
    int wait_status;    /* raw, as wait4 gave it */
    bool timed_out;     /* over its time or idle limit */
    bool cancelled;     /* stopped or skipped by a person */
    bool out_of_memory; /* known from the kernel or a watchdog */
};

struct judgement {
    enum exec_status status;
    enum exec_result result;
    int64_t exit_code; /* exit status, or minus the signal; MODEL_NULL_INT where not started */
    int64_t line;      /* the deciding line of both streams together, from 1; 0: none */
    const char *text;  /* that line, cleaned, valid UTF-8, at most 500 bytes; NULL: none */
    const char *rule;  /* a stable English name ("bare verdict"); NULL: none */
    const char *error_message; /* last line of the traceback, or "killed by signal 11 (SIGSEGV)" */
    const char *stack_trace;   /* last Python traceback or faulthandler dump, colours removed */
    const char *location; /* "c_temp.py:34": the innermost frame in the script's own folder, else
                             the innermost; NULL: none */
    const char *function; /* what that frame calls, such as "bus.recv()", arguments left out where
                             it is long; "recv(): time.sleep(60)" where that only sleeps; the
                             frame's own function where it calls nothing; NULL: none */
    const char *hint;     /* one English sentence, N_()-marked and so translatable, or, where it
                             names a file, translated already; NULL: none */
};

struct judge;

/* `script_path` (absolute) tells the script's own frames in a traceback from a library's. */
int judge_new(const struct verdict_rules *rules, const char *script_path, struct judge **ret_judge,
              struct mu_err *err);
/* One line as it was printed, with or without its newline. Any bytes. A line longer than 64 KB is
 * judged by its first and last part. Never fails: where memory ends, judge_finish says so. */
void judge_line(struct judge *judge, enum stream stream, const char *data, size_t len);
/* The judgement; its strings belong to the judge and live until judge_free. Call once. */
int judge_finish(struct judge *judge, const struct verdict_end *end, struct judgement *ret,
                 struct mu_err *err);
void judge_free(struct judge *judge);

#endif
