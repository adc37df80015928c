/* Settings that stand outside of muster.yaml: `# MUSTER: timeout=30s` in a script, and the
 * KEY=VALUE lines of an env_file. Both are read bytewise; a script may be in any encoding. */
#include "service/settings_internal.h"

#include <string.h>

#include "base/i18n.h"
#include "base/str.h"

enum { DIRECTIVE_LINES = 30 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static size_t skip_blanks(const char *data, size_t at, size_t end)
{
    while (at < end && is_blank(data[at]))
        at++;
    return at;
}

/* The end of the line at `start`, and where the next one begins. */
static size_t line_end(const struct place_text *text, size_t start, size_t *ret_next)
{
    size_t end = start;
    while (end < text->len && text->data[end] != '\n' && text->data[end] != '\r')
        end++;
    *ret_next = end + 1;
    if (end + 1 < text->len && text->data[end] == '\r' && text->data[end + 1] == '\n')
        *ret_next = end + 2;
    return end;
}

static size_t after_byte_order_mark(const struct place_text *text)
{
    return text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

struct directive {
    const struct place_text *text;
    struct setting_reader reader;
    uint64_t seen;
    struct mu_str *key;
    struct mu_err *err;
};

/* One NAME=VALUE at `at`; moves it behind. */
static int read_one(struct directive *directive, size_t *at, size_t end)
{
    const char *data = directive->text->data;
    size_t name = *at, equals = name;
    while (equals < end && data[equals] != '=' && !is_blank(data[equals]))
        equals++;
    if (equals == end || data[equals] != '=') {
        char quote[PLACE_QUOTE_SIZE];
        mu_err_set(directive->err, MU_E_SETTINGS,
                   _("\"%s\" has no value: write NAME=VALUE, without blanks around the ="),
                   place_quote(data + name, equals - name, quote));
        return place_error(directive->text, name, directive->err);
    }
    size_t value = equals + 1, value_end = value;
    if (value < end && (data[value] == '"' || data[value] == '\'')) {
        char mark = data[value++];
        const char *close = memchr(data + value, mark, end - value);
        if (!close) {
            mu_err_set(directive->err, MU_E_SETTINGS,
                       _("this quote is not closed: write it twice"));
            return place_error(directive->text, value - 1, directive->err);
        }
        value_end = (size_t)(close - data);
        *at = value_end + 1;
    } else {
        while (value_end < end && !is_blank(data[value_end]))
            value_end++;
        *at = value_end;
    }
    const struct setting_def *def = NULL;
    if (setting_read_named(&directive->reader, data + name, equals - name, data + value,
                           value_end - value, SCOPE_SCRIPT, &def, directive->err) != 0)
        return place_error(directive->text, def ? value : name, directive->err);
    uint64_t bit = UINT64_C(1) << setting_index(def);
    bool has_keys = def->type == SETTING_MAP || setting_is(def, "verdict");
    if ((directive->seen & bit) && !has_keys) {
        mu_err_set(directive->err, MU_E_SETTINGS, _("\"%s\" is given twice: keep one"), def->name);
        return place_error(directive->text, name, directive->err);
    }
    directive->seen |= bit;
    mu_str_append(directive->key, data + name, value_end - name);
    mu_str_putc(directive->key, '\0');
    if (def->type == SETTING_PATH || def->type == SETTING_PATH_LIST ||
        def->type == SETTING_SPECIAL) /* may be relative to it */
        mu_str_puts(directive->key, directive->reader.folder);
    return 0;
}

int settings_read_directives(const struct place_text *text, const char *folder,
                             struct mu_arena *arena, struct settings_layer *layer,
                             struct mu_str *key, struct mu_err *err)
{
    static const char mark[] = "MUSTER:";
    struct mu_err own = MU_ERR_INIT;
    struct directive directive = {
        .text = text,
        .reader = {.layer = layer, .arena = arena, .folder = folder},
        .key = key,
        .err = err ? err : &own,
    };
    size_t next = after_byte_order_mark(text);
    for (int line = 0; line < DIRECTIVE_LINES && next < text->len; line++) {
        size_t start = next, end = line_end(text, start, &next);
        size_t at = skip_blanks(text->data, start, end);
        if (at == end || text->data[at] != '#')
            continue; /* code, or a string that only quotes one */
        while (at < end && text->data[at] == '#')
            at++;
        at = skip_blanks(text->data, at, end);
        if (end - at < sizeof mark - 1 || memcmp(text->data + at, mark, sizeof mark - 1) != 0)
            continue;
        at = skip_blanks(text->data, at + sizeof mark - 1, end);
        while (at < end && text->data[at] != '#') {
            if (read_one(&directive, &at, end) != 0)
                return -1;
            at = skip_blanks(text->data, at, end);
        }
    }
    return 0;
}

/* The value at `at` of an env_file: bare up to ` #`, or quoted, where `\` escapes between double
 * quotes. Returns 0, or -1 where the quote is not closed or something follows it. */
static int read_env_value(const char *data, size_t at, size_t end, struct mu_str *ret)
{
    char mark = at < end ? data[at] : '\0';
    if (mark != '"' && mark != '\'') {
        size_t stop = at;
        while (stop < end && !(data[stop] == '#' && (stop == at || is_blank(data[stop - 1]))))
            stop++;
        while (stop > at && is_blank(data[stop - 1]))
            stop--;
        mu_str_append(ret, data + at, stop - at);
        return 0;
    }
    for (at++; at < end && data[at] != mark; at++) {
        char c = data[at];
        if (c == '\\' && mark == '"' && at + 1 < end) {
            c = data[++at];
            if (c == 'n' || c == 't')
                c = c == 'n' ? '\n' : '\t';
            else if (c != '"' && c != '\\' && c != '$')
                mu_str_putc(ret, '\\');
        }
        mu_str_putc(ret, c);
    }
    if (at >= end)
        return -1;
    at = skip_blanks(data, at + 1, end);
    return at == end || data[at] == '#' ? 0 : -1;
}

static int read_env_line(const struct place_text *text, size_t start, size_t end,
                         const struct setting_reader *reader, struct mu_err *err)
{
    const char *data = text->data;
    size_t at = skip_blanks(data, start, end);
    if (at == end || data[at] == '#')
        return 0;
    if (end - at > 7 && memcmp(data + at, "export", 6) == 0 && is_blank(data[at + 6]))
        at = skip_blanks(data, at + 6, end);
    const char *equals = memchr(data + at, '=', end - at);
    if (!equals) {
        mu_err_set(err, MU_E_SETTINGS, _("no = in this line: write NAME=VALUE"));
        return place_error(text, at, err);
    }
    size_t value = (size_t)(equals - data) + 1, name_end = value - 1;
    while (name_end > at && is_blank(data[name_end - 1]))
        name_end--;
    MU_AUTO_STR struct mu_str unquoted = {0};
    value = skip_blanks(data, value, end);
    if (read_env_value(data, value, end, &unquoted) != 0) {
        mu_err_set(err, MU_E_SETTINGS,
                   _("the quotes do not fit: close them at the end of the line"));
        return place_error(text, value, err);
    }
    if (unquoted.failed)
        return mu_err_nomem(err);
    if (setting_add_env(reader, data + at, name_end - at, mu_str_text(&unquoted), unquoted.len,
                        err) != 0)
        return place_error(text, at, err);
    return 0;
}

int settings_read_env_file(const char *path, struct mu_arena *arena, struct string_list *ret,
                           struct mu_err *err)
{
    MU_AUTO_STR struct mu_str content = {0};
    struct mu_err own = MU_ERR_INIT;
    struct settings_layer layer = {0};
    struct setting_reader reader = {.layer = &layer, .arena = arena};
    if (!err)
        err = &own;
    if (settings_read_file(path, &content, err) != 0)
        return -1;
    struct place_text text = {path, mu_str_text(&content), content.len};
    size_t next = after_byte_order_mark(&text);
    while (next < text.len) {
        size_t start = next, end = line_end(&text, start, &next);
        if (read_env_line(&text, start, end, &reader, err) != 0)
            return -1;
    }
    *ret = layer.values.env;
    return 0;
}
