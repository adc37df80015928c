/* libfyaml's events made into a tree. Its own document builder is not used: it reports in its own
 * words, and follows aliases without a limit. An alias becomes a node that shares the children of
 * its anchor; the weights, added up while the tree is built, bound what walking it can cost. */
#include "service/yaml.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "base/i18n.h"
#include "base/utf8.h"

enum { MAX_DEPTH = 16, MAX_WEIGHT = 1000000, MAX_ANCHORS = 1000, MAX_KEYS = 2500 };

struct anchor {
    const char *name;
    struct yaml_node *node;
    bool complete;
};

struct level {
    struct yaml_node *node;
    struct yaml_node *last; /* child */
    size_t children;
    size_t anchor; /* index + 1 of the anchor to complete; 0: none */
};

struct builder {
    const struct place_text *text;
    size_t base; /* of what libfyaml sees: behind a byte-order mark */
    struct mu_arena *arena;
    struct mu_err *err;
    struct level levels[MAX_DEPTH];
    size_t depth;
    struct anchor *anchors;
    size_t anchor_count, anchor_cap;
    struct yaml_node *root;
    bool document_ended;
};

static int fail_at(struct builder *builder, size_t pos, const char *text)
{
    mu_err_set(builder->err, MU_E_SETTINGS, "%s", text);
    return place_error(builder->text, pos, builder->err);
}

static size_t event_pos(const struct builder *builder, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    return builder->base + (mark ? mark->input_pos : 0);
}

static char *token_text(struct builder *builder, struct fy_token *token, size_t *ret_len)
{
    const char *text = token ? fy_token_get_text(token, ret_len) : NULL;
    if (!text) {
        *ret_len = 0;
        text = "";
    }
    return mu_arena_strndup(builder->arena, text, *ret_len);
}

static bool is_key(const struct level *level)
{
    return level->node->type == YAML_MAP && level->children % 2 == 0;
}

static int check_key(struct builder *builder, const struct level *level,
                     const struct yaml_node *key)
{
    char quote[PLACE_QUOTE_SIZE];
    if (key->type != YAML_SCALAR)
        return fail_at(builder, key->pos, _("a key must be a single word: write NAME: VALUE"));
    if (level->children > 2 * MAX_KEYS) /* each is compared with each below */
        return fail_at(builder, key->pos, _("too many keys in one map: remove some"));
    for (const struct yaml_node *other = level->node->first; other && other != key;
         other = other->next ? other->next->next : NULL) {
        if (other->len != key->len || memcmp(other->text, key->text, key->len) != 0)
            continue;
        mu_err_set(builder->err, MU_E_SETTINGS,
                   _("\"%s\" is given twice (first in line %zu): keep one"),
                   place_quote(key->text, key->len, quote), place_line(builder->text, other->pos));
        return place_error(builder->text, key->pos, builder->err);
    }
    return 0;
}

/* Hang a finished or beginning node below the innermost open one. */
static int attach(struct builder *builder, struct yaml_node *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return 0;
    }
    struct level *level = &builder->levels[builder->depth - 1];
    bool key = is_key(level);
    if (!key && level->last && node->type == YAML_SCALAR && node->is_null && node->len == 0)
        node->pos = level->last->pos; /* what is not there has no place of its own */
    if (level->last)
        level->last->next = node;
    else
        level->node->first = node;
    level->last = node;
    level->children++;
    return key ? check_key(builder, level, node) : 0;
}

static struct yaml_node *new_node(struct builder *builder, enum yaml_type type, size_t pos)
{
    struct yaml_node *node = mu_arena_alloc(builder->arena, sizeof *node);
    if (!node) {
        mu_err_nomem(builder->err);
        return NULL;
    }
    node->type = type;
    node->pos = pos;
    node->weight = 1;
    return node;
}

