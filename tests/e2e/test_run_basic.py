"""A batch from its first process to its last row."""
import os
import re
import time

import pytest

from harness import PYTHON


def test_a_batch_of_every_kind(project):
    project.write("checks/a_volt.py", 'print("合格")\n')
    project.write("checks/b_can.py", 'print("步骤2 电压 11.2 V")\nprint("不合格")\n')
    project.write("checks/c_temp.py", "values = None\nfor value in values:\n    pass\n")
    project.write("checks/d_export.py", 'print("done")\n')
    project.write("checks/e_assert.py", "assert 1 + 1 == 3, 'sums'\n")
    project.write("checks/f_exit.py", 'import sys\nsys.exit("no instrument")\n')
    result = project.muster("run", "checks/", code=1)

    rows = project.executions()
    assert {path: (row["status"], row["result"], row["exit_code"]) for path, row in rows.items()} \
        == {
            "checks/a_volt.py": ("SUCCESS", "PASS", 0),
            "checks/b_can.py": ("FAILED", "FAIL", 0),
            "checks/c_temp.py": ("ERROR", "UNKNOWN", 1),
            "checks/d_export.py": ("SUCCESS", "UNKNOWN", 0),
            "checks/e_assert.py": ("FAILED", "FAIL", 1),
            "checks/f_exit.py": ("FAILED", "FAIL", 1),
        }
    project.assert_counts_agree()
    for name in ("b_can.py", "c_temp.py"):
        assert name in result.out + result.err

    broken = rows["checks/c_temp.py"]
    assert broken["error_message"] == "TypeError: 'NoneType' object is not iterable"
    assert "Traceback" in broken["stack_trace"] and "line 2" in broken["stack_trace"]
    assert broken["location"] == "c_temp.py:2"
    decided = rows["checks/b_can.py"]
    assert (decided["verdict_line"], decided["verdict_text"]) == (2, "不合格")
    assert decided["verdict_rule"]


def test_all_success_is_zero(project):
    project.passing("a.py", "b.py")
    project.muster("run", code=0)
    batch = project.batch()
    assert batch["status"] == "completed"
    assert (batch["total_scripts"], batch["completed_count"], batch["success_count"]) == (2, 2, 2)


def test_what_a_row_holds(project):
    project.write("deep/er/a.py", 'import time\ntime.sleep(0.3)\nprint("PASS")\n')
    project.muster("run", code=0)
    row = project.execution("deep/er/a.py")
    assert row["script_name"] == "a.py"
    assert row["module_name"] == "deep/er"
    assert row["executor_type"] == "process"
    assert row["output"] == "PASS\n"
    assert (row["output_bytes"], row["output_lines"]) == (5, 1)
    assert row["wait_status"] == 0 and row["attempt"] == 1 and not row["superseded"]
    assert row["interpreter"] == PYTHON and re.fullmatch(r"3\.\d+\.\d+\S*",
                                                         row["interpreter_version"])
    assert re.fullmatch(r"[0-9a-f]{64}", row["content_hash"])
    assert 0.3 <= row["duration"] < 3.0
    assert 2.0 < row["peak_memory"] < 500.0
    assert 0.0 < row["cpu_seconds"] < 3.0
    stamp = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
    assert stamp.fullmatch(row["start_time"]) and stamp.fullmatch(row["end_time"])
    apart = project.value("SELECT (julianday(end_time) - julianday(start_time)) * 86400 "
                          "FROM execution_history")
    assert apart == pytest.approx(row["duration"], abs=0.005)
    uuid7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert uuid7.fullmatch(row["record_id"]) and uuid7.fullmatch(row["batch_id"])
    assert project.rows("SELECT batch_id, record_id, execution_order FROM batch_details") == [
        {"batch_id": row["batch_id"], "record_id": row["record_id"], "execution_order": 1}]


def test_a_script_runs_as_if_python_ran_it(project):
    project.write("sub/probe.py", """
import os, sys
print(repr(sys.argv))
print(__file__)
print(__name__)
print(sys.path[0])
print(os.getcwd())
print(sys.stdin.read() == "")
print(sys.flags.dont_write_bytecode, sys.stdout.encoding, sys.stdout.errors)
""")
    project.muster("run", "sub/probe.py", "--", "--port", "7 8", code=0)
    folder = str(project.folder / "sub")
    lines = project.execution("sub/probe.py")["output"].splitlines()
    assert lines[0].endswith("probe.py', '--port', '7 8']")
    assert os.path.join(folder, lines[1]) == f"{folder}/probe.py"
    assert lines[2:6] == ["__main__", folder, folder, "True"]
    assert lines[6].split()[1:] == ["utf-8", "surrogateescape"]


