/* muster.yaml against the table: a walk over the tree that hands each value to its reader and puts
 * the place in front of whatever the reader has to complain about. Nothing is passed over: an
 * unknown key, a value of the wrong form and a key given twice are errors. */
#include "service/settings_internal.h"

#include <string.h>

#include "base/i18n.h"
#include "base/nearest.h"
#include "service/yaml.h"

enum { MAX_OVERRIDES = 10000 };

struct walk {
    const struct place_text *text;
    struct setting_reader reader;
    struct settings_overrides *overrides; /* NULL: inside an override */
    struct mu_err *err;
};

static int place(const struct walk *walk, const struct yaml_node *node)
{
    return place_error(walk->text, node->pos, walk->err);
}

static int wrong_form(const struct walk *walk, const char *name, const struct yaml_node *node,
                      const char *right)
{
    const char *what = node->type == YAML_LIST  ? _("a list stands here")
                       : node->type == YAML_MAP ? _("a map stands here")
                                                : _("a single value stands here");
    mu_err_set(walk->err, MU_E_SETTINGS, _("%s: %s: write, for example, %s"), name, what, right);
    return place(walk, node);
}

static bool key_is(const struct yaml_node *key, const char *name)
{
    return strlen(name) == key->len && memcmp(key->text, name, key->len) == 0;
}

static int unknown_key(const struct walk *walk, const char *where, const struct yaml_node *key,
                       const char *const *names, size_t count)
{
    char quote[PLACE_QUOTE_SIZE];
    const char *near = mu_nearest(key->text, key->len, names, count);
    place_quote(key->text, key->len, quote);
    if (near)
        mu_err_set(walk->err, MU_E_SETTINGS, _("%s: unknown key \"%s\": did you mean \"%s\"?"),
                   where, quote, near);
    else
        mu_err_set(walk->err, MU_E_SETTINGS, _("%s: unknown key \"%s\": the keys are %s, %s%s%s"),
                   where, quote, names[0], names[1], count > 2 ? ", " : "",
                   count > 2 ? names[2] : "");
    return place(walk, key);
}

static int read_list(const struct walk *walk, const struct setting_def *def,
                     const struct yaml_node *value)
{
    /* A lone value is a list of one. */
    for (const struct yaml_node *entry = value->type == YAML_LIST ? value->first : value; entry;
         entry = entry->next) {
        if (entry->type != YAML_SCALAR)
            return wrong_form(walk, def->name, entry, def->example);
        if (setting_add_to_list(&walk->reader, def, entry->text, entry->len, walk->err) != 0)
            return place(walk, entry);
        if (value->type != YAML_LIST)
            break;
    }
    return 0;
}

static int read_env(const struct walk *walk, const struct yaml_node *map)
{
    for (const struct yaml_node *key = map->first; key; key = key->next->next) {
        const struct yaml_node *value = key->next;
        if (value->type != YAML_SCALAR)
            return wrong_form(walk, "env", value, "NAME: VALUE");
        if (setting_add_env(&walk->reader, key->text, key->len, value->text, value->len,
                            walk->err) != 0)
            return place(walk, key);
    }
    return 0;
}

