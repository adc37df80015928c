/* The real parser against a small table of its own. */
#include "unit.h"

#include "cli/cli.h"
#include "cli/options.h"

enum { OPT_TIMEOUT = 256, OPT_TIMES, OPT_FAIL_FAST };

static const struct option_def run_options[] = {
    {"jobs", 'j', "N", OPT_OPTIONAL | OPT_INTEGER, "how many at once"},
    {"timeout", OPT_TIMEOUT, "S", 0, "limit"},
    {"times", OPT_TIMES, "N", 0, "how often"},
    {"fail-fast", OPT_FAIL_FAST, "N", OPT_OPTIONAL, "stop early"},
    {"maxfail", 0, NULL, OPT_ALIAS, NULL},
    {NULL, 'x', NULL, 0, "stop at the first"},
    {NULL, 'k', "EXPR", 0, "select"},
    {0},
};
static const struct command cmd_a = {
    .name = "run",
    .alias = "go",
    .args = "[PATH…]",
    .options = run_options,
    .max_args = -1,
    .flags = CMD_PASS_ON,
};
static const struct command cmd_b = {
    .name = "logs", .args = "RECORD", .min_args = 1, .max_args = 1};
const struct command *const commands[] = {&cmd_a, &cmd_b, NULL};

enum { WORDS = 16 };
struct parsed {
    struct cli cli;
    char **args;
    int count, rc;
    struct mu_err err;
};

/* Parse `line`, split at blanks, as main does; words live in `copy`. */
static void parse(struct parsed *ret, const char *line)
{
    static char copy[512], *words[WORDS + 1];
    *ret = (struct parsed){.rc = -1};
    snprintf(copy, sizeof copy, "muster %s", line);
    ret->cli.argv = words;
    ret->cli.argc = 0;
    char *save = NULL;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        assert_true(ret->cli.argc < WORDS);
        words[ret->cli.argc++] = word;
    }
    words[ret->cli.argc] = NULL;
    int index;
    if (options_parse_globals(&ret->cli, &index, &ret->err) != 0 || index >= ret->cli.argc)
        return;
    const struct command *command = command_find(words[index]);
    assert_non_null(command);
    ret->rc = options_parse_command(&ret->cli, command, ret->cli.argc - index, words + index,
                                    &ret->args, &ret->count, &ret->err);
}

static void done(struct parsed *parsed)
{
    free(parsed->cli.given);
    mu_arena_release(&parsed->cli.arena);
}

static void an_integer_after_j_belongs_to_it(void **state)
{
    static const struct {
        const char *line, *jobs, *first_arg;
    } cases[] = {
        {"run -j 4 a", "4", "a"},      {"run -j -2 a", "-2", "a"}, {"run -j4 a", "4", "a"},
        {"run -j-2 a", "-2", "a"},     {"run -j a", "", "a"},      {"run a -j", "", "a"},
        {"run -j 4x", "", "4x"},       {"run -xj 3 a", "3", "a"},  {"run --jobs 3 a", "3", "a"},
        {"run --jobs=3 a", "3", "a"},  {"run --jobs a", "", "a"},  {"run a", NULL, "a"},
        {"run -j -k x a", "", "a"},    {"go -j 1 a", "1", "a"},    {"run -k -j a", NULL, "a"},
        {"run -j 2 -j 5 a", "5", "a"}, {"run -j -- 4", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parsed p;
        parse(&p, cases[i].line);
        if (p.rc != 0)
            fail_msg("%s: %s", cases[i].line, p.err.text);
        const char *jobs = cli_option(&p.cli, 'j');
        const char *arg = p.count > 0 ? p.args[0] : NULL;
        if ((jobs == NULL) != (cases[i].jobs == NULL) || (jobs && strcmp(jobs, cases[i].jobs)) ||
            (arg == NULL) != (cases[i].first_arg == NULL) ||
            (arg && strcmp(arg, cases[i].first_arg)))
            fail_msg("%s: -j %s, first argument %s", cases[i].line, jobs ? jobs : "(none)",
                     arg ? arg : "(none)");
        done(&p);
    }
}

static void words_after_dashes_are_the_scripts(void **state)
{
    struct parsed p;
    parse(&p, "run a b -x -- -k --timeout c");
    assert_int_equal(p.rc, 0);
    assert_int_equal(p.count, 2);
    assert_string_equal(p.args[1], "b");
    assert_null(p.args[2]);
    assert_non_null(cli_option(&p.cli, 'x'));
    assert_int_equal(p.cli.script_arg_count, 3);
    assert_string_equal(p.cli.script_args[0], "-k");
    assert_string_equal(p.cli.script_args[2], "c");
    assert_null(p.cli.script_args[3]);
    done(&p);

    parse(&p, "logs -- -1"); /* a command that passes nothing on: an argument like any other */
    assert_int_equal(p.rc, 0);
    assert_string_equal(p.args[0], "-1");
    done(&p);
}

static void globals_stand_before_and_after(void **state)
{
    struct parsed p;
    parse(&p, "--home /a run --color never x");
    assert_int_equal(p.rc, 0);
    assert_string_equal(cli_option(&p.cli, OPT_KEY_HOME), "/a");
    assert_string_equal(cli_option(&p.cli, OPT_KEY_COLOR), "never");
    done(&p);
    parse(&p, "--home=/a run --home /b");
    assert_string_equal(cli_option(&p.cli, OPT_KEY_HOME), "/b"); /* the last one wins */
    done(&p);
    parse(&p, "run --maxfail=3");
    assert_string_equal(cli_option(&p.cli, OPT_FAIL_FAST), "3"); /* an alias has the same key */
    done(&p);
    parse(&p, "run --fail"); /* a clear beginning is enough */
    assert_string_equal(cli_option(&p.cli, OPT_FAIL_FAST), "");
    done(&p);
    parse(&p, "logs --help");
    assert_int_equal(p.rc, 0); /* the missing argument does not matter then */
    done(&p);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"run --timout 3", "unknown option --timout: did you mean --timeout?"},
        {"run --zzz", "unknown option --zzz: muster help run"},
        {"run -xZk a", "unknown option -Z: muster help run"},
        {"run -Z", "unknown option -Z: muster help run"},
        {"run a --timeout", "option --timeout needs a value: --timeout S"},
        {"run -k", "option -k needs a value: -k EXPR"},
        {"run --time 3", "option --time is not clear: --timeout or --times?"},
        {"run --help=3", "option --help takes no value: leave out '=3'"},
        {"--timeout 3 run", "option --timeout stands before the command: muster run --timeout"},
        {"-k a run", "option -k stands before the command: muster run -k"},
        {"logs 1 -k a", "logs has no option -k, it belongs to run: muster help logs"},
        {"--frobnicate", "unknown option --frobnicate: muster help"},
        {"logs", "logs needs an argument: muster logs RECORD"},
        {"logs 1 2", "'2' is one argument too many: muster logs RECORD"},
        {"run --color pink", "--color cannot be 'pink': auto, always or never"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parsed p;
        parse(&p, cases[i].line);
        assert_int_equal(p.rc, -1);
        assert_int_equal(p.err.code, MU_E_USAGE);
        if (strcmp(p.err.text, cases[i].text) != 0)
            fail_msg("%s: %s", cases[i].line, p.err.text);
        done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_integer_after_j_belongs_to_it),
        cmocka_unit_test(words_after_dashes_are_the_scripts),
        cmocka_unit_test(globals_stand_before_and_after),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