/* Remember what `&name` stands for. `ret_index` is its index + 1, 0 without an anchor. */
static int set_anchor(struct builder *builder, struct fy_token *token, struct yaml_node *node,
                      size_t *ret_index)
{
    *ret_index = 0;
    if (!token)
        return 0;
    size_t len;
    const char *name = token_text(builder, token, &len);
    if (builder->anchor_count == MAX_ANCHORS)
        return fail_at(builder, node->pos, _("too many anchors: write the values out"));
    if (!name || MU_GROW(builder->anchors, builder->anchor_cap, builder->anchor_count + 1) != 0)
        return mu_err_nomem(builder->err);
    builder->anchors[builder->anchor_count++] = (struct anchor){name, node, false};
    *ret_index = builder->anchor_count;
    return 0;
}

static int add_weight(struct builder *builder, const struct yaml_node *node)
{
    if (builder->depth == 0)
        return 0;
    struct yaml_node *parent = builder->levels[builder->depth - 1].node;
    parent->weight += node->weight;
    return parent->weight <= MAX_WEIGHT
               ? 0
               : fail_at(builder, node->pos,
                         _("this stands for too much: aliases multiply; write the values out"));
}

static int add_scalar(struct builder *builder, struct fy_event *event)
{
    struct fy_token *value = event->scalar.value;
    struct yaml_node *node = new_node(builder, YAML_SCALAR, event_pos(builder, event));
    if (!node)
        return -1;
    node->text = token_text(builder, value, &node->len);
    if (!node->text)
        return mu_err_nomem(builder->err);
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    enum fy_scalar_style style = value ? fy_scalar_token_get_style(value) : FYSS_PLAIN;
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && node->pos > builder->base)
        node->pos--; /* the quote belongs to it */
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        if (!value || (style == FYSS_PLAIN && strlen(nulls[i]) == node->len &&
                       memcmp(node->text, nulls[i], node->len) == 0))
            node->is_null = true;
    size_t anchor;
    if (event->scalar.tag)
        return fail_at(builder, node->pos, _("tags mean nothing here: remove what begins with !"));
    if (attach(builder, node) != 0 || add_weight(builder, node) != 0 ||
        set_anchor(builder, event->scalar.anchor, node, &anchor) != 0)
        return -1;
    if (anchor > 0)
        builder->anchors[anchor - 1].complete = true;
    return 0;
}

static int add_alias(struct builder *builder, struct fy_event *event)
{
    size_t len, pos = event_pos(builder, event);
    const char *name = token_text(builder, event->alias.anchor, &len);
    if (!name)
        return mu_err_nomem(builder->err);
    const struct anchor *anchor = NULL; /* the last one of that name holds */
    for (size_t i = builder->anchor_count; i > 0 && !anchor; i--)
        if (strcmp(builder->anchors[i - 1].name, name) == 0)
            anchor = &builder->anchors[i - 1];
    if (!anchor)
        return fail_at(builder, pos, _("this alias stands for nothing: mark a value with & first"));
    if (!anchor->complete)
        return fail_at(builder, pos, _("this alias stands for what it is part of: write it out"));
    struct yaml_node *node = new_node(builder, anchor->node->type, pos);
    if (!node)
        return -1;
    *node = *anchor->node;
    node->pos = pos;
    node->next = NULL;
    return attach(builder, node) != 0 ? -1 : add_weight(builder, node);
}

static int open_level(struct builder *builder, struct fy_event *event, enum yaml_type type)
{
    struct fy_token *tag = type == YAML_MAP ? event->mapping_start.tag : event->sequence_start.tag;
    struct fy_token *anchor =
        type == YAML_MAP ? event->mapping_start.anchor : event->sequence_start.anchor;
    struct yaml_node *node = new_node(builder, type, event_pos(builder, event));
    if (!node)
        return -1;
    if (tag)
        return fail_at(builder, node->pos, _("tags mean nothing here: remove what begins with !"));
    if (builder->depth == MAX_DEPTH)
        return fail_at(builder, node->pos, _("nested too deeply: no setting needs that"));
    struct level level = {.node = node};
    if (attach(builder, node) != 0 || set_anchor(builder, anchor, node, &level.anchor) != 0)
        return -1;
    builder->levels[builder->depth++] = level;
    return 0;
}

static int close_level(struct builder *builder)
{
    const struct level *level = &builder->levels[--builder->depth];
    if (level->anchor > 0)
        builder->anchors[level->anchor - 1].complete = true;
    return add_weight(builder, level->node);
}

