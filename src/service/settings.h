/* Settings: one table (name, type, range, default, unit, text) feeds the reader of muster.yaml, the
 * directives, the command line, the help, the manual and the reference.
 *
 * Weakest first: defaults, muster.yaml, its `overrides:` (by glob, in order), `# MUSTER:` lines in
 * the script's first 30 lines, the command line. Every value remembers where it came from. */
#ifndef SERVICE_SETTINGS_H
#define SERVICE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "verdict/verdict.h"

enum cwd_mode { CWD_SCRIPT, CWD_PROJECT, CWD_PATH };
enum stdin_mode { STDIN_NULL, STDIN_NEWLINE, STDIN_FILE };
enum runner { RUNNER_AUTO, RUNNER_SCRIPT, RUNNER_MODULE, RUNNER_PYTEST, RUNNER_UNITTEST };
/* RUNNER_AUTO runs as `script`; it differs in that a file which defines tests and starts none is
 * named. */

struct string_list {
    const char **items;
    size_t count;
};

struct settings {
    /* batch-wide: not in overrides or directives */
    struct string_list scripts, include, exclude;
    int64_t jobs; /* 1 sequential; >1; negative: cores minus; resolved by settings_jobs */
    int64_t batch_timeout_ms;     /* 0: off */
    int64_t fail_fast;            /* 0: off; N failures */
    int64_t stop_after_identical; /* 0: off */
    /* a script's own */
    const char *python; /* NULL: resolved as the product says */
    enum cwd_mode cwd;
    const char *cwd_path;          /* for CWD_PATH, absolute */
    struct string_list pythonpath; /* absolute folders */
    struct string_list env;        /* NAME=value, in order; env_file's come before */
    const char *env_file;
    enum stdin_mode stdin_mode;
    const char *stdin_path;
    bool unbuffered;
    enum runner runner;
    int64_t timeout_ms, idle_timeout_ms, grace_ms, leak_grace_ms, slow_after_ms; /* 0: off */
    int stop_signal;
    int64_t output_limit_bytes, sample_interval_ms;
    bool verdict_from_exit, verdict_require;
    int executor; /* index in the choices: only `process`, 0, in this version */
    struct verdict_rule_def *verdict_rules;
    size_t verdict_rule_count;
};

/* Where a value came from. */
enum settings_source {
    SOURCE_DEFAULT,
    SOURCE_FILE,
    SOURCE_OVERRIDE,
    SOURCE_DIRECTIVE,
    SOURCE_COMMAND_LINE,
};
const char *settings_source_name(enum settings_source source); /* "default", "muster.yaml", … */

enum setting_type {
    SETTING_BOOL,
    SETTING_INT,
    SETTING_DURATION,
    SETTING_SIZE,
    SETTING_ENUM,
    SETTING_TEXT,
    SETTING_PATH, /* relative to the folder of muster.yaml, or of the script in a directive */
    SETTING_LIST,
    SETTING_PATH_LIST,
    SETTING_MAP,
    SETTING_SPECIAL, /* jobs, cwd, stdin, verdict, overrides: with a reader of their own */
};

/* One row of the table. */
struct setting_def {
    const char *name;
    enum setting_type type;
    bool per_script;           /* may stand in overrides and directives */
    bool later;                /* known, but not in this version: refused as not yet there */
    int64_t min, max;          /* INT, DURATION (ms), SIZE (bytes) */
    bool may_be_off;           /* `off` is 0 */
    const char *choices;       /* ENUM: "INT|TERM" */
    const char *later_choices; /* ENUM: known, but not in this version */
    const char *default_text;  /* as muster.yaml would write it; "null": none */
    const char *unit;          /* N_() */
    const char *summary;       /* N_(): one line */
    const char *example;       /* or NULL */
    const char *group;         /* N_(): heading in the template and the manual */
    size_t offset;             /* of the member in struct settings */
};
extern const struct setting_def setting_defs[];
extern const size_t setting_def_count;

/* All of a project's settings: base, overrides, command line. */
struct settings_set;

/* Read muster.yaml (`path` may be NULL: defaults only; else absolute). Errors, MU_E_SETTINGS: the
 * text is `file:line:column: what is wrong: what would be right`, and the source line with a caret
 * below it. */
int settings_load(const char *path, const char *project_folder, struct settings_set **ret_set,
                  struct mu_err *err);
/* A value from the command line: strongest, for every script. `name` may also be "env.NAME",
 * "verdict.from" or "verdict.require"; paths are relative to the current folder. `option`
 * ("--timeout") is named in the error, MU_E_USAGE. */
int settings_set_option(struct settings_set *set, const char *name, const char *value,
                        const char *option, struct mu_err *err);
void settings_set_free(struct settings_set *set);

/* The batch's own. Borrowed from the set. */
const struct settings *settings_batch(const struct settings_set *set);
/* The effective settings of one script: `path_key` is its script_path (globs match it), `path_abs`
 * is read for directives. `sources` (setting_def_count of them, may be NULL) answers where each
 * came from. Most scripts share one struct: it is borrowed from the set, and equal ones are the
 * same pointer. Errors: MU_E_SETTINGS for a directive that is wrong (file:line). */
int settings_for_script(struct settings_set *set, const char *path_key, const char *path_abs,
                        const struct settings **ret, enum settings_source *sources,
                        struct mu_err *err);
/* How many run at once: `jobs` against this machine's cores (at least 1). */
size_t settings_jobs(const struct settings *settings);
/* One setting's value as text, as muster.yaml would write it ("30s", "off", "[a, b]"). In the
 * arena. NULL for rows without a value of their own (`overrides`, those of later versions). */
char *settings_value_text(const struct settings *settings, const struct setting_def *def,
                          struct mu_arena *arena);
/* The commented muster.yaml that `muster init` writes: made from the table. malloc'd. */
char *settings_template(void);

#endif
