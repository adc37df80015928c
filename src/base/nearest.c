#include "base/nearest.h"

#include <string.h>

/* Levenshtein's distance with swapped neighbours counted as one; both at most MAX_NAME long. */
enum { MAX_NAME = 32 };

static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][MAX_NAME + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b_len];
}

const char *mu_nearest(const char *name, size_t len, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = len <= 4 ? 2 : len <= 8 ? 3 : 4; /* less than this is near */
    if (len > MAX_NAME)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t name_len = strlen(names[i]);
        if (name_len > MAX_NAME)
            continue;
        size_t distance = edit_distance(name, len, names[i], name_len);
        if (len >= 2 && strncmp(name, names[i], len) == 0)
            distance = 0; /* begun, not finished: nearer than any slip */
        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
