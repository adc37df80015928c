"""Where settings come from, and which one wins."""
import json
import subprocess

import pytest

from harness import PYTHON


@pytest.fixture
def settled(project):
    """A project with its own muster.yaml, whose folder is the home."""
    project.home = project.folder
    return project


def effective(project, *arguments):
    """{script_path: {setting: (value, source)}} of `muster list --json`."""
    items = project.muster("list", "--json", *arguments, code=0).items()
    return {item["script_path"]: {name: (setting["value"], setting["source"])
                                  for name, setting in item["settings"].items()}
            for item in items}


def test_precedence(settled):
    settled.write("muster.yaml", """
timeout: 40s
grace: 3s
idle_timeout: 20s
overrides:
  - {scripts: "slow/**", timeout: 10m, grace: 4s}
  - {scripts: "slow/deep/*", timeout: 1h30m}
""")
    settled.passing("a.py", "slow/b.py", "slow/deep/c.py")
    settled.write("slow/deep/d.py", '"""doc"""\n# MUSTER: timeout=7s idle_timeout=off\n')
    found = effective(settled)
    assert [value[0] for value in (found["a.py"]["timeout"], found["slow/b.py"]["timeout"],
                                   found["slow/deep/c.py"]["timeout"],
                                   found["slow/deep/d.py"]["timeout"])] \
        == ["40s", "10m", "1h30m", "7s"]
    sources = [found[path][name][1] for path, name in (
        ("a.py", "leak_grace"), ("a.py", "timeout"), ("slow/b.py", "grace"),
        ("slow/deep/d.py", "timeout"))]
    assert len(set(sources)) == 4  # default, file, override, directive
    assert found["slow/deep/d.py"]["idle_timeout"][0] == "off"


def test_the_command_line_is_strongest(settled):
    settled.write("muster.yaml", "timeout: 40s\n")
    settled.write("a.py", "# MUSTER: timeout=30s\nimport time\ntime.sleep(60)\n")
    result = settled.muster("run", "a.py", "--timeout", "1", "--grace", "1s", code=1)
    assert settled.execution("a.py")["status"] == "TIMEOUT" and result.seconds < 20


def test_directives_only_in_the_first_thirty_lines(settled):
    settled.write("a.py", "\n" * 29 + "# MUSTER: timeout=9s\n")
    settled.write("b.py", "\n" * 30 + "# MUSTER: timeout=9s\n")
    found = effective(settled)
    assert found["a.py"]["timeout"][0] == "9s" and found["b.py"]["timeout"][0] == "1h"


@pytest.mark.parametrize("written, means", [
    ("30", "30s"), ("30s", "30s"), ("5m", "5m"), ("1h30m", "1h30m"), ("90s", "1m30s"),
    ("1500ms", None),
])
def test_durations(settled, written, means):
    settled.write("muster.yaml", f"timeout: {written}\n")
    settled.passing("a.py")
    value = effective(settled)["a.py"]["timeout"][0]
    if means:
        assert value == means


@pytest.mark.parametrize("written", ["512K", "1MiB", "524288"])
def test_sizes(settled, written):
    settled.write("muster.yaml", f"output_limit: {written}\n")
    settled.write("a.py", "print('x' * 3_000_000)\n")
    settled.muster("run", "a.py", code=0)
    limit = 1 << 20 if written == "1MiB" else 1 << 19
    kept = len(settled.execution("a.py")["output"])
    assert limit * 0.8 < kept < limit * 1.1


def test_the_home_is_where_muster_yaml_is(project):
    project.write("muster.yaml", "timeout: 5m\n")
    project.passing("deep/er/a.py")
    project.muster("run", "a.py", cwd=project.folder / "deep/er", code=0)
    project.home = project.folder
    row = project.execution("deep/er/a.py")
    assert row["status"] == "SUCCESS"


def test_a_home_by_option_and_by_environment(project):
    project.passing("a.py")
    project.muster("run", "--home", "one", code=0)
    project.muster("--home", "one", "run", code=0)
    project.muster("run", env={"MUSTER_HOME": str(project.folder / "two")}, code=0)
    for name, batches in (("one", 2), ("two", 1)):
        project.home = project.folder / name
        assert project.value("SELECT count(*) FROM batch_execution") == batches
    assert not (project.folder / ".muster").exists()


