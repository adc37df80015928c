/* `-k EXPR`: a recursive descent over or < and < not < word, into an array of nodes that refer to
 * each other by index. A word is any run without blanks and parentheses, or a quoted text. */
#include "service/discover.h"

#include <string.h>

#include "base/i18n.h"
#include "service/place.h"

enum { MAX_NODES = 1000, MAX_DEPTH = 100 };

enum node_type { NODE_WORD, NODE_NOT, NODE_AND, NODE_OR };

struct node {
    enum node_type type;
    size_t left, right; /* indexes; only `left` for NOT */
    char *word;
};

struct select {
    struct node nodes[MAX_NODES];
    size_t count, root;
};

enum token_type { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_AND, TOKEN_OR, TOKEN_NOT, TOKEN_WORD };

struct parser {
    const char *expr, *at; /* `at`: behind the token */
    enum token_type token;
    const char *start; /* of the token; of the word where it is quoted */
    size_t len;
    int depth;
    struct select *select;
    struct mu_err *err;
};

static int fail_at(struct parser *parser, const char *at, const char *text)
{
    struct place_text place = {.data = parser->expr, .len = strlen(parser->expr)};
    mu_err_set(parser->err, MU_E_USAGE, "-k: %s", text);
    return place_error(&place, (size_t)(at - parser->expr), parser->err);
}

static int next_token(struct parser *parser)
{
    static const char blanks[] = " \t\r\n", ends[] = " \t\r\n()";
    static const struct {
        const char *text;
        enum token_type token;
    } words[] = {{"and", TOKEN_AND}, {"or", TOKEN_OR}, {"not", TOKEN_NOT}};

    parser->at += strspn(parser->at, blanks);
    parser->start = parser->at;
    char c = *parser->at;
    if (c == '\0') {
        parser->token = TOKEN_END;
        return 0;
    }
    if (c == '(' || c == ')') {
        parser->token = c == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
        parser->at++;
        return 0;
    }
    parser->token = TOKEN_WORD;
    if (c == '"' || c == '\'') {
        const char *close = strchr(parser->at + 1, c);
        if (!close)
            return fail_at(parser, parser->at, _("this quote is not closed: write it twice"));
        parser->start = parser->at + 1;
        parser->len = (size_t)(close - parser->start);
        parser->at = close + 1;
        return parser->len > 0 ? 0
                               : fail_at(parser, close, _("empty word: write a part of the path"));
    }
    parser->len = strcspn(parser->at, ends);
    parser->at += parser->len;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].text) == parser->len &&
            strncmp(words[i].text, parser->start, parser->len) == 0)
            parser->token = words[i].token;
    return 0;
}

static int add_node(struct parser *parser, struct node node, size_t *ret_index)
{
    struct select *select = parser->select;
    if (select->count == MAX_NODES)
        return fail_at(parser, parser->start, _("too many words: at most 500 may stand here"));
    select->nodes[select->count] = node;
    *ret_index = select->count++;
    return 0;
}

static int parse_or(struct parser *parser, size_t *ret_index);

static int parse_operand(struct parser *parser, size_t *ret_index)
{
    const char *start = parser->start;
    if (parser->depth >= MAX_DEPTH)
        return fail_at(parser, start, _("nested too deeply: use fewer parentheses"));
    struct node node = {0};
    switch (parser->token) {
    case TOKEN_NOT:
        node.type = NODE_NOT;
        parser->depth++;
        if (next_token(parser) != 0 || parse_operand(parser, &node.left) != 0)
            return -1;
        parser->depth--;
        return add_node(parser, node, ret_index);
    case TOKEN_OPEN:
        parser->depth++;
        if (next_token(parser) != 0 || parse_or(parser, ret_index) != 0)
            return -1;
        parser->depth--;
        if (parser->token != TOKEN_CLOSE)
            return fail_at(parser, start, _("this parenthesis is not closed: add \")\""));
        return next_token(parser);
    case TOKEN_WORD:
        node.type = NODE_WORD;
        if (add_node(parser, node, ret_index) != 0)
            return -1;
        char *word = strndup(parser->start, parser->len);
        if (!word)
            return mu_err_nomem(parser->err);
        parser->select->nodes[*ret_index].word = word;
        return next_token(parser);
    default: return fail_at(parser, start, _("a word is missing here: write a part of the path"));
    }
}

/* Operands joined by `token`, which is AND or OR. */
static int parse_joined(struct parser *parser, enum token_type token, size_t *ret_index)
{
    bool is_or = token == TOKEN_OR;
    struct node node = {.type = is_or ? NODE_OR : NODE_AND};
    if ((is_or ? parse_joined(parser, TOKEN_AND, &node.left) : parse_operand(parser, &node.left)) !=
        0)
        return -1;
    while (parser->token == token) {
        if (next_token(parser) != 0 || (is_or ? parse_joined(parser, TOKEN_AND, &node.right)
                                              : parse_operand(parser, &node.right)) != 0)
            return -1;
        if (add_node(parser, node, &node.left) != 0)
            return -1;
    }
    *ret_index = node.left;
    return 0;
}

static int parse_or(struct parser *parser, size_t *ret_index)
{
    return parse_joined(parser, TOKEN_OR, ret_index);
}

int select_parse(const char *expr, struct select **ret, struct mu_err *err)
{
    struct select *select = calloc(1, sizeof *select);
    if (!select)
        return mu_err_nomem(err);
    struct parser parser = {.expr = expr, .at = expr, .select = select, .err = err};
    int rc = next_token(&parser);
    if (rc == 0 && parser.token == TOKEN_END)
        rc = fail_at(&parser, parser.start, _("empty expression: write a part of the path"));
    if (rc == 0)
        rc = parse_or(&parser, &select->root);
    if (rc == 0 && parser.token == TOKEN_CLOSE)
        rc = fail_at(&parser, parser.start, _("this parenthesis was never opened: remove it"));
    else if (rc == 0 && parser.token != TOKEN_END)
        rc = fail_at(&parser, parser.start,
                     _("two words in a row: put \"and\" or \"or\" between them, or quote them"));
    if (rc != 0) {
        select_free(select);
        return rc;
    }
    *ret = select;
    return 0;
}

static bool matches(const struct select *select, size_t index, const char *path)
{
    const struct node *node = &select->nodes[index];
    switch (node->type) {
    case NODE_NOT: return !matches(select, node->left, path);
    case NODE_AND: return matches(select, node->left, path) && matches(select, node->right, path);
    case NODE_OR: return matches(select, node->left, path) || matches(select, node->right, path);
    case NODE_WORD: break;
    }
    return strcasestr(path, node->word) != NULL;
}

bool select_match(const struct select *select, const char *path)
{
    return matches(select, select->root, path);
}

void select_free(struct select *select)
{
    if (!select)
        return;
    for (size_t i = 0; i < select->count; i++)
        free(select->nodes[i].word);
    free(select);
}
