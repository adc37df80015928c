/* Tests that nobody starts, from the text of a Python file alone.
 *
 * A small tokenizer (it knows strings, comments, brackets and continued lines) gives logical lines.
 * Every `def` and `class` outside of another is a unit: a test, or ordinary code. Names that are
 * called or handed on are mentions, each made by a unit or by the module itself. What the module
 * mentions is reached, what a reached unit mentions too; the tests are started if one of them, or a
 * known runner, is reached, or if `if __name__ == …:` calls anything at all. */
#include "service/discover.h"

#include <string.h>

struct span {
    const char *at;
    size_t len;
};

struct unit {
    struct span name;
    bool is_test; /* a test function, or a class of tests */
    bool is_class;
    bool reached;
    bool is_case; /* derives from a TestCase */
    int tests;    /* methods */
};

struct mention {
    int unit; /* who; -1: the module */
    struct span name;
};

enum token_type { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_OTHER };

struct reader {
    const char *at, *end;
    int depth;            /* of open brackets */
    enum token_type type; /* of the token read last, with its text */
    struct span token;

    struct unit *units;
    size_t unit_count, unit_cap;
    struct mention *mentions;
    size_t mention_count, mention_cap;
    int unit;          /* the one that the line stands in; -1: none */
    int unit_indent;   /* of its header */
    int method_indent; /* of the method that the line stands in; -1: none */
    bool in_main;      /* in the body of `if __name__ == …:` */
    bool started, failed;
};

static bool is_name_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_name_char(unsigned char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9');
}

