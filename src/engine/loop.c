/* One libuv loop on one thread.
 *
 * Deadlines stand in a heap of our own, with one uv_timer for the nearest: libuv runs its timers
 * before it looks at descriptors, and after a stop of the whole process every limit would fire
 * before the exits that lie waiting. Here a gap is noticed first, all deadlines move on by it, and
 * the poll comes before the limits.
 *
 * While a deadline is armed the loop wakes at least every HEARTBEAT_NS: whoever sleeps longer
 * cannot tell a stop from his own sleep. */
#include "engine/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/process.h"

#define HEARTBEAT_NS (500 * INT64_C(1000000))
#define GAP_NS (1000 * INT64_C(1000000))

/* --- deadlines --- */

static void heap_put(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    loop->heap[slot] = timer;
    timer->slot = slot;
}

static void heap_settle(struct loop *loop, size_t slot)
{
    struct loop_timer *timer = loop->heap[slot];
    while (slot > 1 && timer->due_ns < loop->heap[slot / 2]->due_ns) {
        heap_put(loop, slot, loop->heap[slot / 2]);
        slot /= 2;
    }
    for (;;) {
        size_t child = slot * 2;
        if (child > loop->timers)
            break;
        if (child < loop->timers && loop->heap[child + 1]->due_ns < loop->heap[child]->due_ns)
            child++;
        if (timer->due_ns <= loop->heap[child]->due_ns)
            break;
        heap_put(loop, slot, loop->heap[child]);
        slot = child;
    }
    heap_put(loop, slot, timer);
}

int loop_timers_reserve(struct loop *loop, size_t count)
{
    if (MU_GROW(loop->heap, loop->heap_cap, loop->reserved + count + 1) != 0)
        return -1;
    loop->reserved += count;
    return 0;
}

void loop_timers_unreserve(struct loop *loop, size_t count)
{
    loop->reserved -= count;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t due_ns)
{
    timer->due_ns = due_ns;
    if (timer->slot == 0) {
        MU_ASSERT(loop->timers < loop->reserved);
        heap_put(loop, ++loop->timers, timer);
    }
    heap_settle(loop, timer->slot);
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
    if (timer->slot == 0)
        return;
    size_t slot = timer->slot;
    struct loop_timer *last = loop->heap[loop->timers--];
    timer->slot = 0;
    if (last != timer) {
        heap_put(loop, slot, last);
        heap_settle(loop, slot);
    }
}

int64_t loop_now_ns(struct loop *loop)
{
    int64_t now = mu_mono_ns();
    int64_t gap = now - loop->stirred_ns;
    loop->stirred_ns = now;
    if (gap > GAP_NS) {
        loop->away_ns += gap;
        for (size_t i = 1; i <= loop->timers; i++)
            loop->heap[i]->due_ns += gap;
    }
    return now;
}

static void on_alarm(uv_timer_t *handle)
{
    struct loop *loop = handle->data;
    int64_t now = loop_now_ns(loop);
    /* Those due now and no others: one that arms itself for at once waits for the next turn. */
    size_t due = 0;
    for (size_t i = 1; i <= loop->timers; i++)
        due += loop->heap[i]->due_ns <= now;
    while (due-- > 0 && loop->timers > 0 && loop->heap[1]->due_ns <= now) {
        struct loop_timer *timer = loop->heap[1];
        loop_timer_clear(loop, timer);
        timer->fn(timer->arg);
    }
}

static void on_before_poll(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;
    int64_t now = loop_now_ns(loop);
    if (loop->timers == 0) {
        uv_timer_stop(&loop->alarm);
        return;
    }
    int64_t wait_ns = loop->heap[1]->due_ns - now;
    if (wait_ns > HEARTBEAT_NS)
        wait_ns = HEARTBEAT_NS;
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->alarm, on_alarm,
                   wait_ns <= 0 ? 0 : (uint64_t)(wait_ns + 999999) / 1000000, 0);
}

static void on_after_poll(uv_check_t *handle)
{
    loop_now_ns(handle->data);
}

/* --- calls from other threads --- */

