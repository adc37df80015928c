#include "service/selection.h"

#include <string.h>

#include "store/batch_repo.h"
#include "store/execution_repo.h"

int selection_failed(struct db *db, struct mu_arena *arena, const char ***ret_paths,
                     size_t *ret_count, int64_t *ret_number, struct mu_err *err)
{
    struct batch batch;
    int rc = batch_repo_find_latest(db, arena, &batch, err);
    if (rc != 0)
        return rc;
    struct execution *items;
    size_t count, kept = 0;
    if (execution_repo_find_by_batch(db, arena, batch.batch_id, false, &items, &count, err) != 0)
        return -1;
    const char **paths = mu_arena_alloc(arena, (count + 1) * sizeof *paths);
    if (!paths)
        return mu_err_nomem(err);
    for (size_t i = 0; i < count; i++)
        if (items[i].status == EXEC_FAILED || items[i].status == EXEC_ERROR ||
            items[i].status == EXEC_TIMEOUT)
            paths[kept++] = items[i].script_path;
    *ret_paths = paths;
    *ret_count = kept;
    *ret_number = batch.id;
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int selection_keep(struct script_list *list, const char *const *paths, size_t count,
                   struct mu_err *err)
{
    const char **sorted = malloc((count + 1) * sizeof *sorted);
    if (!sorted)
        return mu_err_nomem(err);
    memcpy(sorted, paths, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_texts);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (bsearch(&list->items[i].script_path, sorted, count, sizeof *sorted, compare_texts))
            list->items[kept++] = list->items[i];
    list->count = kept;
    free(sorted);
    return 0;
}

/* splitmix64 (Steele, Lea, Flood 2014): small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void selection_shuffle(struct script_list *list, uint64_t seed)
{
    for (size_t i = list->count; i > 1; i--) {
        size_t j = (size_t)(next_random(&seed) % i);
        struct script swap = list->items[i - 1];
        list->items[i - 1] = list->items[j];
        list->items[j] = swap;
    }
}
