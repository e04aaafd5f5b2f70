-- What others are told of: one row an event, found once by its key; and one for each whom it is
-- for. A delivery without `next_try_at` has ended: it arrived, or was given up.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_events (
  event_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  event_key VARCHAR(100) NOT NULL,
  type VARCHAR(40) NOT NULL,
  data TEXT NOT NULL,
  happened_at DATETIME(6) NOT NULL,
  PRIMARY KEY (event_id),
  UNIQUE KEY event_key (event_key),
  KEY happened_at (happened_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_deliveries (
  event_id BIGINT UNSIGNED NOT NULL,
  channel VARCHAR(40) NOT NULL,
  attempts INT UNSIGNED NOT NULL DEFAULT 0,
  next_try_at DATETIME(6) NULL,
  arrived_at DATETIME(6) NULL,
  last_error VARCHAR(500) NOT NULL DEFAULT '',
  PRIMARY KEY (event_id, channel),
  KEY next_try (next_try_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
