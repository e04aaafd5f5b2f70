-- How many rows the ledger had for a user when it was summed last, and their sum: as long as it
-- has no others it need not be summed again. NULL: nobody knows.
ALTER TABLE {p}aipkit_bridge_ledger_state
  ADD COLUMN summed BIGINT NULL;

ALTER TABLE {p}aipkit_bridge_ledger_state
  ADD COLUMN entries BIGINT NULL;
