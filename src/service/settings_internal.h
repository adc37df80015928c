/* What the settings*.c share: layers of values, and their readers. */
#ifndef SERVICE_SETTINGS_INTERNAL_H
#define SERVICE_SETTINGS_INTERNAL_H

#include "base/str.h"
#include "service/place.h"
#include "service/settings.h"

enum { VERDICT_FROM = 1, VERDICT_REQUIRE = 2, VERDICT_RULES = 4 };

/* The values that one source gives: only those whose bit is set. Merged one over another, key by
 * key (`env` by name, `verdict` by its own keys). */
struct settings_layer {
    struct settings values;
    uint64_t set;               /* a bit for each row of setting_defs */
    unsigned verdict_set;       /* VERDICT_… */
    struct string_list env_set; /* what env_file holds */
};

struct settings_override {
    struct string_list globs;
    struct settings_layer layer;
};

struct settings_overrides {
    struct settings_override *items;
    size_t count, cap;
};

/* What reading a value needs to know. */
struct setting_reader {
    struct settings_layer *layer;
    struct mu_arena *arena;
    const char *folder; /* relative paths start here; NULL: the current folder */
};

enum setting_scope { SCOPE_BATCH, SCOPE_SCRIPT };

/* The row called `name`, where it may stand in `scope`; NULL with an error: unknown (and the
 * nearest known one), of a later version, or for the whole batch. */
const struct setting_def *setting_find(const char *name, size_t len, enum setting_scope scope,
                                       struct mu_err *err);
size_t setting_index(const struct setting_def *def);
bool setting_is(const struct setting_def *def, const char *name);
/* The signal that an index of stop_signal's choices stands for. */
int setting_signal(size_t index);

/* Read one value from text (a scalar of muster.yaml, a directive, the command line). Errors
 * without a place: "timeout: …". Lists are split at commas. */
int setting_read_text(const struct setting_reader *reader, const struct setting_def *def,
                      const char *text, size_t len, struct mu_err *err);
/* "timeout", "env.NAME", "verdict.from", "verdict.require", in directives and on the command line.
 */
int setting_read_named(const struct setting_reader *reader, const char *name, size_t name_len,
                       const char *text, size_t len, enum setting_scope scope,
                       const struct setting_def **ret_def, struct mu_err *err);
int setting_add_to_list(const struct setting_reader *reader, const struct setting_def *def,
                        const char *text, size_t len, struct mu_err *err);
int setting_add_env(const struct setting_reader *reader, const char *name, size_t name_len,
                    const char *value, size_t value_len, struct mu_err *err);
int setting_read_verdict_from(const struct setting_reader *reader, const char *text,
                              struct mu_err *err);
int setting_read_verdict_require(const struct setting_reader *reader, const char *text,
                                 struct mu_err *err);
/* None of it, an empty list or map, where a setting may be so; -1 with an error elsewhere. */
int setting_read_null(const struct setting_reader *reader, const struct setting_def *def,
                      struct mu_err *err);

int string_list_add(struct mu_arena *arena, struct string_list *list, const char *text);
/* NAME=value; a later one of the same name takes the earlier one's place. */
int string_list_put_env(struct mu_arena *arena, struct string_list *list, const char *entry);

/* A regular file of at most 1 MB. Errors: MU_E_SETTINGS. */
int settings_read_file(const char *path, struct mu_str *ret, struct mu_err *err);
/* muster.yaml from memory. Errors with their place. */
int settings_read_yaml(const struct place_text *text, const char *folder, struct mu_arena *arena,
                       struct settings_layer *layer, struct settings_overrides *overrides,
                       struct mu_err *err);
/* KEY=VALUE lines. Errors with their place. */
int settings_read_env_file(const char *path, struct mu_arena *arena, struct string_list *ret,
                           struct mu_err *err);
/* The `# MUSTER:` lines in the beginning of a script. What tells them from others, so that scripts
 * with the same can share their settings, is appended to `key`. */
int settings_read_directives(const struct place_text *text, const char *folder,
                             struct mu_arena *arena, struct settings_layer *layer,
                             struct mu_str *key, struct mu_err *err);

#endif
