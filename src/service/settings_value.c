/* Values: from text into a layer, and from the effective settings to text. Everything a person can
 * write passes through here, whether it stood in muster.yaml, in a directive or on the command
 * line; who called adds the place. */
#include "service/settings_internal.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/units.h"

enum { MAX_ENV = 2000 };

static bool equals_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

/* YAML 1.1 knew more words than 1.2, and people still write them. */
static bool is_true(const char *text)
{
    static const char *const words[] = {"true", "yes", "on"};
    return equals_any(text, words, 3);
}

static bool is_false(const char *text)
{
    static const char *const words[] = {"false", "no", "off"};
    return equals_any(text, words, 3);
}

static void *member(const struct setting_reader *reader, const struct setting_def *def)
{
    return (char *)&reader->layer->values + def->offset;
}

static int done(const struct setting_reader *reader, const struct setting_def *def)
{
    reader->layer->set |= UINT64_C(1) << setting_index(def);
    return 0;
}

/* `timeout: "10min" is no duration: write 30, …` */
static int wrong(const char *name, const char *text, const char *what, const char *right,
                 struct mu_err *err)
{
    char quote[PLACE_QUOTE_SIZE];
    return mu_err_set(err, MU_E_SETTINGS, "%s: \"%s\" %s: %s", name,
                      place_quote(text, strlen(text), quote), what, right);
}

static int holds_nul(const char *name, struct mu_err *err)
{
    return mu_err_set(err, MU_E_SETTINGS, _("%s: a NUL byte in the value: remove it"), name);
}

/* The absolute path of what a person wrote: `~` is the login's folder, variables stay as they are.
 * NULL with an error. */
static const char *read_path(const struct setting_reader *reader, const char *name,
                             const char *text, struct mu_err *err)
{
    if (*text == '\0') {
        mu_err_set(err, MU_E_SETTINGS, _("%s: an empty path: write a file or a folder"), name);
        return NULL;
    }
    const char *base = reader->folder;
    if (text[0] == '~' && (text[1] == '/' || text[1] == '\0')) {
        base = getenv("HOME");
        if (!base || *base == '\0') {
            const struct passwd *login = getpwuid(getuid());
            base = login ? login->pw_dir : NULL;
        }
        if (!base) {
            mu_err_set(err, MU_E_SETTINGS, _("%s: ~ has no folder here: write the whole path"),
                       name);
            return NULL;
        }
        text += text[1] == '/' ? 2 : 1;
    }
    MU_AUTO_FREE char *path = mu_path_absolute(base, text);
    char *copy = path ? mu_arena_strdup(reader->arena, path) : NULL;
    if (!copy)
        mu_err_nomem(err);
    return copy;
}

static int read_int(const char *text, int64_t *ret)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (*digits == '\0' || strlen(digits) > 15 || strspn(digits, "0123456789") != strlen(digits))
        return -1;
    *ret = strtoll(text, NULL, 10);
    return 0;
}

static int out_of_range(const struct setting_def *def, const char *text, struct mu_err *err)
{
    char low[64], high[64], right[256];
    if (def->type == SETTING_DURATION) {
        mu_duration_exact(def->min, low, sizeof low);
        mu_duration_exact(def->max, high, sizeof high);
    } else if (def->type == SETTING_SIZE) {
        snprintf(low, sizeof low, "%lldK", (long long)def->min / 1024);
        snprintf(high, sizeof high, "%lldM", (long long)def->max / (1024 * 1024));
    } else {
        snprintf(low, sizeof low, "%lld", (long long)def->min);
        snprintf(high, sizeof high, "%lld", (long long)def->max);
    }
    snprintf(right, sizeof right,
             def->may_be_off ? _("write %s to %s, or off") : _("write %s to %s"), low, high);
    return wrong(def->name, text, _("is out of range"), right, err);
}

/* INT, DURATION and SIZE: a number with a range, perhaps `off`. */
static int read_number(const struct setting_reader *reader, const struct setting_def *def,
                       const char *text, struct mu_err *err)
{
    int64_t value = 0;
    const char *negative = text[0] == '-' && text[1] >= '0' && text[1] <= '9' ? text + 1 : NULL;
    if (!(def->may_be_off && is_false(text))) {
        const char *what, *right, *number = negative ? negative : text;
        int rc;
        if (def->type == SETTING_DURATION) {
            what = _("is no duration");
            right = def->may_be_off ? _("write 30, 30s, 5m or 1h30m, or off")
                                    : _("write 30, 30s, 5m or 1h30m");
            rc = mu_duration_parse(number, &value);
        } else if (def->type == SETTING_SIZE) {
            what = _("is no size");
            right = _("write 4096, 512K or 1MiB");
            rc = mu_size_parse(number, &value);
        } else {
            what = _("is no whole number");
            right = def->may_be_off ? _("write a number such as 3, or off")
                                    : _("write a number such as 3");
            rc = read_int(number, &value);
        }
        if (rc != 0)
            return wrong(def->name, text, what, right, err);
        if (negative || value > def->max || (value < def->min && !(def->may_be_off && value == 0)))
            return out_of_range(def, text, err);
    }
    *(int64_t *)member(reader, def) = value;
    return done(reader, def);
}

