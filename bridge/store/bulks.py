"""Changes of many accounts at once: the row that says what was asked and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import pymysql

from bridge.domain.bulks import Bulk, BulkKind, BulkState
from bridge.domain.ids import Credits
from bridge.store import state
from bridge.store.columns import utc, utc_or_none
from bridge.store.db_errors import is_duplicate_key
from bridge.store.tx import Row, Tx

_MAKE = """
    INSERT INTO {p}aipkit_bridge_bulks
           (form_key, kind, state, source, reason, credits, size, made_by, made_at)
    VALUES (%(form_key)s, %(kind)s, 'reading', %(source)s, %(reason)s, %(credits)s, %(size)s,
            %(made_by)s, UTC_TIMESTAMP(6))
"""
_BY_FORM = "SELECT bulk_id FROM {p}aipkit_bridge_bulks WHERE form_key = %s"
_READ = """
    SELECT bulk_id, kind, state, source, reason, credits, size, position, line_no, ready_lines,
           wrong_lines, same_lines, added, taken, booked_lines, refused_lines, error, made_by,
           made_at, started_by, started_at, finished_at
      FROM {p}aipkit_bridge_bulks
"""
_ONE = f"{_READ} WHERE bulk_id = %s"
_LOCK = f"{_ONE} FOR UPDATE"
_MADE = f"{_READ} WHERE form_key = %s"
_FIRST = f"{_READ} WHERE state = %s ORDER BY bulk_id LIMIT 1"
_RECENT = f"{_READ} WHERE state <> 'discarded' ORDER BY bulk_id DESC LIMIT %s"
_MOVE = """
    UPDATE {p}aipkit_bridge_bulks
       SET position = %(position)s, line_no = %(line_no)s,
           ready_lines = ready_lines + %(ready)s, wrong_lines = wrong_lines + %(wrong)s,
           same_lines = same_lines + %(same)s, added = added + %(added)s, taken = taken + %(taken)s
     WHERE bulk_id = %(bulk_id)s
"""
_END_READING = """
    UPDATE {p}aipkit_bridge_bulks SET state = %s, error = %s
     WHERE bulk_id = %s AND state = 'reading'
"""
_START = """
    UPDATE {p}aipkit_bridge_bulks
       SET state = 'booking', started_by = %s, started_at = UTC_TIMESTAMP(6)
     WHERE bulk_id = %s AND state = 'ready'
"""
_COUNT = """
    UPDATE {p}aipkit_bridge_bulks
       SET booked_lines = booked_lines + %s, refused_lines = refused_lines + %s
     WHERE bulk_id = %s
"""
_FINISH = """
    UPDATE {p}aipkit_bridge_bulks SET state = 'done', finished_at = UTC_TIMESTAMP(6)
     WHERE bulk_id = %s AND state = 'booking'
"""
_DISCARD = """
    UPDATE {p}aipkit_bridge_bulks SET state = 'discarded', finished_at = UTC_TIMESTAMP(6)
     WHERE bulk_id = %s AND state IN ('reading', 'ready')
"""
_DISCARD_OLD = """
    UPDATE {p}aipkit_bridge_bulks SET state = 'discarded', finished_at = UTC_TIMESTAMP(6)
     WHERE state IN ('reading', 'ready') AND made_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY
"""


_NAMES = tuple(field.name for field in fields(Bulk))


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """How far a change was read, and how many lines of each sort that added."""

    position: int
    line_no: int = 0
    ready: int = 0
    wrong: int = 0
    same: int = 0
    added: Credits = Credits(0)
    taken: Credits = Credits(0)


def make(tx: Tx, form_key: bytes, **values: Any) -> tuple[int, bool]:
    """Make a change to be read; return its id, and False if the same form made it before."""
    try:
        return tx.insert(_MAKE, {"form_key": form_key, **values}), True
    except pymysql.IntegrityError as error:
        if not is_duplicate_key(error):
            raise
        row = tx.one(_BY_FORM, (form_key,))
        assert row is not None
        state.wait_for_disk(tx)
        return int(row["bulk_id"]), False


def find_made(tx: Tx, form_key: bytes) -> Bulk | None:
    """Return the change that a form made, or None."""
    row = tx.one(_MADE, (form_key,))
    return _bulk(row) if row else None


def find(tx: Tx, bulk_id: int) -> Bulk | None:
    """Return a change, or None."""
    row = tx.one(_ONE, (bulk_id,))
    return _bulk(row) if row else None


def lock(tx: Tx, bulk_id: int) -> Bulk | None:
    """Return a change and lock it until the transaction ends."""
    row = tx.one(_LOCK, (bulk_id,))
    return _bulk(row) if row else None


def find_first(tx: Tx, state: BulkState) -> Bulk | None:
    """Return the oldest change in a state."""
    row = tx.one(_FIRST, (state,))
    return _bulk(row) if row else None


def list_recent(tx: Tx, limit: int) -> Sequence[Bulk]:
    """Return the newest changes."""
    return [_bulk(row) for row in tx.all(_RECENT, (limit,))]


def _bulk(row: Row) -> Bulk:
    values = {name: row[name] for name in _NAMES}
    values |= {name: utc_or_none(row[name]) for name in ("started_at", "finished_at")}
    values |= {name: int(row[name]) for name in ("added", "taken")}
    return Bulk(
        **{
            **values,
            "kind": BulkKind(row["kind"]),
            "state": BulkState(row["state"]),
            "made_at": utc(row["made_at"]),
        }
    )


def move(tx: Tx, bulk_id: int, read: ReadProgress) -> None:
    """Write how far a locked change was read."""
    tx.run(
        _MOVE,
        {
            "bulk_id": bulk_id,
            "position": read.position,
            "line_no": read.line_no,
            "ready": read.ready,
            "wrong": read.wrong,
            "same": read.same,
            "added": read.added,
            "taken": read.taken,
        },
    )


def end_reading(tx: Tx, bulk_id: int, *, error: str = "") -> None:
    """End the reading of a change; *error* says why it could not be read to its end."""
    tx.run(_END_READING, (BulkState.READY, error[:500], bulk_id))


def start(tx: Tx, bulk_id: int, *, by: str) -> None:
    """Have a locked one booked that may start."""
    tx.run(_START, (by[:100], bulk_id))


def count(tx: Tx, bulk_id: int, *, booked: int, refused: int) -> None:
    """Add to the numbers of lines that were booked and refused."""
    tx.run(_COUNT, (booked, refused, bulk_id))


def finish(tx: Tx, bulk_id: int) -> None:
    """Note that all lines of a change were booked or refused."""
    tx.run(_FINISH, (bulk_id,))


def discard(tx: Tx, bulk_id: int) -> bool:
    """Discard a change of which nothing was booked; return False if it is too late."""
    return tx.run(_DISCARD, (bulk_id,)) == 1


def discard_old(tx: Tx, days: int) -> int:
    """Discard changes that nobody started; return how many."""
    return tx.run(_DISCARD_OLD, (days,))