def test_what_a_script_finds_in_its_environment(project):
    project.write("a.py", """
import os
for name in sorted(os.environ):
    if name.startswith(("MUSTER_", "PYTHON", "OMP_", "E2E_")):
        print(name, os.environ[name])
""")
    project.muster("run", env={"PYTHONFAULTHANDLER": "0"}, code=0)
    row = project.execution("a.py")
    found = dict(line.split(" ", 1) for line in row["output"].splitlines())
    assert found["MUSTER_BATCH_ID"] == row["batch_id"]
    assert found["MUSTER_RECORD_ID"] == row["record_id"]
    assert found["MUSTER_SCRIPT"] == "a.py"
    assert found["MUSTER_ATTEMPT"] == "1"
    assert "MUSTER_SLOT" in found and "MUSTER_OUTPUT_DIR" in found
    assert found["PYTHONUNBUFFERED"] == "1"
    assert found["PYTHONIOENCODING"] == "utf-8:surrogateescape"
    assert found["PYTHONFAULTHANDLER"] == "0"  # the user's own
    assert found["OMP_NUM_THREADS"].isdigit()
    assert found["E2E_MARK"] == project.mark


def test_descriptors_and_signals_are_clean(project):
    project.write("a.py", """
import os, signal
print(sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:3], len(os.listdir("/proc/self/fd")))
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
print(signal.pthread_sigmask(signal.SIG_BLOCK, []) == set())
print(os.getsid(0) == os.getpid())
""")
    project.muster("run", code=0)
    assert project.execution("a.py")["output"] == "[0, 1, 2] 4\nTrue\nTrue\nTrue\n"


@pytest.mark.parametrize("body, status, exit_code, message", [
    ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "ERROR", -11, "SIGSEGV"),
    ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "ERROR", -9, "SIGKILL"),
    ("import os\nos._exit(259)\n", "FAILED", 3, None),
    ("import os\nos._exit(139)\n", "FAILED", 139, None),
    ("raise KeyError('x') from ValueError('y')\n", "ERROR", 1, "KeyError: 'x'"),
    ("raise ExceptionGroup('several', [ValueError(1), TypeError(2)])\n", "ERROR", 1,
     "ExceptionGroup: several (2 sub-exceptions)"),
    ("import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
     "        self.assertEqual(1, 2)\nunittest.main()\n", "FAILED", 1, None),
])
def test_how_a_script_can_end(project, body, status, exit_code, message):
    project.write("a.py", body)
    project.muster("run", code=1)
    row = project.execution("a.py")
    assert (row["status"], row["exit_code"]) == (status, exit_code)
    if message:
        assert message in row["error_message"]
    if exit_code < 0:
        assert os.WTERMSIG(row["wait_status"]) == -exit_code
    else:
        assert os.WEXITSTATUS(row["wait_status"]) == exit_code


def test_several_at_once(project):
    for number in range(6):
        project.write(f"s{number}.py", "import time\ntime.sleep(1)\n")
    result = project.muster("run", "-j", "3", code=0)
    assert 2.0 <= result.seconds < 5.0
    batch = project.batch()
    assert (batch["execution_mode"], batch["max_parallel"]) == ("parallel", 3)
    most = project.value("""
        SELECT max(n) FROM (SELECT (SELECT count(*) FROM execution_history b
            WHERE b.start_time <= a.start_time AND b.end_time > a.start_time) AS n
        FROM execution_history a)""")
    assert most == 3


def test_one_at_a_time_keeps_the_given_order(project):
    project.passing("TS_10.py", "TS_2.py", "TS_1.py")
    project.muster("run", code=0)
    by_start = [row["script_path"] for row in project.rows(
        "SELECT script_path FROM execution_history ORDER BY start_time")]
    assert by_start == ["TS_1.py", "TS_2.py", "TS_10.py"]
    assert project.batch()["execution_mode"] == "sequential"


def test_an_integer_after_j_belongs_to_it(project):
    project.passing("a.py", "b.py")
    project.muster("run", "-j", "2", "a.py", code=0)
    assert list(project.executions()) == ["a.py"] and project.batch()["max_parallel"] == 2
    project.muster("run", "a.py", "-j", code=0)
    assert project.batch()["total_scripts"] == 1
    project.muster("run", "-j", "-1", "a.py", code=0)
    assert project.batch()["total_scripts"] == 1


