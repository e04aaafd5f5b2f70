"""Small facts, counters and cursors of a site's bridge."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.domain.errors import NotMigratedError
from bridge.domain.sentences import Sentence
from bridge.store.columns import naive, utc
from bridge.store.tx import Tx

FIRST_MIGRATE = "first_migrate"
LEDGER_EPOCH = "ledger_epoch"
SHOP_HEALTH = "shop_health"
SHOP_HABITS = "shop_habits"
POLICY = "policy"
RECONCILED = "reconciled"
BACKFILL = "backfill"
SETTINGS_TURN = "settings"
_TOLD = "told"

_GET = "SELECT value FROM {p}aipkit_bridge_state WHERE name = %s"
_GET_FRESH = f"{_GET} AND changed_at > UTC_TIMESTAMP(6) - INTERVAL %s SECOND"
_SET_ONCE = """
    INSERT IGNORE INTO {p}aipkit_bridge_state (name, value, changed_at)
    VALUES (%s, %s, UTC_TIMESTAMP(6))
"""
_SET = """
    INSERT INTO {p}aipkit_bridge_state (name, value, changed_at)
    VALUES (%s, %s, UTC_TIMESTAMP(6))
    ON DUPLICATE KEY UPDATE value = VALUES(value), changed_at = VALUES(changed_at)
"""
_CURSOR = "SELECT position FROM {p}aipkit_bridge_cursors WHERE name = %s"
_MOVE_CURSOR = """
    INSERT INTO {p}aipkit_bridge_cursors (name, position, moved_at)
    VALUES (%(name)s, %(position)s, UTC_TIMESTAMP(6))
    ON DUPLICATE KEY UPDATE
      moved_at = IF(VALUES(position) > position, VALUES(moved_at), moved_at),
      position = GREATEST(position, VALUES(position))
"""
_MAKE_SEQUENCE = "INSERT IGNORE INTO {p}aipkit_bridge_sequences (name, value) VALUES (%s, 0)"
_NEXT = """
    UPDATE {p}aipkit_bridge_sequences SET value = LAST_INSERT_ID(value + 1) WHERE name = %s
"""
_TAKE_TURN = """
    INSERT INTO {p}aipkit_bridge_sequences (name, value) VALUES (%s, 1)
    ON DUPLICATE KEY UPDATE value = value + 1
"""


def take_turn(tx: Tx, name: str) -> None:
    """
    Let transactions that call this with one *name* run one after another.

    The row is written, not only locked: nodes of a Galera cluster see nothing of each other's
    locks, and let only one of two that wrote it commit.
    """
    tx.run(_TAKE_TURN, (name,))


def wait_for_disk(tx: Tx) -> None:
    """
    Let this transaction's COMMIT wait for the disk, by writing something.

    InnoDB shows a commit before its redo is there. Who tells what another transaction wrote
    must not be faster than the disk: what was told would be gone after a power cut.
    """
    take_turn(tx, _TOLD)


def set_instant_once(tx: Tx, name: str, instant: datetime) -> None:
    """Store an instant unless one is stored already."""
    tx.run(_SET_ONCE, (name, instant.isoformat()))


def get_instant(tx: Tx, name: str) -> datetime:
    """Return a stored instant; without one the database was never migrated."""
    row = tx.one(_GET, (name,))
    if row is None:
        raise NotMigratedError(
            Sentence("The bridge's tables are not set up: run `aipkit-bridge migrate`.")
        )
    return datetime.fromisoformat(row["value"])


def get_json(tx: Tx, name: str) -> dict[str, Any]:
    """Return a stored object; empty when there is none."""
    row = tx.one(_GET, (name,))
    return json.loads(row["value"]) if row else {}


def get_json_since(tx: Tx, name: str, age: timedelta) -> dict[str, Any]:
    """As `get_json`, unless it was stored longer ago than *age*."""
    row = tx.one(_GET_FRESH, (name, age.total_seconds()))
    return json.loads(row["value"]) if row else {}


def set_json(tx: Tx, name: str, value: Mapping[str, object]) -> None:
    """Store an object."""
    tx.run(_SET, (name, json.dumps(value)))


def forget(tx: Tx, *names: str) -> None:
    """Delete what is stored, if anything is."""
    tx.run("DELETE FROM {p}aipkit_bridge_state WHERE name IN %s", (names,))


def get_cursor(tx: Tx, name: str) -> datetime | None:
    """Return how far the stream was read; None before its first page."""
    row = tx.one(_CURSOR, (name,))
    return utc(row["position"]) if row else None


def rewind_cursors(tx: Tx) -> None:
    """Forget how far the shop was read: it is read again from `since`."""
    tx.run("DELETE FROM {p}aipkit_bridge_cursors")


def move_cursor(tx: Tx, name: str, position: datetime) -> None:
    """Move the cursor forward; a lower position changes nothing."""
    tx.run(_MOVE_CURSOR, {"name": name, "position": naive(position)})


def next_fetch_number(tx: Tx) -> int:
    """
    Take a number from the database, before a fetch: higher numbers know more.

    `LAST_INSERT_ID(expr)` hands each session its own value, also where two take one at once.
    """
    if tx.run(_NEXT, ("fetch",)) == 0:
        tx.run(_MAKE_SEQUENCE, ("fetch",))
        tx.run(_NEXT, ("fetch",))
    row = tx.one("SELECT LAST_INSERT_ID() AS number")
    assert row is not None
    return int(row["number"])
