#include "engine_fixture.h"

static void streams_in_order(void **state)
{
    RUN(run, .python = "import sys, time\n"
                       "for i in range(6):\n"
                       "    print('out' if i % 2 else 'err', i,\n"
                       "          file=sys.stdout if i % 2 else sys.stderr, flush=True)\n"
                       "    time.sleep(.02)\n");
    assert_string_equal(mu_str_text(&run.both), "err 0\nout 1\nerr 2\nout 3\nerr 4\nout 5\n");
    assert_int_equal(run.unfinished, 0);
}

static void lines_come_while_it_runs(void **state)
{
    RUN(run, .shell = "echo a; sleep .4; echo b\n");
    assert_in_range(run.first_line_ns / 1000000, 0, 200);
    assert_in_range(run.last_line_ns / 1000000, 380, 800);
}

static void unfinished_lines(void **state)
{
    /* After 100 ms, at the end, and not when the newline comes in time. */
    RUN(waits, .shell = "printf a; sleep .3; printf 'b\\n'\n");
    assert_string_equal(mu_str_text(&waits.out), "ab\n");
    assert_int_equal(waits.lines, 2);
    assert_int_equal(waits.unfinished, 1);
    RUN(ends, .shell = "printf 'a\\nb'\n");
    assert_string_equal(mu_str_text(&ends.out), "a\nb");
    assert_int_equal(ends.unfinished, 1);
    RUN(joins, .shell = "printf '\\344\\270'; sleep .03; printf '\\255\\n'\n");
    assert_string_equal(mu_str_text(&joins.out), "中\n");
    assert_int_equal(joins.lines, 1);
    assert_int_equal(joins.unfinished, 0);
}

static void any_bytes(void **state)
{
    RUN(run, .shell = "printf 'a\\000b\\377\\n\\262\\273\\n\\n'\n");
    assert_int_equal(run.out.len, 9);
    assert_memory_equal(run.out.data, "a\0b\377\n\262\273\n\n", 9);
    assert_int_equal(run.lines, 3);
}

static void many_lines(void **state)
{
    RUN(run, .python = "print('\\n'.join('line %06d' % i for i in range(100000)))\n");
    assert_int_equal(run.lines, 100000);
    assert_int_equal(run.unfinished, 0);
    assert_int_equal(run.out.len, 1200000);
    assert_memory_equal(run.out.data + 1200000 - 24, "line 099998\nline 099999\n", 24);
}

static void a_line_without_end(void **state)
{
    RUN(run, .python = "import sys\nb = bytes(i % 251 + 1 for i in range(1 << 20)).replace("
                       "b'\\n', b'.')\n"
                       "for i in range(20): sys.stdout.buffer.write(b)\n");
    assert_int_equal(run.out.len, 20 << 20);
    for (size_t i = 0; i < run.out.len; i++) {
        unsigned char expected = (unsigned char)((i & 0xfffff) % 251 + 1);
        if ((unsigned char)run.out.data[i] != (expected == '\n' ? '.' : expected))
            fail_msg("byte %zu is %d", i, run.out.data[i]);
    }
    assert_true(run.longest <= 64 * 1024);
    assert_true(run.lines >= 320 && run.lines == run.unfinished);
}

static void long_lines_that_end(void **state)
{
    RUN(run, .python = "import sys\nfor n in (65535, 65536, 65537, 200000, 1, 131072):\n"
                       "    sys.stdout.write('x' * n + '\\n'); sys.stdout.flush()\n");
    size_t at = 0;
    static const size_t lengths[] = {65535, 65536, 65537, 200000, 1, 131072};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(strspn(run.out.data + at, "x"), lengths[i]);
        at += lengths[i];
        assert_int_equal(run.out.data[at++], '\n');
    }
    assert_int_equal(at, run.out.len);
}

static void much_on_stderr(void **state)
{
    RUN(run, .python = "import sys\nsys.stderr.write('e' * 99 + '\\n')\n"
                       "sys.stderr.write(('f' * 99 + '\\n') * 10485)\nprint('out')\n");
    assert_int_equal(run.err.len, 100 * 10486);
    assert_string_equal(mu_str_text(&run.out), "out\n");
}

static void closes_its_output_and_lives_on(void **state)
{
    RUN(run, .python = "import os, time\nprint('x', flush=True)\nos.close(1)\nos.close(2)\n"
                       "time.sleep(.5)\nos._exit(7)\n");
    assert_int_equal(run.end.wait_status, 7 << 8);
    assert_in_range(run.end.duration_ns / 1000000, 500, 1500);
}

/* A flood delays neither the limit nor the neighbour. */
static void floods_starve_nobody(void **state)
{
    struct run runs[] = {
        {.shell = "exec cat /dev/zero\n", .timeout_ms = 500, .grace_ms = 200},
        {.shell = "for i in 1 2 3 4 5; do echo $i; sleep .1; done\n"},
    };
    run_all(runs, 2);
    assert_int_equal(runs[0].end.stop, STOP_TIMEOUT);
    assert_in_range(runs[0].end.duration_ns / 1000000, 490, 900);
    assert_true(runs[0].out.len > (10 << 20));
    assert_string_equal(mu_str_text(&runs[1].out), "1\n2\n3\n4\n5\n");
    assert_in_range(runs[1].end.duration_ns / 1000000, 500, 1500);
    release_runs(runs, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(streams_in_order),
        ENGINE_TEST(lines_come_while_it_runs),
        ENGINE_TEST(unfinished_lines),
        ENGINE_TEST(any_bytes),
        ENGINE_TEST(many_lines),
        ENGINE_TEST(a_line_without_end),
        ENGINE_TEST(long_lines_that_end),
        ENGINE_TEST(much_on_stderr),
        ENGINE_TEST(closes_its_output_and_lives_on),
        ENGINE_TEST(floods_starve_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
