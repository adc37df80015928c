/* Clocks and times.
 *
 * Durations come from the monotonic clock in nanoseconds or milliseconds; points in time are
 * milliseconds since 1970 UTC and are stored as text, `YYYY-MM-DD HH:MM:SS.mmm` in UTC, so that
 * SQLite's date functions and CURRENT_TIMESTAMP defaults sort with them. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t mu_mono_ns(void); /* CLOCK_MONOTONIC */
int64_t mu_mono_ms(void);
int64_t mu_wall_ms(void); /* CLOCK_REALTIME */

enum { MU_TIME_TEXT_SIZE = 24 }; /* "2026-11-23 07:30:00.123" and NUL */

/* Write `wall_ms` as UTC text. Returns `buf`. */
char *mu_time_to_text(int64_t wall_ms, char buf[MU_TIME_TEXT_SIZE]);
/* Read UTC text, with or without milliseconds, with ' ' or 'T', with or without 'Z'.
 * Returns 0, or -1 where it is no time. */
int mu_time_from_text(const char *text, int64_t *ret_wall_ms);

#endif
