#!/usr/bin/python3
"""What one writes in an afternoon: subprocess and sqlite3, two at once, a connection and a commit
for each change of a row. A peer of the benchmark.

    bench/naive_runner.py DATABASE SCRIPT…
"""
import sqlite3
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor


def change(database, sql, *values):
    connection = sqlite3.connect(database, timeout=30)
    connection.execute(sql, values)
    connection.commit()
    connection.close()


def run(database, script):
    record = str(uuid.uuid4())
    change(database, "INSERT INTO execution_history (record_id, script_path, status) "
                     "VALUES (?, ?, 'PENDING')", record, script)
    change(database, "UPDATE execution_history SET status = 'RUNNING', start_time = ? "
                     "WHERE record_id = ?", time.time(), record)
    begun = time.monotonic()
    done = subprocess.run(["/usr/bin/python3", script], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    change(database, "UPDATE execution_history SET status = ?, exit_code = ?, output = ?, "
                     "duration = ? WHERE record_id = ?",
           "FAILED" if done.returncode else "SUCCESS", done.returncode,
           done.stdout.decode("utf-8", "replace"), time.monotonic() - begun, record)


def main():
    database, *scripts = sys.argv[1:]
    change(database, "CREATE TABLE execution_history (id INTEGER PRIMARY KEY AUTOINCREMENT, "
                     "record_id TEXT UNIQUE, script_path TEXT, status TEXT, start_time REAL, "
                     "duration REAL, exit_code INTEGER, output TEXT)")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda script: run(database, script), scripts))


if __name__ == "__main__":
    main()
