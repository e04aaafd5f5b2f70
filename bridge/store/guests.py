"""
Guests' accounts: one row of ours a session, and the counters in the table shared with the peer.

A transaction locks the session's row first, then the counters, as with users' accounts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits
from bridge.domain.quotas import Context, Counter
from bridge.store.columns import utc
from bridge.store.peer_plugin import GUESTS_TABLE, guest_context
from bridge.store.tx import Row, Tx

_MAKE = """
    INSERT IGNORE INTO {p}aipkit_bridge_guests (session_id, changed_at) VALUES {rows}
"""
_LOCK = """
    SELECT session_id, open_holds, UTC_TIMESTAMP(6) AS now
      FROM {p}aipkit_bridge_guests FORCE INDEX (PRIMARY)
     WHERE session_id IN %s ORDER BY session_id FOR UPDATE
"""
# All are locked and exist: nothing is ever inserted.
_WRITE = """
    INSERT INTO {p}aipkit_bridge_guests (session_id, open_holds, changed_at) VALUES {rows}
    ON DUPLICATE KEY UPDATE
      seq = seq + 1, open_holds = open_holds + VALUES(open_holds), changed_at = UTC_TIMESTAMP(6)
"""
_TOUCH = "UPDATE {p}aipkit_bridge_guests SET seq = seq + 1 WHERE session_id IN %s"
_READ_ROW = """
    SELECT open_holds, UTC_TIMESTAMP(6) AS now FROM {p}aipkit_bridge_guests WHERE session_id = %s
"""
_COUNTERS = """
    SELECT id, session_id, bot_id, tokens_used, last_reset_timestamp FROM {guests}
     WHERE session_id IN %s
""".replace("{guests}", GUESTS_TABLE)
_LOCK_COUNTERS = f"{_COUNTERS} ORDER BY id FOR UPDATE"
_UPDATE_COUNTERS = """
    INSERT INTO {guests} (id, session_id, bot_id, tokens_used, last_reset_timestamp)
    VALUES {rows}
    ON DUPLICATE KEY UPDATE tokens_used = VALUES(tokens_used),
      last_reset_timestamp = VALUES(last_reset_timestamp)
""".replace("{guests}", GUESTS_TABLE)
# The peer may have added the row since it was looked for: then both counts stand.
_ADD_COUNTERS = """
    INSERT INTO {guests} (session_id, bot_id, tokens_used, last_reset_timestamp) VALUES {rows}
    ON DUPLICATE KEY UPDATE tokens_used = tokens_used + VALUES(tokens_used)
""".replace("{guests}", GUESTS_TABLE)
_USED = """
    SELECT id, session_id, bot_id, tokens_used, last_reset_timestamp FROM {guests}
     WHERE id > %s ORDER BY id LIMIT %s
""".replace("{guests}", GUESTS_TABLE)
_PRUNE = """
    DELETE FROM {p}aipkit_bridge_guests
     WHERE changed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY AND open_holds = 0
     ORDER BY changed_at LIMIT %s
"""
IDLE_DAYS = 2


@dataclass(frozen=True, slots=True)
class GuestRow:
    """A session's row; ``now`` is the database's clock."""

    session_id: str
    open_holds: int
    now: datetime


@dataclass(frozen=True, slots=True)
class StoredCounter:
    """A counter as it stands in the shared table, whose ids may be of another case."""

    row_id: int
    session_id: str
    guest_context: int
    counter: Counter


GuestCounters = dict[int, StoredCounter]
"""One session's counters, by the shared table's `bot_id`."""


@dataclass(frozen=True, slots=True)
class CounterWrite:
    """A new value of a guest's counter."""

    session_id: str
    context: Context
    counter: Counter
    stored: StoredCounter | None  # None: there is no row yet


@dataclass(frozen=True, slots=True)
class GuestWrite:
    """What becomes of a locked guest."""

    session_id: str
    open_holds_change: int = 0
    counters: tuple[CounterWrite, ...] = ()


def make_rows(tx: Tx, session_ids: Collection[str]) -> None:
    """Make the rows of sessions that have none."""
    tx.insert_many(_MAKE, [(session_id, "1970-01-01") for session_id in sorted(session_ids)])


def lock_rows(
    tx: Tx, session_ids: Collection[str], *, nowait: bool = False
) -> dict[str, GuestRow]:
    """
    Hold sessions' rows in their order; those that are not made yet are absent.

    Raises:
        RowsBusyError: With *nowait*, if another transaction holds one of them.
    """
    lock = tx.lock_now if nowait else tx.all
    return {
        row["session_id"]: GuestRow(row["session_id"], row["open_holds"], utc(row["now"]))
        for row in lock(_LOCK, (tuple(sorted(session_ids)),))
    }


def lock_counters(tx: Tx, session_ids: Collection[str]) -> dict[str, GuestCounters]:
    """
    Hold all counters of locked sessions.

    Raises:
        RowsBusyError: Another program holds one of them.
    """
    return _by_session(tx.lock_now(_LOCK_COUNTERS, (tuple(session_ids),)))


def read_counters(tx: Tx, session_id: str) -> GuestCounters:
    """Return a session's counters without a lock."""
    return _by_session(tx.all(_COUNTERS, ((session_id,),))).get(session_id, {})


def read_row(tx: Tx, session_id: str) -> GuestRow | None:
    """Return a session's row without a lock; None before its first booking."""
    row = tx.one(_READ_ROW, (session_id,))
    return GuestRow(session_id, row["open_holds"], utc(row["now"])) if row else None


def list_used(tx: Tx, after: int, limit: int) -> Sequence[StoredCounter]:
    """Return the next counters of all guests, by their ids."""
    return [_stored(row) for row in tx.all(_USED, (after, limit))]


def touch(tx: Tx, session_ids: Collection[str]) -> None:
    """As `accounts.touch`, of sessions' rows."""
    tx.run(_TOUCH, (tuple(session_ids),))


def write_guests(tx: Tx, writes: Sequence[GuestWrite]) -> None:
    """Write the sessions' rows always, and the counters that have changed."""
    tx.insert_many_later(
        _WRITE, [(w.session_id, w.open_holds_change, "1970-01-01") for w in writes]
    )
    counters = [counter for write in writes for counter in write.counters]
    old = [
        (c.stored.row_id, c.stored.session_id, c.stored.guest_context, *_figures(c.counter))
        for c in counters
        if c.stored is not None
    ]
    new = [
        (c.session_id, guest_context(c.context), *_figures(c.counter))
        for c in counters
        if c.stored is None
    ]
    if old:
        tx.insert_many_later(_UPDATE_COUNTERS, old)
    if new:
        tx.insert_many_later(_ADD_COUNTERS, new)


def prune(tx: Tx, limit: int) -> int:
    """Delete rows of ours of sessions that have been idle for days; return how many."""
    return tx.run(_PRUNE, (IDLE_DAYS, limit))


def _by_session(rows: Sequence[Row]) -> dict[str, GuestCounters]:
    found: dict[str, GuestCounters] = {}
    for row in rows:
        stored = _stored(row)
        found.setdefault(stored.session_id.lower(), {})[stored.guest_context] = stored
    return found


def _stored(row: Row) -> StoredCounter:
    counter = Counter(Credits(row["tokens_used"]), row["last_reset_timestamp"])
    return StoredCounter(row["id"], row["session_id"], row["bot_id"], counter)


def _figures(counter: Counter) -> tuple[int, int]:
    return counter.used, counter.last_reset
