"""The layer check finds what it is there for, and this repository passes it."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_layers  # noqa: E402


def tree(tmp_path, files):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_this_repository_passes():
    assert check_layers.check(ROOT) == []


@pytest.mark.parametrize("name, text", [
    ("src/base/a.c", '#include "model/status.h"\n'),
    ("src/model/a.h", '#include "store/store.h"\n'),
    ("src/store/a.c", '#include "engine/engine.h"\n'),
    ("src/engine/a.c", '#  include "verdict/verdict.h"\n'),
    ("src/service/a.c", '#include "cli/cli.h"\n'),
    ("src/http/a.c", '#include "cli/cli.h"\n'),
    ("src/service/a.c", "#include <sqlite3.h>\n"),
    ("src/cli/a.c", "#include <uv.h>\n"),
    ("src/service/a.c", "#include <pcre2.h>\n"),
    ("src/service/a.c", "void f(void)\n{\n    vfork();\n}\n"),
    ("src/cli/a.c", "void f(void)\n{\n    execve (p, a, e);\n}\n"),
    ("src/engine/a.c", "void f(void)\n{\n    uv_spawn(l, h, o);\n}\n"),
    ("src/cli/a.c", '#include "nowhere/x.h"\n'),
    ("src/elsewhere/a.c", "int x;\n"),
    ("include/muster/muster.h", '#include "base/error.h"\n'),
])
def test_a_wrong_arrow_is_found(tmp_path, name, text):
    findings = check_layers.check(tree(tmp_path, {name: text}))
    assert len(findings) == 1 and findings[0].startswith(name)


def test_a_neighbour_without_its_folder_is_found(tmp_path):
    root = tree(tmp_path, {"src/store/a.c": '#include "db.h"\n', "src/store/db.h": ""})
    assert len(check_layers.check(root)) == 1


@pytest.mark.parametrize("name, text", [
    ("src/engine/a.c", '#include "engine/b.h"\n#include "model/m.h"\n#include <uv.h>\nvfork();\n'),
    ("src/store/a.c", '#include "base/error.h"\n#include <sqlite3.h>\n#include "statements.h"\n'),
    ("src/cli/a.c", '#include "service/run.h"\n#include "verdict/v.h"\n'),
    ("src/cli/a.c", '/* vfork() and execve() */ int x; // popen()\nchar *t = "fork()";\n'),
    ("src/cli/a.c", "event->clone(1); my_fork(2);\n"),
])
def test_a_right_arrow_passes(tmp_path, name, text):
    assert check_layers.check(tree(tmp_path, {name: text})) == []
