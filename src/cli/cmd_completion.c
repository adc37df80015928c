/* muster completion bash|zsh|fish: a script for the shell, made from the table of commands.
 *
 * bash and zsh share one generated body (zsh loads bashcompinit): a case of command → words. fish
 * has a line an option, which carries the explanations too. */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "cli/cli.h"

static bool is_end(const struct option_def *def)
{
    return !def->name && !def->key;
}

/* "a|b|c" with other separators. */
static void print_choices(const char *choices, char separator)
{
    for (; *choices; choices++)
        putchar(*choices == '|' ? separator : *choices);
}

static bool is_choice(const char *arg)
{
    return arg && strchr(arg, '|') && arg[0] != '[';
}

static bool is_letter(const struct option_def *def)
{
    return def->key > ' ' && def->key < 0x7f && !(def->flags & OPT_ALIAS);
}

/* ------------------------------------------------------------------ bash */

static void bash_words(const struct option_def *options)
{
    for (; options && !is_end(options); options++) {
        if (options->flags & OPT_HIDDEN)
            continue;
        if (is_letter(options))
            printf(" -%c", options->key);
        if (options->name)
            printf(" --%s", options->name);
    }
}

/* What may follow an option that takes a value. */
static void bash_values(const char *command, const struct option_def *options)
{
    const char *arg = NULL;
    for (; options && !is_end(options); options++) {
        arg = options->flags & OPT_ALIAS ? arg : options->arg;
        if (!arg || (options->flags & (OPT_OPTIONAL | OPT_HIDDEN)))
            continue;
        printf("    ");
        if (options->name)
            printf("%s:--%s", command, options->name);
        if (is_letter(options))
            printf("%s%s:-%c", options->name ? "|" : "", command, options->key);
        if (is_choice(arg)) {
            printf(") COMPREPLY=($(compgen -W \"");
            print_choices(arg, ' ');
            printf("\" -- \"$cur\")); return ;;\n");
        } else if (strcmp(arg, "DIR") == 0) {
            printf(") compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n");
        } else if (strcmp(arg, "FILE") == 0) {
            printf(") compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n");
        } else {
            printf(") return ;;\n");
        }
    }
}

static void bash_arguments(const struct command *command)
{
    if (strstr(command->args, "PATH") || strstr(command->args, "SCRIPT"))
        printf("compopt -o filenames; COMPREPLY+=($(compgen -f -- \"$cur\"))");
    else if (is_choice(command->args)) {
        printf("COMPREPLY+=($(compgen -W \"");
        print_choices(command->args, ' ');
        printf("\" -- \"$cur\"))");
    } else if (strstr(command->args, "COMMAND"))
        printf("COMPREPLY+=($(compgen -W \"$commands\" -- \"$cur\"))");
    else if (strstr(command->args, "BATCH") || strstr(command->args, "RECORD"))
        printf("COMPREPLY+=($(compgen -W \"latest\" -- \"$cur\"))");
    else
        printf(":");
}

static void bash(void)
{
    printf("# muster completion bash\n_muster()\n{\n  local cur prev command= i commands=\"");
    for (size_t i = 0; commands[i]; i++)
        if (!(commands[i]->flags & CMD_HIDDEN))
            printf("%s%s", i ? " " : "", commands[i]->name);
    printf("\"\n  cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "    case ${COMP_WORDS[i]} in\n"
           "    --home|--lang|--color) ((i++)) ;;\n"
           "    -*) ;;\n"
           "    *) command=${COMP_WORDS[i]}; break ;;\n"
           "    esac\n  done\n  COMPREPLY=()\n  case $command:$prev in\n");
    for (size_t i = 0; commands[i]; i++)
        bash_values(commands[i]->name, commands[i]->options);
    bash_values("*", global_options);
    printf("  esac\n  if [[ -z $command ]]; then\n"
           "    COMPREPLY=($(compgen -W \"$commands");
    bash_words(global_options);
    printf("\" -- \"$cur\")); return\n  fi\n  if [[ $cur == -* ]]; then\n    case $command in\n");
    for (size_t i = 0; commands[i]; i++) {
        printf("    %s%s%s) COMPREPLY=($(compgen -W \"", commands[i]->name,
               commands[i]->alias ? "|" : "", commands[i]->alias ? commands[i]->alias : "");
        bash_words(commands[i]->options);
        bash_words(global_options);
        printf("\" -- \"$cur\")) ;;\n");
    }
    printf("    esac\n    return\n  fi\n  case $command in\n");
    for (size_t i = 0; commands[i]; i++) {
        printf("    %s) ", commands[i]->name);
        bash_arguments(commands[i]);
        printf(" ;;\n");
    }
    printf("  esac\n}\ncomplete -F _muster muster\n");
}

