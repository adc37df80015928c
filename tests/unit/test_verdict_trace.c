#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verdict_judge.h"

/* What Python itself prints, by running it: each script ends in its own way. */
static const struct {
    const char *script;
    enum exec_status status;
    enum exec_result result;
    const char *message, *location, *function, *hint; /* hint: a part of it */
} cases[] = {
    {"def f():\n    bus.recv()\nprint('合格')\nf()\n", EXEC_ERROR, RESULT_UNKNOWN,
     "NameError: name 'bus' is not defined", "x.py:2", "bus.recv()", NULL},
    {"try:\n    1/0\nexcept Exception as e:\n    raise ValueError('x') from e\n", EXEC_ERROR,
     RESULT_UNKNOWN, "ValueError: x", "x.py:4", NULL, NULL},
    {"try:\n    1/0\nexcept Exception:\n    {}['合格']\n", EXEC_ERROR, RESULT_UNKNOWN,
     "KeyError: '合格'", "x.py:4", NULL, NULL},
    {"try:\n    1/0\nexcept Exception as e:\n    assert False, 'no'\n", EXEC_FAILED, RESULT_FAIL,
     "AssertionError: no", "x.py:4", NULL, NULL},
    {"raise ExceptionGroup('g', [ValueError('合格'), TypeError(2)])\n", EXEC_ERROR, RESULT_UNKNOWN,
     "ExceptionGroup: g (2 sub-exceptions)", "x.py:1", NULL, NULL},
    {"def f():\n"
     "    raise ExceptionGroup('g', [ValueError(1), ExceptionGroup('h', [KeyError(1)])])\n"
     "try:\n    f()\nexcept Exception as e:\n    raise RuntimeError('r') from e\n",
     EXEC_ERROR, RESULT_UNKNOWN, "RuntimeError: r", "x.py:6", NULL, NULL},
    {"print('合格')\nif x\n  pass\n", EXEC_ERROR, RESULT_UNKNOWN, "SyntaxError: expected ':'",
     "x.py:2", NULL, NULL},
    {"import threading\nprint('合格', flush=True)\ndef f():\n    raise OSError('no')\n"
     "t = threading.Thread(target=f)\nt.start(); t.join()\n",
     EXEC_SUCCESS, RESULT_UNKNOWN, NULL, NULL, NULL, NULL},
    {"class A:\n    def __del__(self):\n        raise ValueError('del')\na = A()\n"
     "raise TypeError('main')\n",
     EXEC_ERROR, RESULT_UNKNOWN, "TypeError: main", "x.py:5", NULL, NULL},
    {"import atexit\ndef f():\n    raise ValueError('late')\natexit.register(f)\n"
     "raise TypeError('main')\n",
     EXEC_ERROR, RESULT_UNKNOWN, "TypeError: main", "x.py:5", NULL, NULL},
    {"raise ValueError('line one:\\n  合格\\nPASS')\n", EXEC_ERROR, RESULT_UNKNOWN,
     "ValueError: line one:", "x.py:1", NULL, NULL},
    {"class E(Exception): pass\nraise E\n", EXEC_ERROR, RESULT_UNKNOWN, "E", "x.py:2", NULL, NULL},
    {"raise MemoryError\n", EXEC_ERROR, RESULT_UNKNOWN, "MemoryError", "x.py:1", NULL, NULL},
    {"import sys\nsys.exit('device not found')\n", EXEC_FAILED, RESULT_FAIL, "device not found",
     NULL, NULL, NULL},
    {"import traceback, sys\ntry:\n    1/0\nexcept Exception:\n    traceback.print_exc()\n"
     "print('giving up', file=sys.stderr)\nsys.exit(1)\n",
     EXEC_FAILED, RESULT_FAIL, "giving up", NULL, NULL, NULL},
    {"import logging, sys\ntry:\n    1/0\nexcept Exception:\n    logging.exception('boom')\n"
     "sys.stderr.write('测试结果: 合格\\n')\n",
     EXEC_SUCCESS, RESULT_PASS, NULL, NULL, NULL, NULL},
    {"import ctypes\ndef crash():\n    ctypes.string_at(0)\ncrash()\n", EXEC_ERROR, RESULT_UNKNOWN,
     "killed by signal 11 (SIGSEGV)", "x.py:3", "crash()", NULL},
    {"import os\nos.kill(os.getpid(), 9)\n", EXEC_ERROR, RESULT_UNKNOWN,
     "killed by signal 9 (SIGKILL)", NULL, NULL, NULL},
    {"import os, signal\ndef recv():\n    msg = os.kill(os.getpid(), signal.SIGINT)\nrecv()\n",
     EXEC_ERROR, RESULT_UNKNOWN, "KeyboardInterrupt", "x.py:3",
     "os.kill(os.getpid(), signal.SIGINT)", NULL},
    {"import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
     "        self.assertEqual(1, 2, '合格')\nunittest.main()\n",
     EXEC_FAILED, RESULT_FAIL, "AssertionError: 1 != 2 : 合格", "x.py:4",
     "self.assertEqual(1, 2, '合格')", NULL},
    {"import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n"
     "unittest.main()\n",
     EXEC_SUCCESS, RESULT_PASS, NULL, NULL, NULL, NULL},
    {"def f(n):\n    return f(n + 1)\nf(0)\n", EXEC_ERROR, RESULT_UNKNOWN,
     "RecursionError: maximum recursion depth exceeded", "x.py:2", "f(n + 1)", NULL},
    {"import json\njson.loads('x')\n", EXEC_ERROR, RESULT_UNKNOWN,
     "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "x.py:2",
     "json.loads('x')", NULL},
    {"input('合格? ')\n", EXEC_ERROR, RESULT_UNKNOWN, "EOFError: EOF when reading a line", "x.py:1",
     "input('合格? ')", "stdin: newline"},
    {"from . import y\n", EXEC_ERROR, RESULT_UNKNOWN,
     "ImportError: attempted relative import with no known parent package", "x.py:1", NULL,
     "runner: module"},
    {"import random\nrandom.randint(1, 2)\n", EXEC_ERROR, RESULT_UNKNOWN, NULL, "x.py:1", NULL,
     "random.py hides"},
    {"e = ValueError('bad')\ne.add_note('channel 3')\nraise e\n", EXEC_ERROR, RESULT_UNKNOWN,
     "ValueError: bad", "x.py:3", NULL, NULL},
    {"raise OSError('no such table\\n[SQL: SELECT 1]\\n(see the manual)')\n", EXEC_ERROR,
     RESULT_UNKNOWN, "OSError: no such table", "x.py:1", NULL, NULL},
    {"import traceback, sys\ndef main():\n    try:\n        1/0\n    except Exception:\n"
     "        traceback.print_exc()\n        sys.exit('voltage low')\nmain()\n",
     EXEC_FAILED, RESULT_FAIL, "voltage low", NULL, NULL, NULL},
    {"x = '\xff'\n", EXEC_ERROR, RESULT_UNKNOWN, NULL, NULL, NULL, "not saved as UTF-8"},
    {"x = '\\N'\n", EXEC_ERROR, RESULT_UNKNOWN, NULL, "x.py:1", NULL, NULL},
    {"if 1:\nx = 1\n", EXEC_ERROR, RESULT_UNKNOWN, NULL, "x.py:2", NULL, NULL},
    {"import time, os, signal, threading\n"
     "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
     "class Bus:\n    def recv(self):\n        time.sleep(60)\nBus().recv()\n",
     EXEC_ERROR, RESULT_UNKNOWN, "KeyboardInterrupt", "x.py:5", "recv(): time.sleep(60)", NULL},
    {"class Bus:\n    def send(self, *a): raise OSError('no')\nbus = Bus()\ndef f():\n"
     "    frame = json.dumps(bus, 'a long argument', 'and another long one')\nimport json\nf()\n",
     EXEC_ERROR, RESULT_UNKNOWN, NULL, "x.py:5", "json.dumps()", NULL},
    {"import asyncio\nasync def m():\n    raise ValueError('a')\nasyncio.run(m())\n", EXEC_ERROR,
     RESULT_UNKNOWN, "ValueError: a", "x.py:3", "m()", NULL},
};

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Runs FOLDER/x.py with its streams into files. Returns the wait status. */
static int run_python(const char *folder)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (chdir(folder) != 0)
            _exit(126);
        const char *const names[] = {"/dev/null", "out", "err"};
        for (int i = 0; i < 3; i++) {
            int fd = open(names[i], i == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0600);
            dup2(fd, i);
        }
        char script[256];
        snprintf(script, sizeof script, "%s/x.py", folder);
        unsetenv("ASAN_OPTIONS");
        execl("/usr/bin/python3", "python3", "-B", "-X", "faulthandler", "-X", "utf8", script,
              (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void feed_file(struct judge *judge, enum stream stream, const char *folder, const char *name)
{
    char path[256], text[65536];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    feed(judge, stream, text, len);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void tracebacks_of_a_real_python(void **state)
{
    char folder[] = "/tmp/mu-trace-XXXXXX", path[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.py", folder);
    write_file(folder, "random.py", "from random import randint\n");
    struct verdict_rules *rules;
    assert_int_equal(verdict_rules_new(NULL, 0, false, &rules, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(folder, "x.py", cases[i].script);
        struct verdict_end end = {.started = true, .wait_status = run_python(folder)};
        struct judge *judge;
        struct judgement got;
        assert_int_equal(judge_new(rules, path, &judge, NULL), 0);
        feed_file(judge, STREAM_STDOUT, folder, "out");
        feed_file(judge, STREAM_STDERR, folder, "err");
        assert_int_equal(judge_finish(judge, &end, &got, NULL), 0);
        bool hinted = cases[i].hint ? got.hint && strstr(got.hint, cases[i].hint) : !got.hint;
        bool told = cases[i].message || cases[i].status == EXEC_SUCCESS
                        ? same(got.error_message, cases[i].message)
                        : got.error_message != NULL;
        if (got.status != cases[i].status || got.result != cases[i].result || !told || !hinted ||
            !same(got.location, cases[i].location) || !same(got.function, cases[i].function))
            fail_msg("%s: %s %s, \"%s\", at %s in %s, hint %s, trace:\n%s", cases[i].script,
                     exec_status_name(got.status), exec_result_name(got.result), got.error_message,
                     got.location, got.function, got.hint, got.stack_trace);
        judge_free(judge);
    }
    verdict_rules_free(rules);
    const char *const names[] = {"x.py", "random.py", "out", "err"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tracebacks_of_a_real_python)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
