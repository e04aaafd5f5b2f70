"""The parts of changes of many accounts: one account each."""

from collections.abc import Collection, Mapping, Sequence

from bridge.domain.bulks import BulkLine, LineState
from bridge.domain.ids import Credits, UserId
from bridge.store.tx import Row, Tx

_ADD = """
    INSERT INTO {p}aipkit_bridge_bulk_lines
           (bulk_id, line_no, user_id, delta, expected, reason, state, problem, undoes)
    VALUES {rows}
"""
_LIST = """
    SELECT line_no, user_id, delta, expected, reason, problem, entry_id, undoes
      FROM {p}aipkit_bridge_bulk_lines
     WHERE bulk_id = %s AND state = %s AND line_no > %s ORDER BY line_no LIMIT %s
"""
_EARLIER = """
    SELECT user_id, MIN(line_no) AS line_no FROM {p}aipkit_bridge_bulk_lines
     WHERE bulk_id = %s AND user_id IN %s GROUP BY user_id
"""
# Each line its own row: by its place in the list.
_BOOKED = """
    UPDATE {p}aipkit_bridge_bulk_lines
       SET state = 'booked', entry_id = ELT(FIELD(line_no, {lines}), {entries})
     WHERE bulk_id = %s AND line_no IN %s AND state = 'ready'
"""
_SUMS = """
    SELECT COALESCE(SUM(GREATEST(delta, 0)), 0) AS added,
           COALESCE(-SUM(LEAST(delta, 0)), 0) AS taken
      FROM {p}aipkit_bridge_bulk_lines WHERE bulk_id = %s AND state = 'booked'
"""
_REFUSED = """
    UPDATE {p}aipkit_bridge_bulk_lines SET state = 'refused', problem = %s
     WHERE bulk_id = %s AND line_no = %s AND state = 'ready'
"""
# First which: a DELETE with a subquery would look at all lines, every time.
_OLD = """
    SELECT bulk_id FROM {p}aipkit_bridge_bulks old
     WHERE (state = 'discarded'
            OR (state = 'done' AND finished_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY))
       AND EXISTS (SELECT 1 FROM {p}aipkit_bridge_bulk_lines line
                    WHERE line.bulk_id = old.bulk_id)
     ORDER BY bulk_id LIMIT 100
"""
_PRUNE = "DELETE FROM {p}aipkit_bridge_bulk_lines WHERE bulk_id IN %s LIMIT %s"


def add(tx: Tx, bulk_id: int, lines: Sequence[BulkLine]) -> None:
    """Add lines to a change."""
    if lines:
        rows = [
            (bulk_id, one.line_no, one.user_id, one.delta, one.expected, one.reason,
             str(one.state), one.problem[:500], one.undoes)
            for one in lines
        ]  # fmt: skip
        tx.insert_many(_ADD, rows)


def list_lines(
    tx: Tx, bulk_id: int, state: LineState, *, after: int = 0, limit: int
) -> list[BulkLine]:
    """Return the next lines in a state, by number."""
    rows = tx.all(_LIST, (bulk_id, state, after, limit))
    return [_line(row, state) for row in rows]


def _line(row: Row, state: LineState) -> BulkLine:
    return BulkLine(**row, state=state)


def first_lines_of(tx: Tx, bulk_id: int, users: Collection[UserId]) -> dict[UserId, int]:
    """Return the number of the line that names each of these users already."""
    if not users:
        return {}
    rows = tx.all(_EARLIER, (bulk_id, tuple(users)))
    return {UserId(row["user_id"]): int(row["line_no"]) for row in rows}


def settle(
    tx: Tx, bulk_id: int, booked: Mapping[int, int], refused: Collection[tuple[int, str]]
) -> tuple[int, int]:
    """
    Note lines as booked or refused; return how many of each were neither before.

    Args:
        tx: Under the lock of the change.
        bulk_id: Which change.
        booked: The ledger row of each line.
        refused: Lines, and why.
    """
    booked_now = 0
    if booked:
        sql = _BOOKED.replace("{lines}", ", ".join(map(str, booked)))
        sql = sql.replace("{entries}", ", ".join(map(str, booked.values())))
        booked_now = tx.run(sql, (bulk_id, tuple(booked)))
    refused_now = sum(tx.run(_REFUSED, (why[:500], bulk_id, number)) for number, why in refused)
    return booked_now, refused_now


def sum_booked(tx: Tx, bulk_id: int) -> tuple[Credits, Credits]:
    """Return what booked lines gave, and what they took."""
    row = tx.one(_SUMS, (bulk_id,))
    assert row is not None
    return Credits(int(row["added"])), Credits(int(row["taken"]))


def prune(tx: Tx, days: int, limit: int) -> int:
    """Delete lines of changes that were discarded, or done so many days ago; return how many."""
    old = tuple(row["bulk_id"] for row in tx.all(_OLD, (days,)))
    return tx.run(_PRUNE, (old, limit)) if old else 0
