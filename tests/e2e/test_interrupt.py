"""Ctrl-C, its relatives, sudden death, and going on afterwards."""
import json
import os
import random
import signal
import time

import pytest

from harness import wait_for

SLOW = """
import pathlib, time
try:
    pathlib.Path("in-its-loop").touch()
    time.sleep(60)
finally:
    print("closed", flush=True)
"""


@pytest.fixture
def running(project):
    """A batch whose second script runs: start(*options) answers the process."""
    project.passing("a.py", "c.py", "d.py")
    project.write("b.py", SLOW)

    def start(*options):
        process = project.start("run", *options, start_new_session=True)
        project.wait_until_running("b.py")
        wait_for((project.folder / "in-its-loop").exists, "b.py to reach its loop")
        return process
    return start


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_once(project, running, signo):
    process = running()
    os.kill(process.pid, signo)
    result = project.finish(process)
    assert result.code == 130, repr(result)
    assert project.statuses() == {"a.py": "SUCCESS", "b.py": "CANCELLED", "c.py": "CANCELLED",
                                  "d.py": "CANCELLED"}
    stopped = project.execution("b.py")
    assert "closed" in stopped["output"] and "KeyboardInterrupt" in stopped["stack_trace"]
    assert stopped["result"] == "UNKNOWN" and stopped["exit_code"] is not None
    assert project.execution("c.py")["duration"] is None
    assert project.batch()["status"] == "interrupted"
    project.assert_counts_agree()
    project.assert_nothing_left(0)


def test_twice_kills_now(project, running):
    project.write("b.py", "import pathlib, signal, time\n"
                          "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
                          "pathlib.Path('in-its-loop').touch()\ntime.sleep(60)\n")
    process = running()
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None  # the grace
    os.kill(process.pid, signal.SIGINT)
    result = project.finish(process)
    assert result.code == 130 and result.seconds < 5
    assert project.execution("b.py")["exit_code"] == -signal.SIGKILL
    project.assert_counts_agree()
    project.assert_nothing_left(0)


def test_ctrl_c_on_a_terminal(project):
    project.write("a.py", SLOW)
    project.passing("b.py")
    code, seen = project.on_terminal("run", "-j", "1", keys=[("a.py", lambda _: time.sleep(1)),
                                                             ("a.py", b"\x03")])
    assert code == 130, seen
    assert project.statuses() == {"a.py": "CANCELLED", "b.py": "CANCELLED"}
    assert "\x1b[?25l" not in seen or seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")


def test_resume_runs_what_was_stopped(project, running):
    process = running()
    os.kill(process.pid, signal.SIGINT)
    assert project.finish(process).code == 130
    project.passing("b.py")
    project.muster("resume", "1", code=0)
    batch = project.batch()
    assert (batch["id"], batch["status"], batch["total_scripts"]) == (1, "completed", 4)
    attempts = {row["script_path"]: row["attempt"] for row in project.executions().values()}
    assert attempts == {"a.py": 1, "b.py": 2, "c.py": 2, "d.py": 2}
    assert project.value("SELECT count(*) FROM execution_history") == 7  # old records never change
    first = project.rows("SELECT status, superseded FROM execution_history "
                         "WHERE script_path = 'b.py' AND attempt = 1")
    assert first == [{"status": "CANCELLED", "superseded": 1}]
    project.assert_counts_agree()
    project.muster("resume", "1", code=0)  # a finished one runs nothing
    assert project.value("SELECT count(*) FROM execution_history") == 7


def test_one_resumed_script_is_one_script(project):
    project.passing("a.py")
    project.write("b.py", SLOW)
    for number, command in enumerate((["run"], ["resume", "1"])):
        process = project.start(*command)
        wait_for((project.folder / "in-its-loop").exists, "b.py to reach its loop")
        (project.folder / "in-its-loop").unlink()
        process.send_signal(signal.SIGINT)
        result = project.finish(process)
        assert result.code == 130, repr(result)
        # The header says what this one runs, the summary what the batch has.
        assert result.err.startswith(f"{2 - number} script{'s' if number == 0 else ''} · ")
        assert " · 2 scripts\n" in result.out


