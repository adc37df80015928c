#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool reserve(struct mu_str *str, size_t more)
{
    if (!str->failed && mu_grow((void **)&str->data, &str->cap, str->len + more + 1, 1) != 0)
        str->failed = true;
    return !str->failed;
}

void mu_str_reserve(struct mu_str *str, size_t more)
{
    reserve(str, more);
}

void mu_str_append(struct mu_str *str, const void *data, size_t len)
{
    if (!reserve(str, len))
        return;
    if (len > 0)
        memcpy(str->data + str->len, data, len);
    str->len += len;
    str->data[str->len] = '\0';
}

void mu_str_puts(struct mu_str *str, const char *text)
{
    mu_str_append(str, text, strlen(text));
}

void mu_str_putc(struct mu_str *str, char c)
{
    mu_str_append(str, &c, 1);
}

void mu_str_printf(struct mu_str *str, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n >= 0 && reserve(str, (size_t)n)) {
        vsnprintf(str->data + str->len, (size_t)n + 1, fmt, again);
        str->len += (size_t)n;
    }
    va_end(again);
    va_end(ap);
}

void mu_str_clear(struct mu_str *str)
{
    str->len = 0;
    str->failed = false;
    if (str->data)
        str->data[0] = '\0';
}

void mu_str_release(struct mu_str *str)
{
    free(str->data);
    *str = (struct mu_str){0};
}

const char *mu_str_text(const struct mu_str *str)
{
    return str->data ? str->data : "";
}

char *mu_str_take(struct mu_str *str)
{
    char *data = NULL;
    if (reserve(str, 0)) {
        str->data[str->len] = '\0';
        data = str->data;
        str->data = NULL;
    }
    mu_str_release(str);
    return data;
}
