#include "engine_fixture.h"

#include <math.h>
#include <sys/prctl.h>

/* --- how it ended --- */

static void exit_codes(void **state)
{
    static const struct {
        const char *python;
        int status;
    } cases[] = {
        {"pass\n", 0 << 8},
        {"raise SystemExit(3)\n", 3 << 8},
        {"1/0\n", 1 << 8},
        {"import os; os._exit(259)\n", 3 << 8},
        {"import os; os._exit(255)\n", 255 << 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RUN(run, .python = cases[i].python);
        assert_int_equal(run.end.wait_status, cases[i].status);
        assert_int_equal(run.end.stop, STOP_NONE);
        assert_false(run.end.leaky);
        assert_string_equal(run.end.contain, "subreaper");
    }
}

static void fatal_signals(void **state)
{
    static const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,
                                  SIGBUS,  SIGFPE,  SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,
                                  SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGSYS};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "ulimit -c 0; kill -%d $$\n", signals[i]);
        RUN(run, .shell = text);
        assert_int_equal(run.end.wait_status, signals[i]);
    }
}

static void what_cannot_be_started(void **state)
{
    char no_program[128], no_loader[128];
    snprintf(no_program, sizeof no_program, "%s/data", fixture.folder);
    write_text(no_program, "\1\2\3 neither a script nor a program\n");
    snprintf(no_loader, sizeof no_loader, "%s/shim", fixture.folder);
    write_text(no_loader, "#!/no/such/shell\n");
    struct run runs[] = {
        {.file = "/no/such/python"},
        {.file = "/etc/passwd"},
        {.file = no_program},
        {.file = no_loader},
        {.cwd = "/no/such/folder"},
        {.cwd = "/etc/passwd"},
        {.file = "/tmp"},
        {.input = "/no/such/input"},
    };
    static const char *const causes[] = {
        "/no/such/python is missing", "not executable",  "wrong format",   "its #! line",
        "folder /no/such/folder is",  "Not a directory", "it is a folder", "/no/such/input",
    };
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        runs[i].shell = "exit 0\n";
    run_all(runs, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_false(runs[i].end.started);
        assert_int_not_equal(runs[i].end.start_error.code, MU_OK);
        if (!strstr(runs[i].start_error, causes[i]))
            fail_msg("case %zu: %s", i, runs[i].start_error);
    }
    release_runs(runs, 8);
    assert_no_children();
}

static void many_at_once(void **state)
{
    struct run runs[20] = {0};
    for (size_t i = 0; i < 20; i++)
        runs[i].python = "import time; time.sleep(.3); print('x')\n";
    int64_t start = mu_mono_ms();
    run_all(runs, 20);
    assert_in_range(mu_mono_ms() - start, 300, 4000);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(runs[i].end.wait_status, 0);
        assert_string_equal(mu_str_text(&runs[i].out), "x\n");
    }
    release_runs(runs, 20);
}

/* --- its surroundings --- */

static void a_clean_slate(void **state)
{
    int stray = dup(2); /* not close-on-exec */
    sigset_t some, old;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    sigprocmask(SIG_BLOCK, &some, &old);
    RUN(run, .shell = "ls -l /proc/self/fd | grep -c -v -e total -e 'proc/'\n"
                      "grep -e SigBlk -e SigIgn /proc/self/status\n"
                      "set -- $(cat /proc/self/stat); echo $$ $5 $6\n"
                      "ulimit -c; ulimit -n; cat; echo end\n");
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(stray);
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    char core_text[32];
    snprintf(core_text, sizeof core_text, core.rlim_cur == RLIM_INFINITY ? "unlimited" : "%llu",
             (unsigned long long)core.rlim_cur / 512);
    char expected[512];
    snprintf(expected, sizeof expected,
             "3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n%d %d %d\n%s\n%llu\nend\n",
             run.pid, run.pid, run.pid, core_text, (unsigned long long)fixture.nofile.rlim_cur);
    assert_string_equal(mu_str_text(&run.out), expected);
}

static void standard_input(void **state)
{
    char path[128];
    snprintf(path, sizeof path, "%s/input", fixture.folder);
    write_text(path, "from a file");
    struct run runs[] = {
        {.python = "import sys; print(repr(sys.stdin.read()))\n"},
        {.python = "import sys; print(repr(sys.stdin.read()))\n", .newline = true},
        {.python = "import sys; print(repr(sys.stdin.read()))\n", .input = path},
    };
    run_all(runs, 3);
    assert_string_equal(mu_str_text(&runs[0].out), "''\n");
    assert_string_equal(mu_str_text(&runs[1].out), "'\\n'\n");
    assert_string_equal(mu_str_text(&runs[2].out), "'from a file'\n");
    release_runs(runs, 3);
}

