-- What a run knows and the design has no column for.

-- A later attempt of a script in the same batch supersedes the earlier ones (superseded = 1).
ALTER TABLE execution_history ADD COLUMN attempt INTEGER DEFAULT 1;
ALTER TABLE execution_history ADD COLUMN superseded INTEGER DEFAULT 0;
-- As wait4 gave it: exit_code alone cannot tell exit(139) from a signal.
ALTER TABLE execution_history ADD COLUMN wait_status INTEGER;
-- SHA-256 of the script that ran.
ALTER TABLE execution_history ADD COLUMN content_hash TEXT;
-- The line of the output that decided, from 1, and by which rule.
ALTER TABLE execution_history ADD COLUMN verdict_line INTEGER;
ALTER TABLE execution_history ADD COLUMN verdict_text TEXT;
ALTER TABLE execution_history ADD COLUMN verdict_rule TEXT;
-- How the process tree was held, whether some of it was left behind, and what.
ALTER TABLE execution_history ADD COLUMN contain TEXT;
ALTER TABLE execution_history ADD COLUMN leaky INTEGER;
ALTER TABLE execution_history ADD COLUMN leftover TEXT;
-- Relative to the home.
ALTER TABLE execution_history ADD COLUMN log_path TEXT;
-- Of both streams, whole.
ALTER TABLE execution_history ADD COLUMN output_bytes INTEGER;
ALTER TABLE execution_history ADD COLUMN output_lines INTEGER;
ALTER TABLE execution_history ADD COLUMN interpreter TEXT;
ALTER TABLE execution_history ADD COLUMN interpreter_version TEXT;
-- User and system time of the whole tree.
ALTER TABLE execution_history ADD COLUMN cpu_seconds REAL;
-- Where it failed: file:line.
ALTER TABLE execution_history ADD COLUMN location TEXT;
-- Why muster stopped it (timeout, idle, interrupt), and by which signals.
ALTER TABLE execution_history ADD COLUMN stop_reason TEXT;
ALTER TABLE execution_history ADD COLUMN stop_signals TEXT;
ALTER TABLE execution_history ADD COLUMN hint TEXT;

-- pending, running, paused, completed, cancelled, interrupted.
ALTER TABLE batch_execution ADD COLUMN status TEXT;
-- Who runs it: pid, and the pid's start time, because pids come again.
ALTER TABLE batch_execution ADD COLUMN owner_pid INTEGER;
ALTER TABLE batch_execution ADD COLUMN owner_start INTEGER;
ALTER TABLE batch_execution ADD COLUMN project TEXT;
-- JSON: the command line, what followed --, the effective settings (for resume).
ALTER TABLE batch_execution ADD COLUMN command TEXT;
ALTER TABLE batch_execution ADD COLUMN script_args TEXT;
ALTER TABLE batch_execution ADD COLUMN settings TEXT;
ALTER TABLE batch_execution ADD COLUMN muster_version TEXT;
-- Results over the last attempts.
ALTER TABLE batch_execution ADD COLUMN pass_count INTEGER DEFAULT 0;
ALTER TABLE batch_execution ADD COLUMN fail_count INTEGER DEFAULT 0;
ALTER TABLE batch_execution ADD COLUMN unknown_count INTEGER DEFAULT 0;

-- The counts of a batch without touching its rows.
CREATE INDEX idx_execution_batch_counts
ON execution_history(batch_id, superseded, status, result);

-- Files that a script left in MUSTER_OUTPUT_DIR; path is relative to the home.
CREATE TABLE attachments (
    id INTEGER PRIMARY KEY,
    record_id TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER,

    FOREIGN KEY (record_id) REFERENCES execution_history(record_id) ON DELETE CASCADE
);
CREATE INDEX idx_attachments_record_id ON attachments(record_id);

-- What a python really starts, as long as the file is the same one.
CREATE TABLE interpreters (
    path TEXT PRIMARY KEY,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    executable TEXT NOT NULL,
    version TEXT NOT NULL,
    implementation TEXT NOT NULL
) WITHOUT ROWID;
