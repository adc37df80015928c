-- The SQL of the database design, chapters 2, 3 and 6.1, word for word.
CREATE TABLE execution_history (
    -- 主键
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    record_id TEXT UNIQUE NOT NULL,
    
    -- 脚本信息
    script_path TEXT NOT NULL,
    script_name TEXT NOT NULL,
    module_name TEXT,
    
    -- 批次信息
    batch_id TEXT,
    
    -- 时间信息
    start_time DATETIME NOT NULL,
    end_time DATETIME,
    duration REAL,  -- 执行时长（秒）
    
    -- 状态信息
    status TEXT NOT NULL,  -- PENDING/RUNNING/SUCCESS/FAILED/ERROR/TIMEOUT
    result TEXT,           -- PASS/FAIL/UNKNOWN
    exit_code INTEGER,
    
    -- 输出信息
    output TEXT,
    error_message TEXT,
    stack_trace TEXT,
    
    -- 性能信息
    memory_usage REAL,     -- 内存使用（MB）
    cpu_usage REAL,        -- CPU使用率（%）
    peak_memory REAL,      -- 峰值内存（MB）
    
    -- 元数据
    executor_type TEXT DEFAULT 'process',  -- process/thread
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP
);

-- 索引
CREATE INDEX idx_execution_script_path ON execution_history(script_path);
CREATE INDEX idx_execution_batch_id ON execution_history(batch_id);
CREATE INDEX idx_execution_status ON execution_history(status);
CREATE INDEX idx_execution_start_time ON execution_history(start_time);
CREATE INDEX idx_execution_result ON execution_history(result);

-- 触发器：自动更新 updated_at
CREATE TRIGGER update_execution_timestamp 
AFTER UPDATE ON execution_history
BEGIN
    UPDATE execution_history 
    SET updated_at = CURRENT_TIMESTAMP 
    WHERE id = NEW.id;
END;

CREATE TABLE batch_execution (
    -- 主键
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id TEXT UNIQUE NOT NULL,
    
    -- 批次信息
    batch_name TEXT,
    description TEXT,
    
    -- 统计信息
    total_scripts INTEGER DEFAULT 0,
    completed_count INTEGER DEFAULT 0,
    success_count INTEGER DEFAULT 0,
    failed_count INTEGER DEFAULT 0,
    error_count INTEGER DEFAULT 0,
    timeout_count INTEGER DEFAULT 0,
    cancelled_count INTEGER DEFAULT 0,
    
    -- 时间信息
    start_time DATETIME NOT NULL,
    end_time DATETIME,
    duration REAL,
    estimated_remaining REAL,
    
    -- 性能信息
    avg_memory_usage REAL,
    avg_cpu_usage REAL,
    peak_memory_usage REAL,
    
    -- 执行配置
    execution_mode TEXT,  -- sequential/parallel
    max_parallel INTEGER,
    
    -- 用户信息
    user_id TEXT,
    
    -- 元数据
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP
);

-- 索引
CREATE INDEX idx_batch_batch_id ON batch_execution(batch_id);
CREATE INDEX idx_batch_start_time ON batch_execution(start_time);
CREATE INDEX idx_batch_user_id ON batch_execution(user_id);

-- 触发器
CREATE TRIGGER update_batch_timestamp 
AFTER UPDATE ON batch_execution
BEGIN
    UPDATE batch_execution 
    SET updated_at = CURRENT_TIMESTAMP 
    WHERE id = NEW.id;
END;

CREATE TABLE batch_details (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id TEXT NOT NULL,
    record_id TEXT NOT NULL,
    execution_order INTEGER,  -- 执行顺序
    
    FOREIGN KEY (batch_id) REFERENCES batch_execution(batch_id) ON DELETE CASCADE,
    FOREIGN KEY (record_id) REFERENCES execution_history(record_id) ON DELETE CASCADE
);

-- 索引
CREATE INDEX idx_batch_details_batch_id ON batch_details(batch_id);
CREATE INDEX idx_batch_details_record_id ON batch_details(record_id);
CREATE UNIQUE INDEX idx_batch_details_unique ON batch_details(batch_id, record_id);

