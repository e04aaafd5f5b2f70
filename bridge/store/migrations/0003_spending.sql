-- Holds of all sites that share the users' tables: they reserve parts of one balance.
CREATE TABLE IF NOT EXISTS {u}aipkit_bridge_holds (
  hold_id BINARY(16) NOT NULL,
  site VARCHAR(40) NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  session_id VARCHAR(64) NOT NULL DEFAULT '',
  module VARCHAR(20) NOT NULL,
  bot_id BIGINT UNSIGNED NULL,
  state VARCHAR(10) NOT NULL,
  on_expiry VARCHAR(10) NOT NULL,
  credits BIGINT NOT NULL,
  from_balance BIGINT NOT NULL,
  from_quota BIGINT NOT NULL,
  usage_context TEXT NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  settled_at DATETIME(6) NULL,
  charged_balance BIGINT NULL,
  charged_quota BIGINT NULL,
  charged_uncovered BIGINT NULL,
  charged_counted BIGINT NULL,
  commit_hash BINARY(32) NULL,
  answer TEXT NULL,
  PRIMARY KEY (hold_id),
  KEY of_user (user_id, state, expires_at),
  KEY of_guest (session_id, state, expires_at),
  KEY due (state, expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The first answer to each idempotency key, kept with the effect that it tells of.
CREATE TABLE IF NOT EXISTS {u}aipkit_bridge_idempotency (
  key_hash BINARY(32) NOT NULL,
  request_hash BINARY(32) NOT NULL,
  kind VARCHAR(10) NOT NULL,
  answer TEXT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (key_hash),
  KEY created_at (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Guests' accounts: one row a session, the lock of every change to its counters and holds.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_guests (
  session_id VARCHAR(64) NOT NULL,
  seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
  open_holds BIGINT NOT NULL DEFAULT 0,
  changed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (session_id),
  KEY changed_at (changed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Spares accounts without open holds, which is most of them, a look at the table of holds.
ALTER TABLE {u}aipkit_bridge_accounts
  ADD COLUMN open_holds BIGINT NOT NULL DEFAULT 0 AFTER held;
