"""Limits: what is over them is stopped with its whole tree; what is not is left alone."""
import os
import signal
import time

import pytest


def test_timeout(project):
    project.write("a.py", """
# MUSTER: timeout=1s grace=5s
import time
class Bus:
    def recv(self):
        time.sleep(60)
try:
    print("waiting")
    Bus().recv()
finally:
    print("closed")
""")
    result = project.muster("run", code=1)
    row = project.execution("a.py")
    assert (row["status"], row["result"], row["stop_reason"]) == ("TIMEOUT", "UNKNOWN", "timeout")
    assert 1.0 <= row["duration"] < 4.0 and result.seconds < 10
    assert "closed" in row["output"] and "KeyboardInterrupt" in row["stack_trace"]
    assert row["error_message"] == "timed out after 1s in recv(): time.sleep(60)"
    project.assert_nothing_left(0)


def test_the_mask_of_new_files_is_the_users_own(project):
    project.write("a.py", "import os\nprint(oct(os.umask(0)))\n")
    project.muster("run", code=0, preexec_fn=lambda: os.umask(0o027))
    assert project.execution("a.py")["output"].strip() == "0o27"


def test_a_pass_before_a_timeout_does_not_stand(project):
    project.write("a.py", 'import time\nprint("合格", flush=True)\ntime.sleep(60)\n')
    project.muster("run", "--timeout", "1s", code=1)
    row = project.execution("a.py")
    assert (row["status"], row["result"]) == ("TIMEOUT", "UNKNOWN")


def test_a_timeout_is_one_whatever_it_does_then(project):
    project.write("a.py", """
import sys, time
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("PASS")
    sys.exit(0)
""")
    project.muster("run", "--timeout", "1s", code=1)
    assert project.execution("a.py")["status"] == "TIMEOUT"


@pytest.mark.parametrize("stubborn", [
    "import signal, time\nfor s in (2, 15, 1, 6): signal.signal(s, signal.SIG_IGN)\n"
    "while True: time.sleep(1)\n",
    "import time\nwhile True:\n    try:\n        time.sleep(60)\n"
    "    except KeyboardInterrupt:\n        pass\n",
])
def test_who_ignores_every_request_dies_at_the_grace(project, stubborn):
    project.write("a.py", stubborn)
    project.muster("run", "--timeout", "1s", "--grace", "1s", code=1)
    row = project.execution("a.py")
    assert row["status"] == "TIMEOUT" and row["duration"] < 1 + 2 * 1 + 2
    project.assert_nothing_left(0)


def test_the_grace_ends_in_a_stack_of_every_thread(project):
    project.write("a.py", """
import signal, threading, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
def pump_messages():
    time.sleep(60)
threading.Thread(target=pump_messages, daemon=True).start()
time.sleep(60)
""")
    project.muster("run", "--timeout", "1s", "--grace", "1s", code=1)
    assert "pump_messages" in project.execution("a.py")["stack_trace"]
    assert not list(project.folder.glob("core*"))


