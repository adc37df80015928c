"""--json: one document with the database's column names; an event a line while something runs."""
import json


def test_events_of_a_run(project):
    project.write("a.py", 'print("合格")\n')
    project.write("b.py", 'print("不合格")\n')
    result = project.muster("run", "--json", code=1)
    events = result.events()
    names = [event["event"] for event in events]
    assert names[0] == "batch_started" and names[-1] == "batch_finished"
    assert names.count("execution_started") == names.count("execution_finished") == 2
    batch = project.batch()
    assert {event["batch_id"] for event in events} == {batch["batch_id"]}
    finished = {event["script_path"]: event for event in events
                if event["event"] == "execution_finished"}
    for path, row in project.executions().items():
        assert finished[path]["record_id"] == row["record_id"]
        assert (finished[path]["status"], finished[path]["result"]) == (row["status"],
                                                                       row["result"])
    last = events[-1]
    for column in ("total_scripts", "success_count", "failed_count", "error_count",
                   "timeout_count", "cancelled_count"):
        assert last[column] == batch[column]


def test_events_come_as_they_happen_and_after_their_commit(project):
    project.write("a.py", 'print("合格")\n')
    project.write("b.py", "import time\ntime.sleep(2)\n")
    process = project.start("run", "--json")
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "execution_finished":
            # What has been said to be finished has been committed.
            assert project.value("SELECT status FROM execution_history WHERE record_id = ?",
                                 event["record_id"]) == event["status"]
            if event["script_path"] == "a.py":
                assert process.poll() is None
    assert process.wait(timeout=30) == 0
    process.stderr.close()


def test_documents(project):
    project.write("sub/a.py", 'print("合格")\n')
    project.muster("run", code=0)
    row, batch = project.execution("sub/a.py"), project.batch()

    [item] = project.muster("batches", "--json", code=0).items()
    assert item["batch_id"] == batch["batch_id"] and item["status"] == "completed"
    assert {"total_scripts", "success_count", "execution_mode", "user_id"} <= set(item)

    [item] = project.muster("history", "--json", code=0).items()
    columns = {name for name in row} - {"created_at", "updated_at", "output", "stack_trace"}
    assert columns <= set(item)
    for name in ("record_id", "start_time", "duration", "exit_code", "status", "result"):
        assert item[name] == row[name]

    shown = project.muster("show", "1/1", "--json", code=0).json()
    assert shown["record_id"] == row["record_id"] and shown["output"] == "合格\n"
    shown = project.muster("show", "1", "--json", code=0).json()
    assert shown["batch_id"] == batch["batch_id"] and row["record_id"] in json.dumps(shown)


def test_messages_stay_out_of_stdout(project):
    project.passing("a.py", "b.py")
    result = project.muster("run", "--json", code=0)
    assert all(line.startswith("{") for line in result.out.splitlines())
    result = project.muster("show", "--json", "77", code=1)
    assert result.out == ""


def test_lists_of_nothing(project):
    project.passing("a.py")
    project.muster("run", code=0)
    assert project.muster("history", "--json", "--status", "TIMEOUT", code=0).items() == []
    assert project.muster("list", "--json", "-k", "zzz", code=0).items() == []
