/* Words to options.
 *
 * argp parses; the table is turned into its option list when the command is known. argp's own
 * messages, help and exits are switched off: it neither translates into muster's words nor knows
 * exit code 2. After it has refused a word, that word is looked at again (`explain`) to say what is
 * wrong with it.
 *
 * Words are taken in the order typed (ARGP_IN_ORDER), not permuted, so that what follows "--" can
 * be told from what came before it. */
#include "cli/options.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "base/nearest.h"
#include "base/str.h"

struct parse {
    struct cli *cli;
    const struct command *command; /* NULL: the global options before it */
    char **args;
    int arg_count;
    int bad_index; /* where argp stopped: the wrong word stands here or before; 0: none */
    int stop_index;
};

const struct option_def global_options[] = {
    {"home", OPT_KEY_HOME, "DIR", 0, N_("the folder that holds data/app.db and logs/")},
    {"lang", OPT_KEY_LANG, "LANG", 0, N_("language of the messages, such as en or zh_CN")},
    {"color", OPT_KEY_COLOR, "auto|always|never", 0, N_("colours on the terminal")},
    {"help", 'h', NULL, 0, N_("show this help")},
    {"version", OPT_KEY_VERSION, NULL, 0, N_("show the version")},
    {0},
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0 ||
            (commands[i]->alias && strcmp(commands[i]->alias, name) == 0))
            return commands[i];
    return NULL;
}

const char *cli_option(const struct cli *cli, int key)
{
    for (size_t i = cli->given_count; i-- > 0;)
        if (cli->given[i].key == key)
            return cli->given[i].arg ? cli->given[i].arg : "";
    return NULL;
}

/* ------------------------------------------------------------------ what was wrong */

/* An option of the command being parsed, by its long name's first `len` bytes or by its letter.
 * An exact name wins; of several that begin so, `ret_also` is a second one. */
static const struct option_def *find_option(const struct option_def *options, const char *name,
                                            size_t len, int key, const struct option_def **ret_also)
{
    const struct option_def *found = NULL;
    for (const struct option_def *def = options; def && (def->name || def->key); def++) {
        if (key) {
            if (def->key == key && !(def->flags & OPT_ALIAS))
                return def;
        } else if (def->name && strncmp(def->name, name, len) == 0) {
            if (def->name[len] == '\0') {
                *ret_also = NULL;
                return def;
            }
            if (found)
                *ret_also = found;
            found = def;
        }
    }
    return found;
}

static const struct option_def *known_option(const struct parse *parse, const char *name,
                                             size_t len, int key,
                                             const struct option_def **ret_also)
{
    *ret_also = NULL;
    const struct option_def *def = NULL;
    if (parse->command)
        def = find_option(parse->command->options, name, len, key, ret_also);
    if (!def || (!key && def->name[len] != '\0')) {
        const struct option_def *global = find_option(global_options, name, len, key, ret_also);
        if (global && def)
            *ret_also = global;
        else if (global)
            def = global;
    }
    return def;
}

static bool has_option(const struct command *command, const char *name, int key)
{
    const struct option_def *also = NULL;
    const struct option_def *def = find_option(command->options, name, strlen(name), key, &also);
    return def && !also && (key || strcmp(def->name, name) == 0);
}

/* For options that stand in the wrong place: the command that was typed, where it knows the option,
 * else the first that does. */
static const struct command *owner_of(const struct cli *cli, const char *name, int key)
{
    for (int i = 1; i < cli->argc; i++) {
        const struct command *typed = command_find(cli->argv[i]);
        if (typed && has_option(typed, name, key))
            return typed;
    }
    for (size_t i = 0; commands[i]; i++)
        if (has_option(commands[i], name, key))
            return commands[i];
    return NULL;
}

static int unknown_option(const struct parse *parse, const char *shown, const char *name, int key,
                          struct mu_err *err)
{
    const struct command *command = parse->command, *owner = owner_of(parse->cli, name, key);
    if (!command && owner)
        return mu_err_set(err, MU_E_USAGE, _("option %s stands before the command: muster %s %s"),
                          shown, owner->name, shown);
    if (owner)
        return mu_err_set(err, MU_E_USAGE,
                          _("%s has no option %s, it belongs to %s: muster help %s"), command->name,
                          shown, owner->name, command->name);

