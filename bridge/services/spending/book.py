"""
The transaction of everything that spends: accounts locked together, decided on in memory.

Requests for many accounts, and many for one account, are decided one after another on what the
locked rows say, and written by a few statements of many rows. They commit together or not at
all; each has its own answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias

from bridge.domain.accounts import Account
from bridge.domain.answers import Answer, KeptAnswer
from bridge.domain.errors import BridgeError, UnknownUserError
from bridge.domain.holds import UnknownHoldError, hold_name
from bridge.domain.ids import Actor
from bridge.domain.quotas import Context
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.services.spending import load_accounts
from bridge.services.spending.idempotency import RequestKey
from bridge.services.spending.load_accounts import EntryIds, LoadedAccount, LockedRows
from bridge.services.spending.open_accounts import open_actors
from bridge.services.spending.outcomes import (
    A_co,
    Failure,
    Outcome,
    PendingAnswer,
    Receipt,
    at_once,
)
from bridge.store import holds, idempotency
from bridge.store.db import Database
from bridge.store.idempotency import FirstAnswer, KeyTakenError
from bridge.store.tx import RowsBusyError, Tx, UnwatchedStatementError

MAX_ACCOUNTS = 100
"""Accounts a transaction: a batch must not hold rows for long, nor overflow a cluster."""

MAX_OPERATIONS = 250
"""Requests a transaction, for the same reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(ABC, Generic[A_co]):
    """One request for one account, and the sort of answer that it gets."""

    actor: Actor
    contexts: tuple[Context, ...] = ()
    """The counters that it reads or changes."""
    key: RequestKey | None = None
    """Its idempotency key, if it has one."""
    hold_id: bytes | None = None
    """The hold that it settles, if any."""

    @abstractmethod
    def decide(self, account: Account) -> PendingAnswer[A_co]:
        """
        Change the account as the rules ask; return what is to be told.

        Raises:
            BridgeError: It cannot be done; nothing was changed.
        """


@dataclass(frozen=True, slots=True)
class AboutHold(Generic[A_co]):
    """
    A request about a hold: whose it is, is found when it is booked, with those of others.

    ``prepare`` makes the operation, of the hold's account and counter.
    """

    hold_id: bytes
    prepare: Callable[[Actor, Context], Operation[A_co]]

    @property
    def actor(self) -> Actor:
        """Who stands for the account until that is known: two holds of one count as two."""
        return Actor(session_id=hold_name(self.hold_id))


Bookable: TypeAlias = Operation[A_co] | AboutHold[A_co]


class UnopenedAccountsError(Exception):
    """
    Account rows must be made first, in a transaction of their own; guests' as well.

    Unlike at `store.accounts.AccountsMissingError` nobody needs a balance row for it.
    """

    def __init__(self, actors: Collection[Actor]) -> None:
        super().__init__(len(actors))
        self.actors = actors


def book(
    db: Database, site: Site, operations: Sequence[Bookable[Answer]], *, nowait: bool = False
) -> list[Outcome]:
    """
    Decide on *operations* in their order, in one transaction; return their outcomes.

    Args:
        db: The site's database.
        site: Read by `SiteReader`.
        operations: At most `MAX_OPERATIONS`, of at most `MAX_ACCOUNTS` accounts.
        nowait: Do not even wait for account rows, which only bridges lock, and shortly.

    Raises:
        RowsBusyError: Another program holds a row.
        DatabaseUnavailableError: See `Database.transaction`.
    """
    opened: set[Actor] = set()
    watched = False
    while True:
        booking = _Booking(site, operations, frozenset(opened), nowait, watched)
        try:
            decided, ids = db.transaction(booking.run, patient=False)
            return [_told(one, ids) for one in decided]
        except UnwatchedStatementError:
            watched = True
        except UnopenedAccountsError as missing:
            open_actors(db, missing.actors)
            opened |= {actor for actor in missing.actors if actor.user_id is not None}
        except KeyTakenError:
            continue  # whoever took it has committed: the next look finds it


