"""What a person sees: the live block, the summary, help, languages."""
import fcntl
import os
import pty
import re
import signal
import sqlite3
import subprocess
import termios
import time

import pytest

from harness import own_terminal, plain, wait_for


def test_the_live_view(project, screen):
    project.write("a.py", 'print("合格")\n')
    project.write("b.py", 'print("电压 11.2 V")\nprint("不合格")\n')
    project.write("c.py", "import time\ntime.sleep(4)\nprint('PASS')\n")
    capture = screen("run")
    during = wait_for(lambda: (text := capture()) and "b.py" in text and "c.py" in text and text,
                      "the live block", 20)
    assert "不合格" in during
    after = wait_for(lambda: (text := capture()) and "exit=" in text and text, "the end", 30)
    assert "exit=1" in after and "b.py" in after and "muster show 1/b.py" in after


@pytest.mark.parametrize("columns, rows", [(40, 10), (80, 24), (200, 50), (20, 5)])
def test_any_size(project, columns, rows):
    project.passing("电源测试_很长的中文文件名_一二三四五六七八九十.py", "a.py")
    project.write("z.py", "import time\ntime.sleep(1.2)\n")
    code, seen = project.on_terminal("run", columns=columns, rows=rows)
    assert code == 0, seen
    assert project.batch()["success_count"] == 3


def test_the_t_key_tells_what_runs(project):
    project.write("a.py", "import time\nprint('tuning LO', flush=True)\ntime.sleep(3)\n")
    project.passing("b.py")
    code, seen = project.on_terminal("run", keys=[("a.py", lambda _: time.sleep(1)), ("a.py", b"t")])
    assert code == 0 and "tuning LO" in plain(seen)


def test_help_of_every_command(project):
    text = project.muster("help", code=0).out
    commands = "init list run resume history show batches logs version help completion".split()
    for command in commands:
        assert re.search(rf"^\s*{command}\b", text, re.MULTILINE), command
        assert project.muster("help", command, code=0).out == \
            project.muster(command, "--help", code=0).out
    assert project.muster("--help", code=0).out


@pytest.mark.parametrize("ending", ["by itself", "Ctrl-C"])
def test_the_terminal_is_left_as_it_was(project, ending):
    """Whatever comes next on this terminal finds it blocking, echoing and in lines."""
    project.write("a.py", "import time\ntime.sleep(1.5)\n")
    project.passing("b.py")
    master, slave = pty.openpty()
    try:
        before = termios.tcgetattr(slave), fcntl.fcntl(slave, fcntl.F_GETFL)
        process = project.start("run", stdin=slave, stdout=slave, stderr=slave,
                                preexec_fn=own_terminal, env={"TERM": "xterm"})
        project.wait_until_running("a.py")
        if ending == "Ctrl-C":
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == (0 if ending == "by itself" else 130)
        assert (termios.tcgetattr(slave), fcntl.fcntl(slave, fcntl.F_GETFL)) == before
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(project, shell):
    assert "run" in project.muster("completion", shell, code=0).out


def test_version_names_its_sqlite(project):
    text = project.muster("version", code=0).out
    assert re.search(r"\b0\.\d+", text) and sqlite3.sqlite_version in text


def test_the_bash_completion_is_bash(project, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(project.muster("completion", "bash", code=0).out)
    subprocess.run(["bash", "-n", script], check=True)


def test_chinese(project):
    project.passing("a.py")
    english = project.muster("run", "--dry-run", code=0)
    for arguments, env in ((["--lang", "zh_CN"], {}), ([], {"LANGUAGE": "zh_CN"}),
                           ([], {"LANG": "zh_CN.UTF-8"})):
        result = project.muster(*arguments, "help", env=env, code=0)
        assert re.search("[\u4e00-\u9fff]", result.out), (arguments, env)
    assert not re.search("[\u4e00-\u9fff]", english.out)
    assert not re.search("[\u4e00-\u9fff]", project.muster("help", code=0).out)


def test_json_speaks_no_language(project):
    project.passing("a.py")
    project.muster("run", code=0)
    assert project.muster("history", "--json", env={"LANGUAGE": "zh_CN"}).out_bytes == \
        project.muster("history", "--json").out_bytes


def test_no_command_of_the_summary_is_broken_in_two(project):
    project.write("a_long_name_of_a_script.py", "raise SystemExit(1)\n")
    project.passing("b.py")
    _, seen = project.on_terminal("run", "-x")
    lines = plain(seen).splitlines()
    assert any("muster show 1/a_long" in line for line in lines)
    [finish] = [line for line in lines if "muster resume 1" in line]
    assert "look" not in finish  # it would not have fitted


def test_a_long_name_leaves_room_for_the_reason(project):
    project.write("x" * 90 + ".py", "raise ValueError('boom')\n")
    project.passing("b.py")
    _, seen = project.on_terminal("run")
    line = plain(seen).split("  ERROR ", 1)[1].splitlines()[0]
    assert "xxx…  ValueError: boom" in line and len("  ERROR " + line) <= 80