def test_a_stopped_script_is_stopped_all_the_same(project):
    project.write("a.py", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n")
    project.muster("run", "--timeout", "1s", "--grace", "1s", code=1)
    assert project.execution("a.py")["status"] == "TIMEOUT"


def test_silence_ends_nothing_unless_asked(project):
    project.write("a.py", 'import time\nprint("start")\ntime.sleep(2)\nprint("合格")\n')
    project.muster("run", code=0)
    project.muster("run", "--idle-timeout", "1s", code=1)
    row = project.execution("a.py")
    assert (row["status"], row["stop_reason"]) == ("TIMEOUT", "idle")


def test_output_keeps_an_idle_limit_away(project):
    project.write("a.py", "import time\nfor i in range(8):\n    print('.', end='', flush=True)\n"
                          "    time.sleep(0.3)\n")
    project.muster("run", "--idle-timeout", "1s", code=0)


def test_stop_signal_term(project):
    project.write("muster.yaml", "stop_signal: TERM\n")
    project.home = project.folder
    project.write("a.py", "import signal, sys, time\n"
                          "signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))\n"
                          "time.sleep(60)\n")
    project.muster("run", "a.py", "--timeout", "1s", code=1)
    row = project.execution("a.py")
    assert row["status"] == "TIMEOUT" and "terminated" in row["output"]


def test_batch_timeout(project):
    project.write("muster.yaml", "batch_timeout: 2s\ngrace: 1s\n")
    project.home = project.folder
    for number in range(4):
        project.write(f"s/{number}.py", "import time\ntime.sleep(1.2)\nprint('PASS')\n")
    result = project.muster("run", "s")
    assert result.code in (1, 130) and result.seconds < 10
    assert project.statuses() == {"s/0.py": "SUCCESS", "s/1.py": "CANCELLED",
                                  "s/2.py": "CANCELLED", "s/3.py": "CANCELLED"}
    project.assert_counts_agree()


LEFT_BEHIND = {
    "holds the pipe": """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
""",
    "a session of its own": """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True,
                 stdin=-3, stdout=-3, stderr=-3)
""",
    "a daemon": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3):
            os.close(fd)
        time.sleep(60)
    os._exit(0)
os.wait()
""",
}


@pytest.mark.parametrize("kind", LEFT_BEHIND)
def test_a_child_left_behind(project, kind):
    project.write("a.py", LEFT_BEHIND[kind] + "print('合格')\n")
    result = project.muster("run", code=0)
    row = project.execution("a.py")
    assert (row["status"], row["result"], row["leaky"]) == ("SUCCESS", "PASS", 1)
    assert row["duration"] < 2 and result.seconds < 5
    assert row["leftover"] and row["contain"]
    project.assert_nothing_left(0)


def test_a_child_that_ends_within_the_grace_is_no_leak(project):
    project.write("a.py", "import subprocess, sys\n"
                          "subprocess.Popen([sys.executable, '-c', 'print(\"late\")'])\n")
    project.write("muster.yaml", "leak_grace: 5s\n")
    project.home = project.folder
    project.muster("run", "a.py", code=0)
    row = project.execution("a.py")
    assert not row["leaky"] and "late" in row["output"]


def test_the_tree_goes_with_its_script(project):
    project.write("a.py", """
import os, signal, subprocess, sys, time
for _ in range(10):
    subprocess.Popen([sys.executable, "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"],
        start_new_session=True)
time.sleep(60)
""")
    project.muster("run", "--timeout", "2s", "--grace", "1s", code=1)
    project.assert_nothing_left(0)


def test_a_fork_bomb_is_put_out(project):
    project.write("a.py", """
import os, time
end = time.monotonic() + 30
print("start", flush=True)
while time.monotonic() < end:
    try:
        if len(os.listdir("/proc")) < 700 and os.fork() == 0:
            os.setsid()
    except OSError:
        pass
    time.sleep(0.01)
""")
    project.write("b.py", "import time\ntime.sleep(2)\nprint('PASS')\n")
    project.muster("run", "-j", "2", "--timeout", "1s", "--grace", "0s", "a.py", code=1)
    assert project.execution("a.py")["status"] == "TIMEOUT"
    project.assert_nothing_left(0)


def test_who_closes_its_output_is_waited_for(project):
    project.write("a.py", "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(1)\nos._exit(4)\n")
    project.muster("run", code=1)
    row = project.execution("a.py")
    assert row["exit_code"] == 4 and row["duration"] >= 1.0


def test_slow_is_said_while_it_happens(project):
    project.write("muster.yaml", "slow_after: 1s\n")
    project.home = project.folder
    project.write("a.py", "import time\nprint('waiting for ACK', flush=True)\ntime.sleep(2)\n")
    project.passing("b.py")
    result = project.muster("run", "a.py", "b.py", code=0)
    lines = (result.out + result.err).splitlines()
    assert any("SLOW" in line and "a.py" in line for line in lines)


def test_usr1_tells_what_runs(project):
    project.write("deep/a.py", "import time\nprint('tuning', flush=True)\ntime.sleep(3)\n")
    project.passing("b.py")
    process = project.start("run")
    project.wait_until_running("a.py")
    time.sleep(1.0)
    os.kill(process.pid, signal.SIGUSR1)
    result = project.finish(process)
    assert result.code == 0
    assert any("a.py" in line and "tuning" in line for line in
               (result.out + result.err).splitlines())
