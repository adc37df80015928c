/* Memory: a growing array helper, an arena, cleanup attributes.
 *
 * Three lifetimes: process objects (malloc, one owner, `_free`, NULL accepted), a request's,
 * command's or tick's (an arena, freed as a whole), static. Arguments are borrowed for the call
 * unless the name says `_take`. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Make room for `need` elements of `elem_size` bytes in `*array`, whose capacity is `*cap`; grows
 * by doubling. Returns 0, or -1 without memory (the array stays as it was). */
int mu_grow(void **array, size_t *cap, size_t need, size_t elem_size);
#define MU_GROW(array, cap, need) mu_grow((void **)&(array), &(cap), (need), sizeof *(array))

/* An arena: blocks handed out one after another, all freed together. Zero-initialise it. */
struct mu_arena {
    struct mu_arena_block *head;
};
void *mu_arena_alloc(struct mu_arena *arena, size_t size); /* zeroed, 16-aligned; NULL: no memory */
char *mu_arena_strdup(struct mu_arena *arena, const char *text); /* NULL in: NULL out */
char *mu_arena_strndup(struct mu_arena *arena, const char *text, size_t len);
char *mu_arena_printf(struct mu_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void mu_arena_release(struct mu_arena *arena);

/* `MU_AUTO(free) char *p = …;` frees at the end of the scope. */
static inline void mu_auto_freep(void *p)
{
    free(*(void **)p);
}
#define MU_AUTO_FREE __attribute__((cleanup(mu_auto_freep)))

#endif
