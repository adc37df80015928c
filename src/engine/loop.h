/* The loop: libuv with timers that know when the process itself stood still.
 *
 * A deadline lies on the monotonic clock. Where the loop did not turn for over 1 s (muster was
 * stopped, or a callback blocked), that time is added to every deadline, so that no script is over
 * its limit because muster was away. */
#ifndef ENGINE_LOOP_H
#define ENGINE_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"

/* Embedded in what it belongs to. Zero-initialise it with `fn` and `arg`. */
struct loop_timer {
    void (*fn)(void *arg);
    void *arg;
    int64_t due_ns;
    size_t slot; /* in the heap, from 1; 0: not armed */
};

struct loop_call;

struct loop {
    uv_loop_t uv;
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    uv_timer_t alarm;   /* the nearest deadline, or the heartbeat */
    int64_t stirred_ns; /* when the loop was last known to turn */

    struct loop_timer **heap; /* [1..timers], the nearest deadline first */
    size_t timers, heap_cap, reserved;
    int64_t away_ns; /* all gaps so far */

    uv_async_t posted;
    pthread_mutex_t lock; /* guards the two below */
    struct loop_call *calls;
    struct loop_call **calls_end;

    struct engine_timer *service_timers;
    struct loop_watch *watches;
};

int loop_init(struct loop *loop, struct mu_err *err);
void loop_release(struct loop *loop);
/* The monotonic clock; notices a gap. To be called first by every callback of libuv. */
int64_t loop_now_ns(struct loop *loop);
/* Room for `count` more timers, so that none can fail to be armed. Returns 0, or -1 without memory.
 */
int loop_timers_reserve(struct loop *loop, size_t count);
void loop_timers_unreserve(struct loop *loop, size_t count);
/* Arm, or arm anew, one for which there is room. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_ns);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

#endif