    const char *names[64];
    size_t count = 0;
    const struct option_def *const lists[] = {command ? command->options : NULL, global_options};
    for (size_t l = 0; l < 2; l++)
        for (const struct option_def *def = lists[l]; def && (def->name || def->key); def++)
            if (def->name && !(def->flags & OPT_HIDDEN) && count < 64)
                names[count++] = def->name;
    const char *nearest = key ? NULL : mu_nearest(name, strlen(name), names, count);
    if (nearest)
        return mu_err_set(err, MU_E_USAGE, _("unknown option %s: did you mean --%s?"), shown,
                          nearest);
    if (!command)
        return mu_err_set(err, MU_E_USAGE, _("unknown option %s: muster help"), shown);
    return mu_err_set(err, MU_E_USAGE, _("unknown option %s: muster help %s"), shown,
                      command->name);
}

/* Say what is wrong with a word that argp may have refused. Returns 0 where nothing is. */
static int explain(const struct parse *parse, char *word, bool is_last, struct mu_err *err)
{
    const struct option_def *also, *def;
    struct mu_arena *arena = &parse->cli->arena;
    if (word[0] != '-' || word[1] == '\0')
        return 0;
    if (word[1] != '-') {
        for (const char *p = word + 1; *p; p++) {
            char shown[3] = {'-', *p, '\0'};
            def = known_option(parse, "", 0, (unsigned char)*p, &also);
            if (!def)
                return unknown_option(parse, shown, "", (unsigned char)*p, err);
            if (!def->arg)
                continue;
            if (p[1] == '\0' && is_last && !(def->flags & OPT_OPTIONAL))
                return mu_err_set(err, MU_E_USAGE, _("option %s needs a value: %s %s"), shown,
                                  shown, def->arg);
            return 0;
        }
        return 0;
    }
    size_t len = strcspn(word + 2, "=");
    char *shown = mu_arena_strndup(arena, word, len + 2);
    if (!shown)
        return mu_err_nomem(err);
    def = known_option(parse, shown + 2, len, 0, &also);
    if (!def)
        return unknown_option(parse, shown, shown + 2, 0, err);
    if (also)
        return mu_err_set(err, MU_E_USAGE, _("option %s is not clear: --%s or --%s?"), shown,
                          also->name, def->name);
    while (def->flags & OPT_ALIAS)
        def--;
    if (word[len + 2] == '=' && !def->arg)
        return mu_err_set(err, MU_E_USAGE, _("option %s takes no value: leave out '%s'"), shown,
                          word + len + 2);
    if (word[len + 2] != '=' && def->arg && is_last && !(def->flags & OPT_OPTIONAL))
        return mu_err_set(err, MU_E_USAGE, _("option %s needs a value: %s %s"), shown, shown,
                          def->arg);
    return 0;
}

/* ------------------------------------------------------------------ argp */

static bool is_integer(const char *word)
{
    if (*word == '-')
        word++;
    return *word && word[strspn(word, "0123456789")] == '\0';
}

static const struct option_def *by_key(const struct parse *parse, int key)
{
    const struct option_def *also = NULL, *def = NULL;
    if (parse->command)
        def = find_option(parse->command->options, NULL, 0, key, &also);
    return def ? def : find_option(global_options, NULL, 0, key, &also);
}

static error_t on_argument(struct parse *parse, char *arg, struct argp_state *state)
{
    if (!parse->command) { /* the command itself: the rest is parsed when it is known */
        parse->stop_index = state->next - 1;
        state->next = state->argc;
        return 0;
    }
    bool quoted = state->quoted > 0 && state->next - 1 >= state->quoted;
    if (quoted && (parse->command->flags & CMD_PASS_ON))
        parse->cli->script_args[parse->cli->script_arg_count++] = arg;
    else
        parse->args[parse->arg_count++] = arg;
    return 0;
}