static int read_rule(const struct walk *walk, const struct yaml_node *map,
                     struct verdict_rule_def *rule)
{
    static const char *const names[] = {"match", "result"};
    static const char example[] = "{match: '^VERDICT=NOK', result: FAIL}";
    const struct yaml_node *pattern = NULL;
    if (map->type != YAML_MAP)
        return wrong_form(walk, "verdict.rules", map, example);
    for (const struct yaml_node *key = map->first; key; key = key->next->next) {
        const struct yaml_node *value = key->next;
        bool is_match = key_is(key, "match");
        if (!is_match && !key_is(key, "result"))
            return unknown_key(walk, "verdict.rules", key, names, 2);
        if (value->type != YAML_SCALAR)
            return wrong_form(walk, "verdict.rules", value, example);
        if (is_match && (value->len == 0 || strlen(value->text) != value->len)) {
            mu_err_set(walk->err, MU_E_SETTINGS,
                       _("verdict.rules: an empty pattern: write a regular expression"));
            return place(walk, value);
        }
        if (is_match) {
            rule->pattern = value->text;
            pattern = value;
        } else if (exec_result_parse(value->text, &rule->result) != 0 ||
                   rule->result == RESULT_NONE) {
            char quote[PLACE_QUOTE_SIZE];
            mu_err_set(walk->err, MU_E_SETTINGS,
                       _("verdict.rules: \"%s\" is no result: write PASS, FAIL or UNKNOWN"),
                       place_quote(value->text, value->len, quote));
            return place(walk, value);
        }
    }
    /* Compiled here only to be found wrong in its place; a batch compiles its own. */
    struct verdict_rules *compiled = NULL;
    if (rule->pattern && verdict_rules_new(rule, 1, false, &compiled, walk->err) != 0)
        return place(walk, pattern);
    verdict_rules_free(compiled);
    if (!rule->pattern || rule->result == RESULT_NONE) {
        mu_err_set(walk->err, MU_E_SETTINGS, _("verdict.rules: no \"%s\" in this rule: write %s"),
                   rule->pattern ? "result" : "match", example);
        return place(walk, map);
    }
    return 0;
}

static int read_rules(const struct walk *walk, const struct yaml_node *list)
{
    struct settings *values = &walk->reader.layer->values;
    struct mu_arena *arena = walk->reader.arena;
    size_t count = 0;
    if (list->type != YAML_LIST && !list->is_null)
        return wrong_form(walk, "verdict.rules", list, "- {match: '^VERDICT=NOK', result: FAIL}");
    for (const struct yaml_node *entry = list->first; entry; entry = entry->next)
        count++;
    values->verdict_rules = mu_arena_alloc(arena, (count + 1) * sizeof *values->verdict_rules);
    if (!values->verdict_rules)
        return mu_err_nomem(walk->err);
    values->verdict_rule_count = count;
    size_t i = 0;
    for (const struct yaml_node *entry = list->first; entry; entry = entry->next, i++)
        if (read_rule(walk, entry, &values->verdict_rules[i]) != 0)
            return -1;
    walk->reader.layer->verdict_set |= VERDICT_RULES;
    return 0;
}

static int read_verdict(const struct walk *walk, const struct yaml_node *map)
{
    static const char *const names[] = {"from", "require", "rules"};
    for (const struct yaml_node *key = map->first; key; key = key->next->next) {
        const struct yaml_node *value = key->next;
        bool is_from = key_is(key, "from");
        if (key_is(key, "rules")) {
            if (read_rules(walk, value) != 0)
                return -1;
            continue;
        }
        if (!is_from && !key_is(key, "require"))
            return unknown_key(walk, "verdict", key, names, 3);
        if (value->type != YAML_SCALAR)
            return wrong_form(walk, is_from ? "verdict.from" : "verdict.require", value,
                              is_from ? "output" : "true");
        int rc = is_from ? setting_read_verdict_from(&walk->reader, value->text, walk->err)
                         : setting_read_verdict_require(&walk->reader, value->text, walk->err);
        if (rc != 0)
            return place(walk, value);
    }
    return 0;
}

static int read_map(const struct walk *walk, const struct yaml_node *map);

static int read_globs(const struct walk *walk, struct settings_override *override,
                      const struct yaml_node *value)
{
    bool is_list = value->type == YAML_LIST;
    for (const struct yaml_node *entry = is_list ? value->first : value; entry;
         entry = is_list ? entry->next : NULL) {
        if (entry->type != YAML_SCALAR || entry->len == 0 || strlen(entry->text) != entry->len)
            return wrong_form(walk, "overrides.scripts", entry, "\"Model_02/**\"");
        if (string_list_add(walk->reader.arena, &override->globs, entry->text) != 0)
            return mu_err_nomem(walk->err);
    }
    return 0;
}

