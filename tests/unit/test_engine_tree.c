#include "engine_fixture.h"

#include <math.h>

static void a_grandchild_that_holds_the_pipe(void **state)
{
    RUN(run, .python = "import subprocess\nsubprocess.Popen(['sleep', '3'])\nprint('x')\n");
    assert_int_equal(run.end.wait_status, 0);
    assert_true(run.end.leaky);
    assert_non_null(strstr(run.leftover, "): sleep 3\n"));
    assert_in_range((run.total_ns - run.end.duration_ns) / 1000000, 195, 500);
    assert_string_equal(mu_str_text(&run.out), "x\n");
    assert_int_equal(survivors(run.id), 0);
}

static void a_child_that_ends_in_time(void **state)
{
    RUN(run, .python = "import subprocess\n"
                       "subprocess.Popen(['sh', '-c', 'sleep .1; echo late'])\n");
    assert_false(run.end.leaky);
    assert_string_equal(run.leftover, "");
    assert_string_equal(mu_str_text(&run.out), "late\n");
    assert_no_children();
}

/* fork, setsid, fork, everything closed. */
static const char daemonise[] = "import os\n"
                                "if os.fork() == 0:\n"
                                "    os.setsid()\n"
                                "    if os.fork() == 0:\n"
                                "        os.closerange(0, 64)\n"
                                "        os.execvp('sh', ['sh', '-c', 'sleep 77; : \\x1b[31m'])\n"
                                "    os._exit(0)\n"
                                "os.wait()\n";

static void a_daemon(void **state)
{
    for (int unmarked = 0; unmarked < 2; unmarked++) {
        RUN(run, .python = daemonise, .unmarked = unmarked);
        assert_int_equal(run.end.wait_status, 0);
        assert_true(run.end.leaky);
        assert_non_null(strstr(run.leftover, "sh -c sleep 77; : ?[31m"));
        assert_int_equal(survivors("sleep 77"), 0);
    }
}

/* Two scripts at once: the mark says whose it is, and the neighbour is not blamed. */
static void a_daemon_beside_a_neighbour(void **state)
{
    struct run runs[] = {
        {.python = daemonise},
        {.python = "import time; time.sleep(.8)\n"},
    };
    run_all(runs, 2);
    assert_true(runs[0].end.leaky);
    assert_false(runs[1].end.leaky);
    assert_int_equal(runs[1].end.wait_status, 0);
    assert_int_equal(survivors("sleep 77"), 0);
    release_runs(runs, 2);
}

/* Nobody can tell whose it is: it lives until the engine is idle, no longer. */
static void a_stray(void **state)
{
    struct run runs[] = {
        {.python = "import time; time.sleep(.3)\n", .unmarked = true},
        {.python = daemonise, .unmarked = true},
    };
    run_all(runs, 2);
    assert_false(runs[0].end.leaky);
    assert_non_null(strstr(runs[0].leftover, "sleep 77"));
    usleep(50 * 1000);
    assert_int_equal(survivors("sleep 77"), 0);
    release_runs(runs, 2);
}

static void orphans_are_reaped_while_it_runs(void **state)
{
    RUN(run, .interval_ms = 100,
        .python = "import os, time\n"
                  "for i in range(20):\n"
                  "    if os.fork() == 0:\n"
                  "        if os.fork() == 0: os._exit(0)\n"
                  "        os._exit(0)\n"
                  "    os.wait()\n"
                  "time.sleep(.5)\n"
                  "me = os.getppid()\n"
                  "n = 0\n"
                  "for p in filter(str.isdigit, os.listdir('/proc')):\n"
                  "    try: s = open('/proc/%s/stat' % p).read().rsplit(')', 1)[1].split()\n"
                  "    except OSError: continue\n"
                  "    n += s[0] == 'Z' and int(s[1]) == me\n"
                  "print(n)\n");
    assert_string_equal(mu_str_text(&run.out), "0\n");
    assert_no_children();
}

static void a_fork_bomb(void **state)
{
    struct run runs[] = {
        {.python = "import os, signal, time\n"
                   "signal.signal(2, signal.SIG_IGN)\nsignal.signal(6, signal.SIG_IGN)\n"
                   "for i in range(200):\n"
                   "    if os.fork() == 0:\n"
                   "        os.setsid()\n"
                   "        signal.signal(15, signal.SIG_IGN)\n"
                   "        while True:\n"
                   "            if os.fork() == 0: time.sleep(.05); os._exit(0)\n"
                   "            time.sleep(.1)\n"
                   "while True: time.sleep(1)\n",
         .timeout_ms = 1200,
         .grace_ms = 100},
        {.shell = "sleep 1; echo fine\n"},
    };
    run_all(runs, 2);
    assert_int_equal(runs[0].end.stop, STOP_TIMEOUT);
    assert_int_equal(runs[0].end.wait_status, SIGKILL);
    assert_int_equal(survivors(runs[0].id), 0);
    assert_in_range(runs[0].total_ns / 1000000, 1300,
                    20000); /* that it ends: how fast, a noisy machine cannot tell */
    assert_string_equal(mu_str_text(&runs[1].out), "fine\n");
    assert_int_equal(runs[1].end.wait_status, 0);
    release_runs(runs, 2);
    assert_no_children();
}

