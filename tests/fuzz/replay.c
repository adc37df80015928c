/* Replays a folder of inputs through a fuzz target without libFuzzer, so that the corpus is an
 * ordinary test under every build. Speaks TAP: a case a file; an empty folder is a failure. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t cap = 1 << 20;
    uint8_t *data = malloc(cap);
    size_t len = data ? fread(data, 1, cap, file) : 0;
    int rc = data && !ferror(file) ? LLVMFuzzerTestOneInput(data, len) : -1;
    free(data);
    fclose(file);
    return rc;
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    int count = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
    int done = 0;
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        int len = snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && len < (int)sizeof(path)) {
            int rc = replay(path);
            printf("%s %d - %s\n", rc < 0 ? "not ok" : "ok", ++done, entries[i]->d_name);
            fflush(stdout);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", done);
    return done > 0 ? 0 : 1;
}
