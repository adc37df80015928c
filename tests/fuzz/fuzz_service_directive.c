/* The text of a script: its directives, and the tests it defines. */
#include "base/str.h"
#include "service/discover.h"
#include "service/settings_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct place_text text = {"script.py", (const char *)data, size};
    struct mu_arena arena = {0};
    struct settings_layer layer = {0};
    MU_AUTO_STR struct mu_str key = {0};
    struct mu_err err = MU_ERR_INIT;
    if (settings_read_directives(&text, "/project", &arena, &layer, &key, &err) != 0)
        MU_ASSERT(err.text[0] != '\0');
    else
        MU_ASSERT((layer.set == 0) == (key.len == 0));
    MU_ASSERT(count_unstarted_tests((const char *)data, size) >= 0);
    mu_arena_release(&arena);
    return 0;
}
