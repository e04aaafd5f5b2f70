-- Accounts under the users' prefix: one row a user, the lock of every change to what they own.
CREATE TABLE IF NOT EXISTS {u}aipkit_bridge_accounts (
  user_id BIGINT UNSIGNED NOT NULL,
  seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
  held BIGINT NOT NULL DEFAULT 0,
  debt BIGINT NOT NULL DEFAULT 0,
  created_at DATETIME(6) NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What this site's ledger does not explain of a balance, and when another writer last moved it.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_ledger_state (
  user_id BIGINT UNSIGNED NOT NULL,
  unledgered BIGINT NOT NULL,
  balance_seen BIGINT NOT NULL,
  settled BIGINT NULL,
  differs_since DATETIME(6) NULL,
  PRIMARY KEY (user_id),
  KEY differs_since (differs_since)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_orders (
  order_id BIGINT UNSIGNED NOT NULL,
  order_number VARCHAR(100) NOT NULL DEFAULT '',
  customer_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  account_id BIGINT UNSIGNED NULL,
  claimed_as VARCHAR(100) NOT NULL DEFAULT '',
  assigned_to BIGINT UNSIGNED NULL,
  assigned_by VARCHAR(100) NOT NULL DEFAULT '',
  status VARCHAR(40) NOT NULL DEFAULT '',
  state VARCHAR(16) NOT NULL DEFAULT 'seen',
  reason_code VARCHAR(40) NOT NULL DEFAULT '',
  reason VARCHAR(500) NOT NULL DEFAULT '',
  dismissed_reason VARCHAR(500) NULL,
  due BIGINT NOT NULL DEFAULT 0,
  granted BIGINT NOT NULL DEFAULT 0,
  reversed BIGINT NOT NULL DEFAULT 0,
  shortfall BIGINT NOT NULL DEFAULT 0,
  regrants INT UNSIGNED NOT NULL DEFAULT 0,
  clawbacks INT UNSIGNED NOT NULL DEFAULT 0,
  adopted_credits BIGINT NULL,
  adopted_net BIGINT NULL,
  adopted_status VARCHAR(40) NULL,
  adopted_digest BINARY(32) NULL,
  digest BINARY(32) NULL,
  applied_seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
  ordered_at DATETIME(6) NULL,
  finished_at DATETIME(6) NULL,
  modified_at DATETIME(6) NULL,
  first_seen_at DATETIME(6) NOT NULL,
  granted_at DATETIME(6) NULL,
  look_again_at DATETIME(6) NULL,
  hinted_number BIGINT UNSIGNED NOT NULL DEFAULT 0,
  currency VARCHAR(10) NOT NULL DEFAULT '',
  PRIMARY KEY (order_id),
  KEY account (account_id, granted_at, order_id),
  KEY state (state, order_id),
  KEY look_again (look_again_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The amount of a package line, frozen when first seen valid, and what was paid for the line.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_order_lines (
  order_id BIGINT UNSIGNED NOT NULL,
  line_id BIGINT UNSIGNED NOT NULL,
  product_id BIGINT UNSIGNED NOT NULL,
  variation_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(500) NOT NULL,
  quantity BIGINT NOT NULL,
  unit_amount BIGINT NOT NULL,
  paid DECIMAL(26,8) NOT NULL,
  frozen_at DATETIME(6) NOT NULL,
  PRIMARY KEY (order_id, line_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What is still to be written into the shop's own order: the marker and a note, per ledger row.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_annotations (
  entry_id BIGINT UNSIGNED NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  credits_delta BIGINT NOT NULL,
  balance_after BIGINT NOT NULL,
  marker BIGINT NOT NULL,
  marker_before BIGINT NOT NULL,
  marker_done TINYINT NOT NULL DEFAULT 0,
  note_done TINYINT NOT NULL DEFAULT 0,
  attempts INT UNSIGNED NOT NULL DEFAULT 0,
  next_try_at DATETIME(6) NULL,
  last_error VARCHAR(500) NOT NULL DEFAULT '',
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (entry_id),
  KEY next_try (next_try_at),
  KEY of_order (order_id, entry_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Counters and small facts: the fetch sequence, the first migrate, the shop's health.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_sequences (
  name VARCHAR(40) NOT NULL,
  value BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_state (
  name VARCHAR(80) NOT NULL,
  value TEXT NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How far each stream of the shop was read; moves forward only.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_cursors (
  name VARCHAR(40) NOT NULL,
  position DATETIME(6) NOT NULL,
  moved_at DATETIME(6) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The right of one process to do a kind of work; token fences off a holder that lost it.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_leases (
  name VARCHAR(40) NOT NULL,
  owner VARCHAR(80) NOT NULL,
  token BIGINT UNSIGNED NOT NULL,
  beat BIGINT UNSIGNED NOT NULL DEFAULT 0,
  expires_at DATETIME(6) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_jobs (
  name VARCHAR(40) NOT NULL,
  owner VARCHAR(80) NOT NULL DEFAULT '',
  runs BIGINT UNSIGNED NOT NULL DEFAULT 0,
  started_at DATETIME(6) NULL,
  finished_at DATETIME(6) NULL,
  succeeded_at DATETIME(6) NULL,
  duration_ms BIGINT UNSIGNED NULL,
  last_error VARCHAR(500) NOT NULL DEFAULT '',
  failed_at DATETIME(6) NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Broken invariants, with their evidence, until a person has looked.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_findings (
  finding_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind VARCHAR(40) NOT NULL,
  user_id BIGINT UNSIGNED NULL,
  order_id BIGINT UNSIGNED NULL,
  summary VARCHAR(500) NOT NULL,
  evidence TEXT NOT NULL,
  found_at DATETIME(6) NOT NULL,
  resolved_at DATETIME(6) NULL,
  PRIMARY KEY (finding_id),
  KEY open_findings (resolved_at, finding_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Admin sign-in: tokens are spent once; sessions are known by the digest of their secret.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_spent_tokens (
  token_hash BINARY(32) NOT NULL,
  spent_at DATETIME(6) NOT NULL,
  PRIMARY KEY (token_hash),
  KEY spent_at (spent_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_sessions (
  session_hash BINARY(32) NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  created_at DATETIME(6) NOT NULL,
  seen_at DATETIME(6) NOT NULL,
  checked_at DATETIME(6) NOT NULL,
  PRIMARY KEY (session_hash),
  KEY created_at (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
