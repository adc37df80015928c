"""Everything is found afterwards."""
import re

import pytest

from harness import plain


@pytest.fixture
def past(project):
    """Three batches: b.py fails from the second on."""
    project.passing("sub/a.py", "sub/b.py")
    project.muster("run", code=0)
    project.write("sub/b.py", 'print("电压 11.2 V")\nprint("不合格")\n')
    project.muster("run", code=1)
    project.write("sub/c.py", "import nothing_of_that_name\n")
    project.muster("run", code=1)
    return project


def found(project, *arguments):
    return [(row["script_path"], row["status"])
            for row in project.muster("history", "--json", *arguments, code=0).items()]


def test_history_newest_first(past):
    rows = past.muster("history", "--json", code=0).items()
    assert len(rows) == 7
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


def test_filters(past):
    assert found(past, "--status", "FAILED") == [("sub/b.py", "FAILED")] * 2
    assert found(past, "--result", "FAIL") == [("sub/b.py", "FAILED")] * 2
    assert found(past, "--status", "ERROR") == [("sub/c.py", "ERROR")]
    assert len(found(past, "--limit", "2")) == 2
    assert len(found(past, "--since", "1h")) == 7


@pytest.mark.parametrize("option", ["--text", "--script"])
def test_filters_by_words(past, option):
    arguments = {"--text": ["--text", "11.2 V"], "--script": ["--script", "sub/b.py"]}[option]
    assert {path for path, _ in found(past, *arguments)} == {"sub/b.py"}


def test_show_a_batch_an_execution_a_script(past):
    batch = past.muster("show", "2", code=0).out
    assert "a.py" in batch and "b.py" in batch
    one = past.muster("show", "2/sub/b.py", code=0).out
    assert "11.2 V" in one and "FAILED" in one
    assert past.muster("show", "2/b.py", code=0).out == one
    assert past.muster("show", "2/2", code=0).out == one
    script = past.muster("show", "sub/b.py", code=0).out
    assert "b.py" in script
    past.muster("show", "latest", code=0)
    past.muster("show", "latest/c.py", code=0)
    past.muster("show", code=0)


def test_by_part_of_an_id(past):
    row = past.execution("sub/b.py", 2)
    shown = past.muster("show", row["record_id"], code=0).out
    assert "11.2 V" in shown
    assert past.muster("show", row["record_id"][-10:], code=0).out == shown


def test_the_summary_tells_since_when(past):
    result = past.muster("run", code=1)
    text = result.out + result.err
    assert re.search(r"b\.py.*3|3.*b\.py", text), "b.py fails for the third time"
    assert "muster show 4/" in text


def test_batches(past):
    text = past.muster("batches", code=0).out
    assert len([line for line in text.splitlines() if re.search(r"\b[123]\b", line)]) >= 3


def test_list_knows_the_last_result(past):
    items = {item["script_path"]: item for item in
             past.muster("list", "--json", code=0).items()}
    assert items["sub/b.py"]["last"]["status"] == "FAILED"
    past.passing("new.py")
    items = {item["script_path"]: item for item in
             past.muster("list", "--json", code=0).items()}
    assert items["new.py"]["last"] is None


def test_a_pipe_gets_whole_lines_and_a_terminal_its_width(past):
    past.passing("sub/" + "long_name_" * 12 + ".py")
    past.muster("run", code=1)
    wide = past.muster("history", code=0).out
    assert "long_name_" * 12 in wide and "\x1b" not in wide
    code, seen = past.on_terminal("history", columns=60)
    assert code == 0 and max(len(line) for line in plain(seen).splitlines()) <= 60


def test_no_color_is_honoured(past):
    code, seen = past.on_terminal("history", env={"NO_COLOR": "1"})
    assert code == 0 and not re.search(r"\x1b\[[0-9;]*m", seen)
    code, seen = past.on_terminal("history")
    assert code == 0 and re.search(r"\x1b\[[0-9;]*m", seen)


def test_the_schema_is_the_designs(project):
    project.passing("a.py")
    project.muster("run", code=0)
    tables = {row["name"] for row in project.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert {"execution_history", "batch_execution", "batch_details", "performance_metrics", "users",
            "user_sessions", "backup_records", "schema_version", "audit_logs"} <= tables
    versions = project.rows("SELECT version, checksum FROM schema_version ORDER BY id")
    assert versions[0]["version"] == "1.0.0" and all(row["checksum"] for row in versions)
    assert project.value("PRAGMA journal_mode") == "wal"
    assert project.rows("PRAGMA foreign_key_check") == []
