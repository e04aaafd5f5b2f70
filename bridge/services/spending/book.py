"""
The transaction of everything that spends: accounts locked together, decided on in memory.

Requests for many accounts, and many for one account, are decided one after another on what the
locked rows say, and written by a few statements of many rows. They commit together or not at
all; each has its own answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bridge.domain.accounts import Account
from bridge.domain.errors import BridgeError, UnknownUserError
from bridge.domain.ids import Actor
from bridge.domain.quotas import Context
from bridge.domain.site import Site
from bridge.services.spending import load_accounts
from bridge.services.spending.idempotency import Answer, RequestKey, replay
from bridge.services.spending.load_accounts import EntryIds, LoadedAccount, LockedRows
from bridge.store import accounts, guests, holds, idempotency
from bridge.store.db import Database, Tx
from bridge.store.idempotency import KeptAnswer, KeyTakenError

MAX_ACCOUNTS = 100
"""Accounts a transaction: a batch must not hold rows for long, nor overflow a cluster."""

MAX_OPERATIONS = 250
"""Requests a transaction, for the same reasons."""

Outcome = Answer | BridgeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(ABC):
    """One request for one account."""

    actor: Actor
    contexts: tuple[Context, ...] = ()
    """The counters that it reads or changes."""
    key: RequestKey | None = None
    """Its idempotency key, if it has one."""
    hold_id: bytes | None = None
    """The hold that it settles, if any."""

    @abstractmethod
    def decide(self, account: Account) -> Answer:
        """
        Change the account as the rules ask; return the answer.

        Raises:
            BridgeError: It cannot be done; nothing was changed.
        """


class UnopenedAccountsError(Exception):
    """Account rows must be made first, in a transaction of their own."""

    def __init__(self, actors: Collection[Actor]) -> None:
        super().__init__(len(actors))
        self.actors = actors


def book(
    db: Database, site: Site, operations: Sequence[Operation], *, nowait: bool = False
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
    while True:
        booking = _Booking(site, operations, frozenset(opened), nowait)
        try:
            return db.transaction(booking.run, patient=False)
        except UnopenedAccountsError as missing:
            _open_accounts(db, missing.actors)
            opened |= {actor for actor in missing.actors if actor.user_id is not None}
        except KeyTakenError:
            continue  # whoever took it has committed: the next look finds it


def _open_accounts(db: Database, actors: Iterable[Actor]) -> None:
    users = [actor.user_id for actor in actors if actor.user_id is not None]
    sessions = [actor.session_id for actor in actors if actor.user_id is None]
    if users:
        accounts.open_accounts(db, users)
    if sessions:
        guests.open_guests(db, sessions)


class _Booking:
    """What one transaction does; run again from the start when it lost a race."""

    def __init__(
        self, site: Site, operations: Sequence[Operation], opened: frozenset[Actor], nowait: bool
    ) -> None:
        self._site = site
        self._operations = operations
        self._opened = opened  # users without a row in spite of this do not exist
        self._nowait = nowait

    def run(self, tx: Tx) -> list[Outcome]:
        actors = {operation.actor for operation in self._operations}
        rows = load_accounts.lock_rows(tx, actors, nowait=self._nowait)
        missing = rows.missing(actors)
        if missing - self._opened:
            raise UnopenedAccountsError(missing - self._opened)
        kept = idempotency.find(tx, {op.key.digest for op in self._operations if op.key})
        fresh = [op for op in self._operations if _is_fresh(op, rows, kept)]
        loaded = self._load(tx, rows, fresh)
        decided = _Decisions(loaded, kept)
        outcomes = [decided.outcome(operation) for operation in self._operations]
        if loaded:
            decided.write(tx, rows, outcomes)
        told = {op.actor for op in self._operations if op.key and op.key.digest in kept}
        if told - loaded.keys():
            load_accounts.touch_rows(tx, rows, told - loaded.keys())
        return outcomes

    def _load(
        self, tx: Tx, rows: LockedRows, fresh: Sequence[Operation]
    ) -> dict[Actor, LoadedAccount]:
        wanted: dict[Actor, set[Context]] = {}
        for operation in fresh:
            wanted.setdefault(operation.actor, set()).update(operation.contexts)
        if not wanted:
            return {}
        loaded = load_accounts.load_locked(tx, self._site, rows, wanted)
        named = {op.hold_id for op in fresh if op.hold_id is not None}
        for hold in holds.read_holds(tx, named).values():
            if hold.actor in loaded:
                loaded[hold.actor].account.holds.setdefault(hold.hold_id, hold)
        return loaded


def _is_fresh(operation: Operation, rows: LockedRows, kept: dict[bytes, KeptAnswer]) -> bool:
    user = rows.users.get(operation.actor)
    exists = user.user_exists if user else operation.actor in rows.guests
    return exists and (operation.key is None or operation.key.digest not in kept)


class _Decisions:
    """Accounts in memory while requests are decided on them."""

    def __init__(self, loaded: dict[Actor, LoadedAccount], kept: dict[bytes, KeptAnswer]) -> None:
        self._loaded = loaded
        self._kept = kept
        self._new: dict[bytes, KeptAnswer] = {}

    def outcome(self, operation: Operation) -> Outcome:
        """Decide on one request; its error is its own, and leaves the others alone."""
        try:
            return self._decide(operation)
        except BridgeError as error:
            return error

    def _decide(self, operation: Operation) -> Answer:
        key = operation.key
        if key is not None:
            kept = self._kept.get(key.digest) or self._new.get(key.digest)
            if kept is not None:
                return replay(key, kept)
        loaded = self._loaded.get(operation.actor)
        if loaded is None:
            raise UnknownUserError(f"There is no user {operation.actor.user_id}.")
        answer = operation.decide(loaded.account)
        if key is not None:
            user_id = operation.actor.user_id or 0
            self._new[key.digest] = KeptAnswer(key.request_hash, answer.kind, answer.body, user_id)
        return answer

    def write(self, tx: Tx, rows: LockedRows, outcomes: Sequence[Outcome]) -> None:
        """Write what has changed; fill in the ids that the database gives ledger rows."""

        def tell(ids: EntryIds) -> None:
            for outcome in outcomes:
                if isinstance(outcome, Answer) and outcome.entry is not None:
                    outcome.body["entry_id"] = f"led_{ids.of(outcome.entry)}"

        load_accounts.save(tx, rows, self._loaded.values(), tell)
        if self._new:
            idempotency.keep(tx, self._new, rows.now)
