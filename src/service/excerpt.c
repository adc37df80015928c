#include "service/excerpt.h"

#include <inttypes.h>
#include <string.h>

#include "model/execution.h"

/* Not translated: it is data. */
#define GAP_FORMAT OUTPUT_GAP "%" PRIu64 " lines, %" PRIu64 " bytes left out here]"

void excerpt_init(struct excerpt *excerpt, size_t limit_bytes)
{
    *excerpt = (struct excerpt){.limit = limit_bytes};
}

static uint64_t count_lines(const char *text, size_t len)
{
    uint64_t lines = 0;
    const char *end = text + len;
    for (const char *p = text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        lines++;
    return lines;
}

/* Let the oldest whole lines go until at most half the limit is left; where one line alone is
 * longer than that, its first part goes, never cutting a character. */
static void shrink_tail(struct excerpt *excerpt)
{
    size_t half = excerpt->limit / 2;
    size_t used = excerpt->tail.len - excerpt->tail_start;
    if (used <= half)
        return;
    const char *data = excerpt->tail.data + excerpt->tail_start;
    size_t least = used - half;
    const char *newline = memchr(data + least - 1, '\n', used - least + 1);
    size_t cut = newline && newline + 1 < data + used ? (size_t)(newline + 1 - data) : least;
    while (cut < used && ((unsigned char)data[cut] & 0xc0) == 0x80)
        cut++;
    excerpt->left_bytes += cut;
    excerpt->left_lines += count_lines(data, cut);
    excerpt->tail_start += cut;
    /* Move the rest to the front now and then, so that appends stay cheap. */
    if (excerpt->tail_start > 2 * half + 4096) {
        used -= cut;
        memmove(excerpt->tail.data, excerpt->tail.data + excerpt->tail_start, used);
        excerpt->tail.len = used;
        excerpt->tail_start = 0;
    }
}

void excerpt_append(struct excerpt *excerpt, const char *text, size_t len)
{
    /* All goes to the head until the limit; then its second half becomes the tail. */
    if (!excerpt->head_full && excerpt->head.len + len <= excerpt->limit) {
        mu_str_append(&excerpt->head, text, len);
        return;
    }
    if (!excerpt->head_full) {
        excerpt->head_full = true;
        size_t keep = excerpt->limit / 2;
        if (keep < excerpt->head.len) {
            const char *data = excerpt->head.data;
            size_t line = keep;
            while (line > 0 && data[line - 1] != '\n')
                line--;
            size_t cut = line > 0 ? line : keep;
            while (cut > 0 && ((unsigned char)data[cut] & 0xc0) == 0x80)
                cut--;
            mu_str_append(&excerpt->tail, data + cut, excerpt->head.len - cut);
            excerpt->head.len = cut;
        }
    }
    mu_str_append(&excerpt->tail, text, len);
    shrink_tail(excerpt);
}

void excerpt_text(const struct excerpt *excerpt, struct mu_str *ret)
{
    mu_str_append(ret, mu_str_text(&excerpt->head), excerpt->head.len);
    if (excerpt->left_bytes > 0) {
        if (ret->len > 0 && ret->data[ret->len - 1] != '\n')
            mu_str_putc(ret, '\n');
        mu_str_printf(ret, GAP_FORMAT "\n", excerpt->left_lines, excerpt->left_bytes);
    }
    mu_str_append(ret, mu_str_text(&excerpt->tail) + excerpt->tail_start,
                  excerpt->tail.len - excerpt->tail_start);
    if (excerpt->head.failed || excerpt->tail.failed)
        ret->failed = true;
}

void excerpt_release(struct excerpt *excerpt)
{
    mu_str_release(&excerpt->head);
    mu_str_release(&excerpt->tail);
}