/* Where `text` stands in "a|b|c"; -1: nowhere. Case is as people like it. */
static int find_choice(const char *choices, const char *text)
{
    int index = 0;
    size_t text_len = strlen(text);
    for (const char *p = choices; p && *p; index++) {
        size_t len = strcspn(p, "|");
        if (len == text_len && strncasecmp(p, text, len) == 0)
            return index;
        p += len + (p[len] == '|');
    }
    return -1;
}

static int read_enum(const struct setting_reader *reader, const struct setting_def *def,
                     const char *text, struct mu_err *err)
{
    bool is_signal = setting_is(def, "stop_signal");
    int index = find_choice(def->choices, text);
    if (index < 0 && is_signal && strncasecmp(text, "SIG", 3) == 0)
        index = find_choice(def->choices, text + 3);
    if (index < 0) {
        if (find_choice(def->later_choices, text) >= 0)
            return wrong(def->name, text, _("is not yet in this version of muster"), _("remove it"),
                         err);
        char right[128], *p = right;
        snprintf(right, sizeof right, _("write one of %s"), def->choices);
        while ((p = strchr(p, '|')))
            *p = ' ';
        return wrong(def->name, text, _("is none of the choices"), right, err);
    }
    *(int *)member(reader, def) = is_signal ? setting_signal((size_t)index) : index;
    return done(reader, def);
}

static int read_jobs(const struct setting_reader *reader, const struct setting_def *def,
                     const char *text, struct mu_err *err)
{
    const char *right =
        _("write 1 (one after another), 4 (four at once) or -1 (all cores but one)");
    int64_t value;
    if (read_int(text, &value) != 0)
        return wrong(def->name, text, _("is no whole number"), right, err);
    if (value == 0 || value < def->min || value > def->max)
        return wrong(def->name, text, _("is out of range"), right, err);
    reader->layer->values.jobs = value;
    return done(reader, def);
}

static int read_cwd(const struct setting_reader *reader, const struct setting_def *def,
                    const char *text, struct mu_err *err)
{
    struct settings *values = &reader->layer->values;
    const char *path = NULL;
    enum cwd_mode mode = strcmp(text, "script") == 0    ? CWD_SCRIPT
                         : strcmp(text, "project") == 0 ? CWD_PROJECT
                                                        : CWD_PATH;
    if (mode == CWD_PATH && !(path = read_path(reader, def->name, text, err)))
        return -1;
    values->cwd = mode;
    values->cwd_path = path;
    return done(reader, def);
}

static int read_stdin(const struct setting_reader *reader, const struct setting_def *def,
                      const char *text, struct mu_err *err)
{
    struct settings *values = &reader->layer->values;
    const char *path = NULL;
    enum stdin_mode mode = strcmp(text, "null") == 0      ? STDIN_NULL
                           : strcmp(text, "newline") == 0 ? STDIN_NEWLINE
                                                          : STDIN_FILE;
    if (mode == STDIN_FILE && !(path = read_path(reader, def->name, text, err)))
        return -1;
    values->stdin_mode = mode;
    values->stdin_path = path;
    return done(reader, def);
}

static int read_text_or_path(const struct setting_reader *reader, const struct setting_def *def,
                             const char *text, struct mu_err *err)
{
    /* An interpreter without a slash is looked up in PATH, so it stays a name. */
    bool is_name = def->type == SETTING_TEXT || (setting_is(def, "python") && *text != '\0' &&
                                                 !strchr(text, '/') && strcmp(text, "~") != 0);
    const char *value =
        is_name ? mu_arena_strdup(reader->arena, text) : read_path(reader, def->name, text, err);
    if (!value)
        return is_name ? mu_err_nomem(err) : -1;
    *(const char **)member(reader, def) = value;
    if (setting_is(def, "env_file")) {
        reader->layer->env_set = (struct string_list){0};
        if (settings_read_env_file(value, reader->arena, &reader->layer->env_set, err) != 0)
            return mu_err_wrap(err, "%s", def->name);
    }
    return done(reader, def);
}

