"""Comparing accounts with their open holds, and holds with the clock."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import chain

from bridge.domain.findings import FindingKind
from bridge.domain.holds import Hold, hold_name
from bridge.domain.ids import Actor, UserId
from bridge.domain.instants import rfc3339
from bridge.domain.sentences import Sentence
from bridge.services.books.comparing import ReconcileRun, chunks
from bridge.services.spending.expire_holds import end_holds
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.load_accounts import lock_rows
from bridge.store import books, findings, holds, leases
from bridge.store.books import HoldBooks
from bridge.store.db import Database
from bridge.store.tx import Tx

_TAKEOVER = timedelta(seconds=30)
"""Holds end seconds after their time: this long it may take until another worker is at work."""

_QUEUE = timedelta(minutes=10)
"""While a worker is at work, many may wait for it."""


def compare_holds(run: ReconcileRun, *, spending: GroupCommit | None) -> None:
    """Compare all accounts with their holds; with *spending*, repair them (it ends holds)."""
    if spending is not None:
        run.done.repaired += end_holds(run.db, spending).accounts
    _look_for_overdue(run)
    users = chunks(run.db, books.list_holds, lambda one: int(one.owner), 0)
    guests = chunks(run.db, books.list_guests_holds, lambda one: str(one.owner), "")
    for chunk in chain(users, guests):
        for account in chunk:
            if not account.agree:
                with run.failures.guard(account.owner):
                    _look_at_counts(run, account.owner, repair=spending is not None)
        run.done.accounts += len(chunk)
        run.progress("accounts", run.done.accounts)


def _look_for_overdue(run: ReconcileRun) -> None:
    with run.db.reading() as tx:
        works = any(lease.held for lease in leases.list_leases(tx))
    grace = _QUEUE if works else _TAKEOVER
    seen: set[Actor] = set()
    for chunk in chunks(
        run.db,
        lambda tx, after, limit: holds.list_overdue(tx, grace, after, limit),
        lambda one: one.position,
        holds.FIRST,
    ):
        owners = dict.fromkeys(one.owner for one in chunk if one.owner not in seen)
        seen.update(owners)
        for owner in owners:
            with run.failures.guard(owner):
                run.done.findings += _look_at_overdue(run.db, owner, grace)


def _look_at_overdue(db: Database, owner: Actor, grace: timedelta) -> bool:
    """Look again under the account's lock; return whether a finding was left."""

    def look(tx: Tx) -> bool:
        lock_rows(tx, [owner])
        due = holds.list_due(tx, [owner], tx.now() - grace)
        return bool(due) and _record_overdue(tx, owner, due)

    return db.transaction(look)


def _record_overdue(tx: Tx, owner: Actor, due: Sequence[Hold]) -> bool:
    return findings.record(
        tx,
        once=True,
        kind=FindingKind.HOLD_OVERDUE,
        user_id=owner.user_id,
        summary=(
            Sentence(
                "Holds of {owner} are open past their end, so that too much is held back: no "
                "worker runs, or it could not end them, and its log says why. Start it, or "
                "run aipkit-bridge reconcile --repair: they end as they would have.",
                owner=_name(owner),
            )
        ),
        evidence={
            "holds": [
                {"hold_id": hold_name(hold.hold_id), "expires_at": rfc3339(hold.expires_at)}
                for hold in due[:20]
            ]
        },
    )


def _look_at_counts(run: ReconcileRun, owner: UserId | str, *, repair: bool) -> None:
    """Look again under the account's lock; correct its counts or leave a finding."""
    actor = Actor(session_id=owner) if isinstance(owner, str) else Actor(user_id=owner)

    def look(tx: Tx) -> tuple[int, int]:
        lock_rows(tx, [actor])
        found = books.read_holds(tx, owner)
        if found is None or found.agree:
            return 0, 0
        if repair:
            books.recount(tx, found)
            return 0, 1
        return int(_record_counts(tx, actor, found)), 0

    left, repaired = run.db.transaction(look)
    run.done.findings += left
    run.done.repaired += repaired


def _record_counts(tx: Tx, actor: Actor, found: HoldBooks) -> bool:
    return findings.record(
        tx,
        once=True,
        kind=FindingKind.HOLDS_MISMATCH,
        user_id=actor.user_id,
        summary=(
            Sentence(
                "The account of {actor} counts other holds than are open. Run aipkit-bridge "
                "reconcile --repair: it counts them afresh.",
                actor=_name(actor),
            )
        ),
        evidence=asdict(found),
    )


def _name(actor: Actor) -> Sentence:
    if actor.user_id:
        return Sentence("user {id}", id=actor.user_id)
    return Sentence("guest {id}", id=actor.session_id)
