/* One table, three shapes: help on a terminal, manual pages (scdoc), and completion
 * (cmd_completion.c). */
#include "cli/help.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "base/utf8.h"

static bool is_end(const struct option_def *def)
{
    return !def->name && !def->key;
}

/* "-j, --jobs [N]" with all its names. */
static void option_names(struct mu_str *ret, const struct option_def *def)
{
    if (def->key > ' ' && def->key < 0x7f)
        mu_str_printf(ret, "-%c", def->key);
    const struct option_def *next = def;
    do {
        if (next->name)
            mu_str_printf(ret, "%s--%s", ret->len > 0 ? ", " : "", next->name);
        next++;
    } while (!is_end(next) && (next->flags & OPT_ALIAS));
    if (def->arg && (def->flags & OPT_OPTIONAL))
        mu_str_printf(ret, def->flags & OPT_INTEGER ? " [%s]" : "[=%s]", def->arg);
    else if (def->arg)
        mu_str_printf(ret, " %s", def->arg);
}

static bool is_shown(const struct option_def *def)
{
    return !(def->flags & (OPT_ALIAS | OPT_HIDDEN));
}

/* A name and what it means, side by side; below each other where the name is long. */
static void print_item(const struct term *term, const char *name, const char *summary)
{
    enum { COLUMN = 26 };
    size_t width = mu_text_width(name, strlen(name));
    fprintf(term->file, "  %s%s%s", term_on(term, STYLE_BOLD), name, term_off(term));
    if (width + 4 > COLUMN)
        fprintf(term->file, "\n%*s", COLUMN, "");
    else
        fprintf(term->file, "%*s", (int)(COLUMN - 2 - width), "");
    term_wrap(term, summary, COLUMN, COLUMN);
}

static void print_options(const struct term *term, const struct option_def *options)
{
    for (; options && !is_end(options); options++) {
        if (!is_shown(options))
            continue;
        MU_AUTO_STR struct mu_str names = {0};
        option_names(&names, options);
        print_item(term, mu_str_text(&names), _(options->summary));
    }
}

void help_overview(const struct term *term)
{
    fprintf(term->file, "%s\n\n%s muster [--home DIR] [--lang LANG] [--color WHEN] COMMAND …\n\n",
            _("muster runs a folder of Python scripts as a batch, says which passed, and remembers "
              "everything."),
            _("usage:"));
    for (size_t i = 0; commands[i]; i++)
        if (!(commands[i]->flags & CMD_HIDDEN))
            print_item(term, commands[i]->name, _(commands[i]->summary));
    fprintf(term->file, "\n%s\n", _("Options of every command:"));
    print_options(term, global_options);
    fprintf(term->file, "\n%s\n", _("To start: muster run FOLDER. More: muster help COMMAND."));
}

static bool has_options(const struct command *command)
{
    const struct option_def *option = command->options;
    while (option && !is_end(option) && !is_shown(option))
        option++;
    return option && !is_end(option);
}

void help_command(const struct term *term, const struct command *command)
{
    fprintf(term->file, "%s muster %s%s%s%s%s\n", _("usage:"), command->name,
            has_options(command) ? " " : "", has_options(command) ? _("[OPTIONS]") : "",
            *command->args ? " " : "", command->args);
    if (command->alias)
        fprintf(term->file, _("also: muster %s\n"), command->alias);
    fputc('\n', term->file);
    for (const char *line = _(command->description); *line;) {
        size_t len = strcspn(line, "\n");
        char *text = strndup(line, len);
        if (*line == ' ' || len == 0)
            fprintf(term->file, "%.*s\n", (int)len, line);
        else if (text)
            term_wrap(term, text, 0, 0);
        free(text);
        line += len + (line[len] == '\n');
    }
    if (has_options(command)) {
        fprintf(term->file, "\n%s\n", _("Options:"));
        print_options(term, command->options);
    }
    fprintf(term->file, "\n%s\n", _("Options of every command:"));
    print_options(term, global_options);
}

/* ------------------------------------------------------------------ manual pages */

static void man_text(FILE *file, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr("\\*_<>#", text[i]) || (i == 0 && strchr(".-|[]", text[i])))
            fputc('\\', file);
        fputc(text[i], file);
    }
}

static void man_options(FILE *file, const struct option_def *options)
{
    for (; options && !is_end(options); options++) {
        if (!is_shown(options))
            continue;
        MU_AUTO_STR struct mu_str names = {0};
        option_names(&names, options);
        fputc('*', file);
        man_text(file, mu_str_text(&names), names.len);
        fputs("*\n\t", file);
        man_text(file, options->summary, strlen(options->summary));
        fputs("\n\n", file);
    }
}

static void man_description(FILE *file, const char *text)
{
    bool literal = false;
    while (*text) {
        size_t len = strcspn(text, "\n");
        if ((*text == ' ') != literal) {
            literal = !literal;
            fputs("```\n", file);
        }
        if (literal)
            fprintf(file, "%.*s\n", (int)len, text);
        else
            man_text(file, text, len), fputs("\n\n", file);
        text += len + (text[len] == '\n');
    }
    fputs(literal ? "```\n\n" : "\n", file);
}

void help_man(FILE *file, const struct command *command)
{
    if (!command) {
        fputs("# COMMANDS\n\n", file);
        for (size_t i = 0; commands[i]; i++) {
            if (commands[i]->flags & CMD_HIDDEN)
                continue;
            fprintf(file, "*muster-%s*(1)\n\t", commands[i]->name);
            man_text(file, commands[i]->summary, strlen(commands[i]->summary));
            fputs("\n\n", file);
        }
        fputs("# GLOBAL OPTIONS\n\nBefore and after the command.\n\n", file);
        man_options(file, global_options);
        return;
    }
    fprintf(file, "muster-%s(1)\n\n# NAME\n\nmuster-%s - ", command->name, command->name);
    man_text(file, command->summary, strlen(command->summary));
    fprintf(file, "\n\n# SYNOPSIS\n\n*muster %s*%s ", command->name,
            has_options(command) ? " [OPTIONS]" : "");
    man_text(file, command->args, strlen(command->args));
    fputs("\n\n# DESCRIPTION\n\n", file);
    man_description(file, command->description);
    if (has_options(command)) {
        fputs("# OPTIONS\n\n", file);
        man_options(file, command->options);
    }
    fputs("The options of every command stand in *muster*(1).\n\n# SEE ALSO\n\n*muster*(1)\n",
          file);
}