def test_init(project):
    project.muster("init", code=0)
    text = (project.folder / "muster.yaml").read_text()
    assert "timeout" in text and "#" in text
    project.home = project.folder
    assert project.has_database() and project.value("SELECT count(*) FROM schema_version") >= 1
    project.passing("a.py")
    project.muster("run", code=0)
    again = project.muster("init")
    assert (project.folder / "muster.yaml").read_text() == text, repr(again)
    assert project.value("SELECT count(*) FROM execution_history") == 1


@pytest.mark.parametrize("cwd, expected", [
    ("script", "sub"), ("project", "."), ("elsewhere", "elsewhere")])
def test_cwd(settled, cwd, expected):
    settled.write("muster.yaml", f"cwd: {cwd}\n")
    (settled.folder / "elsewhere").mkdir()
    settled.write("sub/a.py", "import os, sys\nprint(os.getcwd())\nprint(sys.path[0])\n")
    settled.muster("run", "sub/a.py", code=0)
    assert settled.execution("sub/a.py")["output"].splitlines() == [
        str((settled.folder / expected).resolve()), str(settled.folder / "sub")]


def test_environment_and_path(settled):
    settled.write("muster.yaml", """
env: {PORT: "7", EMPTY: ""}
env_file: bench.env
pythonpath: [lib]
unbuffered: false
""")
    settled.write("bench.env", "# the bench\nBENCH=LAB 3\nPORT=1\n")
    settled.write("lib/bench/__init__.py", "NAME = 'from lib'\n")
    settled.write("s/a.py", """
import os, sys, bench
print(os.environ["PORT"], repr(os.environ["EMPTY"]), os.environ["BENCH"], bench.NAME)
print(os.environ["PYTHONPATH"])
print(os.environ.get("PYTHONUNBUFFERED"))
""")
    settled.muster("run", "s/a.py", env={"PYTHONPATH": "/opt/mine"}, code=0)
    assert settled.execution("s/a.py")["output"].splitlines() == [
        "7 '' LAB 3 from lib", f"{settled.folder}/lib:/opt/mine", "None"]


@pytest.mark.parametrize("stdin, expected", [
    ("null", "''"), ("newline", "'\\n'"), ("answers.txt", "'y\\nn\\n'")])
def test_stdin(settled, stdin, expected):
    settled.write("muster.yaml", f"stdin: {stdin}\n")
    settled.write("answers.txt", "y\nn\n")
    settled.write("a.py", "import sys\nprint(repr(sys.stdin.read()))\n")
    settled.muster("run", "a.py", code=0)
    assert settled.execution("a.py")["output"].strip() == expected


def test_the_interpreter_of_a_venv(project):
    made = subprocess.run([PYTHON, "-m", "venv", "--without-pip", project.folder / ".venv"],
                          stderr=subprocess.PIPE, check=False)
    if made.returncode != 0:
        pytest.skip("python3-venv is missing")
    project.write("sub/a.py", "import sys\nprint(sys.prefix, sys.executable)\n")
    project.muster("run", code=0)
    row = project.execution("sub/a.py")
    assert row["output"].split() == [str(project.folder / ".venv"), row["interpreter"]]
    assert row["interpreter"].startswith(str(project.folder / ".venv/bin/python"))
    assert set(project.executions()) == {"sub/a.py"}  # the venv's own files are no scripts
    (project.folder / ".venv").rename(project.folder.parent / "other")
    project.muster("run", env={"VIRTUAL_ENV": str(project.folder.parent / "other")}, code=0)
    assert project.execution("sub/a.py")["output"].split()[0] == str(project.folder.parent / "other")


def test_a_shim_is_started_once_only(project):
    project.write("shims/python3", '#!/bin/sh\necho shim >> "$SHIM_LOG"\n'
                                   'exec /usr/bin/python3 "$@"\n').chmod(0o755)
    project.passing(*(f"s{number}.py" for number in range(5)))
    log = project.folder / "shim.log"
    project.muster("run", code=0, env={
        "PATH": f"{project.folder}/shims:/usr/bin:/bin", "SHIM_LOG": str(log)})
    assert len(log.read_text().splitlines()) <= 1
    assert {row["interpreter"] for row in project.executions().values()} == {"/usr/bin/python3"}


def test_list_json_is_one_document(project):
    project.passing("a.py")
    document = json.loads(project.muster("list", "--json", code=0).out)
    [item] = document["items"]
    assert item["script_path"] == "a.py" and item["script_name"] == "a.py"