static int take_event(struct builder *builder, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (builder->document_ended)
            return fail_at(builder, event_pos(builder, event),
                           _("a second document: put everything into one, without ---"));
        return 0;
    case FYET_DOCUMENT_END: builder->document_ended = true; return 0;
    case FYET_SCALAR: return add_scalar(builder, event);
    case FYET_ALIAS: return add_alias(builder, event);
    case FYET_MAPPING_START: return open_level(builder, event, YAML_MAP);
    case FYET_SEQUENCE_START: return open_level(builder, event, YAML_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: return close_level(builder);
    default: return 0;
    }
}

/* libfyaml's first complaint, at its place. */
static int syntax_error(struct builder *builder, struct fy_diag *diag)
{
    void *iter = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iter);
    mu_err_set(builder->err, MU_E_SETTINGS, _("this is no YAML (%s): write NAME: VALUE lines"),
               error && error->msg ? error->msg : _("unreadable"));
    const struct place_text *text = builder->text;
    /* A line indented by a tab is what is nearly always meant, wherever libfyaml stumbles. */
    for (size_t i = builder->base; i < text->len; i++) {
        if (text->data[i] != '\t')
            continue;
        size_t begin = i;
        while (begin > builder->base && text->data[begin - 1] == ' ')
            begin--;
        if (begin == builder->base || text->data[begin - 1] == '\n')
            return fail_at(builder, i, _("a tab does not indent in YAML: write blanks"));
    }
    size_t pos = builder->base;
    if (error && error->line > 0) {
        for (int line = 1; line < error->line; line++) {
            const char *newline = memchr(text->data + pos, '\n', text->len - pos);
            if (!newline)
                break;
            pos = (size_t)(newline - text->data) + 1;
        }
        for (int column = 1; column < error->column && pos < text->len && text->data[pos] != '\n';
             column++) {
            uint32_t ch;
            size_t n = mu_utf8_decode(text->data + pos, text->len - pos, &ch);
            pos += n > 0 ? n : 1;
        }
    }
    if (pos >= text->len) /* something is missing: behind what was written last */
        while (pos > builder->base && strchr(" \t\r\n", text->data[pos - 1]))
            pos--;
    return place_error(text, pos, builder->err);
}

/* The settings must be UTF-8; whoever saved them otherwise is told where it shows. */
static int check_encoding(struct builder *builder)
{
    const struct place_text *text = builder->text;
    const unsigned char *data = (const unsigned char *)text->data;
    if (text->len >= 2 &&
        ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff)))
        return fail_at(builder, 0, _("this file is UTF-16: save it as UTF-8"));
    for (size_t i = 0; i < text->len;) {
        uint32_t ch;
        size_t n = mu_utf8_decode(text->data + i, text->len - i, &ch);
        if (n == 0)
            return fail_at(builder, i,
                           _("this is not UTF-8 (GBK, perhaps): save the file as UTF-8"));
        if (ch == 0)
            return fail_at(builder, i, _("a NUL byte (UTF-16, perhaps): save the file as UTF-8"));
        i += n;
    }
    if (text->len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        builder->base = 3;
    return 0;
}

static void print_nothing(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
}

int yaml_parse(const struct place_text *text, struct mu_arena *arena, struct yaml_node **ret_root,
               struct mu_err *err)
{
    struct builder builder = {.text = text, .arena = arena, .err = err};
    if (check_encoding(&builder) != 0)
        return -1;

    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.output_fn = print_nothing;
    diag_cfg.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    if (!diag)
        return mu_err_nomem(err);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&cfg);
    int rc = 0;
    if (!parser ||
        fy_parser_set_string(parser, text->data + builder.base, text->len - builder.base) != 0) {
        rc = mu_err_nomem(err);
    } else {
        struct fy_event *event;
        while (rc == 0 && (event = fy_parser_parse(parser))) {
            rc = take_event(&builder, event);
            fy_parser_event_free(parser, event);
        }
        if (rc == 0 && fy_diag_got_error(diag))
            rc = syntax_error(&builder, diag);
    }
    if (parser)
        fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    free(builder.anchors);
    if (rc == 0)
        *ret_root = builder.root;
    return rc;
}
