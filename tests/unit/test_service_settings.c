#include "scratch.h"

#include <locale.h>
#include <sched.h>
#include <signal.h>

#include "base/str.h"
#include "service/settings.h"

static char *absolute(const char *path)
{
    static char text[4][256];
    static int turn;
    char *buf = text[turn = (turn + 1) % 4];
    snprintf(buf, sizeof text[0], "%s/%s", scratch_folder, path);
    return buf;
}

static struct settings_set *load(const char *yaml)
{
    struct settings_set *set = NULL;
    struct mu_err err = MU_ERR_INIT;
    write_text("muster.yaml", yaml);
    if (settings_load(absolute("muster.yaml"), scratch_folder, &set, &err) != 0)
        fail_msg("%s", err.text);
    return set;
}

static const struct settings *script(struct settings_set *set, const char *key)
{
    const struct settings *settings = NULL;
    struct mu_err err = MU_ERR_INIT;
    if (settings_for_script(set, key, absolute(key), &settings, NULL, &err) != 0)
        fail_msg("%s", err.text);
    return settings;
}

static void assert_wrong(const void *yaml, size_t len, const char *text)
{
    struct settings_set *set = NULL;
    struct mu_err err = MU_ERR_INIT;
    write_bytes("muster.yaml", yaml, len);
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    assert_null(set);
    assert_int_equal(err.code, MU_E_SETTINGS);
    if (strcmp(err.text, text) != 0)
        fail_msg("got\n%s\ninstead of\n%s", err.text, text);
}

static void defaults_are_the_products(void **state)
{
    struct settings_set *set = NULL;
    assert_int_equal(settings_load(NULL, "/srv/bench", &set, NULL), 0);
    const struct settings *s = settings_batch(set);
    assert_int_equal(s->jobs, 1);
    assert_int_equal(settings_jobs(s), 1);
    assert_int_equal(s->timeout_ms, 3600000);
    assert_int_equal(s->idle_timeout_ms, 0);
    assert_int_equal(s->batch_timeout_ms, 0);
    assert_int_equal(s->grace_ms, 10000);
    assert_int_equal(s->leak_grace_ms, 200);
    assert_int_equal(s->slow_after_ms, 60000);
    assert_int_equal(s->stop_signal, SIGINT);
    assert_int_equal(s->output_limit_bytes, 1 << 20);
    assert_int_equal(s->sample_interval_ms, 1000);
    assert_int_equal(s->cwd, CWD_SCRIPT);
    assert_int_equal(s->stdin_mode, STDIN_NULL);
    assert_int_equal(s->runner, RUNNER_AUTO);
    assert_true(s->unbuffered);
    assert_false(s->verdict_from_exit || s->verdict_require);
    assert_null(s->python);
    assert_int_equal(s->fail_fast, 0);
    assert_int_equal(s->scripts.count, 1);
    assert_string_equal(s->scripts.items[0], "/srv/bench");
    settings_set_free(set);
}

