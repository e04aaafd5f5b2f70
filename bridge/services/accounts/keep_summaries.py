"""
The list of accounts, kept true to what others write.

The bridge's own bookings are in it already. The rest is found in three ways: the ledger's new rows
name users whom the peer has booked for; counters are known to turn at an instant; and a pass over
all users, again and again, finds all else: names, roles, balances that changed without a row.
Each is read without a lock, some hundred at a time, and only what differs is written.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from bridge.domain.errors import BridgeError
from bridge.domain.ids import Credits, UserId
from bridge.domain.site import Site
from bridge.services.accounts.read_figures import Figures, read_figures
from bridge.services.failures import Failures
from bridge.store import ledger, state, summaries
from bridge.store.db import Database
from bridge.store.ledger import LastTimes
from bridge.store.summaries import StoredSummary, Summary
from bridge.store.tx import Tx

RUN_FOR_S = 4.0

SEARCHES_ANYWHERE = 100_000
"""With more accounts than this a search finds beginnings only."""

_USERS = 500
_LEDGER_IDS = 20_000
_OVERLAP = 1000
"""Ids are given before rows are committed: the last ones are looked at again."""

_STATE = "summaries"
_SUM = "sum_of_balances"
_NO_TIMES = LastTimes(None, None)


@dataclass(frozen=True, slots=True)
class _Position:
    """How far the ledger and the users were read; instants as texts, "" for none yet."""

    ledger_after: int = 0
    users_after: int = 0
    began_at: str = ""
    complete_as_of: str = ""
    accounts: int = 0  # counted up to one more than `SEARCHES_ANYWHERE`


def order_as_of(tx: Tx) -> datetime | None:
    """Return since when at the latest the list knows what others did; None: nobody looked yet."""
    text = _read(tx).complete_as_of
    return datetime.fromisoformat(text) if text else None


def searches_anywhere(tx: Tx) -> bool:
    """Say whether a search finds any part of a text: for very many accounts that takes long."""
    return _read(tx).accounts <= SEARCHES_ANYWHERE


def keep_summaries(db: Database, site: Site, *, run_for_s: float = RUN_FOR_S) -> int:
    """
    Go on for some seconds; return how many summaries were written.

    Where a pass ends sooner, the run ends with it.

    Raises:
        SetAsideError: Some could not be written; all others were.
    """
    failures = Failures("summary_written")
    stop_at = time.monotonic() + run_for_s
    with db.reading() as tx:
        at = _read(tx)
    written = _until(stop_at, lambda: _repair_due(db, site, failures))
    at, known = _read_ledger(db, site, at, stop_at, failures)
    written += known
    while time.monotonic() < stop_at:
        at, changed = _next_users(db, site, at, failures)
        written += changed
        if not at.users_after:
            break
    with db.reading() as tx:
        at = replace(at, accounts=summaries.count(tx, SEARCHES_ANYWHERE + 1))
    db.transaction(lambda tx: state.set_json(tx, _STATE, asdict(at)))
    _keep_sum(db, at)
    failures.report()
    return written


def _read(tx: Tx) -> _Position:
    return _Position(**state.get_json(tx, _STATE))


def read_sum(tx: Tx) -> tuple[Credits, datetime] | None:
    """Return the sum of all balances at the last run, and `order_as_of` then; None: not yet."""
    kept = state.get_json(tx, _SUM)
    if not kept:
        return None
    return Credits(kept["credits"]), datetime.fromisoformat(kept["order_as_of"])


def _keep_sum(db: Database, at: _Position) -> None:
    if at.complete_as_of:
        with db.reading() as tx:
            credits = summaries.sum_balances(tx)
        kept = {"credits": credits, "order_as_of": at.complete_as_of}
        db.transaction(lambda tx: state.set_json(tx, _SUM, kept))


def _until(stop_at: float, work: Callable[[], int]) -> int:
    """Repeat *work* until it has nothing to do, or the time is up."""
    total = 0
    while time.monotonic() < stop_at and (done := work()):
        total += done
    return total


def _repair_due(db: Database, site: Site, failures: Failures) -> int:
    with db.reading() as tx:
        users = summaries.list_due(tx, _USERS)
    return _repair(db, site, users, failures)


def _repair(
    db: Database,
    site: Site,
    users: Sequence[UserId],
    failures: Failures,
    times: Mapping[UserId, LastTimes] | None = None,
) -> int:
    """As `repair_summaries`; of a part that fails, halves are tried until one user is left."""
    if len(users) == 1:
        written = 0
        with failures.guard(f"user {users[0]}"):
            written = repair_summaries(db, site, users, times)
        return written  # noqa: RET504  # the block may end early
    try:
        return repair_summaries(db, site, users, times)
    except BridgeError:
        raise
    except Exception:  # noqa: BLE001  # it comes again with whom it is about
        middle = len(users) // 2
        halves = (users[:middle], users[middle:])
        return sum(_repair(db, site, half, failures, times) for half in halves)


def _read_ledger(
    db: Database, site: Site, at: _Position, stop_at: float, failures: Failures
) -> tuple[_Position, int]:
    """Look at users for whom the ledger has later rows than the list knows of."""
    written = 0
    with db.reading() as tx:
        last = ledger.last_id(tx)
    after = max(0, at.ledger_after - _OVERLAP)
    while after < last and time.monotonic() < stop_at:
        until = min(after + _LEDGER_IDS, last)
        with db.reading() as tx:
            times = ledger.list_times(tx, after, until)
        written += _repair_later(db, site, times, failures)
        after = until
    return replace(at, ledger_after=max(after, at.ledger_after)), written


def _repair_later(
    db: Database, site: Site, times: Mapping[UserId, LastTimes], failures: Failures
) -> int:
    users, written = sorted(times), 0
    for start in range(0, len(users), _USERS):
        part = users[start : start + _USERS]
        with db.reading() as tx:
            stored = summaries.read(tx, part)
        later = {user: times[user] for user in part if _is_later(times[user], stored.get(user))}
        written += _repair(db, site, list(later), failures, later)
    return written


def _is_later(times: LastTimes, stored: StoredSummary | None) -> bool:
    if stored is None:
        return True
    known = stored.summary
    bought, used = known.last_purchase_at, known.last_activity_at
    return _latest(times.purchase_at, bought) != bought or _latest(times.usage_at, used) != used


def _latest(*instants: datetime | None) -> datetime | None:
    """Return the last; None: never."""
    return max((one for one in instants if one is not None), default=None)


def _next_users(
    db: Database, site: Site, at: _Position, failures: Failures
) -> tuple[_Position, int]:
    with db.reading() as tx:
        began_at = at.began_at if at.users_after else tx.now().isoformat()
        users = summaries.list_next(tx, at.users_after, _USERS)
    written = _repair(db, site, users, failures)
    if len(users) < _USERS:
        return replace(at, users_after=0, began_at="", complete_as_of=began_at), written
    return replace(at, users_after=users[-1], began_at=began_at), written


def repair_summaries(
    db: Database,
    site: Site,
    user_ids: Collection[UserId],
    times: Mapping[UserId, LastTimes] | None = None,
) -> int:
    """Write what the list should say of these users, where it differs; return of how many."""
    if not user_ids:
        return 0
    with db.reading() as tx:
        stored = summaries.read(tx, user_ids)  # first: what is booked meanwhile moves `seq` on
        roles = summaries.read_roles(tx, user_ids)
        figures = read_figures(tx, site, user_ids)
    wanted = {
        user: _wanted(user, figures[user], stored.get(user), (times or {}).get(user, _NO_TIMES))
        for user in figures
    }
    listed = {user: summary for user, summary in wanted.items() if summary.is_listed}
    changed = [
        (summary, stored[user].seq if user in stored else 0)
        for user, summary in listed.items()
        if user not in stored or stored[user].summary != summary
    ]
    gone = [one for user, one in stored.items() if user not in listed]
    have = {(role, user) for user, mine in roles.items() for role in mine}
    should = {(role, user) for user in listed for role in figures[user].roles}
    if changed or gone or have != should:

        def write(tx: Tx) -> None:
            summaries.repair(tx, changed)
            summaries.forget(tx, gone)
            summaries.change_roles(tx, should - have, have - should)

        db.transaction(write)
    return len(changed) + len(gone)


def _wanted(
    user: UserId, figures: Figures, stored: StoredSummary | None, times: LastTimes
) -> Summary:
    known = stored.summary if stored else None
    return Summary(
        user_id=user,
        balance=figures.balance,
        used=figures.used,
        turns_at=figures.turns_at,
        last_purchase_at=_latest(known.last_purchase_at if known else None, times.purchase_at),
        last_activity_at=_latest(known.last_activity_at if known else None, times.usage_at),
        login=figures.names.login,
        email=figures.names.email,
        name=figures.names.name,
    )