CREATE TABLE performance_metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    record_id TEXT NOT NULL,
    timestamp DATETIME NOT NULL,
    
    -- CPU指标
    cpu_percent REAL,
    cpu_count INTEGER,
    
    -- 内存指标
    memory_mb REAL,
    memory_percent REAL,
    memory_available_mb REAL,
    
    -- 磁盘IO
    disk_read_mb REAL,
    disk_write_mb REAL,
    
    -- 进程信息
    active_threads INTEGER,
    active_processes INTEGER,
    
    FOREIGN KEY (record_id) REFERENCES execution_history(record_id) ON DELETE CASCADE
);

-- 索引
CREATE INDEX idx_metrics_record_id ON performance_metrics(record_id);
CREATE INDEX idx_metrics_timestamp ON performance_metrics(timestamp);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT UNIQUE NOT NULL,
    username TEXT UNIQUE NOT NULL,
    password_hash TEXT NOT NULL,
    
    -- 角色和权限
    role TEXT NOT NULL DEFAULT 'user',  -- admin/user
    permissions TEXT,  -- JSON格式的权限列表
    
    -- 用户信息
    email TEXT,
    full_name TEXT,
    
    -- 状态
    is_active BOOLEAN DEFAULT 1,
    last_login DATETIME,
    
    -- 元数据
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP
);

-- 索引
CREATE INDEX idx_users_username ON users(username);
CREATE INDEX idx_users_role ON users(role);

CREATE TABLE user_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT UNIQUE NOT NULL,
    user_id TEXT NOT NULL,
    
    -- 会话信息
    login_time DATETIME NOT NULL,
    logout_time DATETIME,
    last_activity DATETIME,
    
    -- 客户端信息
    ip_address TEXT,
    user_agent TEXT,
    
    FOREIGN KEY (user_id) REFERENCES users(user_id) ON DELETE CASCADE
);

-- 索引
CREATE INDEX idx_sessions_user_id ON user_sessions(user_id);
CREATE INDEX idx_sessions_session_id ON user_sessions(session_id);

CREATE TABLE backup_records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    backup_id TEXT UNIQUE NOT NULL,
    
    -- 备份信息
    backup_path TEXT NOT NULL,
    backup_size INTEGER,  -- 字节
    backup_time DATETIME NOT NULL,
    
    -- 备份类型
    backup_type TEXT,  -- MANUAL/AUTO/SCHEDULED
    
    -- 状态
    status TEXT,  -- SUCCESS/FAILED
    error_message TEXT,
    
    -- 描述
    description TEXT,
    
    -- 元数据
    created_by TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);

-- 索引
CREATE INDEX idx_backup_time ON backup_records(backup_time);
CREATE INDEX idx_backup_status ON backup_records(status);

CREATE TABLE schema_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version TEXT NOT NULL,
    description TEXT,
    applied_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    
    -- 迁移脚本信息
    script_name TEXT,
    checksum TEXT
);

-- 索引
CREATE INDEX idx_schema_version ON schema_version(version);

CREATE TABLE audit_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    
    -- 操作信息
    action TEXT NOT NULL,  -- CREATE/UPDATE/DELETE/EXECUTE
    entity_type TEXT NOT NULL,  -- SCRIPT/BATCH/USER/CONFIG
    entity_id TEXT,
    
    -- 用户信息
    user_id TEXT,
    username TEXT,
    
    -- 详细信息
    details TEXT,  -- JSON格式
    
    -- 结果
    status TEXT,  -- SUCCESS/FAILED
    error_message TEXT,
    
    -- 时间戳
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);

-- 索引
CREATE INDEX idx_audit_user_id ON audit_logs(user_id);
CREATE INDEX idx_audit_action ON audit_logs(action);
CREATE INDEX idx_audit_created_at ON audit_logs(created_at);

-- 批次执行的时间范围查询
CREATE INDEX idx_batch_time_range 
ON batch_execution(start_time, end_time);

-- 执行历史的脚本和状态组合查询
CREATE INDEX idx_execution_script_status 
ON execution_history(script_path, status);

-- 用户会话的用户和时间查询
CREATE INDEX idx_session_user_time 
ON user_sessions(user_id, login_time);

CREATE INDEX idx_execution_covering 
ON execution_history(script_path, status, start_time, duration);