static void a_fifo_as_input_holds_nothing_up(void **state)
{
    char path[128];
    snprintf(path, sizeof path, "%s/fifo", fixture.folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    RUN(run, .shell = "cat\n", .input = path);
    assert_int_equal(run.end.wait_status, 0);
}

/* --- limits --- */

static void sigint_lets_finally_run(void **state)
{
    RUN(run, .python = "import time\ntry:\n    time.sleep(60)\nfinally:\n    print('closed')\n",
        .timeout_ms = 400);
    assert_int_equal(run.end.stop, STOP_TIMEOUT);
    assert_string_equal(run.signals, "SIGINT");
    assert_string_equal(mu_str_text(&run.out), "closed\n");
    assert_non_null(strstr(mu_str_text(&run.err), "KeyboardInterrupt"));
    assert_int_equal(run.end.wait_status, SIGINT);
    assert_in_range(run.end.duration_ns / 1000000, 395, 900);
    assert_false(run.end.leaky);
}

static void who_ignores_it_is_aborted_then_killed(void **state)
{
    struct run runs[] = {
        {.python = "import signal, time\nfor s in (2, 15): signal.signal(s, signal.SIG_IGN)\n"
                   "while True: time.sleep(1)\n",
         .timeout_ms = 300,
         .grace_ms = 300},
        {.python = "import faulthandler, signal, time\nfaulthandler.disable()\n"
                   "for s in (2, 15, 6): signal.signal(s, signal.SIG_IGN)\n"
                   "while True: time.sleep(1)\n",
         .timeout_ms = 300,
         .grace_ms = 300},
    };
    run_all(runs, 2);
    assert_string_equal(runs[0].signals, "SIGINT SIGABRT");
    assert_int_equal(runs[0].end.wait_status, SIGABRT); /* and no core */
    assert_non_null(strstr(mu_str_text(&runs[0].err), "Fatal Python error: Aborted"));
    assert_string_equal(runs[1].signals, "SIGINT SIGABRT SIGKILL");
    assert_int_equal(runs[1].end.wait_status, SIGKILL);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(runs[i].end.stop, STOP_TIMEOUT);
        assert_in_range(runs[i].end.duration_ns / 1000000, 595, 300 + 300 + 1000);
    }
    release_runs(runs, 2);
}

static void who_stops_himself_is_timed_out(void **state)
{
    RUN(run, .python = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n",
        .timeout_ms = 300);
    assert_int_equal(run.end.stop, STOP_TIMEOUT);
    assert_in_range(run.end.duration_ns / 1000000, 295, 900);
}

static void silence_is_limited_when_asked(void **state)
{
    struct run runs[] = {
        {.python = "import time\nfor i in range(6):\n    print(i, flush=True)\n"
                   "    time.sleep(.2)\ntime.sleep(60)\n",
         .idle_ms = 500},
        {.python = "import time\ntime.sleep(.9)\n"},
    };
    run_all(runs, 2);
    assert_int_equal(runs[0].end.stop, STOP_IDLE);
    assert_in_range(runs[0].end.duration_ns / 1000000, 1450, 2200);
    assert_string_equal(mu_str_text(&runs[0].out), "0\n1\n2\n3\n4\n5\n");
    assert_int_equal(runs[1].end.stop, STOP_NONE);
    release_runs(runs, 2);
}

static void engine_stop_in_both_ways(void **state)
{
    struct run runs[] = {
        {.python = "import time\ntime.sleep(60)\n", .stop_after_ms = 300},
        {.python = "import time\ntime.sleep(60)\n", .stop_after_ms = 300, .stop_now = true},
    };
    run_all(runs, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(runs[i].end.stop, STOP_CANCEL);
    assert_string_equal(runs[0].signals, "SIGINT");
    assert_string_equal(runs[1].signals, "SIGKILL");
    assert_int_equal(runs[1].end.wait_status, SIGKILL);
    assert_in_range(runs[1].end.duration_ns / 1000000, 290, 600);
    release_runs(runs, 2);
}

static void stop_hard(void *arg)
{
    engine_stop_all(fixture.engine, true);
}

static void a_second_stop_hastens_the_first(void **state)
{
    engine_timer_start(fixture.engine, 600, false, stop_hard, NULL);
    RUN(run,
        .python = "import signal, time\nsignal.signal(2, signal.SIG_IGN)\n"
                  "while True: time.sleep(1)\n",
        .stop_after_ms = 300, .grace_ms = 30000);
    assert_int_equal(run.end.stop, STOP_CANCEL);
    assert_string_equal(run.signals, "SIGINT SIGKILL");
    assert_in_range(run.end.duration_ns / 1000000, 590, 900);
}

static void look(void *arg, const struct exec_live *live)
{
    int *count = arg;
    struct run *run = live->user;
    assert_int_equal(live->pid, run->pid);
    assert_in_range(live->elapsed_ms, 250, 500);
    assert_true(live->memory_mb > 1 && live->memory_mb < 100);
    assert_false(live->stopping);
    int samples = run->samples;
    engine_sample_now(fixture.engine, run->exec);
    engine_sample_now(fixture.engine, run->exec); /* too soon after the first */
    assert_int_equal(run->samples, samples + 1);
    ++*count;
}

static void look_at_all(void *arg)
{
    engine_each_running(fixture.engine, look, arg);
}

static void what_runs_now(void **state)
{
    int count = 0;
    struct run runs[3] = {0};
    for (size_t i = 0; i < 3; i++)
        runs[i].python = "import time; time.sleep(.6)\n";
    engine_timer_start(fixture.engine, 300, false, look_at_all, &count);
    run_all(runs, 3);
    assert_int_equal(count, 3);
    release_runs(runs, 3);
}

static void slow_is_said_once(void **state)
{
    RUN(run, .python = "import time\ntime.sleep(.6)\n", .slow_ms = 200);
    assert_int_equal(run.slow, 1);
}

/* muster stopped for longer than the script's limit: the script gets its time all the same. */
static void a_gap_of_the_loop_is_no_timeout(void **state)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct engine *engine;
        if (engine_new(&fixture_events, &engine, NULL) != 0)
            _exit(9);
        fixture.engine = engine;
        struct run run = {.python = "import time\ntime.sleep(2.8)\nprint('done')\n",
                          .timeout_ms = 1500,
                          .idle_ms = 1500};
        run_all(&run, 1);
        bool ok = run.end.stop == STOP_NONE && run.end.wait_status == 0 &&
                  strcmp(mu_str_text(&run.out), "done\n") == 0;
        _exit(ok ? 0 : 8);
    }
    usleep(700 * 1000);
    kill(pid, SIGSTOP);
    usleep(2000 * 1000);
    kill(pid, SIGCONT);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* --- no process to be had --- */