def test_resume_keeps_how_it_was_started(project):
    project.write("a.py", SLOW)
    project.write("b.py", "import sys\nprint(sys.argv[1:])\n")
    process = project.start("run", "--timeout", "7m", "--", "--port", "7")
    project.wait_until_running("a.py")
    os.kill(process.pid, signal.SIGINT)
    assert project.finish(process).code == 130
    project.passing("a.py")
    project.muster("resume", "latest", code=0)
    assert project.execution("b.py")["output"] == "['--port', '7']\n"


def test_sudden_death(project, running):
    process = running()
    process.kill()
    project.finish(process)
    # The next muster puts it right: what is left is killed, RUNNING is lost, the rest cancelled.
    project.muster("run", "a.py", code=0)
    project.assert_nothing_left()
    assert project.statuses(1) == {"a.py": "SUCCESS", "b.py": "ERROR", "c.py": "CANCELLED",
                                   "d.py": "CANCELLED"}
    assert project.batch(1)["status"] == "interrupted"
    project.assert_counts_agree(1)
    project.passing("b.py")
    project.muster("resume", "1", code=0)
    assert set(project.statuses(1).values()) == {"SUCCESS"}
    project.assert_counts_agree(1)


def test_the_summary_of_a_resumed_batch_is_the_whole_batchs(project, running):
    process = running()
    os.kill(process.pid, signal.SIGINT)
    project.finish(process)
    project.write("b.py", "print('FAIL')\n")
    result = project.muster("resume", "latest", code=1)
    assert "4 scripts" in result.out and "3 success" in result.out and "1 failed" in result.out
    project.write("b.py", "print('PASS')\n")
    # It failed, so it has been run: a finished batch runs nothing.
    assert project.muster("resume", "latest", "--json", code=0).out == ""


@pytest.mark.soak
def test_sudden_death_at_many_moments(project):
    """kill -9 at 200 moments: what was said to be finished is there afterwards, always."""
    chance = random.Random(7)
    for number in range(30):
        project.write(f"s{number:02}.py", "import time\ntime.sleep(0.02)\nprint('PASS')\n")
    said = {}
    for _ in range(200):
        process = project.start("run", "-j", "2", "--json")
        time.sleep(chance.uniform(0.0, 1.0))
        process.kill()
        out, _ = process.communicate()
        for line in out.decode().splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the last line, cut in its middle
            if event["event"] == "execution_finished":
                said[event["record_id"]] = event["status"]
    project.muster("run", "s00.py", code=0)
    project.assert_nothing_left()
    stored = {row["record_id"]: row["status"] for row in project.rows(
        "SELECT record_id, status FROM execution_history")}
    assert {record: stored.get(record) for record in said} == said
    assert not {"PENDING", "RUNNING"} & set(stored.values())
    for batch in project.rows("SELECT id FROM batch_execution"):
        project.assert_counts_agree(batch["id"])


def test_the_clock_of_a_stopped_muster_stands(project):
    project.write("a.py", "import time\ntime.sleep(2)\nprint('PASS')\n")
    project.passing("b.py")
    process = project.start("run", "--timeout", "4s")
    project.wait_until_running("a.py")
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(5)
    os.kill(process.pid, signal.SIGCONT)
    assert project.finish(process).code == 0
    assert set(project.statuses().values()) == {"SUCCESS"}


def test_a_signal_before_anything_ran(project):
    project.passing(*(f"s{number}.py" for number in range(3)))
    for delay in (0.0, 0.005, 0.01, 0.02, 0.04):
        process = project.start("run")
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        assert project.finish(process).code in (0, 130, -signal.SIGINT)
    project.muster("run", code=0)
    assert project.value("PRAGMA integrity_check") == "ok"
    assert project.value("SELECT count(*) FROM execution_history "
                         "WHERE status IN ('PENDING', 'RUNNING')") == 0
