-- Statements of the connection itself, of migrations, and of the interpreter cache.

-- name: tx_begin
BEGIN IMMEDIATE

-- name: tx_commit
COMMIT

-- name: tx_rollback
ROLLBACK

-- name: schema_objects
SELECT name FROM sqlite_schema

-- name: schema_versions
SELECT version, checksum FROM schema_version

-- name: schema_version_insert
INSERT INTO schema_version (version, description, script_name, checksum) VALUES (?1, ?2, ?3, ?4)

-- name: interpreter_find
SELECT executable, version, implementation FROM interpreters
WHERE path = ?1 AND device = ?2 AND inode = ?3 AND mtime_ns = ?4 AND size = ?5

-- name: interpreter_save
INSERT OR REPLACE INTO interpreters (
    path, device, inode, mtime_ns, size, executable, version, implementation)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
