/* Durations and sizes as people write them. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* `30` (seconds), `1.5`, `30s`, `500ms`, `5m`, `1h30m`, `2d`, units in falling order, no sign, no
 * blanks. Returns 0, or -1 where it is none (also over 100 years). */
int mu_duration_parse(const char *text, int64_t *ret_ms);

/* `4096`, `512K`, `512KB`, `512KiB`, `1MiB`, `2G`, `1T`: all powers of 1024, fractions allowed.
 * Returns 0, or -1. */
int mu_size_parse(const char *text, int64_t *ret_bytes);

/* For people: 0.06s, 59.9s, 1m05s, 2h03m, 3d04h. Returns `buf`. */
char *mu_duration_format(int64_t ms, char *buf, size_t size);
/* The shortest text that mu_duration_parse reads back: 30s, 1h30m, 200ms. Returns `buf`. */
char *mu_duration_exact(int64_t ms, char *buf, size_t size);
/* For people: 512 B, 14 MB, 1.5 GB (powers of 1024). Returns `buf`. */
char *mu_size_format(int64_t bytes, char *buf, size_t size);

#endif
