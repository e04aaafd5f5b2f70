"""A change of many accounts as people look at it: before, while and after it is booked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.bulks import Bulk, BulkLine, BulkState, LineState
from bridge.domain.csv_text import csv_lines, csv_text
from bridge.domain.ids import Credits, UserId, admin_in
from bridge.services.accounts.read_figures import read_balances
from bridge.services.bulk.make import UnknownBulkError, find_undoing
from bridge.store import bulk_lines, bulks, leases, wp_users
from bridge.store.db import Database
from bridge.store.tx import Tx
from bridge.store.wp_users import UserNames

SHOWN = 10
"""Lines of each sort on the page; those with a problem: ten times as many."""

RECENT = 10
_CHUNK = 500
_NOBODY = UserNames("", "", "")


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with the names and the present balance of its user."""

    line: BulkLine
    names: UserNames
    balance: int | None  # None: there is no such user


@dataclass(frozen=True, slots=True)
class BulkView:
    """What the page of a change shows; ``made_by`` and ``started_by`` are names."""

    bulk: Bulk
    made_by: str
    started_by: str
    examples: Sequence[LineView]
    problems: Sequence[LineView]
    booked: tuple[Credits, Credits]  # what was given and taken
    undone_by: Bulk | None  # the change that takes this one back
    is_worked_on: bool  # a worker is there; without one nothing moves
    at: datetime


def get_bulk(db: Database, bulk_id: int) -> Bulk:
    """Return a change; raises UnknownBulkError if there is none."""
    with db.reading() as tx:
        return _get(tx, bulk_id)


def list_bulks(db: Database) -> Sequence[Bulk]:
    """Return the newest changes."""
    with db.reading() as tx:
        return bulks.list_recent(tx, RECENT)


def view_bulk(db: Database, bulk_id: int) -> BulkView:
    """Return a change with some of its lines; raises UnknownBulkError if there is none."""
    with db.reading() as tx:
        bulk = _get(tx, bulk_id)
        is_done = bulk.state is BulkState.DONE
        shown = LineState.BOOKED if is_done else LineState.READY
        examples = bulk_lines.list_lines(tx, bulk_id, shown, limit=SHOWN)
        problems = bulk_lines.list_lines(tx, bulk_id, _problem_of(bulk), limit=10 * SHOWN)
        return BulkView(
            bulk=bulk,
            made_by=_name(tx, bulk.made_by),
            started_by=_name(tx, bulk.started_by),
            examples=_shown(tx, examples),
            problems=_shown(tx, problems),
            booked=bulk_lines.sum_booked(tx, bulk_id) if is_done else (Credits(0), Credits(0)),
            undone_by=find_undoing(tx, bulk_id) if is_done else None,
            is_worked_on=any(lease.held for lease in leases.list_leases(tx)),
            at=tx.now(),
        )


def list_problems(db: Database, bulk_id: int) -> Iterator[str]:
    """
    Yield lines that are wrong or were refused as CSV, which can be put right and imported.

    Raises:
        UnknownBulkError: There is none; before anything is yielded.
    """
    return _problems(db, bulk_id, _problem_of(get_bulk(db, bulk_id)))


def _problem_of(bulk: Bulk) -> LineState:
    """Return the state of lines that were not booked, or will not be."""
    return LineState.REFUSED if bulk.started_at else LineState.WRONG


def _problems(db: Database, bulk_id: int, state: LineState) -> Iterator[str]:
    after, is_first = 0, True
    while True:
        with db.reading() as tx:
            lines = bulk_lines.list_lines(tx, bulk_id, state, after=after, limit=_CHUNK)
            shown = _shown(tx, lines)
        if is_first:
            # A file has one of the two columns, and is given it back.
            asked = "balance" if any(line.expected is not None for line in lines) else "change"
            yield csv_lines([("line", "user_id", "login", asked, "reason", "problem")])
            is_first = False
        if not lines:
            return
        after = lines[-1].line_no
        yield csv_lines([_cells(one) for one in shown])


def _cells(one: LineView) -> Sequence[object]:
    line = one.line
    if line.state is LineState.WRONG:
        return (line.line_no, "", "", "", "", csv_text(line.problem))
    login, reason, problem = map(csv_text, (one.names.login, line.reason, line.problem))
    return (line.line_no, line.user_id, login, (line.expected or 0) + line.delta, reason, problem)


def _get(tx: Tx, bulk_id: int) -> Bulk:
    bulk = bulks.find(tx, bulk_id)
    if bulk is None:
        raise UnknownBulkError(bulk_id)
    return bulk


def _shown(tx: Tx, lines: Sequence[BulkLine]) -> list[LineView]:
    users = {UserId(line.user_id) for line in lines if line.user_id}
    names = wp_users.list_names(tx, users) if users else {}
    balances = read_balances(tx, users)
    return [
        LineView(
            line, names.get(UserId(line.user_id), _NOBODY), balances.get(UserId(line.user_id))
        )
        for line in lines
    ]


def _name(tx: Tx, by: str) -> str:
    """Return the name of the user that `admin:{user id}` means."""
    admin = admin_in(by)
    names = {} if admin is None else wp_users.list_names(tx, [admin])
    return names[admin].name if admin in names else by
