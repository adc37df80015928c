/* Errors that travel.
 *
 * Every function that can fail returns 0 on success and a negative value on failure, with the
 * caller's `struct mu_err` filled: a code (which decides the exit status), the errno that caused
 * it, and a whole sentence for a person: "what is wrong: what to do about it". A function may
 * document positive returns: outcomes that its direct caller handles.
 *
 * `err` may be NULL everywhere and is untouched on success. Libraries never print and never exit.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

enum mu_code {
    MU_OK = 0,
    MU_E_USAGE,      /* a wrong option or argument */
    MU_E_SETTINGS,   /* muster.yaml, a directive or a value is wrong */
    MU_E_NOT_FOUND,  /* no such path, batch, record … */
    MU_E_AMBIGUOUS,  /* a prefix that fits several */
    MU_E_NO_SCRIPTS, /* nothing to run */
    MU_E_MEMORY,     /* an allocation failed */
    MU_E_IO,         /* the operating system refused (sys_errno says why) */
    MU_E_DB,         /* the database refused */
    MU_E_DB_NEWER,   /* the database was made by a newer muster */
    MU_E_DB_CORRUPT, /* the database is damaged or none at all */
    MU_E_BUSY,       /* somebody else holds what is needed */
    MU_E_INTERNAL,   /* a defect of muster */
};

struct mu_err {
    enum mu_code code;
    int sys_errno; /* 0 where no system call is the cause */
    char text[1536];
};

#define MU_ERR_INIT                                                                                \
    {                                                                                              \
        .code = MU_OK                                                                              \
    }

/* Fill `err` with a code and a printf-formatted sentence. Returns -1, so that a failing function
 * can `return mu_err_set(err, …)`. */
int mu_err_set(struct mu_err *err, enum mu_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of `sys_errno` appended. */
int mu_err_sys(struct mu_err *err, enum mu_code code, int sys_errno, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* MU_E_MEMORY: "out of memory". */
int mu_err_nomem(struct mu_err *err);

/* Put context in front: "context: what was there". Code and errno stay. Returns -1. */
int mu_err_wrap(struct mu_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Invariants that hold in release builds as well: says which, where, and aborts. */
#define MU_ASSERT(cond) ((cond) ? (void)0 : mu_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void mu_assert_failed(const char *cond, const char *file, int line);

#endif