int string_list_add(struct mu_arena *arena, struct string_list *list, const char *text)
{
    if ((list->count & (list->count - 1)) == 0) { /* 0 and powers of two: the room is full */
        size_t room = list->count == 0 ? 1 : list->count * 2;
        const char **items = mu_arena_alloc(arena, room * sizeof *items);
        if (!items)
            return -1;
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = text;
    return 0;
}

int string_list_put_env(struct mu_arena *arena, struct string_list *list, const char *entry)
{
    size_t name_len = strcspn(entry, "=") + 1;
    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->items[i], entry, name_len) == 0) {
            list->items[i] = entry;
            return 0;
        }
    }
    return string_list_add(arena, list, entry);
}

int setting_add_to_list(const struct setting_reader *reader, const struct setting_def *def,
                        const char *text, size_t len, struct mu_err *err)
{
    const char *value;
    if (memchr(text, '\0', len))
        return holds_nul(def->name, err);
    if (len == 0)
        return mu_err_set(err, MU_E_SETTINGS, _("%s: an empty entry: remove it"), def->name);
    char *copy = mu_arena_strndup(reader->arena, text, len);
    if (!copy)
        return mu_err_nomem(err);
    value = def->type == SETTING_PATH_LIST ? read_path(reader, def->name, copy, err) : copy;
    if (!value)
        return -1;
    if (string_list_add(reader->arena, member(reader, def), value) != 0)
        return mu_err_nomem(err);
    return done(reader, def);
}

static int read_list(const struct setting_reader *reader, const struct setting_def *def,
                     const char *text, size_t len, struct mu_err *err)
{
    *(struct string_list *)member(reader, def) = (struct string_list){0};
    for (size_t start = 0; start <= len;) {
        size_t end = start;
        while (end < len && text[end] != ',')
            end++;
        if (setting_add_to_list(reader, def, text + start, end - start, err) != 0)
            return -1;
        start = end + 1;
    }
    return 0;
}

int setting_add_env(const struct setting_reader *reader, const char *name, size_t name_len,
                    const char *value, size_t value_len, struct mu_err *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    char quote[PLACE_QUOTE_SIZE];
    if (name_len == 0 || strspn(name, letters) < name_len || (name[0] >= '0' && name[0] <= '9'))
        return wrong("env", place_quote(name, name_len, quote), _("is no name of a variable"),
                     _("use letters, digits and _, and no digit first"), err);
    if (name_len >= 7 && memcmp(name, "MUSTER_", 7) == 0)
        return wrong("env", place_quote(name, name_len, quote), _("belongs to muster itself"),
                     _("use a name that does not begin with MUSTER_"), err);
    if (memchr(value, '\0', value_len))
        return holds_nul("env", err);
    char *entry =
        mu_arena_printf(reader->arena, "%.*s=%.*s", (int)name_len, name, (int)value_len, value);
    if (!entry)
        return mu_err_nomem(err);
    struct string_list *list = &reader->layer->values.env;
    if (string_list_put_env(reader->arena, list, entry) != 0)
        return mu_err_nomem(err);
    if (list->count > MAX_ENV)
        return mu_err_set(err, MU_E_SETTINGS, _("env: more than %d variables: remove some"),
                          MAX_ENV);
    return done(reader, setting_find("env", 3, SCOPE_SCRIPT, NULL));
}

static int verdict_done(const struct setting_reader *reader, unsigned key)
{
    reader->layer->verdict_set |= key;
    return done(reader, setting_find("verdict", 7, SCOPE_SCRIPT, NULL));
}

int setting_read_verdict_from(const struct setting_reader *reader, const char *text,
                              struct mu_err *err)
{
    bool from_exit = strcmp(text, "exit") == 0;
    if (!from_exit && strcmp(text, "output") != 0)
        return wrong("verdict.from", text, _("is none of the choices"), _("write output or exit"),
                     err);
    reader->layer->values.verdict_from_exit = from_exit;
    return verdict_done(reader, VERDICT_FROM);
}

static int read_bool(const char *name, const char *text, bool *ret, struct mu_err *err)
{
    if (!is_true(text) && !is_false(text))
        return wrong(name, text, _("is neither yes nor no"), _("write true or false"), err);
    *ret = is_true(text);
    return 0;
}

