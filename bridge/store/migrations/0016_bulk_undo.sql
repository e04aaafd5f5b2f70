-- Which ledger row booked a line of a change of many accounts, and which row a line takes back.
ALTER TABLE {p}aipkit_bridge_bulk_lines
  ADD COLUMN entry_id BIGINT UNSIGNED NOT NULL DEFAULT 0;

ALTER TABLE {p}aipkit_bridge_bulk_lines
  ADD COLUMN undoes BIGINT UNSIGNED NOT NULL DEFAULT 0;
