-- What each package line of an order was sold for, and what each refund gave back of it; ``day``
-- is the site's.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_sale_lines (
  order_id BIGINT UNSIGNED NOT NULL,
  line_id BIGINT UNSIGNED NOT NULL,
  refund_id BIGINT UNSIGNED NOT NULL,
  at DATETIME(6) NOT NULL,
  day DATE NOT NULL,
  currency VARCHAR(10) NOT NULL,
  product_id BIGINT UNSIGNED NOT NULL,
  variation_id BIGINT UNSIGNED NOT NULL,
  quantity BIGINT NOT NULL,
  credits BIGINT NOT NULL,
  amount DECIMAL(26,8) NOT NULL,
  PRIMARY KEY (order_id, line_id, refund_id),
  KEY at (at, order_id, line_id, refund_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Their sums by day and product, written with them, and put right by the worker; ``order_id`` is
-- the last order's, whose lines know what the product is called.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_sale_sums (
  day DATE NOT NULL,
  currency VARCHAR(10) NOT NULL,
  product_id BIGINT UNSIGNED NOT NULL,
  variation_id BIGINT UNSIGNED NOT NULL,
  shard TINYINT UNSIGNED NOT NULL,
  lines_sold BIGINT NOT NULL,
  quantity BIGINT NOT NULL,
  quantity_back BIGINT NOT NULL,
  credits BIGINT NOT NULL,
  credits_back BIGINT NOT NULL,
  sold DECIMAL(38,8) NOT NULL,
  refunded DECIMAL(38,8) NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (day, currency, product_id, variation_id, shard)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What moved credits besides use, by quarter of an hour; the ledger's quarters are summed once.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_ledger_slots (
  slot_at DATETIME NOT NULL,
  entry_type VARCHAR(32) NOT NULL,
  gained BIGINT NOT NULL,
  lost BIGINT NOT NULL,
  PRIMARY KEY (slot_at, entry_type)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Orders without a refund are known whole already.
INSERT IGNORE INTO {p}aipkit_bridge_sale_lines
       (order_id, line_id, refund_id, at, day, currency, product_id, variation_id, quantity,
        credits, amount)
SELECT sold.order_id, line.line_id, 0, COALESCE(sold.finished_at, sold.granted_at,
       sold.first_seen_at), DATE(COALESCE(sold.finished_at, sold.granted_at,
       sold.first_seen_at)), sold.currency, line.product_id, line.variation_id, line.quantity,
       line.quantity * line.unit_amount, line.paid
  FROM {p}aipkit_bridge_orders sold
  JOIN {p}aipkit_bridge_order_lines line ON line.order_id = sold.order_id
 WHERE sold.granted > 0 AND sold.currency <> '' AND line.quantity > 0
   AND sold.status NOT IN ('cancelled', 'failed', 'trash');

-- The others are fetched once more, and then judged although nothing of them has changed.
UPDATE {p}aipkit_bridge_orders
   SET digest = NULL, look_again_at = UTC_TIMESTAMP(6)
 WHERE granted > 0 AND (reversed > 0 OR shortfall > 0 OR status = 'refunded');

-- The ledger's quarters are summed once more, with what moved credits besides use.
DELETE FROM {p}aipkit_bridge_state WHERE name = 'usage_slots';
