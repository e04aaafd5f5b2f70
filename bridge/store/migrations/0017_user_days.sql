-- What a user used on one of the site's days, by module; 0: guests. Days that are over, and of
-- today what is older than a quarter of an hour: the ledger is read for what is younger.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_user_days (
  user_id BIGINT UNSIGNED NOT NULL,
  day DATE NOT NULL,
  module VARCHAR(50) NOT NULL,
  uses BIGINT NOT NULL,
  credits BIGINT NOT NULL,
  spent BIGINT NOT NULL,
  PRIMARY KEY (user_id, day, module)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
