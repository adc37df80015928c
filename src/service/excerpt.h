/* The `output` of an execution: its first and last part, as valid UTF-8.
 *
 * Up to `limit` bytes are kept whole; beyond that the first and the last half, with one line
 * between that says how much is left out (the log holds everything). Lines are the unit: the cut
 * falls between two of them wherever a line is shorter than half the limit. */
#ifndef SERVICE_EXCERPT_H
#define SERVICE_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct excerpt {
    size_t limit;
    struct mu_str head;
    struct mu_str tail;  /* the newest bytes, from `tail_start` on */
    size_t tail_start;   /* what stands before it has left the tail */
    uint64_t left_bytes; /* left out between head and tail */
    uint64_t left_lines;
    bool head_full;
};

void excerpt_init(struct excerpt *excerpt, size_t limit_bytes);
/* `text` is valid UTF-8: one line with its newline, or a piece of one. */
void excerpt_append(struct excerpt *excerpt, const char *text, size_t len);
/* Append the whole excerpt to `ret`. */
void excerpt_text(const struct excerpt *excerpt, struct mu_str *ret);
void excerpt_release(struct excerpt *excerpt);

#endif
