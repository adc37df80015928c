/* Remaining time: one formula everywhere.
 *
 * Expected seconds of what has not started, plus what is left of what runs, over the number of
 * scripts that run at once, but never less than the longest single one still needs. A script
 * without history counts as the mean of those that have finished in this batch, else as the mean of
 * those with history. */
#ifndef SERVICE_ESTIMATE_H
#define SERVICE_ESTIMATE_H

#include <stddef.h>

struct estimate {
    double waiting_s;       /* sum over scripts that have not started and have a history */
    size_t waiting_unknown; /* those that have none */
    double finished_s;      /* sum of durations in this batch */
    size_t finished;
    double known_s; /* sum of the expectations of all scripts that have one */
    size_t known;
    double
        running_left_s; /* sum over running ones with a history: expected − elapsed, at least 0 */
    double running_longest_s; /* the largest of these */
    size_t running_unknown;
    double running_unknown_elapsed_s;
    size_t jobs;
};

/* Seconds, or NAN where nothing is known. */
double estimate_remaining_s(const struct estimate *estimate);

#endif