static void names_are_bounded(void **state)
{
    RUN(run, .python = "import subprocess\n"
                       "for i in range(30): subprocess.Popen(['sleep', '77'])\n");
    assert_true(run.end.leaky);
    assert_non_null(strstr(run.leftover, "10 more"));
    assert_int_equal(survivors(run.id), 0);
}

/* Processes that muster had before are none of its business. */
static void inherited_children_live_on(void **state)
{
    pid_t pid = fork();
    if (pid == 0) {
        pid_t mine = fork();
        if (mine == 0) {
            pause();
            _exit(0);
        }
        struct engine *engine;
        if (engine_new(&fixture_events, &engine, NULL) != 0)
            _exit(9);
        fixture.engine = engine;
        struct run run = {.python = daemonise};
        run_all(&run, 1);
        engine_free(engine);
        bool ok = run.end.leaky && waitpid(mine, NULL, WNOHANG) == 0;
        kill(mine, SIGKILL);
        _exit(ok ? 0 : 8);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* --- what it used --- */

static void cpu_is_exact(void **state)
{
    static const char burner[] = "import os, resource, time\n"
                                 "e = time.time() + .4\n"
                                 "if os.fork() == 0:\n"
                                 "    while time.time() < e: pass\n"
                                 "    os._exit(0)\n"
                                 "while time.time() < e: pass\n"
                                 "os.wait()\n"
                                 "a = resource.getrusage(resource.RUSAGE_SELF)\n"
                                 "b = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
                                 "print(a.ru_utime + a.ru_stime + b.ru_utime + b.ru_stime)\n";
    RUN(run, .python = burner);
    double own = strtod(mu_str_text(&run.out), NULL);
    assert_true(own > 0.2);
    assert_true(fabs(run.end.usage.cpu_seconds - own) < own * 0.2);
    assert_true(run.samples >= 1);
    assert_int_equal(run.sample.active_processes, 2);
    assert_true(run.sample.cpu_percent > 20 && run.sample.cpu_percent < 400);
    assert_true(run.sample.memory_available_mb > 1 && run.sample.memory_percent < 100);
    assert_int_equal(run.sample.cpu_count, sysconf(_SC_NPROCESSORS_ONLN));
}

/* What orphans used that ended after the script counts as well. */
static void cpu_of_orphans(void **state)
{
    RUN(run, .leak_grace_ms = 2000,
        .python = "import os, time\n"
                  "if os.fork() == 0:\n"
                  "    while time.process_time() < .3: pass\n"
                  "    os._exit(0)\n");
    assert_false(run.end.leaky);
    assert_true(run.end.usage.cpu_seconds >= 0.3 && run.end.usage.cpu_seconds < 0.5);
}

static void peak_memory(void **state)
{
    /* One that is over before the first sample can tell, and one that is sampled. */
    static const char *const scripts[] = {
        "b = bytearray(b'x') * (100 << 20)\n",
        "import time\nb = bytearray(b'x') * (100 << 20)\ntime.sleep(.4)\n",
    };
    for (size_t i = 0; i < 2; i++) {
        RUN(run, .python = scripts[i]);
        double peak = run.end.usage.peak_memory_mb;
        if (!(peak > 100 && peak < 120))
            fail_msg("peak %g MB", peak);
        if (i == 1)
            assert_true(run.end.usage.mean_memory_mb > 20);
    }
}

static void disk(void **state)
{
    RUN(run, .python = "import os, time\nf = open('big', 'wb')\nf.write(b'x' * (8 << 20))\n"
                       "f.flush()\nos.fsync(f.fileno())\nos.unlink('big')\ntime.sleep(.3)\n");
    assert_true(run.end.usage.write_mb >= 8 || run.end.usage.write_mb == 0 /* tmpfs */);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(a_grandchild_that_holds_the_pipe),
        ENGINE_TEST(a_child_that_ends_in_time),
        ENGINE_TEST(a_daemon),
        ENGINE_TEST(a_daemon_beside_a_neighbour),
        ENGINE_TEST(a_stray),
        ENGINE_TEST(orphans_are_reaped_while_it_runs),
        ENGINE_TEST(a_fork_bomb),
        ENGINE_TEST(names_are_bounded),
        ENGINE_TEST(inherited_children_live_on),
        ENGINE_TEST(cpu_is_exact),
        ENGINE_TEST(cpu_of_orphans),
        ENGINE_TEST(peak_memory),
        ENGINE_TEST(disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