/* ------------------------------------------------------------------ fish */

/* In single quotes, where only \ and ' mean something. */
static void fish_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void fish_options(const char *condition, const struct option_def *options)
{
    const struct option_def *main = options;
    for (; options && !is_end(options); options++) {
        if (options->flags & OPT_HIDDEN)
            continue;
        if (!(options->flags & OPT_ALIAS))
            main = options;
        printf("complete -c muster");
        if (*condition)
            printf(" -n '__fish_seen_subcommand_from %s'", condition);
        if (is_letter(options))
            printf(" -s %c", options->key);
        if (options->name)
            printf(" -l %s", options->name);
        if (main->arg && !(main->flags & OPT_OPTIONAL))
            printf(strcmp(main->arg, "DIR") == 0 || strcmp(main->arg, "FILE") == 0 ? " -r" : " -x");
        if (is_choice(main->arg)) {
            printf(" -a '");
            print_choices(main->arg, ' ');
            putchar('\'');
        }
        printf(" -d ");
        fish_quoted(_(main->summary));
        putchar('\n');
    }
}

static void fish(void)
{
    printf("# muster completion fish\ncomplete -c muster -f\n");
    for (size_t i = 0; commands[i]; i++) {
        const struct command *command = commands[i];
        if (command->flags & CMD_HIDDEN)
            continue;
        printf("complete -c muster -n __fish_use_subcommand -a %s -d ", command->name);
        fish_quoted(_(command->summary));
        putchar('\n');
        fish_options(command->name, command->options);
        const char *condition = "complete -c muster -n '__fish_seen_subcommand_from";
        if (strstr(command->args, "PATH") || strstr(command->args, "SCRIPT"))
            printf("%s %s' -F\n", condition, command->name);
        else if (is_choice(command->args)) {
            printf("%s %s' -a '", condition, command->name);
            print_choices(command->args, ' ');
            printf("'\n");
        } else if (strstr(command->args, "COMMAND")) {
            printf("%s %s' -a '", condition, command->name);
            for (size_t c = 0; commands[c]; c++)
                printf("%s ", commands[c]->name);
            printf("'\n");
        } else if (strstr(command->args, "BATCH") || strstr(command->args, "RECORD"))
            printf("%s %s' -a latest\n", condition, command->name);
    }
    fish_options("", global_options);
}

/* ------------------------------------------------------------------ */

static int run(struct cli *cli, int argc, char **argv)
{
    if (strcmp(argv[0], "bash") == 0) {
        bash();
    } else if (strcmp(argv[0], "zsh") == 0) {
        printf("#compdef muster\nautoload -Uz compinit bashcompinit\n"
               "(( $+functions[compdef] )) || compinit\nbashcompinit\n"
               "compopt() { : }\n");
        bash();
    } else if (strcmp(argv[0], "fish") == 0) {
        fish();
    } else {
        return cli_usage(cli, _("no completion for '%s': bash, zsh or fish"), argv[0]);
    }
    return 0;
}

const struct command cmd_completion = {
    .name = "completion",
    .args = "bash|zsh|fish",
    .summary = N_("print a completion script for the shell"),
    .description = N_("Commands, options and files are completed.\n"
                      "  bash:  source <(muster completion bash)\n"
                      "  zsh:   source <(muster completion zsh)\n"
                      "  fish:  muster completion fish | source"),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
