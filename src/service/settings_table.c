/* The table of settings. The reader, the directives, the command line, the template of muster.yaml
 * and the manual are all made from it; a new setting is a row here, a member of struct settings
 * and, where its form is its own, a case in settings_value.c. */
#include "service/settings_internal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/nearest.h"
#include "base/str.h"

#define MEMBER(member) .offset = offsetof(struct settings, member)
#define KiB INT64_C(1024)
#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

#define GROUP_WHICH N_("Which scripts")
#define GROUP_HOW N_("How a script is started")
#define GROUP_MANY N_("How many at once")
#define GROUP_LIMITS N_("Limits")
#define GROUP_RESULT N_("Output and verdict")
#define GROUP_SOME N_("For some scripts only")
#define GROUP_LATER N_("In a later version")

/* clang-format off */
const struct setting_def setting_defs[] = {
    {.name = "scripts", .type = SETTING_PATH_LIST, .group = GROUP_WHICH, MEMBER(scripts),
     .default_text = "[]", .example = "[TestScripts]",
     .summary = N_("the folders (or files) to run without a PATH; none: the project")},
    {.name = "include", .type = SETTING_LIST, .group = GROUP_WHICH, MEMBER(include),
     .default_text = "[]", .example = "[\"build/checks/**\"]",
     .summary = N_("globs of scripts to take although they are left out by default")},
    {.name = "exclude", .type = SETTING_LIST, .group = GROUP_WHICH, MEMBER(exclude),
     .default_text = "[]", .example = "[\"**/helpers/**\"]",
     .summary = N_("globs of scripts to leave out")},

    {.name = "python", .type = SETTING_PATH, .per_script = true, .group = GROUP_HOW,
     MEMBER(python), .default_text = "null", .example = "/opt/bench/venv/bin/python",
     .summary = N_("the interpreter; none: $VIRTUAL_ENV, $CONDA_PREFIX, the nearest .venv, python3")},
    {.name = "cwd", .type = SETTING_SPECIAL, .per_script = true, .group = GROUP_HOW,
     MEMBER(cwd), .default_text = "script", .example = "project",
     .summary = N_("the folder a script runs in: script (its own), project, or a path")},
    {.name = "pythonpath", .type = SETTING_PATH_LIST, .per_script = true, .group = GROUP_HOW,
     MEMBER(pythonpath), .default_text = "[]", .example = "[lib]",
     .summary = N_("folders to import from, before the user's PYTHONPATH")},
    {.name = "env", .type = SETTING_MAP, .per_script = true, .group = GROUP_HOW,
     MEMBER(env), .default_text = "{}", .example = "{CAN_CHANNEL: can0}",
     .summary = N_("environment variables")},
    {.name = "env_file", .type = SETTING_PATH, .per_script = true, .group = GROUP_HOW,
     MEMBER(env_file), .default_text = "null", .example = "bench.env",
     .summary = N_("a file of KEY=VALUE lines; env: goes before it")},
    {.name = "stdin", .type = SETTING_SPECIAL, .per_script = true, .group = GROUP_HOW,
     MEMBER(stdin_mode), .default_text = "null", .example = "newline",
     .summary = N_("standard input: null (at its end), newline (for ever), or a file")},
    {.name = "unbuffered", .type = SETTING_BOOL, .per_script = true, .group = GROUP_HOW,
     MEMBER(unbuffered), .default_text = "true",
     .summary = N_("set PYTHONUNBUFFERED, so that output comes as it is printed")},
    {.name = "runner", .type = SETTING_ENUM, .per_script = true, .group = GROUP_HOW,
     MEMBER(runner), .choices = "auto|script|module|pytest|unittest", .default_text = "auto",
     .example = "pytest",
     .summary = N_("what runs the file; auto is script, and names files whose tests nobody starts")},
    {.name = "executor", .type = SETTING_ENUM, .per_script = true, .group = GROUP_HOW,
     MEMBER(executor), .choices = "process", .later_choices = "warm|thread|auto",
     .default_text = "process",
     .summary = N_("how a script gets an interpreter: process is a fresh one each")},

    {.name = "jobs", .type = SETTING_SPECIAL, .min = -10000, .max = 10000, .group = GROUP_MANY,
     MEMBER(jobs), .default_text = "1", .example = "-1", .unit = N_("scripts"),
     .summary = N_("how many run at once: 1 is one after another, -1 all cores but one")},
    {.name = "fail_fast", .type = SETTING_INT, .min = 1, .max = 1000000, .may_be_off = true,
     .group = GROUP_MANY, MEMBER(fail_fast), .default_text = "off", .example = "3",
     .unit = N_("scripts"),
     .summary = N_("start nothing more after so many that did not succeed")},
    {.name = "stop_after_identical", .type = SETTING_INT, .min = 2, .max = 1000000,
     .may_be_off = true, .group = GROUP_MANY, MEMBER(stop_after_identical),
     .default_text = "off", .example = "10", .unit = N_("scripts"),
     .summary = N_("start nothing more after so many quick errors in a row with one message")},

    {.name = "timeout", .type = SETTING_DURATION, .per_script = true, .min = 1, .max = 366 * DAY,
     .may_be_off = true, .group = GROUP_LIMITS, MEMBER(timeout_ms), .default_text = "1h",
     .example = "10m",
     .summary = N_("the longest a script may run")},
    {.name = "idle_timeout", .type = SETTING_DURATION, .per_script = true, .min = 1,
     .max = 366 * DAY, .may_be_off = true, .group = GROUP_LIMITS, MEMBER(idle_timeout_ms),
     .default_text = "off", .example = "5m",
     .summary = N_("the longest a script may print nothing")},
    {.name = "batch_timeout", .type = SETTING_DURATION, .min = 1, .max = 366 * DAY,
     .may_be_off = true, .group = GROUP_LIMITS, MEMBER(batch_timeout_ms), .default_text = "off",
     .example = "8h",
     .summary = N_("the longest a whole batch may run; then everything is stopped")},
    {.name = "grace", .type = SETTING_DURATION, .per_script = true, .min = 0, .max = HOUR,
     .group = GROUP_LIMITS, MEMBER(grace_ms), .default_text = "10s",
     .summary = N_("from the stop signal to the kill: time for finally blocks to close the hardware")},
    {.name = "leak_grace", .type = SETTING_DURATION, .per_script = true, .min = 0, .max = HOUR,
     .group = GROUP_LIMITS, MEMBER(leak_grace_ms), .default_text = "200ms",
     .summary = N_("how long processes that a script left behind may live on")},
    {.name = "stop_signal", .type = SETTING_ENUM, .per_script = true, .group = GROUP_LIMITS,
     MEMBER(stop_signal), .choices = "INT|TERM", .default_text = "INT",
     .example = "TERM",
     .summary = N_("the first signal at a limit; INT raises KeyboardInterrupt")},
    {.name = "slow_after", .type = SETTING_DURATION, .per_script = true, .min = 1,
     .max = 366 * DAY, .may_be_off = true, .group = GROUP_LIMITS, MEMBER(slow_after_ms),
     .default_text = "60s",
     .summary = N_("say so when a script runs longer than this")},

    {.name = "output_limit", .type = SETTING_SIZE, .per_script = true, .min = 4 * KiB,
     .max = 1024 * 1024 * KiB, .group = GROUP_RESULT, MEMBER(output_limit_bytes),
     .default_text = "1MiB",
     .summary = N_("how much output the database keeps, from its beginning and its end")},
    {.name = "sample_interval", .type = SETTING_DURATION, .per_script = true, .min = 10,
     .max = HOUR, .group = GROUP_RESULT, MEMBER(sample_interval_ms), .default_text = "1s",
     .summary = N_("how often CPU and memory are looked at")},
    {.name = "verdict", .type = SETTING_SPECIAL, .per_script = true, .group = GROUP_RESULT,
     MEMBER(verdict_from_exit), .default_text = "{from: output, require: false, rules: []}",
     .example = "{rules: [{match: '^VERDICT=NOK', result: FAIL}]}",
     .summary = N_("how pass and fail are told: from output or exit; own rules (PCRE2) come first")},

    {.name = "overrides", .type = SETTING_SPECIAL, .group = GROUP_SOME, .default_text = "[]",
     .example = "[{scripts: \"Model_02/**\", timeout: 10m}]",
     .summary = N_("settings for the scripts that match a glob; later ones win")},

    {.name = "preload", .later = true, .group = GROUP_LATER},
    {.name = "retries", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "memory_limit", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "max_processes", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "cpu_limit", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "isolate_signals", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "group", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "groups", .later = true, .group = GROUP_LATER},
    {.name = "weight", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "exclusive", .later = true, .per_script = true, .group = GROUP_LATER},
    {.name = "setup", .later = true, .group = GROUP_LATER},
    {.name = "teardown", .later = true, .group = GROUP_LATER},
    {.name = "backup", .later = true, .group = GROUP_LATER},
    {.name = "retention", .later = true, .group = GROUP_LATER},
};
/* clang-format on */
const size_t setting_def_count = sizeof setting_defs / sizeof setting_defs[0];
_Static_assert(sizeof setting_defs / sizeof setting_defs[0] <= 64, "a layer keeps a bit for each");

