#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"

static void fill(struct mu_err *err, enum mu_code code, int sys_errno, const char *fmt, va_list ap)
{
    err->code = code;
    err->sys_errno = sys_errno;
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    if (sys_errno != 0 && n >= 0 && (size_t)n < sizeof err->text) {
        char buf[128];
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s",
                 strerror_r(sys_errno, buf, sizeof buf));
    }
}

int mu_err_set(struct mu_err *err, enum mu_code code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        fill(err, code, 0, fmt, ap);
        va_end(ap);
    }
    return -1;
}

int mu_err_sys(struct mu_err *err, enum mu_code code, int sys_errno, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        fill(err, code, sys_errno, fmt, ap);
        va_end(ap);
    }
    return -1;
}

int mu_err_nomem(struct mu_err *err)
{
    return mu_err_set(err, MU_E_MEMORY, "%s", _("out of memory"));
}

int mu_err_wrap(struct mu_err *err, const char *fmt, ...)
{
    if (err) {
        char before[sizeof err->text];
        char context[512];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(context, sizeof context, fmt, ap);
        va_end(ap);
        memcpy(before, err->text, sizeof before);
        snprintf(err->text, sizeof err->text, "%s: %.*s", context,
                 (int)(sizeof err->text - sizeof context - 3), before);
    }
    return -1;
}

void mu_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "muster: broken invariant %s at %s:%d\n", cond, file, line);
    abort();
}
