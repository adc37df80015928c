/* Tracebacks, as Python, its syntax errors and faulthandler print them, found in one stream.
 *
 * One parser a stream, so that a line of the other stream in the midst of a traceback breaks
 * nothing. It keeps the last one, bounded: 32 KB of its beginning and 32 KB of its end. */
#ifndef VERDICT_TRACE_H
#define VERDICT_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct trace_frame {
    struct mu_str path, function, source; /* source: the first quoted line, "" where none */
    long line;                            /* 0: no frame */
};

struct trace {
    struct mu_str head, tail; /* the text */
    struct mu_str error;      /* the line that names the exception; "" in a dump */
    struct mu_str shadow;     /* a module of the script's folder that hides Python's own */
    struct trace_frame script, folder, innermost;
    bool complete;  /* its exception line was read */
    bool assertion; /* AssertionError */
    bool ignored;   /* "Exception ignored in": it ended nothing */
    bool dump;      /* faulthandler's, most recent call first */
};

enum trace_state {
    TRACE_IDLE,
    TRACE_FRAMES,
    TRACE_GROUP,  /* an exception group, drawn with | and + */
    TRACE_AFTER,  /* the exception line was read */
    TRACE_CHAIN,  /* "During handling …" was read */
    TRACE_SYNTAX, /* a syntax error, which has no header */
    TRACE_DUMP,
};

struct trace_parser {
    const char *script; /* absolute path, borrowed */
    bool is_stderr;
    enum trace_state state;
    struct trace trace;
    struct trace_frame *open[3]; /* frames that wait for their source line */
    size_t blanks;               /* blank lines since the exception line */
    bool message_open;           /* the message goes on unindented (pydantic, …) */
    size_t loose_lines;          /* unindented ones that the message had */
    bool has_frames;             /* … of the member of the chain that is being read */
    bool from_module;  /* its outermost frame is the script's top, as of an uncaught one */
    bool ignored_next; /* "Exception ignored in" was read */
    bool warned;       /* a ResourceWarning was read: its source line may follow */
    bool discard;      /* the running one is such: read, not kept */
    bool in_current;   /* of a dump: in the current thread's part */
    bool section_done; /* … which was read */
};

enum trace_line {
    TRACE_LINE_OTHER,    /* output */
    TRACE_LINE_PART,     /* of a traceback */
    TRACE_LINE_ERROR,    /* its exception line: it is complete */
    TRACE_LINE_IGNORED,  /* of one that Python itself ignores */
    TRACE_LINE_SHUTDOWN, /* what interpreters say when they end */
};

void trace_parser_release(struct trace_parser *parser);
/* One cleaned line without its newline. */
enum trace_line trace_parser_feed(struct trace_parser *parser, const char *line, size_t len);
/* The next line says something by itself: it does not go on with an exception's message, unless
 * that is known to go on. */
void trace_parser_end_message(struct trace_parser *parser);
/* An allocation failed. */
bool trace_failed(const struct trace *trace);

#endif