static error_t on_key(int key, char *arg, struct argp_state *state)
{
    struct parse *parse = state->input;
    struct cli *cli = parse->cli;
    switch (key) {
    case ARGP_KEY_INIT:
    case ARGP_KEY_ARGS:
    case ARGP_KEY_NO_ARGS:
    case ARGP_KEY_END:
    case ARGP_KEY_SUCCESS:
    case ARGP_KEY_FINI: return ARGP_ERR_UNKNOWN;
    case ARGP_KEY_ERROR: parse->bad_index = state->next; return ARGP_ERR_UNKNOWN;
    case ARGP_KEY_ARG: return on_argument(parse, arg, state);
    default: break;
    }
    const struct option_def *def = by_key(parse, key);
    if (!def)
        return ARGP_ERR_UNKNOWN;
    if (!arg && (def->flags & OPT_INTEGER) && state->next < state->argc &&
        is_integer(state->argv[state->next]))
        arg = state->argv[state->next++];
    if (MU_GROW(cli->given, cli->given_cap, cli->given_count + 1) != 0)
        return ENOMEM;
    cli->given[cli->given_count++] = (struct given_option){key, arg};
    if (key == 'h' || (key == OPT_KEY_VERSION && !parse->command))
        state->next = state->argc; /* what follows does not matter */
    return 0;
}

static size_t append_options(struct argp_option *ret, const struct option_def *defs)
{
    size_t count = 0;
    for (; defs && (defs->name || defs->key); defs++, count++)
        ret[count] = (struct argp_option){
            .name = defs->name,
            .key = defs->flags & OPT_ALIAS ? 0 : defs->key,
            .arg = defs->arg,
            .flags = (defs->flags & OPT_OPTIONAL ? OPTION_ARG_OPTIONAL : 0) |
                     (defs->flags & OPT_ALIAS ? OPTION_ALIAS : 0),
        };
    return count;
}

static int parse_words(struct parse *parse, int argc, char **argv, struct mu_err *err)
{
    struct argp_option options[96] = {0};
    size_t count = append_options(options, parse->command ? parse->command->options : NULL);
    count += append_options(options + count, global_options);
    MU_ASSERT(count < sizeof options / sizeof options[0]);
    struct argp argp = {.options = options, .parser = on_key};
    error_t rc = argp_parse(
        &argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, parse);
    if (rc == 0)
        return 0;
    if (rc == ENOMEM)
        return mu_err_nomem(err);
    /* getopt has gone past the wrong word, unless that is a group of letters with more to come. */
    for (int i = parse->bad_index - 1; i <= parse->bad_index && i < argc; i++)
        if (i > 0 && explain(parse, argv[i], i == argc - 1, err) != 0)
            return -1;
    return mu_err_set(err, MU_E_USAGE, _("these options cannot be understood: muster help"));
}

static int check_color(const struct cli *cli, struct mu_err *err)
{
    const char *color = cli_option(cli, OPT_KEY_COLOR);
    if (color && strcmp(color, "auto") != 0 && strcmp(color, "always") != 0 &&
        strcmp(color, "never") != 0)
        return mu_err_set(err, MU_E_USAGE, _("--color cannot be '%s': auto, always or never"),
                          color);
    return 0;
}

int options_parse_globals(struct cli *cli, int *ret_index, struct mu_err *err)
{
    struct parse parse = {.cli = cli, .stop_index = cli->argc};
    if (parse_words(&parse, cli->argc, cli->argv, err) != 0 || check_color(cli, err) != 0)
        return -1;
    *ret_index = parse.stop_index;
    return 0;
}

int options_parse_command(struct cli *cli, const struct command *command, int argc, char **argv,
                          char ***ret_args, int *ret_count, struct mu_err *err)
{
    struct parse parse = {.cli = cli, .command = command};
    parse.args = mu_arena_alloc(&cli->arena, ((size_t)argc + 1) * sizeof *parse.args);
    cli->script_args = mu_arena_alloc(&cli->arena, ((size_t)argc + 1) * sizeof *parse.args);
    if (!parse.args || !cli->script_args)
        return mu_err_nomem(err);
    if (parse_words(&parse, argc, argv, err) != 0 || check_color(cli, err) != 0)
        return -1;
    if (!cli_option(cli, 'h')) {
        if (parse.arg_count < command->min_args)
            return mu_err_set(err, MU_E_USAGE, _("%s needs an argument: muster %s %s"),
                              command->name, command->name, command->args);
        if (command->max_args >= 0 && parse.arg_count > command->max_args)
            return mu_err_set(err, MU_E_USAGE, _("'%s' is one argument too many: muster %s %s"),
                              parse.args[command->max_args], command->name, command->args);
    }
    *ret_args = parse.args;
    *ret_count = parse.arg_count;
    return 0;
}