static void every_kind_of_value(void **state)
{
    setenv("HOME", "/home/bench", 1);
    struct settings_set *set = load("\xef\xbb\xbf"
                                    "scripts: [TestScripts, ~/more, /abs/../x]\n"
                                    "include: build/checks/**\n"
                                    "exclude:\n  - '**/helpers/**'\n"
                                    "python: venv/bin/python\n"
                                    "cwd: ../run\n"
                                    "pythonpath: [lib, $LIB]\n"
                                    "env: {COUNTRY: no, HEX: 0x10, TEXT: \"a: b\", NONE: }\n"
                                    "stdin: answers.txt\n"
                                    "unbuffered: off\n"
                                    "runner: pytest\n"
                                    "executor: process\n"
                                    "jobs: -1\n"
                                    "timeout: 1h30m\n"
                                    "idle_timeout: '30'\n"
                                    "batch_timeout: 1.5\n"
                                    "grace: 0\n"
                                    "slow_after: no\n"
                                    "stop_signal: SIGTERM\n"
                                    "output_limit: 512K\n"
                                    "fail_fast: 3\n"
                                    "stop_after_identical: 10\n"
                                    "verdict:\n  from: exit\n  require: yes\n  rules:\n"
                                    "    - {match: '^VERDICT=NOK', result: FAIL}\n"
                                    "    - {match: 结果, result: unknown}\n");
    const struct settings *s = settings_batch(set);
    assert_int_equal(s->scripts.count, 3);
    assert_string_equal(s->scripts.items[0], absolute("TestScripts"));
    assert_string_equal(s->scripts.items[1], "/home/bench/more");
    assert_string_equal(s->scripts.items[2], "/x");
    assert_int_equal(s->include.count, 1);
    assert_string_equal(s->include.items[0], "build/checks/**");
    assert_string_equal(s->exclude.items[0], "**/helpers/**");
    assert_string_equal(s->python, absolute("venv/bin/python"));
    assert_int_equal(s->cwd, CWD_PATH);
    assert_string_equal(s->cwd_path, "/tmp/run");
    assert_string_equal(s->pythonpath.items[0], absolute("lib"));
    assert_string_equal(s->pythonpath.items[1], absolute("$LIB"));
    assert_int_equal(s->env.count, 4);
    assert_string_equal(s->env.items[0], "COUNTRY=no");
    assert_string_equal(s->env.items[1], "HEX=0x10");
    assert_string_equal(s->env.items[2], "TEXT=a: b");
    assert_string_equal(s->env.items[3], "NONE=");
    assert_int_equal(s->stdin_mode, STDIN_FILE);
    assert_string_equal(s->stdin_path, absolute("answers.txt"));
    assert_false(s->unbuffered);
    assert_int_equal(s->runner, RUNNER_PYTEST);
    assert_int_equal(s->jobs, -1);
    assert_int_equal(s->timeout_ms, 5400000);
    assert_int_equal(s->idle_timeout_ms, 30000);
    assert_int_equal(s->batch_timeout_ms, 1500);
    assert_int_equal(s->grace_ms, 0);
    assert_int_equal(s->slow_after_ms, 0);
    assert_int_equal(s->stop_signal, SIGTERM);
    assert_int_equal(s->output_limit_bytes, 512 << 10);
    assert_int_equal(s->fail_fast, 3);
    assert_int_equal(s->stop_after_identical, 10);
    assert_true(s->verdict_from_exit && s->verdict_require);
    assert_int_equal(s->verdict_rule_count, 2);
    assert_string_equal(s->verdict_rules[0].pattern, "^VERDICT=NOK");
    assert_int_equal(s->verdict_rules[0].result, RESULT_FAIL);
    assert_int_equal(s->verdict_rules[1].result, RESULT_UNKNOWN);
    settings_set_free(set);
}

static void an_empty_file_is_fine(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n", "\xef\xbb\xbf", "{}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        settings_set_free(load(texts[i]));
}

static void an_interpreter_without_a_slash_is_a_name(void **state)
{
    struct settings_set *set = load("python: python3.11\n");
    assert_string_equal(settings_batch(set)->python, "python3.11");
    settings_set_free(set);
}