def test_longest_first_from_history(project):
    for name, seconds in (("a.py", 0.0), ("b.py", 0.3), ("c.py", 0.8), ("d.py", 0.6)):
        project.write(name, f"import time\ntime.sleep({seconds})\n")
    project.muster("run", code=0)
    project.muster("run", "-j", "2", code=0)
    by_start = [row["script_path"] for row in project.rows(
        "SELECT script_path FROM execution_history WHERE batch_id = ? ORDER BY start_time, id",
        project.batch()["batch_id"])]
    assert set(by_start[:2]) == {"c.py", "d.py"} and by_start[-1] == "a.py"


def test_fail_fast(project):
    project.write("a.py", 'print("FAIL")\n')
    project.passing("b.py", "c.py")
    project.muster("run", "-x", code=1)
    assert project.statuses() == {"a.py": "FAILED", "b.py": "CANCELLED", "c.py": "CANCELLED"}
    assert project.batch()["status"] == "cancelled"
    never = project.execution("b.py")
    assert (never["duration"], never["exit_code"], never["result"]) == (None, None, None)
    project.write("b.py", 'print("FAIL")\n')
    project.muster("run", "--fail-fast=2", code=1)
    assert project.statuses() == {"a.py": "FAILED", "b.py": "FAILED", "c.py": "CANCELLED"}
    project.assert_counts_agree()


def test_stop_after_identical(project):
    project.write("muster.yaml", "stop_after_identical: 3\n")
    for number in range(6):
        project.write(f"s{number}.py", "import no_such_module_here\n")
    project.home = project.folder
    project.muster("run", code=1)
    assert sorted(project.statuses().values()) == ["CANCELLED"] * 3 + ["ERROR"] * 3
    assert project.batch()["status"] == "cancelled"


def test_failed_runs_those_of_the_last_batch_again(project):
    project.passing("a.py")
    project.write("b.py", 'print("FAIL")\n')
    project.muster("run", "--name", "night", code=1)
    assert project.batch()["batch_name"] == "night"
    project.write("b.py", 'print("PASS")\n')
    project.muster("run", "--failed", code=0)
    assert list(project.executions()) == ["b.py"]
    project.muster("run", "--failed", code=0)  # none failed: nothing to do is no failure
    assert project.value("SELECT count(*) FROM batch_execution") == 2


def test_shuffle_is_repeatable(project):
    project.passing(*(f"s{number}.py" for number in range(12)))
    orders = []
    for seed in ("7", "7", "8"):
        project.muster("run", f"--shuffle={seed}", code=0)
        orders.append([row["script_path"] for row in project.rows(
            "SELECT script_path FROM execution_history WHERE batch_id = ? ORDER BY start_time, id",
            project.batch()["batch_id"])])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_dry_run_starts_nothing(project):
    project.write("a.py", "import pathlib\npathlib.Path('ran').touch()\n")
    result = project.muster("run", "--dry-run", code=0)
    assert "a.py" in result.out
    assert not (project.folder / "ran").exists()
    if project.has_database():
        assert project.value("SELECT count(*) FROM execution_history") == 0


def test_until_starts_nothing_after_it(project):
    project.passing("a.py")
    # One minute ago is 23 h 59 min away; a good form is all that can be seen at once.
    project.muster("run", "--until", time.strftime("%H:%M", time.gmtime(time.time() + 3600)),
                   code=0)
    project.muster("run", "--until", "25:00", code=2)


def test_attachments_are_kept(project):
    project.write("a.py", """
import os, pathlib
folder = pathlib.Path(os.environ["MUSTER_OUTPUT_DIR"])
(folder / "sheet.csv").write_text("a,b\\n")
(folder / "plots").mkdir()
(folder / "plots" / "曲线.svg").write_text("<svg/>")
""")
    project.passing("b.py")
    project.muster("run", code=0)
    rows = project.rows("SELECT name, path, size_bytes, record_id FROM attachments ORDER BY name")
    assert [(row["name"], row["size_bytes"]) for row in rows] == [
        ("plots/曲线.svg", 6), ("sheet.csv", 4)]
    assert {row["record_id"] for row in rows} == {project.execution("a.py")["record_id"]}
    assert (project.home / rows[1]["path"]).read_text() == "a,b\n"


def test_metrics_of_the_whole_tree(project):
    project.write("a.py", """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c",
    "import time; hog = bytearray(60_000_000); t = time.process_time()\\n"
    "while time.process_time() - t < 0.4: pass\\ntime.sleep(0.6)"])
child.wait()
""")
    project.muster("run", code=0)
    row = project.execution("a.py")
    assert row["peak_memory"] > 57
    assert 0.4 <= row["cpu_seconds"] < 2.0
    samples = project.rows("SELECT * FROM performance_metrics WHERE record_id = ?",
                           row["record_id"])
    assert samples and max(sample["active_processes"] for sample in samples) == 2
    assert max(sample["memory_mb"] for sample in samples) > 57


