-- Whose answer it is, and in which site's ledger what it tells of stands; of answers kept before
-- nobody knows. Columns at the end, with defaults: no row is written anew.
ALTER TABLE {u}aipkit_bridge_idempotency
  ADD COLUMN site VARCHAR(40) NOT NULL DEFAULT '';

ALTER TABLE {u}aipkit_bridge_idempotency
  ADD COLUMN user_id BIGINT UNSIGNED NOT NULL DEFAULT 0;