static void wrong_settings_say_where_and_what(void **state)
{
    static const struct {
        const char *yaml, *text;
    } cases[] = {
        {"timeout: 10min\n",
         "muster.yaml:1:10: timeout: \"10min\" is no duration: write 30, 30s, 5m or 1h30m, or off\n"
         "  timeout: 10min\n"
         "           ^"},
        {"tiemout: 10m\n", "muster.yaml:1:1: unknown setting \"tiemout\": did you mean "
                           "\"timeout\"?\n  tiemout: 10m\n  ^"},
        {"idle-timeout: 1\n", "muster.yaml:1:1: unknown setting \"idle-timeout\": did you mean "
                              "\"idle_timeout\"?\n  idle-timeout: 1\n  ^"},
        {"颜色: 1\n", "muster.yaml:1:1: unknown setting \"颜色\": \"muster init\" writes a "
                      "muster.yaml that lists them all\n  颜色: 1\n  ^"},
        {"# 测试\nretries: {count: 1}\n", "muster.yaml:2:1: \"retries\" is not yet in this version "
                                          "of muster: remove it\n  retries: {count: 1}\n  ^"},
        {"executor: warm\n", "muster.yaml:1:11: executor: \"warm\" is not yet in this version of "
                             "muster: remove it\n  executor: warm\n            ^"},
        {"executor: quick\n", "muster.yaml:1:11: executor: \"quick\" is none of the choices: write "
                              "one of process\n  executor: quick\n            ^"},
        {"jobs: 0\n", "muster.yaml:1:7: jobs: \"0\" is out of range: write 1 (one after another), "
                      "4 (four at once) or -1 (all cores but one)\n  jobs: 0\n        ^"},
        {"timeout: -1\n", "muster.yaml:1:10: timeout: \"-1\" is out of range: write 1ms to 366d, "
                          "or off\n  timeout: -1\n           ^"},
        {"grace: off\n", "muster.yaml:1:8: grace: \"off\" is no duration: write 30, 30s, 5m or "
                         "1h30m\n  grace: off\n         ^"},
        {"output_limit: 10 MB\n", "muster.yaml:1:15: output_limit: \"10 MB\" is no size: write "
                                  "4096, 512K or 1MiB\n  output_limit: 10 MB\n                ^"},
        {"output_limit: 1\n", "muster.yaml:1:15: output_limit: \"1\" is out of range: write 4K to "
                              "1024M\n  output_limit: 1\n                ^"},
        {"unbuffered: maybe\n", "muster.yaml:1:13: unbuffered: \"maybe\" is neither yes nor no: "
                                "write true or false\n  unbuffered: maybe\n              ^"},
        {"timeout: [1]\n", "muster.yaml:1:10: timeout: a list stands here: write, for example, "
                           "10m\n  timeout: [1]\n           ^"},
        {"env: text\n", "muster.yaml:1:6: env: a single value stands here: write, for example, "
                        "{CAN_CHANNEL: can0}\n  env: text\n       ^"},
        {"exclude: {a: b}\n", "muster.yaml:1:10: exclude: a map stands here: write, for example, "
                              "[\"**/helpers/**\"]\n  exclude: {a: b}\n           ^"},
        {"timeout: 5\njobs: 1\ntimeout: 6\n", "muster.yaml:3:1: \"timeout\" is given twice (first "
                                              "in line 1): keep one\n  timeout: 6\n  ^"},
        {"jobs: 1\ntimeout:\n", "muster.yaml:2:1: timeout: no value: write one, such as 10m, or "
                                "remove the line\n  timeout:\n  ^"},
        {"overrides:\n  - {scripts: \"a/**\", jobs: 2}\n",
         "muster.yaml:2:23: \"jobs\" holds for a whole batch, not for one script: put it at the "
         "top level of muster.yaml\n    - {scripts: \"a/**\", jobs: 2}\n"
         "                        ^"},
        {"overrides: [{timeout: 5}]\n",
         "muster.yaml:1:13: overrides: no \"scripts\" here to say which: write - {scripts: "
         "\"Model_02/**\", timeout: 10m}\n  overrides: [{timeout: 5}]\n              ^"},
        {"overrides: [{scripts: a, group: can0}]\n",
         "muster.yaml:1:26: \"group\" is not yet in this version of muster: remove it\n"
         "  overrides: [{scripts: a, group: can0}]\n                           ^"},
        {"verdict: {form: exit}\n", "muster.yaml:1:11: verdict: unknown key \"form\": did you mean "
                                    "\"from\"?\n  verdict: {form: exit}\n            ^"},
        {"verdict: {rules: [{match: a, result: NOK}]}\n",
         "muster.yaml:1:38: verdict.rules: \"NOK\" is no result: write PASS, FAIL or UNKNOWN\n"
         "  verdict: {rules: [{match: a, result: NOK}]}\n"
         "                                       ^"},
        {"env: {\"9A\": 1}\n",
         "muster.yaml:1:7: env: \"9A\" is no name of a variable: use letters, "
         "digits and _, and no digit first\n  env: {\"9A\": 1}\n        ^"},
        {"env: {MUSTER_X: 1}\n",
         "muster.yaml:1:7: env: \"MUSTER_X\" belongs to muster itself: use a name that does not "
         "begin with MUSTER_\n  env: {MUSTER_X: 1}\n        ^"},
        /* The caret below wide characters and behind a tab. */
        {"env: {A: 测试, 乙: 1}\n",
         "muster.yaml:1:14: env: \"乙\" is no name of a variable: use letters, digits and _, and "
         "no digit first\n  env: {A: 测试, 乙: 1}\n                 ^"},
        {"jobs:\t0\n", "muster.yaml:1:7: jobs: \"0\" is out of range: write 1 (one after another), "
                       "4 (four at once) or -1 (all cores but one)\n  jobs:\t0\n       \t^"},
        /* YAML itself. */
        {"jobs: [1, 2\n", "muster.yaml:1:12: this is no YAML (flow sequence without a closing "
                          "bracket): write NAME: VALUE lines\n  jobs: [1, 2\n             ^"},
        {"- a\n", "muster.yaml:1:1: muster.yaml: a list stands here: write, for example, NAME: "
                  "VALUE\n  - a\n  ^"},
        {"jobs: 1\n---\njobs: 2\n", "muster.yaml:2:1: a second document: put everything into one, "
                                    "without ---\n  ---\n  ^"},
        {"timeout: *x\n", "muster.yaml:1:11: this alias stands for nothing: mark a value with & "
                          "first\n  timeout: *x\n            ^"},
        {"timeout: !!str 30\n", "muster.yaml:1:16: tags mean nothing here: remove what begins with "
                                "!\n  timeout: !!str 30\n                 ^"},
        {"env: &a {A: *a}\n", "muster.yaml:1:14: this alias stands for what it is part of: write "
                              "it out\n  env: &a {A: *a}\n               ^"},
        /* Encodings. */
        {"# \xb2\xe2\xca\xd4\njobs: 1\n", "muster.yaml:1:3: this is not UTF-8 (GBK, perhaps): save "
                                          "the file as UTF-8\n  # ????\n    ^"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_wrong(cases[i].yaml, strlen(cases[i].yaml), cases[i].text);
    assert_wrong("\xff\xfej\0", 4,
                 "muster.yaml:1:1: this file is UTF-16: save it as UTF-8\n  ??j?\n  ^");
    assert_wrong("jobs: \"a\0b\"", 11,
                 "muster.yaml:1:9: a NUL byte (UTF-16, perhaps): save the file as UTF-8\n"
                 "  jobs: \"a?b\"\n          ^");
}

static void later_settings_are_all_refused(void **state)
{
    static const char *const names[] = {
        "retries",  "memory_limit", "max_processes", "cpu_limit", "isolate_signals",
        "group",    "groups",       "weight",        "exclusive", "setup",
        "teardown", "preload",      "backup",        "retention"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char yaml[64];
        struct settings_set *set = NULL;
        struct mu_err err = MU_ERR_INIT;
        snprintf(yaml, sizeof yaml, "%s: 1\n", names[i]);
        write_text("muster.yaml", yaml);
        assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
        assert_non_null(strstr(err.text, "is not yet in this version"));
    }
}

static void files_that_are_none(void **state)
{
    struct settings_set *set = NULL;
    struct mu_err err = MU_ERR_INIT;
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    assert_int_equal(err.code, MU_E_SETTINGS);
    assert_int_equal(mkdir("muster.yaml", 0755), 0);
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_int_equal(rmdir("muster.yaml"), 0);
    assert_int_equal(mkfifo("muster.yaml", 0644), 0);
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    assert_int_equal(unlink("muster.yaml"), 0);

    char *big = malloc((1 << 20) + 1);
    memset(big, '#', (1 << 20) + 1);
    write_bytes("muster.yaml", big, (1 << 20) + 1);
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    assert_non_null(strstr(err.text, "larger than 1 MB"));
    write_bytes("muster.yaml", big, 1 << 20);
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), 0);
    settings_set_free(set);

    /* What would take a naive reader for ever: aliases of aliases, nesting, one long line. */
    struct mu_str bomb = {0};
    mu_str_puts(&bomb, "exclude: &a0 [x, x]\n");
    for (int i = 1; i < 40; i++)
        mu_str_printf(&bomb, "k%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    write_text("muster.yaml", mu_str_text(&bomb));
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    assert_non_null(strstr(err.text, "stands for too much"));
    memset(big, '[', 1 << 20);
    write_bytes("muster.yaml", big, 1 << 20);
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    assert_non_null(strstr(err.text, "nested too deeply"));
    memset(big, 'x', 1 << 20);
    write_bytes("muster.yaml", big, 1 << 20);
    assert_int_equal(settings_load(absolute("muster.yaml"), scratch_folder, &set, &err), -1);
    mu_str_release(&bomb);
    free(big);
}

static void overrides_in_order_later_ones_win(void **state)
{
    struct settings_set *set = load("timeout: 1m\n"
                                    "env: {A: 1, B: 1}\n"
                                    "verdict: {require: true, rules: [{match: x, result: PASS}]}\n"
                                    "overrides:\n"
                                    "  - {scripts: 'slow/**', timeout: 10m, env: {B: 2, C: 2}}\n"
                                    "  - scripts: [nothing.py, 'slow/deep/*']\n"
                                    "    timeout: 20m\n"
                                    "    verdict: {from: exit}\n");
    const struct settings *plain = script(set, "a.py"), *slow = script(set, "slow/a.py"),
                          *deep = script(set, "slow/deep/a.py");
    assert_int_equal(plain->timeout_ms, 60000);
    assert_int_equal(slow->timeout_ms, 600000);
    assert_int_equal(deep->timeout_ms, 1200000);
    /* Maps merge key by key. */
    assert_int_equal(slow->env.count, 3);
    assert_string_equal(slow->env.items[0], "A=1");
    assert_string_equal(slow->env.items[1], "B=2");
    assert_string_equal(slow->env.items[2], "C=2");
    assert_int_equal(plain->env.count, 2);
    assert_string_equal(plain->env.items[1], "B=1");
    assert_true(deep->verdict_from_exit && deep->verdict_require);
    assert_int_equal(deep->verdict_rule_count, 1);
    assert_false(slow->verdict_from_exit);
    /* The same settings are the same pointer. */
    assert_ptr_equal(script(set, "b/c.py"), plain);
    assert_ptr_equal(script(set, "slow/x/y.py"), slow);
    assert_ptr_equal(script(set, "nothing.py"), script(set, "nothing.py"));
    settings_set_free(set);
}

static void directives_of_a_script(void **state)
{
    struct settings_set *set = load("timeout: 1m\n");
    write_text("a.py",
               "#!/usr/bin/env python3\n"
               "# -*- coding: gbk -*-\n"
               "  #MUSTER: timeout=30s   idle_timeout=\"1h30m\" env.CAN='can 0'  # bench 2\n"
               "## MUSTER: cwd=sub pythonpath=lib,../x verdict.from=exit\n"
               "# \xb2\xe2\xca\xd4\n");
    const struct settings *s = script(set, "a.py");
    assert_int_equal(s->timeout_ms, 30000);
    assert_int_equal(s->idle_timeout_ms, 5400000);
    assert_string_equal(s->env.items[0], "CAN=can 0");
    assert_string_equal(s->cwd_path, absolute("sub"));
    assert_int_equal(s->pythonpath.count, 2);
    assert_string_equal(s->pythonpath.items[0], absolute("lib"));
    assert_string_equal(s->pythonpath.items[1], "/tmp/x");
    assert_true(s->verdict_from_exit);

    /* Neither a string nor prose nor what stands too far below. */
    struct mu_str text = {0};
    mu_str_puts(&text, "s = '# MUSTER: timeout=1s'\n'''\nMUSTER: timeout=2s\n'''\n"
                       "# see MUSTER: timeout=3s\n");
    for (int line = 5; line < 29; line++)
        mu_str_puts(&text, "pass\n");
    MU_AUTO_STR struct mu_str inside = {0};
    mu_str_printf(&inside, "%s# MUSTER: timeout=4s\n", mu_str_text(&text));
    mu_str_puts(&text, "pass\n# MUSTER: timeout=5s\n");
    write_text("b.py", mu_str_text(&text));
    write_text("c.py", mu_str_text(&inside));
    assert_int_equal(script(set, "b.py")->timeout_ms, 60000);
    assert_int_equal(script(set, "c.py")->timeout_ms, 4000); /* line 30 */
    mu_str_release(&text);

    /* Equal ones are shared; those with a path belong to their folder. */
    write_text("d.py", "# MUSTER: timeout=7s\nprint(1)\n");
    write_text("x/e.py", "# other\r\n# MUSTER:   timeout=7s\r\nprint(2)\r\n");
    assert_ptr_equal(script(set, "d.py"), script(set, "x/e.py"));
    write_text("f.py", "# MUSTER: cwd=sub\n");
    write_text("x/g.py", "# MUSTER: cwd=sub\n");
    assert_string_equal(script(set, "x/g.py")->cwd_path, absolute("x/sub"));
    assert_string_equal(script(set, "f.py")->cwd_path, absolute("sub"));

    /* Long first lines are read whole. */
    MU_AUTO_STR struct mu_str lines = {0};
    mu_str_printf(&lines, "# %9000s\n# MUSTER: timeout=8s\n", "");
    write_text("h.py", mu_str_text(&lines));
    assert_int_equal(script(set, "h.py")->timeout_ms, 8000);

    /* Not to be read: that is for its start to say. */
    assert_int_equal(script(set, "missing.py")->timeout_ms, 60000);
    settings_set_free(set);
}

static void wrong_directives_say_where(void **state)
{
    static const struct {
        const char *script, *text;
    } cases[] = {
        {"#!x\n# MUSTER: timeout=10min\n",
         "a.py:2:19: timeout: \"10min\" is no duration: write 30, 30s, 5m or 1h30m, or off\n"
         "  # MUSTER: timeout=10min\n                    ^"},
        {"# MUSTER: tiemout=1\n",
         "a.py:1:11: unknown setting \"tiemout\": did you mean \"timeout\"?\n"
         "  # MUSTER: tiemout=1\n            ^"},
        {"# MUSTER: jobs=2\n",
         "a.py:1:11: \"jobs\" holds for a whole batch, not for one script: put it at the top level "
         "of muster.yaml\n  # MUSTER: jobs=2\n            ^"},
        {"# MUSTER: group=can0\n", "a.py:1:11: \"group\" is not yet in this version of muster: "
                                   "remove it\n  # MUSTER: group=can0\n            ^"},
        {"# MUSTER: timeout = 5\n",
         "a.py:1:11: \"timeout\" has no value: write NAME=VALUE, without "
         "blanks around the =\n  # MUSTER: timeout = 5\n            ^"},
        {"# MUSTER: timeout=1 timeout=2\n", "a.py:1:21: \"timeout\" is given twice: keep one\n"
                                            "  # MUSTER: timeout=1 timeout=2\n"
                                            "                      ^"},
        {"# MUSTER: cwd=\"a b\n", "a.py:1:15: this quote is not closed: write it twice\n"
                                  "  # MUSTER: cwd=\"a b\n                ^"},
        {"# \xb2\xe2\n# \xb2\n#MUSTER: grace=x\n",
         "a.py:3:16: grace: \"x\" is no duration: write 30, 30s, 5m or 1h30m\n"
         "  #MUSTER: grace=x\n                 ^"},
    };
    struct settings_set *set = load("");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct settings *settings = NULL;
        struct mu_err err = MU_ERR_INIT;
        write_text("a.py", cases[i].script);
        assert_int_equal(settings_for_script(set, "a.py", absolute("a.py"), &settings, NULL, &err),
                         -1);
        assert_int_equal(err.code, MU_E_SETTINGS);
        if (strcmp(err.text, cases[i].text) != 0)
            fail_msg("got\n%s\ninstead of\n%s", err.text, cases[i].text);
    }
    settings_set_free(set);
}

