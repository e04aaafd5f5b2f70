-- Who has dismissed an order, and when; of orders dismissed before nobody knows.
ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN dismissed_by VARCHAR(100) NOT NULL DEFAULT '';

ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN dismissed_at DATETIME(6) NULL;

ALTER TABLE {p}aipkit_bridge_orders
  ADD KEY dismissed (dismissed_at);
