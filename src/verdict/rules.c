/* Rules are compiled once and then only read, so that judges on many threads share them. The user's
 * patterns are theirs to get wrong: limits end what backtracks too long, and that is no match. */
#include "verdict/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"

enum { MATCH_LIMIT = 1000000, PATTERN_MAX_BYTES = 4096 };

static int compile(const struct verdict_rule_def *def, size_t number, struct user_rule *ret,
                   struct mu_err *err)
{
    int code;
    PCRE2_SIZE offset;
    if (strlen(def->pattern) > PATTERN_MAX_BYTES)
        return mu_err_set(err, MU_E_SETTINGS, _("verdict rule %zu: longer than %d bytes"), number,
                          PATTERN_MAX_BYTES);
    ret->result = def->result;
    if (asprintf(&ret->name, "rule %zu: %s", number, def->pattern) < 0) {
        ret->name = NULL;
        return mu_err_nomem(err);
    }
    ret->code = pcre2_compile((PCRE2_SPTR)def->pattern, PCRE2_ZERO_TERMINATED,
                              PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &offset, NULL);
    if (!ret->code) {
        PCRE2_UCHAR why[256];
        if (code == PCRE2_ERROR_NOMEMORY)
            return mu_err_nomem(err);
        pcre2_get_error_message(code, why, sizeof why);
        return mu_err_set(err, MU_E_SETTINGS,
                          _("verdict rule %zu: bad pattern '%s' at character %zu: %s"), number,
                          def->pattern, (size_t)offset + 1, (const char *)why);
    }
    pcre2_jit_compile(ret->code, PCRE2_JIT_COMPLETE); /* without it, matching is slower, no more */
    return 0;
}

int verdict_rules_new(const struct verdict_rule_def *defs, size_t def_count, bool from_exit,
                      struct verdict_rules **ret_rules, struct mu_err *err)
{
    struct verdict_rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        return mu_err_nomem(err);
    rules->from_exit = from_exit;
    rules->user = calloc(def_count + 1, sizeof *rules->user);
    rules->limits = pcre2_match_context_create(NULL);
    if (!rules->user || !rules->limits || shapes_init(&rules->shapes) != 0 ||
        prefilter_init(&rules->prefilter) != 0) {
        verdict_rules_free(rules);
        return mu_err_nomem(err);
    }
    pcre2_set_match_limit(rules->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(rules->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(rules->limits, MATCH_LIMIT);
    for (size_t i = 0; i < def_count; i++) {
        rules->user_count = i + 1;
        if (compile(&defs[i], i + 1, &rules->user[i], err) != 0) {
            verdict_rules_free(rules);
            return -1;
        }
    }
    *ret_rules = rules;
    return 0;
}

void verdict_rules_free(struct verdict_rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < rules->user_count; i++) {
        pcre2_code_free(rules->user[i].code);
        free(rules->user[i].name);
    }
    free(rules->user);
    pcre2_match_context_free(rules->limits);
    shapes_release(&rules->shapes);
    prefilter_release(&rules->prefilter);
    free(rules);
}

const struct user_rule *rules_match(const struct verdict_rules *rules, const char *line, size_t len,
                                    pcre2_match_data *match)
{
    for (size_t i = rules->user_count; i > 0; i--)
        if (pcre2_match(rules->user[i - 1].code, (PCRE2_SPTR)line, len, 0, 0, match,
                        rules->limits) >= 0)
            return &rules->user[i - 1];
    return NULL;
}
