#include "cli/run_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/safe_text.h"
#include "cli/words.h"

enum {
    WORD_COLUMNS = 7,
    TIME_COLUMNS = 9,
    NAME_COLUMNS_MIN = 12,
    NAME_COLUMNS_MAX = 44,
    NAME_COLUMNS_LINE = 5, /* ":1234" behind a name */
};

struct run_names run_names_of(const struct run_item *items, size_t count)
{
    struct run_names names = {.column = NAME_COLUMNS_MIN};
    if (count == 0)
        return names;
    const char *first = items[0].script->script_path;
    const char *slash = strrchr(first, '/');
    names.skip = slash ? (size_t)(slash + 1 - first) : 0;
    for (size_t i = 1; i < count && names.skip > 0; i++) {
        const char *path = items[i].script->script_path;
        while (names.skip > 0 && (strncmp(path, first, names.skip) != 0)) {
            names.skip--; /* back to the folder before */
            while (names.skip > 0 && first[names.skip - 1] != '/')
                names.skip--;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const char *shown = items[i].script->script_path + names.skip;
        size_t width = mu_text_width(shown, strlen(shown)) + NAME_COLUMNS_LINE;
        if (width > names.column)
            names.column = width;
    }
    if (names.column > NAME_COLUMNS_MAX)
        names.column = NAME_COLUMNS_MAX;
    return names;
}

char *run_line_name(const struct run_names *names, const struct execution *execution)
{
    struct mu_str name = {0};
    mu_str_puts(&name, execution->script_path + names->skip);
    const char *location = execution->location;
    size_t len = strlen(execution->script_name);
    if (location && strncmp(location, execution->script_name, len) == 0 && location[len] == ':')
        mu_str_puts(&name, location + len);
    return mu_str_take(&name);
}

void run_line_cut(struct mu_str *ret, const char *text, size_t columns)
{
    size_t len = strlen(text);
    if (mu_text_width(text, len) <= columns) {
        mu_str_append(ret, text, len);
    } else if (columns > 0) {
        mu_str_append(ret, text, mu_text_fit(text, len, columns - 1));
        mu_str_puts(ret, "…");
    }
}

static void pad(struct mu_str *ret, size_t used, size_t columns)
{
    for (; used < columns; used++)
        mu_str_putc(ret, ' ');
}

void run_line_of(struct mu_str *ret, const struct term *term, const struct run_names *names,
                 enum style style, const char *word, const char *time, const char *name,
                 const char *rest, size_t width)
{
    MU_AUTO_STR struct mu_str safe_name = {0}, safe_rest = {0}, cut_name = {0};
    safe_text(&safe_name, name, strlen(name), 0);
    safe_text(&safe_rest, rest, strlen(rest), SAFE_PLAIN);

    pad(ret, mu_text_width(word, strlen(word)), WORD_COLUMNS);
    mu_str_printf(ret, "%s%s%s ", term_on(term, style), word, term_off(term));
    pad(ret, mu_text_width(time, strlen(time)), TIME_COLUMNS);
    mu_str_printf(ret, "%s%s%s  ", term_on(term, STYLE_DIM), time, term_off(term));

    size_t used = WORD_COLUMNS + 1 + TIME_COLUMNS + 2, column = names->column;
    const char *shown = mu_str_text(&safe_name);
    if (width != 0) {
        size_t room = width > used ? width - used : 0;
        /* A long name leaves half the line to what is said of it, if that needs so much. */
        if (safe_rest.len > 0) {
            size_t rest_width = 2 + mu_text_width(mu_str_text(&safe_rest), safe_rest.len);
            room -= rest_width < room / 2 ? rest_width : room / 2;
        }
        if (column > room)
            column = room;
        if (mu_text_width(shown, safe_name.len) > room) {
            run_line_cut(&cut_name, shown, room);
            shown = mu_str_text(&cut_name);
        }
    }
    mu_str_puts(ret, shown);
    size_t name_width = mu_text_width(shown, strlen(shown));
    if (safe_rest.len == 0)
        return;
    pad(ret, name_width, column);
    mu_str_puts(ret, "  ");
    used += (name_width > column ? name_width : column) + 2;
    if (width == 0)
        mu_str_puts(ret, mu_str_text(&safe_rest));
    else if (width > used)
        run_line_cut(ret, mu_str_text(&safe_rest), width - used);
}

void run_line(struct mu_str *ret, const struct term *term, const struct run_names *names,
              const struct execution *execution, size_t width)
{
    char time[32] = "";
    if (!isnan(execution->duration))
        mu_duration_format((int64_t)(execution->duration * 1000), time, sizeof time);
    MU_AUTO_FREE char *name = run_line_name(names, execution);
    MU_AUTO_STR struct mu_str reason = {0};
    execution_why(execution, &reason);
    if (execution->leaky)
        mu_str_printf(&reason, "%s%s", reason.len > 0 ? " · " : "",
                      _("left processes behind (killed)"));
    run_line_of(ret, term, names, execution_style(execution), execution_word(execution), time,
                name ? name : "", mu_str_text(&reason), width);
}
