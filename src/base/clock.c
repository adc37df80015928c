#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t mu_mono_ns(void)
{
    return read_clock_ns(CLOCK_MONOTONIC);
}

int64_t mu_mono_ms(void)
{
    return mu_mono_ns() / 1000000;
}

int64_t mu_wall_ms(void)
{
    return read_clock_ns(CLOCK_REALTIME) / 1000000;
}

char *mu_time_to_text(int64_t wall_ms, char buf[MU_TIME_TEXT_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    int ms = (int)(wall_ms % 1000);
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    struct tm tm;
    char day_time[20] = "0000-00-00 00:00:00";
    if (gmtime_r(&seconds, &tm) && tm.tm_year + 1900 >= 0 && tm.tm_year + 1900 <= 9999)
        strftime(day_time, sizeof day_time, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(buf, MU_TIME_TEXT_SIZE, "%s.%03d", day_time, ms);
    return buf;
}

int mu_time_from_text(const char *text, int64_t *ret_wall_ms)
{
    struct tm tm = {0};
    int used = 0, ms = 0;
    char sep;
    if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &sep,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 7 ||
        (sep != ' ' && sep != 'T'))
        return -1;
    const char *rest = text + used;
    if (*rest == '.') {
        int scale = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            ms += (*rest - '0') * scale;
    }
    if (*rest == 'Z')
        rest++;
    if (*rest != '\0' || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31)
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ret_wall_ms = (int64_t)timegm(&tm) * 1000 + ms;
    return 0;
}
