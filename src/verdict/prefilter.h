/* Which lines can matter at all: one pass over the raw bytes, before anything is decoded. */
#ifndef VERDICT_PREFILTER_H
#define VERDICT_PREFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefilter {
    uint8_t class_of[256];
    uint32_t *next;    /* [state][class]: where the next row begins; the high bit marks a hit */
    uint32_t *endings; /* [state]: bit 0: a trigger ends here; bit n: a whole word of n bytes */
    size_t classes;
};

int prefilter_init(struct prefilter *filter); /* -1: no memory */
void prefilter_release(struct prefilter *filter);
/* False only where the rules can find nothing in the line. */
bool prefilter_may_matter(const struct prefilter *filter, const char *line, size_t len);

#endif
