"""Bad input gets a clear error and the documented exit code, and nothing is lost."""
import os
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from harness import SANITIZED, is_error


def assert_ran_nothing(project):
    if project.has_database():
        assert project.value("SELECT count(*) FROM batch_execution") == 0


def refused(project, *arguments, code, **start):
    """Run what must be refused with that exit code, and in a whole sentence."""
    result = project.muster(*arguments, code=code, **start)
    assert is_error(result), repr(result)
    return result


# -- what to run

def test_no_such_path(project):
    project.passing("a.py")
    result = refused(project, "run", "a.py", "nowhere/x.py", code=2)
    assert "nowhere/x.py" in result.err
    assert_ran_nothing(project)


def test_a_glob_that_matches_nothing(project):
    project.passing("a.py")
    assert "b*.py" in refused(project, "run", "b*.py", code=2).err
    assert_ran_nothing(project)


def test_an_empty_folder(project):
    (project.folder / "empty").mkdir()
    assert "empty" in refused(project, "run", "empty/", code=4).err
    assert_ran_nothing(project)


def test_nothing_matches(project):
    project.passing("a.py")
    refused(project, "run", "-k", "can and not slow", code=4)
    assert_ran_nothing(project)


def test_a_broken_selection(project):
    project.passing("a.py")
    assert "^" in refused(project, "run", "-k", "can and (", code=2).err
    assert_ran_nothing(project)


@pytest.mark.parametrize("content", [
    b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\xff\xfe\x80\n" * 40,
    b"print('\xff\xfe')\n",
    "print('\u5408\u683c')\n".encode("utf-16"),
])
def test_a_file_that_is_no_text(project, content):
    project.write("noise.py", content)
    project.passing("z.py")
    project.muster("run", code=1)
    assert project.statuses() == {"noise.py": "ERROR", "z.py": "SUCCESS"}
    assert project.execution("noise.py")["error_message"]


def test_a_file_given_by_hand_is_always_taken(project):
    project.write("notes.txt", 'print("PASS")\n')
    project.muster("run", "notes.txt", code=0)
    assert project.statuses() == {"notes.txt": "SUCCESS"}


def test_an_unreadable_script(project, as_nobody):
    project.passing("b.py")
    project.write("a.py", 'print("PASS")\n').chmod(0)
    if as_nobody:
        subprocess.run(["chown", "-R", "65534:65534", project.folder], check=True)
    project.muster("run", code=1, **as_nobody)
    assert project.statuses() == {"a.py": "ERROR", "b.py": "SUCCESS"}
    assert "a.py" in project.execution("a.py")["error_message"]


def test_a_script_that_goes_away_before_its_turn(project):
    project.write("a.py", "import os\nos.remove('b.py')\nos.mkdir('c.py.d')\n"
                          "os.remove('c.py')\nos.rename('c.py.d', 'c.py')\n")
    project.passing("b.py", "c.py", "d.py")
    project.muster("run", code=1)
    assert project.statuses() == {
        "a.py": "SUCCESS", "b.py": "ERROR", "c.py": "ERROR", "d.py": "SUCCESS"}
    assert project.execution("b.py")["error_message"]


def test_a_script_named_like_a_standard_module(project):
    project.write("json.py", 'print("PASS")\n')
    project.write("victim.py", "import json\nprint(json.dumps({}))\n")
    project.muster("run", code=1)
    victim = project.execution("victim.py")
    assert victim["status"] == "ERROR"
    assert "json.py" in victim["hint"]


# -- the interpreter

@pytest.mark.parametrize("python, content, mode", [
    ("missing/python3", None, None),
    ("not-executable", b"#!/bin/sh\n", 0o644),
    ("wrong-format", b"\x00\x01\x02\x03", 0o755),
    ("no-python", b"#!/bin/sh\necho hello\n", 0o755),
    ("fails", b"#!/bin/sh\nexit 3\n", 0o755),
])
def test_an_interpreter_that_is_none(project, python, content, mode):
    project.passing("a.py")
    if content is not None:
        project.write(python, content).chmod(mode)
    project.write("muster.yaml", f"python: ./{python}\n")
    project.home = project.folder
    result = project.muster("run", code=1)
    row = project.execution("a.py")
    assert row["status"] == "ERROR" and row["exit_code"] is None
    assert python in row["error_message"]
    assert python in result.out + result.err