/* As another user, who may have no more processes: it waits, nothing fails. */
static void fork_is_tried_again(void **state)
{
    if (getuid() != 0)
        skip();
    chmod(fixture.folder, 0777);
    pid_t pid = fork();
    if (pid == 0) {
        struct engine *engine;
        struct rlimit limit = {2, 2};
        if (setgid(60123) != 0 || setuid(60123) != 0 ||
            engine_new(&fixture_events, &engine, NULL) != 0)
            _exit(9);
        fixture.engine = engine;
        setrlimit(RLIMIT_NPROC, &limit);
        struct run runs[4] = {0};
        for (size_t i = 0; i < 4; i++)
            runs[i].python = "import time; time.sleep(.1); print('ok')\n";
        run_all(runs, 4);
        for (size_t i = 0; i < 4; i++)
            if (runs[i].end.wait_status != 0 || strcmp(mu_str_text(&runs[i].out), "ok\n") != 0)
                _exit(8);
        /* They had to wait for one another. */
        _exit(runs[3].total_ns > 300 * INT64_C(1000000) ? 0 : 7);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void descriptors_run_out_clearly(void **state)
{
    struct rlimit limit, few = {24, 24};
    getrlimit(RLIMIT_NOFILE, &limit);
    few.rlim_max = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &few);
    struct run runs[16] = {0};
    size_t started = 0;
    struct mu_err err = MU_ERR_INIT;
    char *argv[] = {(char *)"sleep", (char *)".3", NULL};
    char *envp[] = {NULL};
    for (; started < 16; started++) {
        struct launch launch = {.record_id = "few",
                                .file = "/bin/sleep",
                                .argv = argv,
                                .envp = envp,
                                .cwd = "/",
                                .stdin_path = "/dev/null",
                                .leak_grace_ms = 200,
                                .sample_interval_ms = 1000,
                                .stop_signal = SIGINT,
                                .user = &runs[started]};
        if (engine_start(fixture.engine, &launch, &err) != 0)
            break;
        fixture.left++;
    }
    assert_in_range(started, 1, 10);
    assert_int_equal(err.code, MU_E_IO);
    assert_non_null(strstr(err.text, "descriptors"));
    assert_int_equal(engine_running(fixture.engine), started);
    engine_run(fixture.engine);
    setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t i = 0; i < started; i++)
        assert_int_equal(runs[i].end.wait_status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(exit_codes),
        ENGINE_TEST(fatal_signals),
        ENGINE_TEST(what_cannot_be_started),
        ENGINE_TEST(many_at_once),
        ENGINE_TEST(a_clean_slate),
        ENGINE_TEST(standard_input),
        ENGINE_TEST(a_fifo_as_input_holds_nothing_up),
        ENGINE_TEST(sigint_lets_finally_run),
        ENGINE_TEST(who_ignores_it_is_aborted_then_killed),
        ENGINE_TEST(who_stops_himself_is_timed_out),
        ENGINE_TEST(silence_is_limited_when_asked),
        ENGINE_TEST(engine_stop_in_both_ways),
        ENGINE_TEST(a_second_stop_hastens_the_first),
        ENGINE_TEST(what_runs_now),
        ENGINE_TEST(slow_is_said_once),
        ENGINE_TEST(a_gap_of_the_loop_is_no_timeout),
        ENGINE_TEST(fork_is_tried_again),
        ENGINE_TEST(descriptors_run_out_clearly),
    };
    signal(SIGPIPE, SIG_IGN); /* as nohup and some parents leave signals */
    signal(SIGUSR1, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
