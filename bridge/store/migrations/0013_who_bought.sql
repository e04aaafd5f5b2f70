-- Who bought an order, as WooCommerce says, and the product that it asks about: for people who
-- look for it. Columns at the end, with defaults: no row is written anew.
ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN email VARCHAR(191) NOT NULL DEFAULT '';

ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN buyer VARCHAR(191) NOT NULL DEFAULT '';

ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN total DECIMAL(26,8) NULL;

ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN asks_product BIGINT UNSIGNED NOT NULL DEFAULT 0;

ALTER TABLE {p}aipkit_bridge_orders
  ADD KEY customer (customer_id, order_id);

ALTER TABLE {p}aipkit_bridge_orders
  ADD KEY email (email, order_id);

ALTER TABLE {p}aipkit_bridge_orders
  ADD KEY number (order_number, order_id);