static int read_overrides(const struct walk *walk, const struct yaml_node *list)
{
    static const char example[] = "- {scripts: \"Model_02/**\", timeout: 10m}";
    struct settings_overrides *all = walk->overrides;
    if (list->type != YAML_LIST)
        return wrong_form(walk, "overrides", list, example);
    for (const struct yaml_node *map = list->first; map; map = map->next) {
        if (map->type != YAML_MAP)
            return wrong_form(walk, "overrides", map, example);
        if (all->count == MAX_OVERRIDES) {
            mu_err_set(walk->err, MU_E_SETTINGS, _("overrides: more than %d: match more with each"),
                       MAX_OVERRIDES);
            return place(walk, map);
        }
        if (MU_GROW(all->items, all->cap, all->count + 1) != 0)
            return mu_err_nomem(walk->err);
        struct settings_override *override = &all->items[all->count++];
        *override = (struct settings_override){0};
        for (const struct yaml_node *key = map->first; key; key = key->next->next)
            if (key_is(key, "scripts") && read_globs(walk, override, key->next) != 0)
                return -1;
        if (override->globs.count == 0) {
            mu_err_set(walk->err, MU_E_SETTINGS,
                       _("overrides: no \"scripts\" here to say which: write %s"), example);
            return place(walk, map);
        }
        struct walk inner = *walk;
        inner.reader.layer = &override->layer;
        inner.overrides = NULL;
        if (read_map(&inner, map) != 0)
            return -1;
    }
    return 0;
}

static int read_value(const struct walk *walk, const struct setting_def *def,
                      const struct yaml_node *value)
{
    bool is_list = def->type == SETTING_LIST || def->type == SETTING_PATH_LIST;
    bool is_overrides = setting_is(def, "overrides"), is_verdict = setting_is(def, "verdict");
    if (value->is_null && is_overrides)
        return 0;
    if (value->is_null && !is_verdict)
        return setting_read_null(&walk->reader, def, walk->err) != 0 ? place(walk, value) : 0;
    walk->reader.layer->set |= UINT64_C(1) << setting_index(def);
    if (is_overrides)
        return read_overrides(walk, value);
    if (is_list && value->type != YAML_MAP)
        return read_list(walk, def, value);
    if ((is_verdict || def->type == SETTING_MAP) && value->type == YAML_MAP)
        return is_verdict ? read_verdict(walk, value) : read_env(walk, value);
    if (value->type != YAML_SCALAR || is_verdict || def->type == SETTING_MAP)
        return wrong_form(walk, def->name, value, def->example ? def->example : def->default_text);
    if (setting_read_text(&walk->reader, def, value->text, value->len, walk->err) != 0)
        return place(walk, value);
    return 0;
}

static int read_map(const struct walk *walk, const struct yaml_node *map)
{
    enum setting_scope scope = walk->overrides ? SCOPE_BATCH : SCOPE_SCRIPT;
    for (const struct yaml_node *key = map->first; key; key = key->next->next) {
        if (!walk->overrides && key_is(key, "scripts"))
            continue; /* which scripts an override is for */
        const struct setting_def *def = setting_find(key->text, key->len, scope, walk->err);
        if (!def)
            return place(walk, key);
        if (read_value(walk, def, key->next) != 0)
            return -1;
    }
    return 0;
}

int settings_read_yaml(const struct place_text *text, const char *folder, struct mu_arena *arena,
                       struct settings_layer *layer, struct settings_overrides *overrides,
                       struct mu_err *err)
{
    struct yaml_node *root = NULL;
    struct mu_err own = MU_ERR_INIT; /* the place is wrapped around what stands in there */
    struct walk walk = {
        .text = text,
        .reader = {.layer = layer, .arena = arena, .folder = folder},
        .overrides = overrides,
        .err = err ? err : &own,
    };
    if (yaml_parse(text, arena, &root, walk.err) != 0)
        return -1;
    if (!root || root->is_null)
        return 0;
    if (root->type != YAML_MAP)
        return wrong_form(&walk, "muster.yaml", root, "NAME: VALUE");
    return read_map(&walk, root);
}
