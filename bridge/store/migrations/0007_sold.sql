-- What was paid for the credits that an order stands for; NULL where nobody can tell.
ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN sold_for DECIMAL(26,8) NULL;

-- Orders that were booked before, by rule R28.
UPDATE {p}aipkit_bridge_orders booked
  JOIN (SELECT order_id, SUM(paid) AS paid, SUM(unit_amount * quantity) AS gross
          FROM {p}aipkit_bridge_order_lines WHERE quantity > 0 GROUP BY order_id) packages
    ON packages.order_id = booked.order_id
   SET booked.sold_for = ROUND(LEAST(packages.paid,
         packages.paid * (booked.granted - booked.reversed - booked.shortfall) / packages.gross
         * COALESCE(booked.adopted_net / booked.adopted_credits, 1)), 8)
 WHERE booked.granted > 0 AND booked.sold_for IS NULL AND booked.currency <> '';

-- All that sums of sales need, so that they are read out of the key alone.
ALTER TABLE {p}aipkit_bridge_orders
  ADD KEY sold (currency, granted_at, granted, reversed, shortfall, sold_for);

-- What of the use was paid from balances; the quarters are summed once more.
ALTER TABLE {p}aipkit_bridge_usage_slots
  ADD COLUMN spent BIGINT NOT NULL DEFAULT 0;

DELETE FROM {p}aipkit_bridge_state WHERE name = 'usage_slots';