int setting_read_verdict_require(const struct setting_reader *reader, const char *text,
                                 struct mu_err *err)
{
    if (read_bool("verdict.require", text, &reader->layer->values.verdict_require, err) != 0)
        return -1;
    return verdict_done(reader, VERDICT_REQUIRE);
}

int setting_read_null(const struct setting_reader *reader, const struct setting_def *def,
                      struct mu_err *err)
{
    struct settings *values = &reader->layer->values;
    switch (def->type) {
    case SETTING_LIST:
    case SETTING_PATH_LIST:
        *(struct string_list *)member(reader, def) = (struct string_list){0};
        return done(reader, def);
    case SETTING_MAP: return done(reader, def);
    case SETTING_PATH:
        *(const char **)member(reader, def) = NULL;
        if (setting_is(def, "env_file"))
            reader->layer->env_set = (struct string_list){0};
        return done(reader, def);
    default: break;
    }
    if (setting_is(def, "stdin")) {
        values->stdin_mode = STDIN_NULL;
        values->stdin_path = NULL;
        return done(reader, def);
    }
    return mu_err_set(err, MU_E_SETTINGS,
                      _("%s: no value: write one, such as %s, or remove the line"), def->name,
                      def->example ? def->example : def->default_text);
}

int setting_read_text(const struct setting_reader *reader, const struct setting_def *def,
                      const char *text, size_t len, struct mu_err *err)
{
    if (memchr(text, '\0', len))
        return holds_nul(def->name, err);
    MU_AUTO_FREE char *copy = strndup(text, len); /* ends where the value does */
    if (!copy)
        return mu_err_nomem(err);
    switch (def->type) {
    case SETTING_BOOL:
        if (read_bool(def->name, copy, member(reader, def), err) != 0)
            return -1;
        return done(reader, def);
    case SETTING_INT:
    case SETTING_DURATION:
    case SETTING_SIZE: return read_number(reader, def, copy, err);
    case SETTING_ENUM: return read_enum(reader, def, copy, err);
    case SETTING_TEXT:
    case SETTING_PATH: return read_text_or_path(reader, def, copy, err);
    case SETTING_LIST:
    case SETTING_PATH_LIST: return read_list(reader, def, copy, len, err);
    case SETTING_MAP:
    case SETTING_SPECIAL: break;
    }
    if (setting_is(def, "jobs"))
        return read_jobs(reader, def, copy, err);
    if (setting_is(def, "cwd"))
        return read_cwd(reader, def, copy, err);
    if (setting_is(def, "stdin"))
        return read_stdin(reader, def, copy, err);
    return mu_err_set(err, MU_E_SETTINGS, _("%s: a single value does not fit here: write %s"),
                      def->name, def->example);
}

int setting_read_named(const struct setting_reader *reader, const char *name, size_t name_len,
                       const char *text, size_t len, enum setting_scope scope,
                       const struct setting_def **ret_def, struct mu_err *err)
{
    size_t first = 0; /* up to the dot */
    while (first < name_len && name[first] != '.')
        first++;
    const struct setting_def *def = setting_find(name, first, scope, err);
    if (!def)
        return -1;
    *ret_def = def;
    const char *key = name + first + 1;
    size_t key_len = first < name_len ? name_len - first - 1 : 0;
    if (setting_is(def, "env"))
        return key_len > 0
                   ? setting_add_env(reader, key, key_len, text, len, err)
                   : mu_err_set(err, MU_E_SETTINGS, _("env: which variable? write env.NAME=VALUE"));
    if (setting_is(def, "verdict")) {
        MU_AUTO_FREE char *copy = strndup(text, len);
        if (!copy)
            return mu_err_nomem(err);
        if (key_len == 4 && memcmp(key, "from", 4) == 0)
            return setting_read_verdict_from(reader, copy, err);
        if (key_len == 7 && memcmp(key, "require", 7) == 0)
            return setting_read_verdict_require(reader, copy, err);
        return mu_err_set(err, MU_E_SETTINGS,
                          _("verdict: write verdict.from=exit or verdict.require=true"));
    }
    if (first < name_len) {
        char quote[PLACE_QUOTE_SIZE];
        return mu_err_set(err, MU_E_SETTINGS, _("unknown setting \"%s\": did you mean \"%s\"?"),
                          place_quote(name, name_len, quote), def->name);
    }
    return setting_read_text(reader, def, text, len, err);
}