struct loop_call {
    struct loop_call *next;
    void (*fn)(void *arg);
    void *arg;
};

static struct loop_call *take_calls(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct loop_call *calls = loop->calls;
    loop->calls = NULL;
    loop->calls_end = &loop->calls;
    pthread_mutex_unlock(&loop->lock);
    return calls;
}

static void on_posted(uv_async_t *handle)
{
    struct loop *loop = handle->data;
    loop_now_ns(loop);
    struct loop_call *call = take_calls(loop);
    while (call) {
        struct loop_call *next = call->next;
        call->fn(call->arg);
        free(call);
        call = next;
    }
}

int engine_post(struct engine *engine, void (*fn)(void *arg), void *arg)
{
    struct loop *loop = &engine->loop;
    struct loop_call *call = malloc(sizeof *call);
    if (!call)
        return -1;
    *call = (struct loop_call){.fn = fn, .arg = arg};
    pthread_mutex_lock(&loop->lock);
    *loop->calls_end = call;
    loop->calls_end = &call->next;
    pthread_mutex_unlock(&loop->lock);
    uv_async_send(&loop->posted);
    return 0;
}

/* --- timers of the service --- */

struct engine_timer {
    struct loop_timer timer;
    struct engine *engine;
    struct engine_timer *next, **link;
    int64_t repeat_ns; /* 0: once */
    void (*fn)(void *arg);
    void *arg;
};

static void on_service_timer(void *arg)
{
    struct engine_timer *timer = arg;
    if (timer->repeat_ns > 0)
        loop_timer_set(&timer->engine->loop, &timer->timer,
                       timer->engine->loop.stirred_ns + timer->repeat_ns);
    timer->fn(timer->arg); /* may have freed it */
}

struct engine_timer *engine_timer_start(struct engine *engine, int64_t after_ms, bool repeat,
                                        void (*fn)(void *arg), void *arg)
{
    struct loop *loop = &engine->loop;
    struct engine_timer *timer = malloc(sizeof *timer);
    if (!timer || loop_timers_reserve(loop, 1) != 0) {
        free(timer);
        return NULL;
    }
    *timer = (struct engine_timer){
        .timer = {.fn = on_service_timer, .arg = timer},
        .engine = engine,
        .next = loop->service_timers,
        .link = &loop->service_timers,
        .repeat_ns = repeat ? (after_ms > 0 ? after_ms : 1) * 1000000 : 0,
        .fn = fn,
        .arg = arg,
    };
    loop_timer_set(loop, &timer->timer, loop_now_ns(loop) + after_ms * 1000000);
    if (timer->next)
        timer->next->link = &timer->next;
    loop->service_timers = timer;
    return timer;
}

void engine_timer_stop(struct engine_timer *timer)
{
    if (!timer)
        return;
    loop_timer_clear(&timer->engine->loop, &timer->timer);
    loop_timers_unreserve(&timer->engine->loop, 1);
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    free(timer);
}

/* --- signals and descriptors of the service --- */

struct loop_watch {
    struct loop_watch *next;
    struct loop *loop;
    union {
        uv_handle_t handle;
        uv_signal_t signal;
        uv_poll_t poll;
    };
    void (*on_signal)(void *arg, int signo);
    void (*on_readable)(void *arg);
    void *arg;
};

static struct loop_watch *watch_new(struct loop *loop, void *arg)
{
    struct loop_watch *watch = calloc(1, sizeof *watch);
    if (watch) {
        watch->loop = loop;
        watch->arg = arg;
    }
    return watch;
}

static void watch_link(struct loop_watch *watch)
{
    watch->handle.data = watch;
    watch->next = watch->loop->watches;
    watch->loop->watches = watch;
}