def test_cpu_is_exact_for_a_script_shorter_than_a_sample(project):
    project.write("a.py", "import time\nwhile time.process_time() < 0.06: pass\n")
    project.muster("run", code=0)
    assert 0.06 <= project.execution("a.py")["cpu_seconds"] < 0.5


def test_a_mute_script_has_no_log_and_one_that_prints_has(project):
    project.write("mute.py", "pass\n")
    project.passing("loud.py")
    project.muster("run", code=0)
    path = project.execution("loud.py")["log_path"]
    assert (project.home / path.partition("@")[0]).is_file()
    mute = project.execution("mute.py")
    assert mute["output"] in (None, "") and mute["output_bytes"] in (None, 0)


def test_require_verdict(project):
    project.write("a.py", 'print("done")\n')
    project.muster("run", code=0)
    project.muster("run", "--require-verdict", code=1)
    assert project.statuses() == {"a.py": "SUCCESS"}


def test_a_file_that_defines_tests_and_starts_none(project):
    project.write("test_a.py", "def test_one():\n    assert False\ndef test_two():\n    pass\n")
    result = project.muster("run", code=1)
    assert "test_a.py" in result.out + result.err
    assert project.statuses() == {"test_a.py": "SUCCESS"}
    project.write("muster.yaml", "runner: script\n")
    project.home = project.folder
    project.muster("run", code=0)


@pytest.mark.parametrize("runner, good, bad", [
    ("pytest", "def test_one():\n    assert True\n", "def test_one():\n    assert False\n"),
    ("unittest",
     "import unittest\nclass T(unittest.TestCase):\n    def test_one(self):\n        pass\n",
     "import unittest\nclass T(unittest.TestCase):\n    def test_one(self):\n"
     "        self.fail()\n"),
])
def test_runners(project, runner, good, bad):
    project.write("muster.yaml", f"runner: {runner}\n")
    project.write("checks/test_good.py", good)
    project.write("checks/test_bad.py", bad)
    project.home = project.folder
    project.muster("run", "checks", code=1)
    rows = project.executions()
    assert (rows["checks/test_good.py"]["status"], rows["checks/test_good.py"]["result"]) == \
        ("SUCCESS", "PASS")
    assert (rows["checks/test_bad.py"]["status"], rows["checks/test_bad.py"]["result"]) == \
        ("FAILED", "FAIL")


def test_the_module_runner_knows_relative_imports(project):
    project.write("package/__init__.py", "")
    project.write("package/limits.py", "LIMIT = 12\n")
    project.write("package/check.py", "from .limits import LIMIT\nprint('PASS')\n")
    project.muster("run", "package/check.py", code=1)
    assert "module" in project.execution("package/check.py")["hint"]
    project.write("muster.yaml", "runner: module\n")
    project.home = project.folder
    project.muster("run", "package/check.py", code=0)


def test_the_home_is_private_and_ignored(project):
    project.passing("a.py")
    project.muster("run", code=0)
    assert (project.home / ".gitignore").read_text().strip() == "*"
    for path in [project.home, *project.home.rglob("*")]:
        if path.name != ".gitignore":
            assert path.stat().st_mode & 0o077 == 0, path


def test_two_runs_on_one_home(project):
    for number in range(10):
        project.write(f"s{number}.py", "import time\ntime.sleep(0.1)\nprint('PASS')\n")
    first, second = project.start("run", "-j", "2"), project.start("run", "-j", "2")
    assert project.finish(first).code == 0
    assert project.finish(second).code == 0
    for number in (1, 2):
        assert project.batch(number)["success_count"] == 10
        project.assert_counts_agree(number)


def test_plain_lines_to_a_pipe(project):
    project.write("a.py", 'print("合格")\n')
    project.write("b.py", 'print("\\033[31m不合格\\033[0m")\n')
    result = project.muster("run", code=1)
    both = result.out + result.err
    assert "\033" not in both and "\r" not in both
    assert sum("a.py" in line for line in both.splitlines()) >= 1
    assert any("b.py" in line and "不合格" in line for line in both.splitlines())


def test_one_script_shows_its_output_live(project):
    project.write("a.py", 'import sys\nprint("to out")\nprint("to err", file=sys.stderr)\n')
    result = project.muster("run", "a.py", code=0)
    assert "to out" in result.out + result.err and "to err" in result.out + result.err
    project.passing("b.py")
    result = project.muster("run", "a.py", "b.py", code=0)
    assert "to out" not in result.out + result.err
    result = project.muster("run", "-s", "a.py", "b.py", code=0)
    assert "to out" in result.out + result.err
