-- Changes of many accounts at once: what was asked, how far it is, and what came of it.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_bulks (
  bulk_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  form_key BINARY(32) NOT NULL,
  kind VARCHAR(10) NOT NULL,
  state VARCHAR(10) NOT NULL,
  source VARCHAR(2000) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  credits BIGINT NOT NULL DEFAULT 0,
  size BIGINT NOT NULL DEFAULT 0,
  position BIGINT NOT NULL DEFAULT 0,
  line_no BIGINT NOT NULL DEFAULT 0,
  ready_lines BIGINT NOT NULL DEFAULT 0,
  wrong_lines BIGINT NOT NULL DEFAULT 0,
  same_lines BIGINT NOT NULL DEFAULT 0,
  added DECIMAL(30,0) NOT NULL DEFAULT 0,
  taken DECIMAL(30,0) NOT NULL DEFAULT 0,
  booked_lines BIGINT NOT NULL DEFAULT 0,
  refused_lines BIGINT NOT NULL DEFAULT 0,
  error VARCHAR(500) NOT NULL DEFAULT '',
  made_by VARCHAR(100) NOT NULL,
  made_at DATETIME(6) NOT NULL,
  started_by VARCHAR(100) NOT NULL DEFAULT '',
  started_at DATETIME(6) NULL,
  finished_at DATETIME(6) NULL,
  PRIMARY KEY (bulk_id),
  UNIQUE KEY form_key (form_key),
  KEY state (state, bulk_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One account's part each; of an import the line of the file, of others the user's id.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_bulk_lines (
  bulk_id BIGINT UNSIGNED NOT NULL,
  line_no BIGINT NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  delta BIGINT NOT NULL DEFAULT 0,
  expected BIGINT NULL,
  reason VARCHAR(500) NOT NULL DEFAULT '',
  state VARCHAR(10) NOT NULL,
  problem VARCHAR(500) NOT NULL DEFAULT '',
  PRIMARY KEY (bulk_id, line_no),
  KEY user (bulk_id, user_id),
  KEY state (bulk_id, state, line_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A file that is imported, until its lines are read.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_bulk_files (
  bulk_id BIGINT UNSIGNED NOT NULL,
  part_no INT UNSIGNED NOT NULL,
  content MEDIUMBLOB NOT NULL,
  PRIMARY KEY (bulk_id, part_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
