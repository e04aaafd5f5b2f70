-- The site's users who own or have used credits, as lists sort, filter and search them. Of this
-- site, since usage, roles and purchases are. Never is 1970; what never turns, turns in 9999.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_summaries (
  user_id BIGINT UNSIGNED NOT NULL,
  seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
  balance BIGINT NOT NULL DEFAULT 0,
  used_chat BIGINT NOT NULL DEFAULT 0,
  used_ai_forms BIGINT NOT NULL DEFAULT 0,
  used_image_generator BIGINT NOT NULL DEFAULT 0,
  turns_at DATETIME NOT NULL DEFAULT '9999-01-01 00:00:00',
  last_purchase_at DATETIME NOT NULL DEFAULT '1970-01-01 00:00:00',
  last_activity_at DATETIME NOT NULL DEFAULT '1970-01-01 00:00:00',
  login VARCHAR(60) NOT NULL DEFAULT '',
  email VARCHAR(100) NOT NULL DEFAULT '',
  name VARCHAR(250) NOT NULL DEFAULT '',
  search_text VARCHAR(1000) COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  PRIMARY KEY (user_id),
  KEY balance (balance),
  KEY used_chat (used_chat),
  KEY used_ai_forms (used_ai_forms),
  KEY used_image_generator (used_image_generator),
  KEY turns_at (turns_at),
  KEY last_purchase_at (last_purchase_at),
  KEY last_activity_at (last_activity_at),
  KEY login (login),
  KEY email (email),
  KEY name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;

-- The roles of those users on this site.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_roles (
  role VARCHAR(191) NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (role, user_id),
  KEY user_id (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What was used in a quarter of an hour: every zone's days begin with one.
CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_usage_slots (
  slot_at DATETIME NOT NULL,
  module VARCHAR(50) NOT NULL,
  credits BIGINT NOT NULL,
  PRIMARY KEY (slot_at, module)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
