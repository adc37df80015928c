"""Scripts that nobody here wrote: CPython's own tests, through muster and through plain python3."""
import os
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import PYTHON, ROOT

FOLDER = Path("/usr/lib/python3.11/test")
QUICK = (ROOT / "tests/data/cpython-quick.txt").read_text().split()
LIMIT_S = 60

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="libpython3.11-testsuite is missing")


def plain(project, name, limit_s=LIMIT_S):
    """The exit code of plain python3, or None where it takes too long."""
    try:
        return subprocess.run(
            [PYTHON, FOLDER / name], cwd=FOLDER, env=project.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=limit_s,
            start_new_session=True, check=False).returncode
    except subprocess.TimeoutExpired:
        return None


def listing():
    return sorted(str(path) for path in FOLDER.rglob("*"))


def through_muster(project, names, *options, timeout):
    """Run them; answers {name: row}, having checked what must hold whatever they did."""
    project.env["PYTHONDONTWRITEBYTECODE"] = "1"
    before = listing()
    result = project.muster("run", "-j", "2", "--timeout", f"{LIMIT_S}s", *options,
                            *(FOLDER / name for name in names), timeout=timeout)
    assert result.code == 1, repr(result)
    project.assert_nothing_left()
    assert listing() == before, "junk in their folder"
    project.assert_counts_agree()
    rows = {Path(path).name: row for path, row in project.executions().items()}
    assert sorted(rows) == sorted(names)
    return rows


def assert_same_exit_codes(rows, codes):
    assert {name: row["exit_code"] for name, row in rows.items() if name in codes} == codes


def test_fifty_quick_ones(project):
    rows = through_muster(project, QUICK, timeout=300)
    assert_same_exit_codes(rows, {name: plain(project, name) for name in QUICK})


@pytest.mark.soak
def test_all_of_them(project):
    """Compared are those that end alike in two plain runs; the rest must only end cleanly."""
    names = sorted(path.name for path in FOLDER.glob("test_*.py"))
    rows = through_muster(project, names, "--grace", "2s", timeout=3 * 3600)
    with ThreadPoolExecutor(2) as pool:
        first = dict(zip(names, pool.map(lambda name: plain(project, name), names)))
        again = dict(zip(names, pool.map(lambda name: plain(project, name), names)))
    project.kill_survivors()  # what the plain runs left behind
    steady = {name: code for name, code in first.items()
              if code is not None and again[name] == code}
    print("\nmuster:", dict(Counter(row["status"] for row in rows.values())))
    print("plain: ", dict(Counter(map(str, first.values()))), "steady:", len(steady))
    different = {name: (rows[name]["status"], rows[name]["exit_code"], code)
                 for name, code in sorted(steady.items()) if rows[name]["exit_code"] != code}
    for name, (status, code, expected) in different.items():
        print(f"  {name}: {status} {code}, plain {expected}")
    assert len(steady) > 300 and not different


@pytest.mark.soak
def test_the_whole_folder_as_one_would_type_it(project):
    project.env["PYTHONDONTWRITEBYTECODE"] = "1"
    before = listing()
    result = project.muster("run", "-j", "-k", "test_", "--timeout", "60s", os.fspath(FOLDER),
                            timeout=3 * 3600)
    assert result.code == 1
    project.assert_nothing_left()
    assert listing() == before
    project.assert_counts_agree()
    assert len(project.executions()) > 500
