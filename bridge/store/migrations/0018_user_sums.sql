-- What each user used on one of the site's days (1), in a month (2), in a year (3), from ``first``
-- on; 0: all guests. ``place`` is less the more was used.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_user_sums (
  kind TINYINT UNSIGNED NOT NULL,
  first DATE NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  uses BIGINT NOT NULL,
  credits BIGINT NOT NULL,
  spent BIGINT NOT NULL,
  place BIGINT NOT NULL,
  PRIMARY KEY (kind, first, user_id),
  KEY place (kind, first, place, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- They are summed with users' days, which therefore begin anew.
DELETE FROM {p}aipkit_bridge_state WHERE name = 'user_days';
