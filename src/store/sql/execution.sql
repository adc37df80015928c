-- Statements about execution_history, batch_details, performance_metrics and attachments.
-- `fragment` is text that {braces} put into statements; `name` is a statement.
-- The parameters ?1 … ?39 of an execution and the order of {execution_columns} are those of
-- execution_fields[] in execution_repo.c.

-- fragment: execution_columns
e.id, e.record_id, e.script_path, e.script_name, e.module_name, e.batch_id,
e.start_time, e.end_time, e.duration, e.status, e.result, e.exit_code, e.error_message,
e.memory_usage, e.cpu_usage, e.peak_memory, e.executor_type,
e.attempt, e.superseded, e.wait_status, e.content_hash, e.verdict_line, e.verdict_text,
e.verdict_rule, e.contain, e.leaky, e.leftover, e.log_path, e.output_bytes, e.output_lines,
e.interpreter, e.interpreter_version, e.cpu_seconds, e.location, e.stop_reason,
e.stop_signals, e.hint,
(SELECT d.execution_order FROM batch_details d
  WHERE d.batch_id = e.batch_id AND d.record_id = e.record_id) AS execution_order

-- name: execution_insert
INSERT INTO execution_history (
    record_id, script_path, script_name, module_name, batch_id,
    start_time, end_time, duration, status, result, exit_code, error_message,
    memory_usage, cpu_usage, peak_memory, executor_type,
    attempt, superseded, wait_status, content_hash, verdict_line, verdict_text,
    verdict_rule, contain, leaky, leftover, log_path, output_bytes, output_lines,
    interpreter, interpreter_version, cpu_seconds, location, stop_reason,
    stop_signals, hint, stack_trace, output)
VALUES (
    ?1, ?2, ?3, ?4, ?5,
    ?6, ?7, ?8, ?9, ?10, ?11, ?12,
    ?13, ?14, ?15, ?16,
    ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26, ?27, ?28, ?29,
    ?30, ?31, ?32, ?33, ?34,
    ?35, ?36, ?38, ?39)

-- The key, script, batch and attempt of a row stay as they were inserted: indexes whose columns are
-- not set are not written again.
-- name: execution_update
UPDATE execution_history SET
    start_time = ?6, end_time = ?7, duration = ?8, status = ?9, result = ?10, exit_code = ?11,
    error_message = ?12, memory_usage = ?13, cpu_usage = ?14, peak_memory = ?15,
    executor_type = ?16, wait_status = ?19, content_hash = ?20, verdict_line = ?21,
    verdict_text = ?22, verdict_rule = ?23, contain = ?24, leaky = ?25, leftover = ?26,
    log_path = ?27, output_bytes = ?28, output_lines = ?29, interpreter = ?30,
    interpreter_version = ?31, cpu_seconds = ?32, location = ?33, stop_reason = ?34,
    stop_signals = ?35, hint = ?36, stack_trace = ?38, output = ?39
WHERE record_id = ?1

-- Where something in the key part does differ.
-- name: execution_update_origin
UPDATE execution_history SET
    script_path = ?2, script_name = ?3, module_name = ?4, batch_id = ?5,
    attempt = ?17, superseded = ?18
WHERE record_id = ?1 AND (script_path, script_name, module_name, batch_id, attempt, superseded)
    IS NOT (?2, ?3, ?4, ?5, ?17, ?18)

-- name: execution_start
UPDATE execution_history SET status = 'RUNNING', start_time = ?2
WHERE record_id = ?1 AND status = 'PENDING'

-- name: execution_cancel_pending
UPDATE execution_history SET status = 'CANCELLED', log_path = NULL
WHERE batch_id = ?1 AND status = 'PENDING'

-- A batch that is over has nothing that runs: what does was lost with its muster.
-- name: execution_lose_running
UPDATE execution_history SET status = 'ERROR', result = 'UNKNOWN',
    error_message = 'lost: muster itself was killed', stop_reason = 'lost'
WHERE batch_id = ?1 AND status = 'RUNNING'