/* As YAML: bare where nothing could be misread, else quoted. */
static void put_text(struct mu_str *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./";
    static const char *const words[] = {"null"};
    if (*text != '\0' && text[strspn(text, plain)] == '\0' && !equals_any(text, words, 1)) {
        mu_str_puts(out, text);
        return;
    }
    mu_str_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            mu_str_printf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            mu_str_printf(out, "\\x%02x", (unsigned char)*text);
        else
            mu_str_putc(out, *text);
    }
    mu_str_putc(out, '"');
}

static void put_list(struct mu_str *out, const struct string_list *list)
{
    mu_str_putc(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        mu_str_puts(out, i > 0 ? ", " : "");
        put_text(out, list->items[i]);
    }
    mu_str_putc(out, ']');
}

static void put_env(struct mu_str *out, const struct string_list *list)
{
    mu_str_putc(out, '{');
    for (size_t i = 0; i < list->count; i++) {
        const char *entry = list->items[i], *equals = strchr(entry, '=');
        mu_str_printf(out, "%s%.*s: ", i > 0 ? ", " : "", (int)(equals - entry), entry);
        put_text(out, equals + 1);
    }
    mu_str_putc(out, '}');
}

static void put_verdict(struct mu_str *out, const struct settings *settings)
{
    mu_str_printf(out, "{from: %s, require: %s, rules: [",
                  settings->verdict_from_exit ? "exit" : "output",
                  settings->verdict_require ? "true" : "false");
    for (size_t i = 0; i < settings->verdict_rule_count; i++) {
        const struct verdict_rule_def *rule = &settings->verdict_rules[i];
        mu_str_puts(out, i > 0 ? ", {match: " : "{match: ");
        put_text(out, rule->pattern);
        mu_str_printf(out, ", result: %s}", exec_result_name(rule->result));
    }
    mu_str_puts(out, "]}");
}

static void put_choice(struct mu_str *out, const struct setting_def *def, int value)
{
    const char *p = def->choices;
    for (size_t index = 0; *p; index++) {
        size_t len = strcspn(p, "|");
        int means = setting_is(def, "stop_signal") ? setting_signal(index) : (int)index;
        if (means == value) {
            mu_str_append(out, p, len);
            return;
        }
        p += len + (p[len] == '|');
    }
}

static void put_size(struct mu_str *out, int64_t bytes)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    size_t unit = 0;
    for (; unit < 3 && bytes > 0 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    mu_str_printf(out, "%lld%s", (long long)bytes, units[unit]);
}

char *settings_value_text(const struct settings *settings, const struct setting_def *def,
                          struct mu_arena *arena)
{
    if (def->later || setting_is(def, "overrides"))
        return NULL;
    MU_AUTO_STR struct mu_str out = {0};
    const void *value = (const char *)settings + def->offset;
    char buf[64];
    switch (def->type) {
    case SETTING_BOOL: mu_str_puts(&out, *(const bool *)value ? "true" : "false"); break;
    case SETTING_INT:
    case SETTING_DURATION:
    case SETTING_SIZE: {
        int64_t number = *(const int64_t *)value;
        if (def->may_be_off && number == 0)
            mu_str_puts(&out, "off");
        else if (def->type == SETTING_DURATION)
            mu_str_puts(&out, mu_duration_exact(number, buf, sizeof buf));
        else if (def->type == SETTING_SIZE)
            put_size(&out, number);
        else
            mu_str_printf(&out, "%lld", (long long)number);
        break;
    }
    case SETTING_ENUM: put_choice(&out, def, *(const int *)value); break;
    case SETTING_TEXT:
    case SETTING_PATH: {
        const char *text = *(const char *const *)value;
        if (text)
            put_text(&out, text);
        else
            mu_str_puts(&out, "null");
        break;
    }
    case SETTING_LIST:
    case SETTING_PATH_LIST: put_list(&out, value); break;
    case SETTING_MAP: put_env(&out, value); break;
    case SETTING_SPECIAL:
        if (setting_is(def, "jobs"))
            mu_str_printf(&out, "%lld", (long long)settings->jobs);
        else if (setting_is(def, "verdict"))
            put_verdict(&out, settings);
        else if (setting_is(def, "cwd"))
            put_text(&out, settings->cwd == CWD_PATH      ? settings->cwd_path
                           : settings->cwd == CWD_PROJECT ? "project"
                                                          : "script");
        else if (settings->stdin_mode == STDIN_FILE)
            put_text(&out, settings->stdin_path);
        else
            mu_str_puts(&out, settings->stdin_mode == STDIN_NEWLINE ? "newline" : "null");
        break;
    }
    return out.failed ? NULL : mu_arena_strdup(arena, mu_str_text(&out));
}
