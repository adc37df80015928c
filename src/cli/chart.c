#include "cli/chart.h"

#include <math.h>

void chart_line(struct mu_str *ret, const double *values, size_t count, size_t max_columns)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] > largest)
            largest = values[i];
    size_t columns = count < max_columns ? count : max_columns;
    for (size_t c = 0; c < columns; c++) {
        double value = NAN;
        for (size_t i = c * count / columns; i < (c + 1) * count / columns; i++)
            value = fmax(value, values[i]); /* fmax leaves NANs out */
        if (isnan(value))
            mu_str_putc(ret, ' ');
        else
            mu_str_puts(ret, blocks[largest > 0 ? (int)(fmax(value, 0) / largest * 7 + 0.5) : 0]);
    }
}
