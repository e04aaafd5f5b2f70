-- Orders completed before `grants.since` that a backfill has let in: the rules take them as any
-- other from then on. A column at the end, with a default: no row is written anew.
ALTER TABLE {p}aipkit_bridge_orders
  ADD COLUMN backfilled TINYINT UNSIGNED NOT NULL DEFAULT 0;
