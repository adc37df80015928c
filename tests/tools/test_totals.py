"""The totals that end the checks count what is there, and never lose a suite that died."""
import subprocess
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "test_totals.py"


def totals(*arguments):
    done = subprocess.run(["/usr/bin/python3", TOOL, *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.returncode, done.stdout.splitlines()


def write(path, *cases):
    body = "".join(f"<testcase name='t'>{case}</testcase>" for case in cases)
    path.write_text(f"<testsuites><testsuite name='s'>{body}</testsuite></testsuites>")
    return path


def test_sums_over_files(tmp_path):
    first = write(tmp_path / "a.xml", "", "", "<failure/>")
    second = write(tmp_path / "b.xml", "", "<error/>", "<skipped/>")
    assert totals(first, second) == (1, ["(1 skipped)", "3 passed, 2 failed"])


def test_all_well(tmp_path):
    assert totals(write(tmp_path / "a.xml", "", "")) == (0, ["2 passed, 0 failed"])


def test_a_missing_suite_is_a_failure(tmp_path):
    good = write(tmp_path / "a.xml", "")
    assert totals(good, tmp_path / "none.xml") == (1, ["1 passed, 1 failed"])


def test_nothing_at_all_is_no_success():
    assert totals()[0] == 1
