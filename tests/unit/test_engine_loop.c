#include "engine_fixture.h"

#include <pthread.h>

static struct {
    int ticks, once, posted, order_broken, signals, readable;
    struct engine_timer *ticker;
    int64_t last_ms;
} seen;

static void on_tick(void *arg)
{
    if (++seen.ticks == 5) {
        engine_timer_stop(seen.ticker);
        engine_quit(arg);
    }
}

static void on_once(void *arg)
{
    seen.once++;
}

static void timers(void **state)
{
    memset(&seen, 0, sizeof seen);
    int64_t start = mu_mono_ms();
    struct engine_timer *once =
        engine_timer_start(fixture.engine, 30, false, on_once, fixture.engine);
    struct engine_timer *never =
        engine_timer_start(fixture.engine, 80, false, on_once, fixture.engine);
    seen.ticker = engine_timer_start(fixture.engine, 20, true, on_tick, fixture.engine);
    engine_timer_stop(never);
    engine_run(fixture.engine);
    assert_in_range(mu_mono_ms() - start, 95, 400);
    assert_int_equal(seen.ticks, 5);
    assert_int_equal(seen.once, 1);
    engine_timer_stop(once);
    engine_timer_stop(NULL);
}

static void on_posted(void *arg)
{
    int number = (int)(intptr_t)arg;
    seen.order_broken += number != seen.posted;
    if (++seen.posted == 10000)
        engine_quit(fixture.engine);
}

static void *post_many(void *arg)
{
    for (intptr_t i = 0; i < 10000; i++)
        engine_post(fixture.engine, on_posted, (void *)i);
    return NULL;
}

static void posts_keep_their_order(void **state)
{
    memset(&seen, 0, sizeof seen);
    pthread_t thread;
    pthread_create(&thread, NULL, post_many, NULL);
    engine_run(fixture.engine);
    pthread_join(thread, NULL);
    assert_int_equal(seen.posted, 10000);
    assert_int_equal(seen.order_broken, 0);
    engine_post(fixture.engine, on_posted, NULL); /* never run: freed with the engine */
}

static void on_signal(void *arg, int signo)
{
    assert_int_equal(signo, SIGUSR1);
    if (++seen.signals == 2)
        engine_quit(arg);
    else
        raise(SIGUSR1);
}

static void signals(void **state)
{
    memset(&seen, 0, sizeof seen);
    assert_int_equal(engine_on_signal(fixture.engine, SIGUSR1, on_signal, fixture.engine, NULL), 0);
    raise(SIGUSR1);
    engine_run(fixture.engine);
    assert_int_equal(seen.signals, 2);
}

static int pipe_fds[2];

static void on_readable(void *arg)
{
    char c;
    assert_int_equal(read(pipe_fds[0], &c, 1), 1);
    if (++seen.readable == 3)
        engine_quit(arg);
}

static void descriptors(void **state)
{
    memset(&seen, 0, sizeof seen);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(
        engine_on_readable(fixture.engine, pipe_fds[0], on_readable, fixture.engine, NULL), 0);
    assert_int_equal(write(pipe_fds[1], "abc", 3), 3);
    engine_run(fixture.engine);
    assert_int_equal(seen.readable, 3);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void on_late(void *arg)
{
    seen.last_ms = mu_mono_ms();
    engine_quit(arg);
}

static void block(void *arg)
{
    usleep(1300 * 1000);
}

/* A timer of 400 ms behind a callback that blocks for 1.3 s: moved on by the gap. */
static void a_gap_moves_timers_on(void **state)
{
    int64_t start = mu_mono_ms();
    engine_timer_start(fixture.engine, 400, false, on_late, fixture.engine);
    engine_timer_start(fixture.engine, 100, false, block, NULL);
    engine_run(fixture.engine);
    assert_in_range(seen.last_ms - start, 1690, 2200);
}

static void making_one_is_quick(void **state)
{
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        struct engine *engine;
        int64_t start = mu_mono_ns();
        assert_int_equal(engine_new(&fixture_events, &engine, NULL), 0);
        int64_t took = mu_mono_ns() - start;
        best_ns = took < best_ns ? took : best_ns;
        engine_free(engine);
    }
    assert_in_range(best_ns / 1000, 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(timers),
        ENGINE_TEST(posts_keep_their_order),
        ENGINE_TEST(signals),
        ENGINE_TEST(descriptors),
        ENGINE_TEST(a_gap_moves_timers_on),
        ENGINE_TEST(making_one_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
