#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int mu_grow(void **array, size_t *cap, size_t need, size_t elem_size)
{
    if (need <= *cap)
        return 0;
    size_t n = *cap < 8 ? 8 : *cap;
    while (n < need) {
        if (n > SIZE_MAX / 2)
            return -1;
        n *= 2;
    }
    if (elem_size != 0 && n > SIZE_MAX / elem_size)
        return -1;
    void *grown = realloc(*array, n * elem_size);
    if (!grown)
        return -1;
    *array = grown;
    *cap = n;
    return 0;
}

enum { BLOCK_SIZE = 16 * 1024, ALIGNMENT = 16 };

struct mu_arena_block {
    struct mu_arena_block *next;
    size_t used, size;
    _Alignas(ALIGNMENT) char data[];
};

void *mu_arena_alloc(struct mu_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct mu_arena_block *block = arena->head;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
        block = malloc(sizeof *block + room);
        if (!block)
            return NULL;
        block->used = 0;
        block->size = room;
        /* A big one goes behind the head, so that the rest of the head is still used. */
        if (room != BLOCK_SIZE && arena->head) {
            block->next = arena->head->next;
            arena->head->next = block;
        } else {
            block->next = arena->head;
            arena->head = block;
        }
    }
    void *p = block->data + block->used;
    block->used += size;
    memset(p, 0, size);
    return p;
}

char *mu_arena_strndup(struct mu_arena *arena, const char *text, size_t len)
{
    char *copy = mu_arena_alloc(arena, len + 1);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

char *mu_arena_strdup(struct mu_arena *arena, const char *text)
{
    return text ? mu_arena_strndup(arena, text, strlen(text)) : NULL;
}

char *mu_arena_printf(struct mu_arena *arena, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *text = n < 0 ? NULL : mu_arena_alloc(arena, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return text;
}

void mu_arena_release(struct mu_arena *arena)
{
    struct mu_arena_block *block = arena->head;
    while (block) {
        struct mu_arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena->head = NULL;
}
