/* A YAML document as a tree in which every node knows its byte position. */
#ifndef SERVICE_YAML_H
#define SERVICE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "service/place.h"

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_type type;
    size_t pos;
    const char *text; /* scalar: NUL-terminated, may hold NULs */
    size_t len;
    bool is_null;            /* a bare `null`, `~`, or nothing at all */
    struct yaml_node *first; /* list: entries; map: keys (always scalars) and values by turns */
    struct yaml_node *next;  /* sibling */
    size_t weight;           /* nodes below and with it, aliases counted as what they stand for */
};

/* Parse the whole text, which must be UTF-8 (a byte-order mark is taken). Aliases are resolved,
 * keys are unique. `ret_root` is NULL where the document is empty. Everything lives in the arena.
 * Errors: MU_E_SETTINGS with their place; MU_E_MEMORY. */
int yaml_parse(const struct place_text *text, struct mu_arena *arena, struct yaml_node **ret_root,
               struct mu_err *err);

#endif