static bool span_is(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

static bool span_begins(struct span span, const char *text)
{
    size_t len = strlen(text);
    return span.len >= len && memcmp(span.at, text, len) == 0;
}

static bool is_string_prefix(struct span name)
{
    return name.len <= 2 && strchr("rRbBuUfF", name.at[0]) &&
           (name.len == 1 || strchr("rRbBfF", name.at[1]));
}

/* The string whose opening quote is at `reader->at`; moves behind it. One that is not closed ends
 * with its line, or with the file. */
static void skip_string(struct reader *reader)
{
    char quote = *reader->at;
    bool triple = reader->end - reader->at >= 3 && reader->at[1] == quote && reader->at[2] == quote;
    reader->at += triple ? 3 : 1;
    while (reader->at < reader->end) {
        char c = *reader->at;
        if (c == '\\') {
            reader->at += reader->end - reader->at >= 2 ? 2 : 1;
        } else if (c == '\n' && !triple) {
            return;
        } else if (c != quote) {
            reader->at++;
        } else if (!triple) {
            reader->at++;
            return;
        } else if (reader->end - reader->at >= 3 && reader->at[1] == quote &&
                   reader->at[2] == quote) {
            reader->at += 3;
            return;
        } else {
            reader->at++;
        }
    }
}

/* The next token of the logical line; TOKEN_END behind its last one. */
static void next_token(struct reader *reader)
{
    for (; reader->at < reader->end; reader->at++) {
        unsigned char c = (unsigned char)*reader->at;
        const char *start = reader->at;
        if (c == '#') {
            const char *newline = memchr(start, '\n', (size_t)(reader->end - start));
            reader->at = (newline ? newline : reader->end) - 1;
        } else if (c == '\\' && reader->end - start >= 2 &&
                   (start[1] == '\n' || start[1] == '\r')) {
            reader->at++;
            if (*reader->at == '\r' && reader->end - start >= 3 && start[2] == '\n')
                reader->at++;
        } else if (c == '\n' && reader->depth == 0) {
            break;
        } else if (c <= ' ') {
            continue;
        } else if (c == '"' || c == '\'') {
            skip_string(reader);
            reader->type = TOKEN_STRING;
            return;
        } else if (is_name_char(c)) {
            while (reader->at < reader->end && is_name_char((unsigned char)*reader->at))
                reader->at++;
            reader->token = (struct span){start, (size_t)(reader->at - start)};
            if (is_string_prefix(reader->token) && reader->at < reader->end &&
                (*reader->at == '"' || *reader->at == '\'')) {
                skip_string(reader);
                reader->type = TOKEN_STRING;
                return;
            }
            reader->type = is_name_start(c) ? TOKEN_NAME : TOKEN_OTHER;
            return;
        } else {
            if (strchr("([{", c))
                reader->depth++;
            else if (strchr(")]}", c) && reader->depth > 0)
                reader->depth--;
            reader->at++;
            reader->type = TOKEN_OTHER;
            reader->token = (struct span){start, 1};
            return;
        }
    }
    reader->type = TOKEN_END;
}

static bool token_is(const struct reader *reader, const char *text)
{
    return (reader->type == TOKEN_NAME || reader->type == TOKEN_OTHER) &&
           span_is(reader->token, text);
}

/* Is the next character that counts an opening parenthesis? */
static bool is_called(const struct reader *reader)
{
    const char *p = reader->at;
    while (p < reader->end && (*p == ' ' || *p == '\t'))
        p++;
    return p < reader->end && *p == '(';
}

/* A name that was read in code: `called`, or handed on between brackets. */
static void take_name(struct reader *reader, bool is_attribute)
{
    static const char *const runners[] = {"run_unittest", "TextTestRunner", "testmod",
                                          "testfile",     "run_doctest",    "run_module_suite",
                                          "runmodule",    "globals",        "locals"};
    struct span name = reader->token;
    bool called = is_called(reader);
    if (!called && reader->depth == 0)
        return;
    if (called && reader->in_main)
        reader->started = true;
    if (MU_GROW(reader->mentions, reader->mention_cap, reader->mention_count + 2) != 0) {
        reader->failed = true;
        return;
    }
    if (!is_attribute)
        reader->mentions[reader->mention_count++] = (struct mention){reader->unit, name};
    /* A runner is kept as a mention without a name. */
    bool runner = called && is_attribute && span_is(name, "main");
    for (size_t i = 0; i < sizeof runners / sizeof runners[0]; i++)
        runner = runner || (called && span_is(name, runners[i]));
    if (runner)
        reader->mentions[reader->mention_count++] = (struct mention){reader->unit, {NULL, 0}};
}

/* The rest of the logical line, as code. */
static void read_code(struct reader *reader)
{
    bool after_dot = false;
    for (; reader->type != TOKEN_END; next_token(reader)) {
        if (reader->type == TOKEN_NAME)
            take_name(reader, after_dot);
        after_dot = token_is(reader, ".");
    }
}

static void skip_line(struct reader *reader)
{
    while (reader->type != TOKEN_END)
        next_token(reader);
}

static struct unit *find_unit(struct reader *reader, struct span name)
{
    for (size_t i = 0; i < reader->unit_count; i++)
        if (reader->units[i].name.len == name.len &&
            memcmp(reader->units[i].name.at, name.at, name.len) == 0)
            return &reader->units[i];
    return NULL;
}

/* What stands between the name and the colon of a header. For a class: does it derive from a
 * TestCase? */
static bool read_header(struct reader *reader)
{
    bool is_case = false;
    for (; reader->type != TOKEN_END && !(reader->depth == 0 && token_is(reader, ":"));
         next_token(reader)) {
        if (reader->type != TOKEN_NAME)
            continue;
        const struct unit *base = find_unit(reader, reader->token);
        is_case = is_case || (base && base->is_case) ||
                  memmem(reader->token.at, reader->token.len, "TestCase", 8) != NULL;
    }
    if (reader->type != TOKEN_END)
        next_token(reader);
    return is_case;
}

/* A `def` or `class` whose keyword was just read, at `indent`. */
static void read_definition(struct reader *reader, bool is_class, int indent)
{
    next_token(reader);
    if (reader->type != TOKEN_NAME) {
        skip_line(reader);
        return;
    }
    struct span name = reader->token;
    next_token(reader);
    if (reader->unit >= 0) { /* a method, or something local */
        struct unit *owner = &reader->units[reader->unit];
        bool is_method = owner->is_class && !is_class &&
                         (reader->method_indent < 0 || indent <= reader->method_indent);
        if (is_method) {
            reader->method_indent = indent;
            owner->tests += span_begins(name, "test");
            if (span_is(name, "__init__") && !owner->is_case)
                owner->is_test = false; /* a class of the script's own: pytest takes none either */
        }
        read_header(reader);
        read_code(reader);
        return;
    }
    bool is_case = read_header(reader);
    if (MU_GROW(reader->units, reader->unit_cap, reader->unit_count + 1) != 0) {
        reader->failed = true;
        return;
    }
    reader->units[reader->unit_count] = (struct unit){
        .name = name,
        .is_class = is_class,
        .is_case = is_class && is_case,
        .is_test = is_class ? is_case || span_begins(name, "Test") : span_begins(name, "test_"),
    };
    reader->unit = (int)reader->unit_count++;
    reader->unit_indent = indent;
    reader->method_indent = -1;
    read_code(reader);
}

static void read_line(struct reader *reader, int indent)
{
    if (reader->unit >= 0 && indent <= reader->unit_indent)
        reader->unit = -1;
    if (indent == 0)
        reader->in_main = false;
    if (token_is(reader, "async"))
        next_token(reader);
    if (token_is(reader, "def") || token_is(reader, "class")) {
        read_definition(reader, token_is(reader, "class"), indent);
    } else if (token_is(reader, "@") || token_is(reader, "del") || token_is(reader, "import") ||
               token_is(reader, "from")) {
        skip_line(reader);
    } else if (indent == 0 && token_is(reader, "if")) {
        next_token(reader);
        bool about_name = token_is(reader, "__name__");
        if (about_name) {
            read_header(reader);
            reader->in_main = true;
        }
        read_code(reader);
    } else {
        read_code(reader);
    }
}

/* Blanks at the beginning of a line; a tab goes on to the next multiple of eight. */
static int read_indent(struct reader *reader)
{
    int indent = 0;
    for (; reader->at < reader->end; reader->at++) {
        if (*reader->at == ' ')
            indent++;
        else if (*reader->at == '\t')
            indent = (indent / 8 + 1) * 8;
        else if (*reader->at == '\f')
            indent = 0;
        else
            break;
    }
    return indent;
}

static void read_file(struct reader *reader)
{
    while (reader->at < reader->end && !reader->started && !reader->failed) {
        int indent = read_indent(reader);
        reader->depth = 0;
        next_token(reader);
        if (reader->type != TOKEN_END)
            read_line(reader, indent);
        if (reader->at < reader->end)
            reader->at++; /* the newline */
    }
}

/* Follow the mentions from the module on. */
static bool is_started(struct reader *reader)
{
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = 0; i < reader->mention_count; i++) {
            struct mention *mention = &reader->mentions[i];
            if (mention->unit == INT32_MIN) /* followed already */
                continue;
            if (mention->unit >= 0 && !reader->units[mention->unit].reached)
                continue;
            mention->unit = INT32_MIN;
            struct unit *unit = mention->name.at ? find_unit(reader, mention->name) : NULL;
            if (!mention->name.at || (unit && unit->is_test) ||
                (!unit && span_is(mention->name, "main")))
                return true;
            if (unit && !unit->reached)
                again = unit->reached = true;
        }
    }
    return false;
}

int count_unstarted_tests(const char *data, size_t len)
{
    /* Most scripts have no test at all. */
    if (!memmem(data, len, "test", 4) && !memmem(data, len, "TestCase", 8))
        return 0;
    struct reader reader = {.at = data, .end = data + len, .unit = -1, .method_indent = -1};
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        reader.at += 3;
    read_file(&reader);
    int tests = 0;
    for (size_t i = 0; i < reader.unit_count; i++) {
        const struct unit *unit = &reader.units[i];
        if (unit->is_test)
            tests += !unit->is_class ? 1 : unit->tests > 0 ? unit->tests : unit->is_case;
    }
    if (reader.started || reader.failed || (tests > 0 && is_started(&reader)))
        tests = 0;
    free(reader.units);
    free(reader.mentions);
    return tests;
}
