-- Children before the tables that they refer to.
DROP TABLE audit_logs;
DROP TABLE schema_version;
DROP TABLE backup_records;
DROP TABLE user_sessions;
DROP TABLE users;
DROP TABLE performance_metrics;
DROP TABLE batch_details;
DROP TABLE batch_execution;
DROP TABLE execution_history;
