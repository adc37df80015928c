"""What the end-to-end tests stand on: the real binary, in a project of its own, looked at from
outside: exit code, output, database, processes."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import termios
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MUSTER_BIN", ROOT / "build" / "muster")).resolve()
SANITIZED = "san" in BINARY.parent.name
PYTHON = "/usr/bin/python3"
# A sanitized binary on a busy machine takes its time; a hang is still found.
PATIENCE_S = 180 if SANITIZED else 90

FINAL = {"SUCCESS", "FAILED", "ERROR", "TIMEOUT", "CANCELLED"}


class Result:
    """How one call of the binary ended."""

    def __init__(self, argv, code, out, err, seconds):
        self.argv, self.code, self.seconds = argv, code, seconds
        self.out_bytes = out
        self.out = out.decode("utf-8", "backslashreplace")
        self.err = err.decode("utf-8", "backslashreplace")

    def json(self):
        """The one document of --json."""
        return json.loads(self.out_bytes.decode("utf-8"))

    def items(self):
        """The rows of a --json list."""
        return self.json()["items"]

    def events(self):
        """The events of `run --json`, one a line."""
        return [json.loads(line) for line in self.out_bytes.decode("utf-8").splitlines()]

    def __repr__(self):
        return (f"<{' '.join(map(str, self.argv))} -> {self.code} after {self.seconds:.1f}s\n"
                f"--- stdout\n{self.out[-3000:]}\n--- stderr\n{self.err[-3000:]}>")


class Project:
    """A project folder with scripts, and the home that its runs are recorded in.

    Everything started here inherits a mark in its environment, so that whatever is left running
    can be found, whoever its parent is by then.
    """

    def __init__(self, folder, user_home):
        self.folder = Path(folder)
        self.home = self.folder / ".muster"
        self.binary = BINARY
        self.mark = uuid.uuid4().hex
        self.env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(user_home),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "E2E_MARK": self.mark,
            **{name: value for name, value in os.environ.items()
               if name.endswith("SAN_OPTIONS")},
        }

    # -- files

    def write(self, name, content):
        """Write a file below the project; text is dedented by the caller."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    def passing(self, *names):
        """Small scripts that print a pass."""
        for name in names:
            self.write(name, 'print("PASS")\n')

    # -- running

    def start(self, *arguments, env=None, cwd=None, **popen):
        """Start the binary and do not wait."""
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([str(self.binary), *map(os.fspath, map(_text, arguments))],
                                cwd=cwd or self.folder, env={**self.env, **(env or {})}, **popen)

    def finish(self, process, timeout=PATIENCE_S):
        """Wait for what start() started."""
        begun = time.monotonic()
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(
                f"hangs: {Result(process.args, None, out or b'', err or b'', timeout)!r}")
        return Result(process.args, process.returncode, out or b"", err or b"",
                      time.monotonic() - begun)

    def muster(self, *arguments, timeout=PATIENCE_S, code=None, **start):
        """Run the binary to its end; `code` is the exit code that must come out."""
        result = self.finish(self.start(*arguments, **start), timeout)
        assert result.code is None or result.code >= 0, f"died of a signal: {result!r}"
        if code is not None:
            assert result.code == code, repr(result)
        return result

    def on_terminal(self, *arguments, rows=24, columns=80, keys=(), timeout=PATIENCE_S, env=None):
        """Run the binary on a terminal of that size; answers (exit code, all that it wrote).

        `keys` are (text to wait for, bytes to type or a callable given the process).
        """
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        process = self.start(*arguments, stdin=slave, stdout=slave, stderr=slave,
                             preexec_fn=own_terminal,
                             env={"TERM": "xterm-256color", **(env or {})})
        os.close(slave)
        seen, keys, deadline = b"", list(keys), time.monotonic() + timeout
        try:
            while True:
                ready, _, _ = select.select([master], [], [], 0.1)
                if ready:
                    try:
                        part = os.read(master, 65536)
                    except OSError:  # EIO: the last writer is gone
                        break
                    if not part:
                        break
                    seen += part
                if keys and keys[0][0].encode() in seen:
                    _, action = keys.pop(0)
                    if callable(action):
                        action(process)
                    else:
                        os.write(master, action)
                if time.monotonic() > deadline:
                    process.kill()
                    raise AssertionError(f"hangs on a terminal: {seen[-3000:]!r}")
        finally:
            os.close(master)
        return process.wait(timeout=10), seen.decode("utf-8", "backslashreplace")

    # -- what was recorded

    def connect(self):
        """The home's database, read only."""
        connection = sqlite3.connect(f"file:{self.home}/data/app.db?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        return connection

    def rows(self, sql, *parameters):
        """All rows of a query, as dicts."""
        connection = self.connect()
        try:
            return [dict(row) for row in connection.execute(sql, parameters)]
        finally:
            connection.close()

    def value(self, sql, *parameters):
        """The one value of a query."""
        [row] = self.rows(sql, *parameters)
        [value] = row.values()
        return value

    def has_database(self):
        """There is one, and its schema is complete."""
        if not (self.home / "data" / "app.db").exists():
            return False
        try:
            return self.value("SELECT COUNT(*) FROM schema_version") >= 2
        except sqlite3.OperationalError:
            return False

    def batch(self, number=None):
        """A row of batch_execution: by its number, else the newest."""
        rows = self.rows("SELECT * FROM batch_execution WHERE id = ?1 OR ?1 IS NULL "
                         "ORDER BY id DESC LIMIT 1", number)
        assert rows, "no such batch"
        return rows[0]

    def executions(self, number=None):
        """{script_path: row} of a batch (else the newest): each script's last attempt."""
        return {row["script_path"]: row for row in self.rows(
            "SELECT * FROM execution_history WHERE batch_id = ? ORDER BY attempt, id",
            self.batch(number)["batch_id"])}

    def execution(self, script_path, number=None):
        return self.executions(number)[script_path]

    def statuses(self, number=None):
        return {path: row["status"] for path, row in self.executions(number).items()}

    def assert_counts_agree(self, number=None):
        """The counts of a batch are GROUP BY status over the last attempts, and all are final."""
        batch = self.batch(number)
        statuses = list(self.statuses(number).values())
        assert set(statuses) <= FINAL
        assert batch["total_scripts"] == len(statuses)
        for column, status in (("success_count", "SUCCESS"), ("failed_count", "FAILED"),
                               ("error_count", "ERROR"), ("timeout_count", "TIMEOUT"),
                               ("cancelled_count", "CANCELLED")):
            assert batch[column] == statuses.count(status), column
        assert self.value("PRAGMA integrity_check") == "ok"

    def wait_until_running(self, script_name):
        """Wait until the database says that the script runs; it may not be there yet."""
        def runs():
            try:
                return self.has_database() and self.rows(
                    "SELECT 1 FROM execution_history WHERE script_name = ? AND status = 'RUNNING'",
                    script_name)
            except sqlite3.OperationalError:  # not migrated yet
                return False
        wait_for(runs, f"{script_name} to run")

    # -- processes

    def survivors(self):
        """[(pid, command line)] of every living process that carries this project's mark."""
        return living(f"E2E_MARK={self.mark}".encode())

    def assert_nothing_left(self, within_s=2.0):
        """Nothing that was started here still runs, at the latest after `within_s`."""
        deadline = time.monotonic() + within_s
        while (left := self.survivors()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == []

    def kill_survivors(self):
        for pid, _ in self.survivors():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def own_terminal():
    """In the child: make standard input the controlling terminal of a session of its own."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _text(argument):
    return argument if isinstance(argument, (str, bytes, os.PathLike)) else str(argument)


def living(mark):
    """[(pid, command line)] of processes whose environment or command line holds `mark`."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                environment = file.read()
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                command = file.read()
            with open(f"/proc/{entry}/stat", "rb") as file:
                state = file.read().rpartition(b") ")[2][:1]
        except OSError:
            continue
        if state not in (b"Z", b"X") and (mark in environment or mark in command):
            found.append((int(entry), command.replace(b"\0", b" ").decode("utf-8", "replace")))
    return found


def wait_for(condition, what, within_s=30.0):
    """Wait until `condition()` is true and answer its value."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return value


def is_error(result):
    """Errors go to stderr as `muster: what is wrong: what to do about it`."""
    return result.err.startswith("muster: ") and len(result.err.strip()) > len("muster: ") + 5


def plain(text):
    """Terminal output without its control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r", "", text)