/* In the order of stop_signal's choices. */
static const int signals[] = {SIGINT, SIGTERM};

int setting_signal(size_t index)
{
    return signals[index];
}

const char *settings_source_name(enum settings_source source)
{
    switch (source) {
    case SOURCE_DEFAULT: return "default";
    case SOURCE_FILE: return "muster.yaml";
    case SOURCE_OVERRIDE: return "override";
    case SOURCE_DIRECTIVE: return "directive";
    case SOURCE_COMMAND_LINE: return "command line";
    }
    return "default";
}

size_t setting_index(const struct setting_def *def)
{
    return (size_t)(def - setting_defs);
}

bool setting_is(const struct setting_def *def, const char *name)
{
    return strcmp(def->name, name) == 0;
}

const struct setting_def *setting_find(const char *name, size_t len, enum setting_scope scope,
                                       struct mu_err *err)
{
    char quote[PLACE_QUOTE_SIZE];
    const char *names[sizeof setting_defs / sizeof setting_defs[0]];
    for (size_t i = 0; i < setting_def_count; i++) {
        const struct setting_def *def = &setting_defs[i];
        names[i] = def->name;
        if (strlen(def->name) != len || memcmp(def->name, name, len) != 0)
            continue;
        if (def->later)
            mu_err_set(err, MU_E_SETTINGS,
                       _("\"%s\" is not yet in this version of muster: "
                         "remove it"),
                       def->name);
        else if (scope == SCOPE_SCRIPT && !def->per_script)
            mu_err_set(err, MU_E_SETTINGS,
                       _("\"%s\" holds for a whole batch, not for one script: "
                         "put it at the top level of muster.yaml"),
                       def->name);
        else
            return def;
        return NULL;
    }
    const char *near = mu_nearest(name, len, names, setting_def_count);
    place_quote(name, len, quote);
    if (near)
        mu_err_set(err, MU_E_SETTINGS, _("unknown setting \"%s\": did you mean \"%s\"?"), quote,
                   near);
    else
        mu_err_set(err, MU_E_SETTINGS,
                   _("unknown setting \"%s\": \"muster init\" writes a muster.yaml that lists them "
                     "all"),
                   quote);
    return NULL;
}

char *settings_template(void)
{
    struct mu_str out = {0};
    const char *group = NULL;
    mu_str_printf(&out, "# %s\n", _("The settings of muster for this folder and all beneath it."));
    mu_str_printf(&out, "# %s\n",
                  _("Each line shows a default: take the # away and change what you need."));
    mu_str_printf(&out, "# %s\n",
                  _("A script may have its own, in its first 30 lines: # MUSTER: timeout=30s"));
    for (size_t i = 0; i < setting_def_count; i++) {
        const struct setting_def *def = &setting_defs[i];
        if (def->later)
            continue;
        if (!group || strcmp(group, def->group) != 0)
            mu_str_printf(&out, "\n# --- %s ---\n", _(def->group));
        group = def->group;
        mu_str_printf(&out, "\n# %s", _(def->summary));
        if (def->example)
            mu_str_printf(&out, _(" (such as %s)"), def->example);
        mu_str_printf(&out, "\n#%s: %s\n", def->name, def->default_text);
    }
    return mu_str_take(&out);
}