static enum settings_source source_of(const enum settings_source *sources, const char *name)
{
    for (size_t i = 0; i < setting_def_count; i++)
        if (strcmp(setting_defs[i].name, name) == 0)
            return sources[i];
    fail();
    return SOURCE_DEFAULT;
}

static void the_command_line_is_strongest_and_sources_are_known(void **state)
{
    struct settings_set *set = load("timeout: 1m\ngrace: 1s\nslow_after: 1s\nleak_grace: 1s\n"
                                    "overrides: [{scripts: a.py, grace: 2s, slow_after: 2s, "
                                    "leak_grace: 2s}]\n");
    write_text("a.py", "# MUSTER: slow_after=3s leak_grace=3s\n");
    assert_int_equal(settings_set_option(set, "leak_grace", "4s", "--x", NULL), 0);
    assert_int_equal(settings_set_option(set, "jobs", "-1", "-j", NULL), 0);
    assert_int_equal(settings_set_option(set, "verdict.require", "true", "--require-verdict", NULL),
                     0);
    const struct settings *s = NULL;
    enum settings_source sources[64];
    assert_int_equal(settings_for_script(set, "a.py", absolute("a.py"), &s, sources, NULL), 0);
    assert_int_equal(s->timeout_ms, 60000);
    assert_int_equal(s->grace_ms, 2000);
    assert_int_equal(s->slow_after_ms, 3000);
    assert_int_equal(s->leak_grace_ms, 4000);
    assert_true(s->verdict_require);
    assert_int_equal(source_of(sources, "stdin"), SOURCE_DEFAULT);
    assert_int_equal(source_of(sources, "timeout"), SOURCE_FILE);
    assert_int_equal(source_of(sources, "grace"), SOURCE_OVERRIDE);
    assert_int_equal(source_of(sources, "slow_after"), SOURCE_DIRECTIVE);
    assert_int_equal(source_of(sources, "leak_grace"), SOURCE_COMMAND_LINE);

    cpu_set_t cpus;
    assert_int_equal(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    assert_int_equal(settings_jobs(settings_batch(set)),
                     CPU_COUNT(&cpus) > 1 ? CPU_COUNT(&cpus) - 1 : 1);

    /* One that comes later holds for what was asked before, too. */
    assert_int_equal(settings_set_option(set, "grace", "9s", "--grace", NULL), 0);
    assert_int_equal(script(set, "a.py")->grace_ms, 9000);

    struct mu_err err = MU_ERR_INIT;
    assert_int_equal(settings_set_option(set, "timeout", "-1", "--timeout", &err), -1);
    assert_int_equal(err.code, MU_E_USAGE);
    assert_string_equal(err.text, "--timeout: \"-1\" is out of range: write 1ms to 366d, or off");
    assert_int_equal(settings_set_option(set, "jobs", "0", "-j", &err), -1);
    assert_memory_equal(err.text, "-j: \"0\" is out of range", 23);
    settings_set_free(set);
}

static void env_files(void **state)
{
    write_text("bench.env", "\xef\xbb\xbf# the bench\r\n"
                            "export A=1\r\n"
                            "B = two words  # comment\n"
                            "C='single # $X'\n"
                            "D=\"line\\n\\\"q\\\" \\$\" # end\n"
                            "E=\n"
                            "A=again\n"
                            "F=a#b");
    struct settings_set *set = load("env_file: bench.env\nenv: {B: own, G: g}\n");
    static const char *const wanted[] = {
        "A=again", "B=own", "C=single # $X", "D=line\n\"q\" $", "E=", "F=a#b", "G=g"};
    const struct settings *s = settings_batch(set);
    assert_int_equal(s->env.count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < s->env.count; i++)
        assert_string_equal(s->env.items[i], wanted[i]);
    settings_set_free(set);

    char text[700];
    write_text("bench.env", "A=1\nB\n");
    snprintf(text, sizeof text,
             "muster.yaml:1:11: env_file: %s:2:1: no = in this line: write NAME=VALUE\n  B\n  ^\n"
             "  env_file: bench.env\n            ^",
             absolute("bench.env"));
    assert_wrong("env_file: bench.env\n", 20, text);
    write_text("bench.env", "A='x\n");
    snprintf(text, sizeof text,
             "muster.yaml:1:11: env_file: %s:1:3: the quotes do not fit: close them at the end of "
             "the line\n  A='x\n    ^\n  env_file: bench.env\n            ^",
             absolute("bench.env"));
    assert_wrong("env_file: bench.env\n", 20, text);
}

static void values_read_back_as_they_are_written(void **state)
{
    struct settings_set *set =
        load("python: null\nscripts: [a, 'b c', \"q\\\"\\n\"]\ncwd: project\nstdin: newline\n"
             "timeout: off\ngrace: 1500ms\noutput_limit: 3000000\nstop_signal: term\njobs: 4\n"
             "env: {A: \"it's: x\", N: null}\nfail_fast: 2\n"
             "verdict: {from: exit, rules: [{match: '^\\s*\"x\"', result: FAIL}]}\n");
    struct mu_arena arena = {0};
    struct mu_str again = {0};
    for (size_t i = 0; i < setting_def_count; i++) {
        char *text = settings_value_text(settings_batch(set), &setting_defs[i], &arena);
        if (text)
            mu_str_printf(&again, "%s: %s\n", setting_defs[i].name, text);
    }
    struct settings_set *second = load(mu_str_text(&again));
    for (size_t i = 0; i < setting_def_count; i++) {
        char *text = settings_value_text(settings_batch(set), &setting_defs[i], &arena);
        char *back = settings_value_text(settings_batch(second), &setting_defs[i], &arena);
        assert_int_equal(text == NULL, back == NULL);
        if (text)
            assert_string_equal(text, back);
    }
    settings_set_free(second);
    settings_set_free(set);
    mu_str_release(&again);
    mu_arena_release(&arena);
}

static void the_template_loads_and_means_the_defaults(void **state)
{
    char *template = settings_template();
    assert_non_null(template);
    settings_set_free(load(template));

    /* Every `#name: value` line without its #. */
    size_t changed = 0;
    for (char *p = template; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (p[0] == '#' && p[1] >= 'a' && p[1] <= 'z') {
            p[0] = ' ';
            memmove(p, p + 1, strlen(p));
            changed++;
        }
    }
    struct settings_set *set = load(template), *defaults = NULL;
    assert_int_equal(settings_load(NULL, scratch_folder, &defaults, NULL), 0);
    struct mu_arena arena = {0};
    size_t later = 0;
    for (size_t i = 0; i < setting_def_count; i++) {
        later += setting_defs[i].later;
        char *own = settings_value_text(settings_batch(defaults), &setting_defs[i], &arena);
        char *read = settings_value_text(settings_batch(set), &setting_defs[i], &arena);
        if (own)
            assert_string_equal(own, read);
    }
    assert_int_equal(changed, setting_def_count - later);
    mu_arena_release(&arena);
    settings_set_free(set);
    settings_set_free(defaults);
    free(template);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_the_products),
        TEST(every_kind_of_value),
        TEST(an_empty_file_is_fine),
        TEST(an_interpreter_without_a_slash_is_a_name),
        TEST(wrong_settings_say_where_and_what),
        TEST(later_settings_are_all_refused),
        TEST(files_that_are_none),
        TEST(overrides_in_order_later_ones_win),
        TEST(directives_of_a_script),
        TEST(wrong_directives_say_where),
        TEST(the_command_line_is_strongest_and_sources_are_known),
        TEST(env_files),
        TEST(values_read_back_as_they_are_written),
        TEST(the_template_loads_and_means_the_defaults),
    };
    setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
