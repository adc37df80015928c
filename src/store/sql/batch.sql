-- Statements about batch_execution. The order of {batch_columns} and the parameters are those of
-- batch_fields[] in batch_repo.c.

-- fragment: batch_columns
id, batch_id, batch_name, description, start_time, end_time, duration, estimated_remaining,
avg_memory_usage, avg_cpu_usage, peak_memory_usage, execution_mode, max_parallel, user_id,
status, owner_pid, owner_start, project, command, script_args, settings, muster_version,
pass_count, fail_count, unknown_count, total_scripts, success_count, failed_count, error_count,
timeout_count, cancelled_count

-- name: batch_insert
INSERT INTO batch_execution (
    batch_id, batch_name, description, start_time, end_time, duration, estimated_remaining,
    avg_memory_usage, avg_cpu_usage, peak_memory_usage, execution_mode, max_parallel, user_id,
    status, owner_pid, owner_start, project, command, script_args, settings, muster_version,
    pass_count, fail_count, unknown_count, total_scripts, success_count, failed_count,
    error_count, timeout_count, cancelled_count, completed_count)
VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7,
    ?8, ?9, ?10, ?11, ?12, ?13,
    ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
    ?22, ?23, ?24, ?25, ?26, ?27,
    ?28, ?29, ?30, ?26 + ?27 + ?28 + ?29)

-- name: batch_update
UPDATE batch_execution SET
    batch_name = ?2, description = ?3, start_time = ?4, end_time = ?5, duration = ?6,
    estimated_remaining = ?7, avg_memory_usage = ?8, avg_cpu_usage = ?9, peak_memory_usage = ?10,
    execution_mode = ?11, max_parallel = ?12, user_id = ?13, status = ?14, owner_pid = ?15,
    owner_start = ?16, project = ?17, command = ?18, script_args = ?19, settings = ?20,
    muster_version = ?21, pass_count = ?22, fail_count = ?23, unknown_count = ?24,
    total_scripts = ?25, success_count = ?26, failed_count = ?27, error_count = ?28,
    timeout_count = ?29, cancelled_count = ?30, completed_count = ?26 + ?27 + ?28 + ?29
WHERE batch_id = ?1

-- name: batch_progress
UPDATE batch_execution SET status = ?2, estimated_remaining = ?3 WHERE batch_id = ?1

-- name: batch_finish
UPDATE batch_execution SET status = ?2, end_time = ?3, duration = ?4, estimated_remaining = NULL
WHERE batch_id = ?1

-- Answered by idx_execution_batch_counts alone.
-- name: batch_counts
SELECT status, result, count(*) FROM execution_history
WHERE batch_id = ?1 AND superseded = 0 GROUP BY status, result

-- name: batch_set_counts
UPDATE batch_execution SET
    total_scripts = ?2, success_count = ?3, failed_count = ?4, error_count = ?5,
    timeout_count = ?6, cancelled_count = ?7, completed_count = ?3 + ?4 + ?5 + ?6,
    pass_count = ?8, fail_count = ?9, unknown_count = ?10
WHERE batch_id = ?1

-- name: batch_set_averages
UPDATE batch_execution SET (avg_memory_usage, avg_cpu_usage, peak_memory_usage) = (
    SELECT avg(memory_usage), avg(cpu_usage), max(peak_memory) FROM execution_history
    WHERE batch_id = ?1 AND superseded = 0)
WHERE batch_id = ?1

-- name: batch_find_by_number
SELECT {batch_columns} FROM batch_execution WHERE id = ?1

-- name: batch_find_by_id
SELECT {batch_columns} FROM batch_execution WHERE batch_id = ?1

-- name: batch_find_latest
SELECT {batch_columns} FROM batch_execution ORDER BY id DESC LIMIT 1

-- name: batch_find_ids
SELECT batch_id FROM batch_execution WHERE batch_id >= ?1 AND batch_id < ?2
UNION
SELECT batch_id FROM batch_execution WHERE substr(batch_id, -length(?1)) = ?1
LIMIT ?3

-- name: batch_list
SELECT {batch_columns} FROM batch_execution WHERE id < ?1 ORDER BY id DESC LIMIT ?2

-- name: batch_list_open
SELECT {batch_columns} FROM batch_execution WHERE status IN ('pending', 'running', 'paused')
ORDER BY id
