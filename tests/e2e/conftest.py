"""Fixtures of the end-to-end tests."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import BINARY, Project


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="run the long tests as well")


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: takes minutes; only with --soak")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--soak"):
        return
    # Deselected, not skipped: a skip says that something could not be tested.
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture
def project(tmp_path):
    """An empty project. Whatever the test did, nothing that it started may be left running."""
    assert BINARY.exists(), f"{BINARY} is missing: make build"
    folder, user_home = tmp_path / "project", tmp_path / "user"
    folder.mkdir()
    user_home.mkdir()
    project = Project(folder, user_home)
    yield project
    try:
        project.assert_nothing_left()
    finally:
        project.kill_survivors()


@pytest.fixture
def as_nobody(project):
    """The project moved to an ordinary user, because no right binds root. Answers the keyword
    arguments with which project.muster() starts as that user."""
    if os.geteuid() != 0:
        yield {}
        return
    # Outside tmp_path, whose upper folders are closed to others; so may be the build folder.
    folder = Path(tempfile.mkdtemp(prefix="muster-nobody-"))
    folder.chmod(0o755)
    shutil.copytree(project.folder, folder / "project")
    project.binary = Path(shutil.copy(BINARY, folder))
    project.folder = folder / "project"
    project.home = project.folder / ".muster"
    project.env["HOME"] = str(folder)
    # A sanitizer could not write its report where root's go: to stderr, then, and its exit code.
    project.env = {name: value for name, value in project.env.items()
                   if not name.endswith("SAN_OPTIONS")}
    subprocess.run(["chown", "-R", "65534:65534", folder], check=True)
    yield {"user": 65534, "group": 65534, "extra_groups": []}
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def screen(project, tmp_path):
    """A real terminal emulator (tmux) in the project: screen(command, columns, rows) answers a
    function that captures what a person sees."""
    socket = str(tmp_path / "tmux")
    tmux = ["tmux", "-S", socket, "-f", "/dev/null"]
    started = []

    def start(*arguments, columns=80, rows=24):
        command = " ".join(f"'{argument}'" for argument in (BINARY, *arguments))
        subprocess.run([*tmux, "new-session", "-d", "-x", str(columns), "-y", str(rows),
                        f"{command}; echo exit=$?; exec sleep 300"],
                       cwd=project.folder, env={**project.env, "TERM": "xterm-256color"},
                       check=True, timeout=20)
        started.append(True)

        def capture(*options):
            return subprocess.run([*tmux, "capture-pane", "-p", *options], check=True, timeout=20,
                                  stdout=subprocess.PIPE, text=True).stdout
        return capture

    yield start
    if started:
        subprocess.run([*tmux, "kill-server"], check=False, timeout=20)
