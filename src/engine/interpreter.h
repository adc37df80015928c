/* Which Python: what a path really starts, asked of the interpreter itself.
 *
 * A `python3` on the PATH can be a shim that costs 196 ms a start where the real one costs 16; what
 * it calls sys.executable is started instead, never its realpath (a venv would be lost). */
#ifndef ENGINE_INTERPRETER_H
#define ENGINE_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct interpreter {
    char executable[4096];   /* sys.executable: absolute */
    char version[32];        /* "3.11.2" */
    char implementation[32]; /* "cpython" */
};

/* Start `path` once (absolute, or a name looked up on PATH), 10 s at most, and ask it.
 * Errors, MU_E_SETTINGS with a whole sentence: missing, not executable, no Python (what it
 * answered), no answer. `cwd` matters to shims; NULL is the current folder. */
int interpreter_probe(const char *path, const char *cwd, struct interpreter *ret,
                      struct mu_err *err);
/* `path` is a program itself, so that its answer holds wherever it is started; what a script (a
 * shim) answers depends on folder and environment. */
bool interpreter_is_binary(const char *path);

#endif