-- Earlier attempts of the scripts for which there are rows after id ?2.
-- name: execution_supersede
UPDATE execution_history SET superseded = 1
WHERE batch_id = ?1 AND id <= ?2 AND superseded = 0 AND record_id IN (
    SELECT d.record_id FROM batch_details d
    WHERE d.batch_id = ?1 AND d.execution_order IN (
        SELECT later.execution_order FROM batch_details later
        WHERE later.batch_id = ?1 AND later.id > ?3))

-- name: execution_last_id
SELECT (SELECT max(id) FROM execution_history), (SELECT max(id) FROM batch_details)

-- name: execution_find_by_id
SELECT {execution_columns}, e.stack_trace, e.output
FROM execution_history e WHERE e.record_id = ?1

-- name: execution_find_by_order
SELECT {execution_columns}, e.stack_trace, e.output
FROM batch_details o JOIN execution_history e ON e.record_id = o.record_id
WHERE o.batch_id = ?1 AND o.execution_order = ?2
ORDER BY e.attempt DESC, e.id DESC LIMIT 1

-- name: execution_find_by_batch
SELECT {execution_columns}
FROM execution_history e WHERE e.batch_id = ?1 AND e.superseded <= ?2
ORDER BY execution_order, e.id

-- ?2: the first text after every one that begins with ?1.
-- name: execution_find_ids
SELECT record_id FROM execution_history WHERE record_id >= ?1 AND record_id < ?2
UNION
SELECT record_id FROM execution_history WHERE substr(record_id, -length(?1)) = ?1
LIMIT ?3

-- Of the lines that begin with AND, those whose parameter is not in use are left out, so that
-- SQLite chooses the index for the others. min(+id) and max(+id) walk the index of start_time;
-- without the plus SQLite would walk the table.
-- name: execution_list
SELECT {execution_columns}
FROM execution_history e
WHERE e.id < :before
AND e.script_path = :script_path
AND e.script_path LIKE :script_like ESCAPE '\'
AND e.batch_id = :batch_id
AND e.module_name = :module_name
AND instr(e.output, :text) > 0
AND e.status = :status
AND e.result = :result
AND (e.result IS NULL) = :no_result
AND e.id >= (SELECT min(+id) FROM execution_history WHERE start_time >= :since) AND e.start_time >= :since
AND e.id <= (SELECT max(+id) FROM execution_history WHERE start_time <= :until) AND e.start_time <= :until
AND e.superseded <= :superseded
ORDER BY e.id DESC LIMIT :limit

-- The plus keeps SQLite on (script_path, id): the newest first, nothing to sort.
-- name: execution_recent
SELECT id, record_id, batch_id, status, result, start_time, duration
FROM execution_history
WHERE script_path = ?1 AND id < ?2
    AND +status IN ('SUCCESS', 'FAILED', 'ERROR', 'TIMEOUT', 'CANCELLED')
ORDER BY id DESC LIMIT ?3

-- name: execution_last_duration
SELECT duration FROM execution_history
WHERE script_path = ?1 AND +status IN ('SUCCESS', 'FAILED', 'ERROR') AND duration IS NOT NULL
ORDER BY id DESC LIMIT 1

-- name: details_insert
INSERT INTO batch_details (batch_id, record_id, execution_order) VALUES (?1, ?2, ?3)

-- The rows from id ?1 on, whose order runs on with their ids: 0.3 s less at 100,000 rows than one
-- statement a row.
-- name: details_insert_rows
INSERT INTO batch_details (batch_id, record_id, execution_order)
SELECT batch_id, record_id, id + ?2 FROM execution_history WHERE id >= ?1 ORDER BY id

-- name: metrics_insert
INSERT INTO performance_metrics (
    record_id, timestamp, cpu_percent, cpu_count, memory_mb, memory_percent, memory_available_mb,
    disk_read_mb, disk_write_mb, active_threads, active_processes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)

-- name: metrics_find_by_record
SELECT timestamp, cpu_percent, cpu_count, memory_mb, memory_percent, memory_available_mb,
    disk_read_mb, disk_write_mb, active_threads, active_processes
FROM performance_metrics WHERE record_id = ?1 ORDER BY id

-- name: attachment_insert
INSERT INTO attachments (record_id, name, path, size_bytes) VALUES (?1, ?2, ?3, ?4)

-- name: attachment_find_by_record
SELECT name, path, size_bytes FROM attachments WHERE record_id = ?1 ORDER BY id
