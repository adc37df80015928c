"""What a script prints: nothing is lost, `output` is valid UTF-8, the log holds every byte."""
import subprocess

import pytest

from harness import wait_for


def run_printing(project, body, *arguments, code=0, name="a.py"):
    project.write(name, body)
    project.muster("run", name, *arguments, code=code)
    return project.execution(name)


def logged(project, what="latest/a.py", *arguments):
    return project.muster("logs", what, *arguments, code=0).out_bytes


@pytest.mark.parametrize("data, expected", [
    ("合格\n".encode("gbk"), "合格\n"),
    ("电压 12.0 V ✓\n".encode() + "电流 正常\n".encode("gbk"), "电压 12.0 V ✓\n电流 正常\n"),
    (b"\xff\xfe\n", None),
    (b"a\x00b\n", None),
    ("合".encode()[:2], None),
    (b"no newline", "no newline"),
    (b"\x81\x37\xbd\x37\n", None),
    (b"", None),
    (b"dos\r\nlines\r\n", None),
])
def test_encodings(project, data, expected):
    row = run_printing(project, f"import os\nos.write(1, {data!r})\n")
    if expected is not None:
        assert row["output"] == expected
    if data:
        assert logged(project) == data
        assert row["output_bytes"] == len(data)


def test_a_character_split_between_two_reads(project):
    row = run_printing(project, """
import os, time
for byte in "合格\\n".encode():
    os.write(1, bytes([byte]))
    time.sleep(0.03)
""")
    assert row["output"] == "合格\n" and row["result"] == "PASS"


def test_a_verdict_after_a_long_pause_in_its_line(project):
    row = run_printing(project, "import time\nprint('测试结果：', end='', flush=True)\n"
                                "time.sleep(0.5)\nprint('合格')\n")
    assert row["result"] == "PASS"


def test_both_streams_in_order_of_arrival(project):
    row = run_printing(project, """
import sys, time
for number in range(6):
    print(number, file=(sys.stdout, sys.stderr)[number % 2], flush=True)
    time.sleep(0.05)
""")
    assert row["output"].split() == list("012345")
    assert logged(project).split() == list(b"0 1 2 3 4 5".split())
    assert logged(project, "latest/a.py", "--stream", "err").split() == [b"1", b"3", b"5"]


def test_a_hundred_thousand_lines(project):
    row = run_printing(project, "for number in range(100_000):\n    print(f'line {number}')\n")
    assert row["output_lines"] == 100_000
    assert logged(project) == b"".join(b"line %d\n" % number for number in range(100_000))
    # First and last part, saying how much stands between.
    assert row["output"].startswith("line 0\n") and row["output"].endswith("line 99999\n")
    assert len(row["output"].encode()) < 1.1 * (1 << 20)


def test_a_megabyte_on_stderr_hangs_nobody(project):
    row = run_printing(project, "import sys\nfor _ in range(1000):\n"
                                "    sys.stderr.write('e' * 1023 + '\\n')\nprint('合格')\n")
    assert row["output_bytes"] == 1_024_000 + 7 and row["result"] == "PASS"


def test_a_long_line_without_an_end(project):
    row = run_printing(project, "import sys\nfor _ in range(200):\n"
                                "    sys.stdout.write('x' * 100_000)\n")
    assert row["output_bytes"] == 20_000_000
    assert len(logged(project)) == 20_000_000


def test_a_flood_leaves_memory_flat(project):
    project.write("a.py", "import os\nblock = b'flood ' * 10_922 + b'\\n'\n"
                          "for _ in range(3000):\n    os.write(1, block)\n")
    script = ("import resource, subprocess, sys\n"
              "code = subprocess.call(sys.argv[1:])\n"
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
              "sys.exit(code)\n")
    done = subprocess.run(["/usr/bin/python3", "-c", script, project.binary, "run", "-j", "2",
                           "a.py", "a.py"],
                          cwd=project.folder, env=project.env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                          check=False)
    assert done.returncode == 0, done.stderr
    row = project.execution("a.py")
    assert row["output_bytes"] == 3000 * (6 * 10_922 + 1)
    assert "flood" in row["output"] and len(row["output"]) < 1.2 * (1 << 20)
    if "ASAN_OPTIONS" not in project.env:
        assert int(done.stdout.split()[-1]) < 64


def test_nothing_is_lost_on_a_crash(project):
    row = run_printing(project, "import os, signal\nprint('before', end='', flush=True)\n"
                                "os.kill(os.getpid(), signal.SIGKILL)\n", code=1)
    assert row["output"] == "before" and logged(project) == b"before"


def test_the_log_is_there_while_it_runs(project):
    project.write("a.py", "import time\nprint('early', flush=True)\ntime.sleep(4)\n")
    project.passing("b.py")
    process = project.start("run")
    wait_for(lambda: project.has_database() and b"early" in project.muster(
        "logs", "latest/a.py").out_bytes, "the first line in the log", 3.5)
    assert project.finish(process).code == 0


def test_the_log_is_compressed(project):
    row = run_printing(project, "for _ in range(20_000):\n    print('the same line again')\n")
    path = project.home / row["log_path"]
    assert path.stat().st_size < row["output_bytes"] / 8
    shown = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    assert shown.count(b"the same line again\n") == 20_000


HOSTILE = "\\x1b[2J\\x1b]0;owned\\x07\\x1b[31mred\\x1b[0m\\u202e\\x9b2J\\b\\b end"


def test_control_characters_are_shown_not_obeyed(project):
    project.write("a.py", f"print('{HOSTILE}')\nprint('不合格')\n")
    project.write("b.py", "raise ValueError('\\x1b[2J\\x1b]0;owned\\x07')\n")
    result = project.muster("run", code=1)
    shown = [result.out, result.err]
    shown += [project.muster("show", what, code=0).out for what in ("1/1", "1/2", "1")]
    for text in shown:
        assert "\x1b" not in text and "\x07" not in text and "\x9b" not in text
        assert "\u202e" not in text
    code, seen = project.on_terminal("show", "1/1")
    assert code == 0 and "\x1b[2J" not in seen and "\x1b]0;" not in seen and "red" in seen


def test_output_that_was_buffered_by_a_killed_script_is_there(project):
    row = run_printing(project, "import time\nprint('said')\ntime.sleep(60)\n", "--timeout", "3s",
                       code=1)
    assert "said" in row["output"]
