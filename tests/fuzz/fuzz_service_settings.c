/* muster.yaml: any bytes must load or be refused, and what loads must read back. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "service/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    struct mu_err err = MU_ERR_INIT;
    struct settings_set *set = NULL;
    MU_AUTO_FD int fd = memfd_create("muster.yaml", MFD_CLOEXEC);
    if (fd < 0 || mu_write_all(fd, data, size) != 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (settings_load(path, "/project", &set, &err) != 0) {
        MU_ASSERT(err.text[0] != '\0');
        return 0;
    }
    struct mu_arena arena = {0};
    for (size_t i = 0; i < setting_def_count; i++)
        settings_value_text(settings_batch(set), &setting_defs[i], &arena);
    const struct settings *settings;
    MU_ASSERT(settings_for_script(set, "a/b.py", "/nowhere", &settings, NULL, &err) == 0);
    mu_arena_release(&arena);
    settings_set_free(set);
    return 0;
}
