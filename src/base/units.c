#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plain decimal number: digits, at most one point. strtod alone would take "inf", "0x1", "1e5".
 */
static const char *parse_number(const char *text, double *ret)
{
    const char *p = text;
    int digits = 0;
    double value = 0, scale = 1;
    for (; *p >= '0' && *p <= '9'; p++, digits++)
        value = value * 10 + (*p - '0');
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++, digits++) {
            scale /= 10;
            value += (*p - '0') * scale;
        }
    }
    *ret = value;
    return digits > 0 ? p : NULL;
}

int mu_duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"d", 86400e3}, {"h", 3600e3}, {"m", 60e3}, {"s", 1e3}, {"ms", 1}};
    enum { UNITS = sizeof units / sizeof units[0] };

    double total = 0;
    size_t next_unit = 0;
    const char *p = text;
    do {
        double value;
        p = parse_number(p, &value);
        if (!p)
            return -1;
        size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz");
        if (len == 0) {
            if (next_unit != 0 || *p != '\0')
                return -1; /* only a lone number goes without a unit: seconds */
            total = value * 1e3;
            break;
        }
        size_t u = next_unit;
        while (u < UNITS && (strlen(units[u].name) != len || strncmp(units[u].name, p, len) != 0))
            u++;
        if (u == UNITS)
            return -1;
        total += value * units[u].ms;
        next_unit = u + 1;
        p += len;
    } while (*p != '\0');
    if (!(total <= 100.0 * 366 * 86400e3))
        return -1;
    *ret_ms = llround(total);
    return 0;
}

int mu_size_parse(const char *text, int64_t *ret_bytes)
{
    double value;
    const char *p = parse_number(text, &value);
    if (!p)
        return -1;
    static const char letters[] = "KMGT";
    const char *letter = *p ? strchr(letters, *p) : NULL;
    if (!letter && *p == 'k')
        letter = letters;
    if (letter) {
        for (const char *l = letters; l <= letter; l++)
            value *= 1024;
        p++;
        if (p[0] == 'i' && p[1] == 'B')
            p++;
    }
    if (*p == 'B')
        p++;
    if (*p != '\0' || !(value <= 9e15))
        return -1;
    *ret_bytes = llround(value);
    return 0;
}

char *mu_duration_format(int64_t ms, char *buf, size_t size)
{
    int64_t s = ms / 1000;
    if (ms < 995)
        snprintf(buf, size, "%.2fs", (double)ms / 1e3);
    else if (ms < 59950)
        snprintf(buf, size, "%.1fs", (double)ms / 1e3);
    else if ((s = (ms + 500) / 1000) < 3600)
        snprintf(buf, size, "%dm%02ds", (int)(s / 60), (int)(s % 60));
    else if (s < 86400)
        snprintf(buf, size, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
    else
        snprintf(buf, size, "%lldd%02dh", (long long)(s / 86400), (int)(s / 3600 % 24));
    return buf;
}

char *mu_duration_exact(int64_t ms, char *buf, size_t size)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t used = 0;
    buf[0] = '\0';
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        if (ms < units[u].ms)
            continue;
        int n = snprintf(buf + used, size - used, "%lld%s", (long long)(ms / units[u].ms),
                         units[u].name);
        ms %= units[u].ms;
        if (n < 0 || (used += (size_t)n) >= size)
            break;
    }
    if (used == 0)
        snprintf(buf, size, "0s");
    return buf;
}

char *mu_size_format(int64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t u = 0;
    while (value >= 1023.5 && u + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        u++;
    }
    snprintf(buf, size, value < 9.95 && u > 1 ? "%.1f %s" : "%.0f %s", value, units[u]);
    return buf;
}
