"""Very many accounts, with the summaries that the worker would have made of them."""

from datetime import UTC, datetime
from typing import Any

from bench.stage import BenchError
from bridge.domain.ids import UserId
from bridge.domain.periods import Period, next_turn
from bridge.services.accounts.keep_summaries import repair_summaries
from bridge.store import summaries
from bridge.wiring import Bridge
from demo.private_server import PrivateServer
from demo.site import DATABASE

FIRST_ID = 100_001
FIRST_NAMES = (
    "James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David",
    "Elizabeth", "William", "Barbara", "Richard", "Susan", "Joseph", "Jessica", "Thomas", "Sarah",
    "Zoe", "Karen",
)  # fmt: skip
LAST_NAMES = (
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Lopez",
    "Gonzalez", "Wilson", "Anderson", "Zimmer", "Taylor", "Moore", "Jackson", "Martin",
)  # fmt: skip
BOT = 23
"""A chatbot of the demo site; its free limit starts anew each month."""

_THOUSAND = 1000
_SAMPLE = 2000
_NUMBERS = "CREATE TABLE numbers (n INT UNSIGNED NOT NULL PRIMARY KEY)"
# By a hash of the number and not by chance: two sites are alike, and no figure tells of another,
# save that who never bought hardly has a balance. One in 1,000 is an editor.
_SUMMARIES = """
    INSERT INTO wp_aipkit_bridge_summaries
           (user_id, balance, used_chat, used_image_generator, turns_at, last_purchase_at,
            last_activity_at, login, email, name, search_text)
    SELECT one.*, LOWER(CONCAT_WS('\\n', user_id, login, email, name))
      FROM (SELECT number + %(first_id)s AS user_id,
                   IF(one %% 3 OR number %% 50 = 0, two %% 100003, 0) AS balance,
                   IF(three %% 2, three %% 5003, 0) AS used_chat,
                   IF(four %% 4 = 0, four %% 53, 0) AS used_images,
                   IF(three %% 2 AND three %% 5003, %(turns_at)s, '9999-01-01') AS turns_at,
                   IF(one %% 3, '2026-01-01' + INTERVAL one %% 400000 MINUTE, '1970-01-01')
                     AS bought_at,
                   '2026-01-01' + INTERVAL five %% 400000 MINUTE AS used_at,
                   CONCAT(LOWER(first), number) AS login,
                   CONCAT(LOWER(first), '.', LOWER(last), number, '@bench.example') AS email,
                   CONCAT(first, ' ', last) AS name
              FROM (SELECT number,
                           CONV(SUBSTR(hash, 1, 5), 16, 10) AS one,
                           CONV(SUBSTR(hash, 6, 5), 16, 10) AS two,
                           CONV(SUBSTR(hash, 11, 5), 16, 10) AS three,
                           CONV(SUBSTR(hash, 16, 5), 16, 10) AS four,
                           CONV(SUBSTR(hash, 21, 5), 16, 10) AS five,
                           ELT(1 + CONV(SUBSTR(hash, 26, 3), 16, 10) %% {firsts}, {first_names})
                             AS first,
                           ELT(1 + CONV(SUBSTR(hash, 29, 3), 16, 10) %% {lasts}, {last_names})
                             AS last
                      FROM (SELECT high.n * 1000 + low.n AS number,
                                   MD5(high.n * 1000 + low.n) AS hash
                              FROM numbers high JOIN numbers low
                             WHERE high.n < %(thousands)s) every) named) one
"""
_ROLES = """
    INSERT INTO wp_aipkit_bridge_roles (role, user_id)
    SELECT IF(user_id %% 1000 = 0, 'editor', 'customer'), user_id
      FROM wp_aipkit_bridge_summaries
"""
_USERS = """
    INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)
    SELECT user_id, login, email, name, '2020-01-01' FROM wp_aipkit_bridge_summaries
"""
_METAS = (
    ("'wp_capabilities'", "CONCAT('a:1:{s:', LENGTH(role), ':\"', role, '\";b:1;}')", "TRUE"),
    ("'_aipkit_token_balance'", "balance", "balance > 0"),
    (f"'_aipkit_token_usage_{BOT}'", "used_chat", "used_chat > 0"),
    (f"'_aipkit_last_token_reset_{BOT}'", "UNIX_TIMESTAMP()", "used_chat > 0"),
    ("'_aipkit_img_tokens_used'", "used_image_generator", "used_image_generator > 0"),
)
_META = """
    INSERT INTO wp_usermeta (user_id, meta_key, meta_value)
    SELECT user_id, {key}, {value} FROM wp_aipkit_bridge_summaries
      JOIN wp_aipkit_bridge_roles USING (user_id) WHERE {where}
"""
_TABLES = (
    "wp_users", "wp_usermeta", "wp_aipkit_bridge_summaries", "wp_aipkit_bridge_roles",
)  # fmt: skip


def add_accounts(server: PrivateServer, bridge: Bridge, count: int) -> None:
    """
    Add accounts, in whole thousands, to a site whose bridge's tables are there.

    Raises:
        BenchError: The worker would write another summary of one of them.
    """
    turn = next_turn(datetime.now(UTC), Period.MONTHLY, bridge.site.get().calendar)
    assert turn is not None
    args = {"first_id": FIRST_ID, "turns_at": turn.replace(tzinfo=None),
            "thousands": count // _THOUSAND}  # fmt: skip
    with server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        add_numbers(cursor)
        cursor.execute(_with_names(_SUMMARIES), args)
        cursor.execute(_ROLES, ())
        cursor.execute(_USERS)
        for key, value, where in _METAS:
            words = {"{key}": key, "{value}": value, "{where}": where}
            cursor.execute(_replaced(_META, words))
        cursor.execute(f"ANALYZE TABLE {', '.join(_TABLES)}")
    _check(bridge, count)


def add_numbers(cursor: Any) -> None:
    """Make a table `numbers` of 0 to 999, of which statements make many rows."""
    cursor.execute(_NUMBERS)
    cursor.executemany("INSERT INTO numbers VALUES (%s)", [(n,) for n in range(_THOUSAND)])


def _with_names(sql: str) -> str:
    words = {
        "{firsts}": str(len(FIRST_NAMES)),
        "{lasts}": str(len(LAST_NAMES)),
        "{first_names}": ", ".join(f"'{name}'" for name in FIRST_NAMES),
        "{last_names}": ", ".join(f"'{name}'" for name in LAST_NAMES),
    }
    return _replaced(sql, words)


def _replaced(sql: str, words: dict[str, str]) -> str:
    for word, text in words.items():
        sql = sql.replace(word, text)
    return sql


def _check(bridge: Bridge, count: int) -> None:
    """Let the worker's own repair look at a sample: it must find nothing to write."""
    sample = [UserId(FIRST_ID + at * count // _SAMPLE) for at in range(_SAMPLE)]
    with bridge.db.reading() as tx:
        roles = summaries.read_roles(tx, sample)
    written = repair_summaries(bridge.db, bridge.site.get(), sample)
    with bridge.db.reading() as tx:
        changed = summaries.read_roles(tx, sample) != roles
    if written or changed:
        raise BenchError(f"Of {_SAMPLE} accounts {written} were not as the worker keeps them.")
