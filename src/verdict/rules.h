/* What the judges of a batch share: the built-in tables, compiled, and the user's own rules. */
#ifndef VERDICT_RULES_H
#define VERDICT_RULES_H

#include "verdict/prefilter.h"
#include "verdict/shapes.h"
#include "verdict/verdict.h"

struct user_rule {
    pcre2_code *code;
    enum exec_result result;
    char *name; /* "rule 1: ^VERDICT=NOK" */
};

struct verdict_rules {
    struct shapes shapes;
    struct prefilter prefilter;
    struct user_rule *user;
    size_t user_count;
    pcre2_match_context *limits;
    bool from_exit;
};

/* The last of the user's rules that matches the cleaned line, or NULL. */
const struct user_rule *rules_match(const struct verdict_rules *rules, const char *line, size_t len,
                                    pcre2_match_data *match);

#endif