static void on_signal(uv_signal_t *handle, int signo)
{
    struct loop_watch *watch = handle->data;
    loop_now_ns(watch->loop);
    watch->on_signal(watch->arg, signo);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct loop_watch *watch = handle->data;
    loop_now_ns(watch->loop);
    if (status < 0)
        uv_poll_stop(handle); /* hung up: nothing more will come */
    watch->on_readable(watch->arg);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

int engine_on_signal(struct engine *engine, int signo, void (*fn)(void *arg, int signo), void *arg,
                     struct mu_err *err)
{
    struct loop_watch *watch = watch_new(&engine->loop, arg);
    if (!watch)
        return mu_err_nomem(err);
    watch->on_signal = fn;
    int rc = uv_signal_init(&engine->loop.uv, &watch->signal);
    if (rc != 0) {
        free(watch);
        return mu_err_sys(err, MU_E_IO, -rc, _("cannot listen for signal %d"), signo);
    }
    watch_link(watch); /* closed with the loop, also where it cannot start */
    rc = uv_signal_start(&watch->signal, on_signal, signo);
    if (rc != 0)
        return mu_err_sys(err, MU_E_IO, -rc, _("cannot listen for signal %d"), signo);
    engine->signals_not_default |= UINT64_C(1) << (unsigned)(signo - 1);
    return 0;
}

int engine_on_readable(struct engine *engine, int fd, void (*fn)(void *arg), void *arg,
                       struct mu_err *err)
{
    struct loop_watch *watch = watch_new(&engine->loop, arg);
    if (!watch)
        return mu_err_nomem(err);
    watch->on_readable = fn;
    int flags = fcntl(fd, F_GETFL);
    int rc = uv_poll_init(&engine->loop.uv, &watch->poll, fd);
    if (rc != 0) {
        free(watch);
        return mu_err_sys(err, MU_E_IO, -rc, _("cannot wait for descriptor %d"), fd);
    }
    watch_link(watch);
    /* libuv has made it non-blocking: for a terminal that would hold for everybody who has it open,
     * also for the shell after us. */
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags);
    rc = uv_poll_start(&watch->poll, UV_READABLE, on_readable);
    if (rc != 0)
        return mu_err_sys(err, MU_E_IO, -rc, _("cannot wait for descriptor %d"), fd);
    return 0;
}

/* --- life --- */

void engine_run(struct engine *engine)
{
    engine->loop.stirred_ns = mu_mono_ns();
    uv_run(&engine->loop.uv, UV_RUN_DEFAULT);
}

void engine_quit(struct engine *engine)
{
    uv_stop(&engine->loop.uv);
}

int loop_init(struct loop *loop, struct mu_err *err)
{
    *loop = (struct loop){.stirred_ns = mu_mono_ns()};
    loop->calls_end = &loop->calls;
    int rc = uv_loop_init(&loop->uv);
    if (rc != 0)
        return mu_err_sys(err, rc == UV_ENOMEM ? MU_E_MEMORY : MU_E_IO, -rc,
                          _("cannot make the event loop"));
    rc = uv_async_init(&loop->uv, &loop->posted, on_posted);
    if (rc != 0) {
        uv_loop_close(&loop->uv);
        return mu_err_sys(err, MU_E_IO, -rc, _("cannot make the event loop"));
    }
    pthread_mutex_init(&loop->lock, NULL);
    uv_timer_init(&loop->uv, &loop->alarm);
    uv_prepare_init(&loop->uv, &loop->before_poll);
    uv_check_init(&loop->uv, &loop->after_poll);
    loop->posted.data = loop->alarm.data = loop->before_poll.data = loop->after_poll.data = loop;
    uv_prepare_start(&loop->before_poll, on_before_poll);
    uv_check_start(&loop->after_poll, on_after_poll);
    return 0;
}

void loop_release(struct loop *loop)
{
    while (loop->service_timers)
        engine_timer_stop(loop->service_timers);
    for (struct loop_watch *watch = loop->watches; watch; watch = watch->next)
        uv_close(&watch->handle, on_watch_closed);
    uv_close((uv_handle_t *)&loop->posted, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_close((uv_handle_t *)&loop->before_poll, NULL);
    uv_close((uv_handle_t *)&loop->after_poll, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    MU_ASSERT(uv_loop_close(&loop->uv) == 0);
    struct loop_call *call = take_calls(loop);
    while (call) {
        struct loop_call *next = call->next;
        free(call);
        call = next;
    }
    pthread_mutex_destroy(&loop->lock);
    free(loop->heap);
}
