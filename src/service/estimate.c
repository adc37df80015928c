#include "service/estimate.h"

#include <math.h>

double estimate_remaining_s(const struct estimate *e)
{
    double mean = e->finished > 0 ? e->finished_s / (double)e->finished
                  : e->known > 0  ? e->known_s / (double)e->known
                                  : NAN;
    size_t unknown = e->waiting_unknown + e->running_unknown;
    if (unknown > 0 && isnan(mean))
        return NAN;
    double left = e->waiting_s + e->running_left_s;
    if (unknown > 0) {
        double unknown_s = (double)unknown * mean - e->running_unknown_elapsed_s;
        left += unknown_s > 0 ? unknown_s : 0;
    }
    double spread = left / (double)(e->jobs > 0 ? e->jobs : 1);
    return spread > e->running_longest_s ? spread : e->running_longest_s;
}
