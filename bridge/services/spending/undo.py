"""
Taking a ledger row back by another: a change by hand undone, a use given back.

Once for each row, for ever: the counter-entry has a key of its own in the ledger, made of the row
that it takes back, and the same request by whomever has the same idempotency key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bridge.domain.accounts import Account
from bridge.domain.answers import Adjusted
from bridge.domain.counter_entries import CounterEntry, counter_entry, counter_key
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Actor, Credits, UserId, is_id
from bridge.domain.ledger import (
    BY_HAND,
    ContextType,
    EntryType,
    LedgerEntry,
    LedgerRow,
    ReferenceType,
    entry_name,
)
from bridge.domain.sentences import Sentence
from bridge.services.spending.adjust import ByDelta
from bridge.services.spending.book import Operation
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.idempotency import KeyPurpose, request_key
from bridge.services.spending.open_accounts import open_missing_balances
from bridge.services.spending.outcomes import Failure, PendingAnswer, Receipt
from bridge.store import counter_entries, state
from bridge.store.db import Database
from bridge.store.tx import Tx

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Which row of whose, and who wants it back for which reason."""

    user_id: UserId
    entry_id: int
    reason: str
    by: str
    bulk_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Operation[Adjusted]):
    """The counter-entry of one row."""

    row: LedgerRow
    back: CounterEntry
    request: UndoRequest

    def decide(self, account: Account) -> PendingAnswer[Adjusted]:
        """Book it; never below 0, and a counter only while the row's own period runs."""
        delta = ByDelta(self.back.delta).delta_of(account.funds.balance)
        for context, change in self.back.counted.items():
            if context in account.counters:
                account.recount(context, change, self.row.at)
        entry = account.change(delta, lambda before, after: self._entry(before, after))
        balance = account.funds.balance

        def tell(entry_id: int | None) -> Adjusted:
            assert entry_id is not None, "it always has its row"
            return Adjusted(entry_id, balance)

        return PendingAnswer(tell, entry)

    def _entry(self, before: Credits, after: Credits) -> LedgerEntry:
        meta: dict[str, object] = {
            "reason": self.request.reason,
            "balance_before": before,
            "balance_after": after,
            "undoes": entry_name(self.row.entry_id),
        }
        if self.request.bulk_id is not None:
            meta["bulk_id"] = self.request.bulk_id
        return LedgerEntry(
            user_id=self.request.user_id,
            entry_type=EntryType.BY_HAND,
            operation="manual_adjustment",
            module=BY_HAND,
            context_type=ContextType.BY_HAND,
            context_id=None,
            credits_delta=self.back.delta,
            usage_total_units=abs(self.back.delta),
            reference_type=ReferenceType.BY_HAND,
            reference_id=self.request.by,
            idempotency_key=counter_key(self.row.entry_id),
            meta=meta,
        )


def undo(
    db: Database, spending: GroupCommit, site_url: str, request: UndoRequest
) -> Receipt[Adjusted]:
    """
    Book the counter-entry of one row; if it was booked before, return that.

    Raises:
        InvalidInputError: There is no such row, or it must stand.
        BalanceTooSmallError: What it gave is spent.
    """
    told = undo_all(db, spending, site_url, [request])[0]
    if isinstance(told, Failure):
        raise told.error
    if not told.replayed:
        log.info(
            "entry_undone",
            user_id=request.user_id,
            undoes=entry_name(request.entry_id),
            by=request.by,
            entry_id=entry_name(told.answer.entry_id),
        )
    return told


def undo_all(
    db: Database, spending: GroupCommit, site_url: str, requests: Sequence[UndoRequest]
) -> list[Receipt[Adjusted] | Failure]:
    """Book the counter-entries of many rows, each on its own; see `GroupCommit.submit_all`."""
    found = db.transaction(lambda tx: [_look(tx, site_url, request) for request in requests])
    operations = [one for one in found if isinstance(one, Undo)]
    credited = [one.request.user_id for one in operations if one.back.delta > 0]
    open_missing_balances(db, credited)
    booked = iter(spending.submit_all(operations))
    return [next(booked) if isinstance(one, Undo) else one for one in found]


def _look(tx: Tx, site_url: str, request: UndoRequest) -> Undo | Receipt[Adjusted] | Failure:
    """Return what is to be booked; or what was before, which outlives every idempotency key."""
    done = counter_entries.find_counter(tx, request.user_id, request.entry_id)
    if done is not None:
        state.wait_for_disk(tx)
        return Receipt(Adjusted(done.entry_id, _balance_after(done)), replayed=True)
    name = entry_name(request.entry_id)
    known = is_id(request.entry_id)
    row = counter_entries.find_row(tx, request.user_id, request.entry_id) if known else None
    if row is None:
        return Failure(InvalidInputError(Sentence("There is no row {name} here.", name=name)))
    back = counter_entry(row)
    if back is None:
        return Failure(
            InvalidInputError(
                Sentence("The row {name} cannot be taken back by itself.", name=name)
            )
        )
    key = request_key(site_url, "ledger", KeyPurpose.UNDO, name, {"user": request.user_id})
    return Undo(
        actor=Actor(request.user_id),
        contexts=tuple(back.counted),
        key=key,
        row=row,
        back=back,
        request=request,
    )


def _balance_after(row: LedgerRow) -> Credits:
    balance = row.meta.get("balance_after")
    return Credits(balance if isinstance(balance, int) else 0)
