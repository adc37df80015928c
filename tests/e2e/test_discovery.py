"""Which files are scripts, in which order, by which names."""
import os

import pytest


def listed(project, *arguments, **start):
    return [item["script_path"]
            for item in project.muster("list", "--json", *arguments, **start).items()]


def test_natural_order(project):
    project.passing("TS_10.py", "TS_2.py", "TS_1.py", "b/2.py", "a/10.py", "a/9.py", "a/a.py")
    found = listed(project)
    assert [name for name in found if name.startswith("TS")] == ["TS_1.py", "TS_2.py", "TS_10.py"]
    assert [name for name in found if name.startswith("a/")] == ["a/9.py", "a/10.py", "a/a.py"]


def test_what_is_left_out(project):
    taken = ["a.py", "helpers/b.py", "test_c.py"]
    left_out = ["__init__.py", "__main__.py", "conftest.py", "setup.py", "noxfile.py", "manage.py",
                ".hidden/x.py", "__pycache__/x.py", "lib/site-packages/x.py", "node_modules/x.py",
                "build/x.py", "dist/x.py", "deep/__init__.py", "myenv/lib/x.py"]
    project.passing(*taken, *left_out)
    project.write("myenv/pyvenv.cfg", "home = /usr/bin\n")
    project.write("notes.txt", "")
    assert sorted(listed(project)) == sorted(taken)
    excluded = {item["script_path"].rstrip("/"): item["why"]
                for item in project.muster("list", "--excluded", "--json", code=0).items()}
    for name in left_out:
        parts = [name.rsplit("/", count)[0] for count in range(name.count("/") + 1)]
        assert any(part in excluded for part in [name, *parts]), name
    assert all(excluded.values())


def test_by_hand_always(project):
    project.passing("build/x.py", "conftest.py")
    project.muster("run", "build/x.py", "conftest.py", code=0)
    assert set(project.executions()) == {"build/x.py", "conftest.py"}


def test_include_and_exclude(project):
    project.write("muster.yaml", """
scripts: [tests, more]
include: ["build/**"]
exclude: ["**/helpers/**", "*_old.py"]
""")
    project.passing("a.py", "tests/b.py", "tests/helpers/c.py", "more/d_old.py", "more/e.py",
                    "more/build/f.py")
    assert "a.py" not in listed(project)
    found = listed(project)
    assert {"tests/b.py", "more/e.py"} <= set(found)
    assert not {"tests/helpers/c.py", "more/d_old.py"} & set(found)


NAMES = ["with space.py", "合格 测试.py", "[brackets] {and} (such).py", "new\nline.py", "-dash.py",
         "quote'\".py", "semi;colon$HOME.py", "tab\there.py", "100%s%n.py"]


@pytest.mark.parametrize("name", NAMES)
def test_names(project, name):
    project.passing(f"dir/{name}")
    result = project.muster("run", "dir", code=0)
    assert list(project.executions()) == [f"dir/{name}"]
    assert project.execution(f"dir/{name}")["script_name"] == name
    assert "new\nline" not in result.out + result.err
    project.muster("show", "1/1", code=0)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("-")])
def test_names_by_hand(project, name):
    project.passing(name)
    project.muster("run", name, code=0)
    assert list(project.executions()) == [name]


def test_a_name_that_is_no_utf8(project):
    path = os.fsencode(project.folder) + b"/\xb2\xe2\xca\xd4.py"
    with open(path, "wb") as file:
        file.write(b'print("PASS")\n')
    project.muster("run", code=0)
    assert project.value("SELECT count(*) FROM execution_history WHERE status = 'SUCCESS'") == 1
    project.muster("history", "--json", code=0).json()


def test_links(project):
    project.passing("real/a.py")
    (project.folder / "real/loop").symlink_to(project.folder / "real")
    (project.folder / "again").symlink_to(project.folder / "real")
    (project.folder / "real/same.py").symlink_to("a.py")
    (project.folder / "real/dangling.py").symlink_to("nowhere.py")
    outside = project.folder.parent / "outside"
    outside.mkdir()
    (outside / "far.py").write_text('print("PASS")\n')
    (project.folder / "linked").symlink_to(outside)
    found = listed(project)
    assert len([name for name in found if name.endswith(("a.py", "same.py"))]) == 1
    assert "linked/far.py" in found


def test_a_path_twice_is_one_script(project):
    project.passing("a/b.py")
    project.muster("run", "a", "a/b.py", "./a/../a/b.py", code=0)
    assert list(project.executions()) == ["a/b.py"]


def test_the_path_is_the_key_not_the_name(project):
    project.passing("one/check.py")
    project.write("two/check.py", 'print("FAIL")\n')
    project.muster("run", code=1)
    assert project.statuses() == {"one/check.py": "SUCCESS", "two/check.py": "FAILED"}


def test_outside_the_project(project):
    other = project.folder.parent / "other"
    other.mkdir()
    (other / "a.py").write_text('print("PASS")\n')
    project.muster("run", "../other", code=0)
    assert list(project.executions()) == [str(other / "a.py")]


@pytest.mark.parametrize("expression, expected", [
    ("can", {"can_fast.py", "can_slow.py", "sub/CAN_2.py"}),
    ("can and not slow", {"can_fast.py", "sub/CAN_2.py"}),
    ("not can", {"lin.py"}),
    ("lin or slow", {"lin.py", "can_slow.py"}),
    ("can and (slow or sub)", {"can_slow.py", "sub/CAN_2.py"}),
    ("sub/", {"sub/CAN_2.py"}),
])
def test_selection(project, expression, expected):
    project.passing("can_fast.py", "can_slow.py", "lin.py", "sub/CAN_2.py")
    assert set(listed(project, "-k", expression)) == expected


def test_globs(project):
    project.passing("a1.py", "a2.py", "b.py", "x/a3.py")
    assert listed(project, "a*.py") == ["a1.py", "a2.py"]
    assert listed(project, "**/a*.py") == ["a1.py", "a2.py", "x/a3.py"]


def test_the_projects_own_home_is_no_script(project):
    project.passing("a.py")
    project.muster("init", code=0)
    project.write("logs/x.py", "")
    project.write("data/y.py", "")
    assert listed(project) == ["a.py"]
