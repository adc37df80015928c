/* The table of words and its look-up. */
#ifndef VERDICT_VOCABULARY_H
#define VERDICT_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>

enum { VOCABULARY_CHAINS = 1024 };

struct vocabulary_entry {
    const char *text; /* not terminated */
    size_t len;
    char letter;
    struct vocabulary_entry *next; /* of the same chain, not longer */
};

struct vocabulary {
    struct vocabulary_entry *entries, *chains[VOCABULARY_CHAINS];
};

int vocabulary_init(struct vocabulary *vocabulary); /* -1: no memory */
void vocabulary_release(struct vocabulary *vocabulary);
/* The longest word at `text` (lower case, len > 0); one of ASCII must end where a word ends.
 * Returns its bytes and its letter, or 0. */
size_t vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t len,
                       char *ret_letter);

#endif
