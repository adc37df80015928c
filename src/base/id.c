/* 48 bits of Unix milliseconds, 12 bits of a counter, 62 random bits. The counter keeps the ids of
 * one millisecond in order (RFC 9562, method 1); when it overflows, the time is moved on by 1 ms.
 */
#include "base/id.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/error.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static unsigned counter;
static uint64_t pool[64];
static unsigned pool_left;

void mu_id_new(char ret_id[MU_ID_SIZE])
{
    pthread_mutex_lock(&lock);
    uint64_t now = (uint64_t)mu_wall_ms();
    if (now > last_ms) {
        last_ms = now;
        counter = 0;
    } else if (++counter > 0xfff) {
        last_ms++;
        counter = 0;
    }
    if (pool_left == 0) {
        MU_ASSERT(getrandom(pool, sizeof pool, 0) == (ssize_t)sizeof pool);
        pool_left = sizeof pool / sizeof pool[0];
    }
    uint64_t ms = last_ms;
    unsigned seq = counter;
    uint64_t rnd = pool[--pool_left];
    pthread_mutex_unlock(&lock);

    snprintf(ret_id, MU_ID_SIZE, "%08x-%04x-%04x-%04x-%04x%08x", (uint32_t)(ms >> 16),
             (unsigned)(ms & 0xffff), 0x7000 | (seq & 0xfff), 0x8000 | (unsigned)(rnd >> 50),
             (unsigned)(rnd >> 32 & 0xffff), (uint32_t)rnd);
}
