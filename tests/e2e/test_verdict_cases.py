"""Every worked example of the verdict through the real binary: real scripts that print the exact
bytes and end the way the case says."""
import json

import pytest

from harness import ROOT

CASES = json.loads((ROOT / "tests/data/verdict-cases.json").read_text(encoding="utf-8"))
TRACEBACK = b"Traceback (most recent call last):"


def streams(case):
    """(stdout, stderr) of a case: where it exits with 1 and its output ends in a traceback, that
    part goes to stderr."""
    if "output_hex" in case:
        return bytes.fromhex(case["output_hex"]), b""
    output = case["output"].encode("utf-8")
    start = output.rfind(TRACEBACK)
    if case["exit_code"] == 1 and start >= 0:
        return output[:start], output[start:]
    return output, b""


def script(case):
    out, err = streams(case)
    code = case["exit_code"]
    end = (f"os.kill(os.getpid(), {-code})" if code < 0 else f"os._exit({code})")
    return (f"import os\n"
            f"def write(fd, data):\n"
            f"    while data:\n"
            f"        data = data[os.write(fd, data):]\n"
            f"write(1, {out!r})\n"
            f"write(2, {err!r})\n"
            f"{end}\n")


def test_all_cases(project):
    assert len(CASES) >= 80
    for case in CASES:
        project.write(f"cases/{case['name']}.py", script(case))
    project.muster("run", "-j", "2", "cases", code=1)
    project.assert_counts_agree()
    rows = project.executions()
    wrong = []
    for case in CASES:
        row = rows[f"cases/{case['name']}.py"]
        got = (row["status"], row["result"], row["exit_code"])
        if got != (case["status"], case["result"], case["exit_code"]):
            wrong.append(f"{case['name']}: {got}, not {case['status']}/{case['result']} "
                         f"({case['why']}); rule {row['verdict_rule']!r} "
                         f"line {row['verdict_line']}: {row['verdict_text']!r}")
    assert not wrong, "\n".join(wrong)
    for row in rows.values():
        if row["result"] in ("PASS", "FAIL") and row["verdict_line"] is not None:
            assert row["verdict_rule"] and row["verdict_text"] is not None
            assert 1 <= row["verdict_line"] <= row["output_lines"]


def test_from_exit(project):
    project.write("muster.yaml", "verdict: {from: exit}\n")
    project.home = project.folder
    project.write("s/quiet.py", "pass\n")
    project.write("s/says_fail.py", 'print("不合格")\n')
    project.write("s/leaves.py", "import sys\nsys.exit(2)\n")
    project.muster("run", "s", code=1)
    rows = project.executions()
    assert (rows["s/quiet.py"]["status"], rows["s/quiet.py"]["result"]) == ("SUCCESS", "PASS")
    assert (rows["s/leaves.py"]["status"], rows["s/leaves.py"]["result"]) == ("FAILED", "FAIL")


@pytest.mark.parametrize("printed, status, result", [
    ("VERDICT=NOK", "FAILED", "FAIL"),
    ("合格\nVERDICT=NOK", "FAILED", "FAIL"),
    ("score 97", "SUCCESS", "PASS"),
    ("nothing of the kind", "SUCCESS", "UNKNOWN"),
    ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "SUCCESS", "UNKNOWN"),
])
def test_a_users_own_rules(project, printed, status, result):
    project.write("muster.yaml", """
verdict:
  rules:
    - {match: '^VERDICT=NOK', result: FAIL}
    - {match: 'score (9\\d|100)$', result: PASS}
    - {match: '^(a+)+$', result: FAIL}
""")
    project.home = project.folder
    project.write("a.py", f"print({printed!r})\n")
    project.muster("run", "a.py", code=0 if status == "SUCCESS" else 1)
    row = project.execution("a.py")
    assert (row["status"], row["result"]) == (status, result)


def test_show_tells_what_decided(project):
    project.write("a.py", 'print("正在执行")\nprint("步骤1")\nprint("不合格")\n')
    project.muster("run", code=1)
    shown = project.muster("show", "1/a.py", code=0).out
    assert "不合格" in shown and project.execution("a.py")["verdict_rule"] in shown
