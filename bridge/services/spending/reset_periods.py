"""
Counters of idle accounts: written back as they stand after their period has turned.

Every read counts a period that is due as unused, whether or not this has run. It is for those who
read the rows themselves: the peer's screens, and whoever looks into the database.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from bridge.domain.errors import UnknownUserError
from bridge.domain.ids import Actor, is_session_id
from bridge.domain.periods import is_same_period
from bridge.domain.quotas import Context, Counter, as_of
from bridge.domain.site import Site
from bridge.services.failures import Failures
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.outcomes import error_of
from bridge.services.spending.touch_accounts import TouchAccount, touch
from bridge.store import counters, guests, state
from bridge.store.db import Database
from bridge.store.guests import StoredCounter
from bridge.store.peer_plugin import guest_context

_STATE = "reset_periods"
_PASS_EVERY = timedelta(hours=6)
_RUN_FOR_S = 20.0
_GUESTS = 2000


@dataclass(frozen=True, slots=True)
class _PassPosition:
    """How far a pass over all counters is; ``began_at`` "" before the first."""

    began_at: str = ""
    users_after: int | None = None  # None: all were seen
    guests_after: int | None = None

    @property
    def is_done(self) -> bool:
        return self.users_after is None and self.guests_after is None


def reset_periods(db: Database, site: Site, spending: GroupCommit) -> int:
    """
    Go on with a pass over all counters, for some seconds; return how many were written.

    A pass begins when a period has turned since the last one began, and every few hours, for
    counters that another program left without a stamp.

    Raises:
        SetAsideError: Some accounts' could not be written; all others' were.
    """
    failures = Failures("period_turned")
    with db.reading() as tx:
        now = tx.now()
        at = _PassPosition(**state.get_json(tx, _STATE))
    if at.is_done:
        if not _is_wanted(at, now, site):
            return 0
        at = _PassPosition(now.isoformat(), 0, 0)
    written, stop_at = 0, time.monotonic() + _RUN_FOR_S
    while not at.is_done and time.monotonic() < stop_at:
        due, at = _next_chunk(db, site, now, at)
        for actor, outcome in touch(spending, due).items():
            error = error_of(outcome)
            is_gone = isinstance(error, UnknownUserError)
            written += not is_gone and failures.is_done(actor, error)
        _keep(db, at)
    failures.report()
    return written


def _keep(db: Database, at: _PassPosition) -> None:
    db.transaction(lambda tx: state.set_json(tx, _STATE, asdict(at)))


def _is_wanted(last: _PassPosition, now: datetime, site: Site) -> bool:
    if not last.began_at:
        return True
    began_at = datetime.fromisoformat(last.began_at)
    periods = {limits.period for limits in site.limits.values()}
    turned = any(not is_same_period(began_at, now, period, site.calendar) for period in periods)
    return turned or now - began_at >= _PASS_EVERY


def _next_chunk(
    db: Database, site: Site, now: datetime, at: _PassPosition
) -> tuple[list[TouchAccount], _PassPosition]:
    """Return what of the next chunk is to be written, and where to go on: users, then guests."""
    with db.reading() as tx:
        if at.users_after is not None:
            users = counters.list_counters(tx, list(site.limits), at.users_after)
            found: Mapping[Actor, Mapping[Context, Counter]]
            found = {Actor(user_id): mine for user_id, mine in users.counters.items()}
            after = replace(at, users_after=users.last)
        else:
            rows = guests.list_used(tx, at.guests_after or 0, _GUESTS)
            found = _guests(rows, site)
            last = rows[-1].row_id if len(rows) == _GUESTS else None
            after = replace(at, guests_after=last)
    due = [(actor, _due(mine, site, now)) for actor, mine in found.items()]
    return [
        TouchAccount(actor=actor, contexts=tuple(contexts)) for actor, contexts in due if contexts
    ], after


def _guests(
    rows: Sequence[StoredCounter], site: Site
) -> Mapping[Actor, Mapping[Context, Counter]]:
    contexts = {guest_context(context): context for context in site.limits}
    found: dict[Actor, dict[Context, Counter]] = {}
    for row in rows:
        context = contexts.get(row.guest_context)
        if context is not None and is_session_id(row.session_id):
            actor = Actor(session_id=row.session_id.lower())
            found.setdefault(actor, {})[context] = row.counter
    return found


def _due(mine: Mapping[Context, Counter], site: Site, now: datetime) -> tuple[Context, ...]:
    return tuple(
        context
        for context, counter in mine.items()
        if as_of(now, counter, site.limits_of(context).period, site.calendar) != counter
    )