# -- the home

def test_a_home_where_none_can_be(project):
    project.passing("a.py")
    assert "/proc/muster" in refused(project, "--home", "/proc/muster", "run", code=3).err


def test_a_home_that_is_a_file(project):
    project.passing("a.py")
    project.write("home", "precious\n")
    refused(project, "--home", "home", "run", code=3)
    assert (project.folder / "home").read_text() == "precious\n"


def test_a_read_only_home(project, as_nobody):
    project.passing("a.py")
    home = project.folder / "home"
    home.mkdir(mode=0o555)
    if as_nobody:
        subprocess.run(["chown", "65534:65534", project.folder / "a.py", home], check=True)
    assert "home" in refused(project, "--home", "home", "run", code=3, **as_nobody).err


def test_a_full_home(project, tmp_path):
    project.passing("a.py")
    full = tmp_path / "full"
    full.mkdir()
    inner = (f"mount -t tmpfs -o size=16k tmpfs {full} && "
             f"cat /dev/zero > {full}/filler 2>/dev/null; exec {project.binary} --home {full} run")
    probe = subprocess.run(["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs",
                            "tmpfs", full], stderr=subprocess.DEVNULL, check=False)
    if probe.returncode != 0:
        pytest.skip("no mount namespaces here")
    done = subprocess.run(["unshare", "--mount", "--map-root-user", "sh", "-c", inner],
                          cwd=project.folder, env=project.env, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, timeout=60,
                          check=False)
    assert done.returncode == 3, done
    assert done.stderr.startswith("muster: ")