class _Booking:
    """What one transaction does; run again from the start when it lost a race."""

    def __init__(
        self,
        site: Site,
        operations: Sequence[Bookable[Answer]],
        opened: frozenset[Actor],
        nowait: bool,
        watched: bool,
    ) -> None:
        self._site = site
        self._operations = operations
        self._opened = opened  # users without a row in spite of this do not exist
        self._nowait = nowait
        self._watched = watched

    def run(self, tx: Tx) -> tuple[list[PendingAnswer[Answer] | Failure], EntryIds]:
        asked = self._addressed(tx)
        operations = [one for one in asked if isinstance(one, Operation)]
        ids = EntryIds([], [])
        if not operations:
            return [one for one in asked if isinstance(one, Failure)], ids
        digests = {op.key.digest for op in operations if op.key}
        named = {op.hold_id for op in operations if op.hold_id is not None}
        wanted = _contexts_of(operations)
        rows, kept = load_accounts.lock_together(
            tx, self._site, wanted, digests, named, nowait=self._nowait
        )
        missing = wanted.keys() - rows.users.keys() - rows.guests.keys() - self._opened
        if missing:
            raise UnopenedAccountsError(missing)
        fresh = [op for op in operations if _is_fresh(op, rows, kept)]
        loaded = self._load(tx, rows, fresh)
        decisions = _Decisions(loaded, kept)
        decided = [decisions.decide(one) if isinstance(one, Operation) else one for one in asked]
        if loaded:
            ids = decisions.write(tx, rows, watched=self._watched)
        told = {op.actor for op in operations if op.key and op.key.digest in kept}
        if told - loaded.keys():
            load_accounts.touch_rows(tx, rows, told - loaded.keys())
        return decided, ids

    def _addressed(self, tx: Tx) -> list[Operation[Answer] | Failure]:
        """Return the operations, those about holds with the accounts that these are of."""
        names = {one.hold_id for one in self._operations if isinstance(one, AboutHold)}
        owners = holds.find_owners(tx, names) if names else {}
        return [
            _addressed(one, owners.get(one.hold_id)) if isinstance(one, AboutHold) else one
            for one in self._operations
        ]

    def _load(
        self, tx: Tx, rows: LockedRows, fresh: Sequence[Operation[Answer]]
    ) -> dict[Actor, LoadedAccount]:
        if not fresh:
            return {}
        if rows.is_busy:
            raise RowsBusyError
        named = {op.hold_id for op in fresh if op.hold_id is not None}
        return load_accounts.load_locked(tx, self._site, rows, _contexts_of(fresh), named)


def _addressed(
    request: AboutHold[Answer], owner: tuple[Actor, Context] | None
) -> Operation[Answer] | Failure:
    if owner is None:
        return Failure(UnknownHoldError("There is no such hold."))
    try:
        return request.prepare(*owner)
    except BridgeError as error:
        return Failure(error)


def _contexts_of(operations: Iterable[Operation[Answer]]) -> dict[Actor, set[Context]]:
    wanted: dict[Actor, set[Context]] = {}
    for operation in operations:
        wanted.setdefault(operation.actor, set()).update(operation.contexts)
    return wanted


def _is_fresh(
    operation: Operation[Answer], rows: LockedRows, kept: dict[bytes, FirstAnswer]
) -> bool:
    user = rows.users.get(operation.actor)
    exists = user.user_exists if user else operation.actor in rows.guests
    return exists and (operation.key is None or operation.key.digest not in kept)


def _told(decided: PendingAnswer[Answer] | Failure, ids: EntryIds) -> Outcome:
    if isinstance(decided, Failure):
        return decided
    return Receipt(decided.tell(ids.of(decided.entry)), decided.replayed)


class _Decisions:
    """Accounts in memory while requests are decided on them."""

    def __init__(self, loaded: dict[Actor, LoadedAccount], kept: dict[bytes, FirstAnswer]) -> None:
        self._loaded = loaded
        self._kept = kept
        self._first: dict[bytes, tuple[RequestKey, PendingAnswer[Answer], int]] = {}

    def decide(self, operation: Operation[Answer]) -> PendingAnswer[Answer] | Failure:
        """Decide on one request; its error is its own, and leaves the others alone."""
        try:
            return self._again(operation.key) or self._decide(operation)
        except BridgeError as error:
            return Failure(error)

    def _again(self, key: RequestKey | None) -> PendingAnswer[Answer] | None:
        """Return what was decided when the key came first: before, or in this transaction."""
        if key is None:
            return None
        if kept := self._kept.get(key.digest):
            key.check(kept.request_hash)
            return at_once(kept.answer, replayed=True)
        if first := self._first.get(key.digest):
            key.check(first[0].request_hash)
            return replace(first[1], replayed=True)
        return None

    def _decide(self, operation: Operation[Answer]) -> PendingAnswer[Answer]:
        loaded = self._loaded.get(operation.actor)
        if loaded is None:
            raise UnknownUserError(
                Sentence("There is no user {user_id}.", user_id=operation.actor.user_id)
            )
        decided = operation.decide(loaded.account)
        if operation.key is not None:
            user_id = operation.actor.user_id or 0
            self._first[operation.key.digest] = (operation.key, decided, user_id)
        return decided

    def write(self, tx: Tx, rows: LockedRows, *, watched: bool) -> EntryIds:
        """Write what has changed, and the first answers; return the ids of new ledger rows."""
        ids = load_accounts.save(tx, rows, self._loaded.values(), watched=watched)
        first = {digest: _first(*one, ids) for digest, one in self._first.items()}
        if first and (watched or not tx.can_number_later):
            idempotency.keep(tx, first, rows.now)
        elif first:
            idempotency.keep_later(tx, first, rows.now, ids.later)
        return ids


def _first(
    key: RequestKey, decided: PendingAnswer[Answer], user_id: int, ids: EntryIds
) -> FirstAnswer:
    number = ids.number_of(decided.entry) if ids.later else None
    answer = decided.tell(ids.of(decided.entry) if number is None else 0)
    assert isinstance(answer, KeptAnswer), "no other requests have keys"
    return FirstAnswer(key.request_hash, answer, user_id, number)
