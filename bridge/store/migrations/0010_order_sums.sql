-- Sums of orders, written with each order: of all, and of each quarter of an hour in which orders
-- were first granted. `migrate` fills them.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_order_sums (
  slot_at DATETIME NOT NULL,
  currency VARCHAR(10) NOT NULL,
  shard TINYINT UNSIGNED NOT NULL,
  orders BIGINT NOT NULL,
  granted BIGINT NOT NULL,
  waiting BIGINT NOT NULL,
  unclaimed BIGINT NOT NULL,
  attention BIGINT NOT NULL,
  shortfall BIGINT NOT NULL,
  sold BIGINT NOT NULL,
  priced BIGINT NOT NULL,
  prices BIGINT NOT NULL,
  paid DECIMAL(38,8) NOT NULL,
  PRIMARY KEY (slot_at, currency, shard)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