def test_a_home_that_fills_up_lets_go(project, tmp_path):
    """It waits for space, but Ctrl-C still ends it; and nothing that was there is gone."""
    project.write("a.py", "import os\nfor _ in range(8000): print(os.urandom(500).hex())\n")
    project.passing("b.py", "c.py")
    full = tmp_path / "full"
    full.mkdir()
    probe = subprocess.run(["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs",
                            "tmpfs", full], stderr=subprocess.DEVNULL, check=False)
    if probe.returncode != 0:
        pytest.skip("no mount namespaces here")
    inner = (f"mount -t tmpfs -o size=2m tmpfs {full} && {project.binary} --home {full} run a.py b.py "
             f"c.py & sleep 2; kill -INT $!; sleep 1; kill -INT $! 2>/dev/null; wait $!; "
             f"code=$?; rm -r {full}/logs; {project.binary} --home {full} show --json; exit $code")
    process = subprocess.Popen(
        ["unshare", "--mount", "--map-root-user", "sh", "-mc", inner], cwd=project.folder,
        env=project.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    result = project.finish(process, timeout=40)
    assert result.code == 3, result
    assert "No space left" in result.err and "nothing more is started" in result.err
    assert '"total_scripts":3' in result.out


def test_a_log_that_is_not_whole_says_so(project):
    project.write("a.py", "import os\nfor _ in range(4000): print(os.urandom(500).hex())\n")
    logs = project.folder / ".muster" / "logs"
    logs.mkdir(parents=True)
    inside = ["unshare", "--mount", "--map-root-user"]
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(logs)]
    if subprocess.run([*inside, *mount], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("no mount namespaces here")
    process = subprocess.Popen([*inside, "sh", "-c", '"$@" && exec "$MUSTER" run', "-", *mount],
                               cwd=project.folder, env={**project.env, "MUSTER": project.binary},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert process.wait(timeout=40) == 0
    assert "log is not whole" in project.muster("show", "1/a.py", code=0).out


@pytest.mark.skipif(SANITIZED, reason="a preloaded library comes before the sanitizer's")
@pytest.mark.parametrize("magic", ["0x6969", "0xFF534D42", "0xFE534D42"])
def test_a_home_on_a_network_file_system(project, tmp_path, magic):
    project.passing("a.py")
    source = tmp_path / "network.c"
    source.write_text("""
#define _GNU_SOURCE
#include <sys/vfs.h>
#include <dlfcn.h>
#define REPLACE(name, type, first) \\
    int name(first what, struct type *st) \\
    { \\
        int (*real)(first, struct type *) = dlsym(RTLD_NEXT, #name); \\
        int rc = real(what, st); \\
        st->f_type = MAGIC; \\
        return rc; \\
    }
REPLACE(statfs, statfs, const char *)
REPLACE(fstatfs, statfs, int)
REPLACE(statfs64, statfs64, const char *)
REPLACE(fstatfs64, statfs64, int)
""")
    library = tmp_path / "network.so"
    subprocess.run(["cc", "-w", "-shared", "-fPIC", f"-DMAGIC={magic}", "-o", library, source],
                   check=True)
    refused(project, "run", code=3, env={"LD_PRELOAD": str(library)})
    assert not project.has_database()


@pytest.mark.parametrize("content", [b"", b"this is no database\n" * 100, b"\x00" * 8192])
def test_a_database_that_is_none(project, content):
    project.passing("a.py")
    database = project.write(".muster/data/app.db", content)
    if not content:
        # An empty file is an empty database: SQLite itself makes one.
        project.muster("run", code=0)
        return
    for command in (["run"], ["history"], ["show", "1"]):
        assert "app.db" in refused(project, *command, code=3).err
    assert database.read_bytes() == content


def test_a_damaged_database(project):
    project.passing("a.py", "b.py")
    project.muster("run", code=0)
    database = project.home / "data" / "app.db"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(database.read_bytes())
    content[100:200] = b"\xff" * 100  # the first page's b-tree: nothing can be read
    database.write_bytes(content)
    refused(project, "run", code=3)
    assert database.read_bytes()[:4096] == content[:4096]


def test_a_database_from_a_newer_muster(project):
    project.passing("a.py")
    project.muster("run", code=0)
    connection = sqlite3.connect(project.home / "data" / "app.db")
    connection.execute("INSERT INTO schema_version (version, description) VALUES ('99.0.0', 'x')")
    connection.commit()
    connection.close()
    for command in (["run"], ["history"]):
        assert "99.0.0" in refused(project, *command, code=3).err
    assert project.value("SELECT count(*) FROM execution_history") == 1


def test_a_database_locked_for_a_while(project):
    project.passing("a.py")
    project.muster("run", code=0)
    connection = sqlite3.connect(project.home / "data" / "app.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    process = project.start("run")
    time.sleep(2)
    connection.execute("COMMIT")
    connection.close()
    assert project.finish(process).code == 0
    assert project.value("SELECT count(*) FROM execution_history") == 2
    project.assert_counts_agree()


def test_a_database_that_stays_locked(project):
    project.passing("a.py")
    project.muster("run", code=0)
    connection = sqlite3.connect(project.home / "data" / "app.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    refused(project, "run", code=3, timeout=60)
    project.muster("history", code=0)  # readers are not in its way
    connection.execute("ROLLBACK")
    connection.close()
    assert project.value("SELECT count(*) FROM execution_history") == 1


# -- muster.yaml

@pytest.mark.parametrize("text, line, word", [
    ("timeot: 5s\n", 1, "timeout"),
    ("jobs: 2\ncolour: red\n", 2, "colour"),
    ("timeout: 10min\n", 1, "10min"),
    ("timeout: -1\n", 1, "-1"),
    ("timeout: [1, 2]\n", 1, "timeout"),
    ("jobs: many\n", 1, "many"),
    ("jobs: 0\n", 1, "0"),
    ("output_limit: 1Q\n", 1, "1Q"),
    ("unbuffered: perhaps\n", 1, "perhaps"),
    ("stop_signal: KILL\n", 1, "KILL"),
    ("runner: nose\n", 1, "nose"),
    ("retries: {count: 2}\n", 1, "retries"),
    ("group: can0\n", 1, "group"),
    ("memory_limit: 2GiB\n", 1, "memory_limit"),
    ("jobs: 2\nverdict: {from: tea}\n", 2, "tea"),
    ("verdict:\n  rules:\n    - {match: '(', result: FAIL}\n", 3, "("),
    ("verdict:\n  rules:\n    - {match: 'x', result: MAYBE}\n", 3, "MAYBE"),
    ("overrides:\n  - {scripts: 'a/**', jobs: 3}\n", 2, "jobs"),
    ("overrides:\n  - {timeout: 3s}\n", 2, "scripts"),
    ("jobs: 2\njobs: 3\n", 2, "jobs"),
    ("jobs: 2\n\ttimeout: 5s\n", 2, "tab"),
    ("env: {A: [1\n", None, ""),
    ("- a\n- b\n", 1, ""),
])
def test_a_broken_settings_file(project, text, line, word):
    project.passing("a.py")
    project.write("muster.yaml", text)
    project.home = project.folder
    result = refused(project, "run", code=2)
    place = re.search(r"muster\.yaml:(\d+):(\d+)", result.err)
    assert place, repr(result)
    if line:
        assert int(place.group(1)) == line
    assert word in result.err
    assert re.search(r"^\s*(\d+ *\|)?\s*\^", result.err, re.MULTILINE), "no caret"
    assert_ran_nothing(project)


def test_settings_in_gbk(project):
    project.passing("a.py")
    project.write("muster.yaml", "# 设置\nenv: {NAME: 测试}\n".encode("gbk"))
    assert re.search(r"muster\.yaml:\d+", refused(project, "run", code=2).err)


def test_settings_with_a_byte_order_mark(project):
    project.write("a.py", "import os\nprint(os.environ.get('GREETING'))\n")
    project.write("muster.yaml", b"\xef\xbb\xbfenv: {GREETING: hello}\n")
    project.home = project.folder
    result = project.muster("run", "a.py")
    if result.code == 2:
        assert re.search(r"muster\.yaml:1", result.err)
    else:
        assert result.code == 0 and project.execution("a.py")["output"] == "hello\n"


def test_settings_in_utf16(project):
    project.passing("a.py")
    project.write("muster.yaml", "jobs: 2\n".encode("utf-16"))
    result = project.muster("run", "a.py")
    assert result.code in (0, 2) and (result.code == 0 or "muster.yaml" in result.err)


@pytest.mark.parametrize("line", ["# MUSTER: timeout=soon", "# MUSTER: jobs=3",
                                  "# MUSTER: timeot=3s"])
def test_a_broken_directive(project, line):
    project.write("a.py", f"'''doc'''\n{line}\nprint('PASS')\n")
    assert re.search(r"a\.py:2", refused(project, "run", code=2).err)
    assert_ran_nothing(project)


def test_settings_that_are_a_folder(project):
    project.passing("a.py")
    (project.folder / "muster.yaml").mkdir()
    result = project.muster("run")
    assert result.code in (0, 2)


# -- records

@pytest.mark.parametrize("what", ["99", "1/99", "1/none.py", "0198ffff-dead", "latest/none.py",
                                  "nosuchscript.py", "0", "-0", "1/", "99999999999999999999"])
def test_an_unknown_record(project, what):
    project.passing("a.py")
    project.muster("run", code=0)
    result = project.muster("show", "--", what)
    assert result.code in (1, 2) and is_error(result), repr(result)


def test_logs_of_an_unknown_record(project):
    project.passing("a.py")
    project.muster("run", code=0)
    refused(project, "logs", "1/2", code=1)
    result = project.muster("resume", "7")
    assert result.code in (1, 2) and is_error(result)


def test_nothing_was_run_yet(project):
    for command in (["show", "latest"], ["logs", "1/1"], ["resume", "1"]):
        result = project.muster(*command)
        assert result.code in (1, 2, 3, 4) and is_error(result), repr(result)


def test_an_ambiguous_prefix(project):
    project.passing(*(f"s{number}.py" for number in range(5)))
    project.muster("run", code=0)
    ids = sorted(row["record_id"] for row in project.executions().values())
    common = os.path.commonprefix(ids)
    assert len(common) >= 9, "ids of one batch begin alike"
    result = project.muster("show", common)
    assert result.code in (1, 2) and is_error(result)
    project.muster("show", ids[0], code=0)
    assert any(project.muster("show", ids[0][-length:]).code == 0 for length in (8, 10, 12))


# -- the command line

@pytest.mark.parametrize("arguments", [
    ["run", "-j", "0"],
    ["run", "-j", "100000000000"],
    ["run", "--jobs=two"],
    ["run", "--timeout", "-1"],
    ["run", "--timeout", "soon"],
    ["run", "--timeout"],
    ["run", "--grace", "1x"],
    ["run", "--fail-fast=-1"],
    ["run", "--no-such-option"],
    ["run", "-Z"],
    ["--timeout", "5", "run"],
    ["-j", "2", "run"],
    ["list", "--timeout", "5"],
    ["history", "-x"],
    ["nonsense"],
    ["--nonsense"],
    ["logs"],
    ["show", "1", "2", "3"],
    ["version", "now"],
    ["--home"],
    ["run", "--color=mauve"],
    ["run", "a.py", "--executor", "magic"],
])
def test_a_wrong_command_line(project, arguments):
    project.passing("a.py")
    refused(project, *arguments, code=2)
    assert_ran_nothing(project)


def test_no_command_at_all(project):
    result = project.muster()
    assert result.code in (0, 2) and "run" in result.out + result.err


def test_output_that_nobody_reads(project):
    project.passing("a.py")
    project.muster("run", code=0)
    with open("/dev/full", "wb") as full:
        result = project.muster("history", stdout=full)
    assert result.code == 3, "what could not be written was not said"


def test_a_reader_that_goes_away(project):
    project.passing(*(f"s{number}.py" for number in range(20)))
    project.muster("run", code=0)
    done = subprocess.run(["bash", "-c", f"'{project.binary}' history --json | head -c 1; "
                                         "exit ${PIPESTATUS[0]}"],
                          cwd=project.folder, env=project.env, timeout=60, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b"Traceback" not in done.stderr and done.returncode in (0, 1, 3, 141)
    project.assert_counts_agree()


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="no prlimit")
def test_few_descriptors_for_many_jobs(project):
    project.passing(*(f"s{number}.py" for number in range(40)))
    done = subprocess.run(["prlimit", "--nofile=64:64", project.binary, "run", "-j", "100"],
                          cwd=project.folder, env=project.env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    # Fewer at once, or a clear refusal; never a script failed for it.
    assert done.returncode in (0, 2, 3), done
    if done.returncode == 0:
        assert set(project.statuses().values()) == {"SUCCESS"}
    else:
        assert done.stderr.startswith(b"muster: ")


def test_a_limit_for_the_size_of_files(project):
    project.passing("a.py")
    script = f"ulimit -f 10; exec {project.binary} run"
    result = project.finish(subprocess.Popen(["sh", "-c", script], cwd=project.folder,
                                             env=project.env, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    assert result.code == 3 and is_error(result), repr(result)


def test_few_descriptors_are_said(project):
    project.passing("a.py", "b.py", "c.py")
    process = subprocess.Popen(["sh", "-c", f"ulimit -n 64; exec {project.binary} run -j 3"],
                               cwd=project.folder, env=project.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    result = project.finish(process)
    assert result.code == 0 and "open files" in result.err, repr(result)
