"""Accounts out of the database into memory, and what has changed of them back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import overload

from bridge.domain.accounts import Account
from bridge.domain.holds import Hold
from bridge.domain.ids import Actor, Credits, UserId
from bridge.domain.ledger import EntryType, LedgerEntry
from bridge.domain.periods import next_turn
from bridge.domain.quotas import Context, Counter, Module, as_of
from bridge.domain.site import Site
from bridge.store import accounts, guests, holds, idempotency, ledger, state, wp_users
from bridge.store.accounts import AccountRow, AccountsMissingError, AccountWrite, LockedAccount
from bridge.store.guests import CounterWrite, GuestCounters, GuestRow, GuestWrite
from bridge.store.holds import FoundHolds, Reservation
from bridge.store.idempotency import FirstAnswer
from bridge.store.peer_plugin import BALANCE_KEY, counter_keys, guest_context, read_counter
from bridge.store.summaries import Activity
from bridge.store.tx import Tx
from bridge.store.values import NewIds
from bridge.store.wp_users import Metas, MetaWrite

_NO_KEYS = (b"",)

Contexts = Mapping[Actor, Collection[Context]]
"""The counters wanted of each account."""


@dataclass(frozen=True, slots=True)
class LockedRows:
    """The account rows of some actors, locked; those without a row are absent."""

    users: Mapping[Actor, AccountRow]
    guests: Mapping[Actor, GuestRow]
    metas: Mapping[UserId, Metas] = field(default_factory=dict)
    """What was locked with them of the users' metas: all of `keys`."""
    keys: frozenset[str] = frozenset()
    is_busy: bool = False
    """Another program holds a meta of theirs: answers may be told again, but nothing booked."""
    holds: FoundHolds | None = None
    """What was found with them; None: not asked."""

    @property
    def now(self) -> datetime:
        """The database's clock when they were locked."""
        clocks = [row.now for row in self.users.values()]
        return max(clocks + [row.now for row in self.guests.values()])

    def with_holds(self, actors: Iterable[Actor]) -> list[Actor]:
        """Return those of the actors who have open holds."""
        rows: Mapping[Actor, AccountRow | GuestRow] = {**self.users, **self.guests}
        return [actor for actor in actors if rows[actor].open_holds > 0]


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """What open holds reserve, and those among them whose time is up."""

    due: Sequence[Hold] = ()
    reserved: Sequence[Reservation] = ()

    def contexts_of(self, actor: Actor) -> set[Context]:
        """Return the counters that holds which are due will be booked on."""
        return {hold.context for hold in self.due if hold.actor == actor}

    def put_into(self, account: Account) -> None:
        """Let an account know its holds, and let those end whose time is up."""
        for reserved in self.reserved:
            if reserved.actor == account.actor:
                account.reserve(reserved.context, reserved.balance, reserved.quota)
        for hold in self.due:
            if hold.actor == account.actor:
                account.holds[hold.hold_id] = hold
        account.expire()


@dataclass(frozen=True, slots=True)
class LoadedAccount:
    """A locked account in memory, and what it was made of."""

    account: Account
    counters: Mapping[Context, Counter]  # as stored
    user: LockedAccount | None = None
    guest: GuestCounters = field(default_factory=dict)


def lock_rows(tx: Tx, actors: Collection[Actor], *, nowait: bool = False) -> LockedRows:
    """
    Hold account rows: users' by id, then guests' by session.

    Raises:
        RowsBusyError: With *nowait*, if another transaction holds one of them.
    """
    users = [actor.user_id for actor in actors if actor.user_id is not None]
    sessions = [actor.session_id for actor in actors if actor.user_id is None]
    by_user = accounts.lock_rows(tx, users, nowait=nowait) if users else {}
    by_session = guests.lock_rows(tx, sessions, nowait=nowait) if sessions else {}
    return LockedRows(
        {Actor(user_id=user_id): row for user_id, row in by_user.items()},
        {Actor(session_id=session_id): row for session_id, row in by_session.items()},
    )


def lock_together(
    tx: Tx,
    site: Site,
    wanted: Contexts,
    digests: Collection[bytes],
    names: Collection[bytes] = (),
    *,
    nowait: bool = False,
) -> tuple[LockedRows, dict[bytes, FirstAnswer]]:
    """
    As `lock_rows`, then find the answers kept for keys, then lock balances and counters.

    Of users it is one packet, so that a booking asks only once: if there are *names* of holds,
    with these and all that are open; else of those who have no open holds.
    """
    if any(actor.user_id is None for actor in wanted):
        return lock_rows(tx, wanted, nowait=nowait), idempotency.find(tx, digests)
    users = [actor.user_id for actor in wanted if actor.user_id is not None]
    keys = _meta_keys(tx, site, wanted)
    rows, kept, *found, metas = tx.ask_then_lock(
        accounts.locking(users, nowait=nowait),
        idempotency.finding(digests or _NO_KEYS),
        *(holds.finding(tx, wanted, None, names) if names else ()),
        wp_users.locking_metas(users, keys),
    )
    by_actor = {Actor(user_id=user_id): row for user_id, row in rows.items()}
    if metas is None:
        return LockedRows(by_actor, {}, is_busy=True), kept
    found_holds = holds.found_in(found) if names else None
    return LockedRows(by_actor, {}, metas, keys, holds=found_holds), kept


def _meta_keys(tx: Tx, site: Site, contexts: Contexts) -> frozenset[str]:
    """Return the metas that tell balance, counters and, where a limit asks for them, roles."""
    asked = {context for some in contexts.values() for context in some}
    keys = {BALANCE_KEY, *(key for context in asked for key in counter_keys(context))}
    if any(site.limits_of(context).is_by_role for context in asked):
        keys.add(wp_users.capabilities_key(tx))
    return frozenset(keys)


def touch_rows(tx: Tx, rows: LockedRows, actors: Collection[Actor]) -> None:
    """As `state.wait_for_disk`, by rows that are locked already; deleted users have none."""
    users = [actor.user_id for actor in actors if actor in rows.users and actor.user_id]
    sessions = [actor.session_id for actor in actors if actor in rows.guests]
    if users:
        accounts.touch(tx, users)
    if sessions:
        guests.touch(tx, sessions)
    if not users and not sessions:
        state.wait_for_disk(tx)


def read_open_holds(tx: Tx, actors: Collection[Actor], now: datetime) -> OpenHolds:
    """Return the open holds of accounts that have any."""
    found = holds.find_holds(tx, actors, now)
    return OpenHolds(found.due, found.reserved)


def load_locked(
    tx: Tx, site: Site, rows: LockedRows, wanted: Contexts, names: Collection[bytes] = ()
) -> dict[Actor, LoadedAccount]:
    """
    Lock and read all else of the accounts *wanted*, and let their expired holds end.

    Args:
        tx: The transaction that locked the rows.
        site: Its limits.
        rows: Of the accounts.
        wanted: Their counters.
        names: Holds, whatever their state, to be known to their accounts.

    Raises:
        RowsBusyError: Another program holds a row of theirs.
    """
    now = rows.now
    holders = rows.with_holds(wanted)
    found = rows.holds or holds.find_holds(tx, holders, now, names)
    open_holds = OpenHolds(found.due, found.reserved)
    contexts = {actor: {*asked, *open_holds.contexts_of(actor)} for actor, asked in wanted.items()}
    users = {actor: contexts[actor] for actor in rows.users if actor in contexts}
    sessions = {actor: contexts[actor] for actor in rows.guests if actor in contexts}
    loaded = _load_users(tx, site, rows, users) if users else {}
    if sessions:
        loaded |= _load_guests(tx, site, now, sessions)
    for actor in holders:
        open_holds.put_into(loaded[actor].account)
    for hold in found.named:
        if hold.actor in loaded:
            loaded[hold.actor].account.holds.setdefault(hold.hold_id, hold)
    return loaded


def load_users(
    tx: Tx, site: Site, user_ids: Collection[UserId], *, besides: Collection[UserId] = ()
) -> tuple[LockedRows, dict[UserId, LoadedAccount]]:
    """
    Lock users' accounts for credits to be added or taken; their expired holds end first.

    Args:
        tx: The transaction, which has locked no account yet.
        site: Its limits.
        user_ids: Whose.
        besides: Users whose account rows are locked with them, if there are any.

    Raises:
        AccountsMissingError: There are no account rows or no balance rows yet.
        RowsBusyError: Another program holds a row of theirs.
    """
    rows = lock_rows(tx, [Actor(user_id=user_id) for user_id in {*user_ids, *besides}])
    actors = {user_id: Actor(user_id=user_id) for user_id in sorted(user_ids)}
    if missing := [user_id for user_id, actor in actors.items() if actor not in rows.users]:
        raise AccountsMissingError(missing)
    loaded = load_locked(tx, site, rows, {actor: () for actor in actors.values()})
    found = {user_id: loaded[actor] for user_id, actor in actors.items()}
    if missing := [i for i, one in found.items() if one.user and not one.user.balance_rows.rows]:
        raise AccountsMissingError(missing)
    return rows, found


def _load_users(
    tx: Tx, site: Site, rows: LockedRows, contexts: Contexts
) -> dict[Actor, LoadedAccount]:
    keys, now = _meta_keys(tx, site, contexts), rows.now
    mine = [rows.users[actor] for actor in contexts]
    locked = accounts.lock_balances(tx, mine, keys, rows.metas if keys <= rows.keys else None)
    loaded = {}
    for actor, asked in contexts.items():
        user = locked[rows.users[actor].user_id]
        metas = {key: meta.value for key, meta in user.metas.items()}
        account = user_account(tx, site, actor, now, metas, asked)
        account.funds = user.funds
        loaded[actor] = LoadedAccount(account, dict(account.counters), user=user)
    return loaded


def _load_guests(
    tx: Tx, site: Site, now: datetime, contexts: Contexts
) -> dict[Actor, LoadedAccount]:
    stored = guests.lock_counters(tx, [actor.session_id for actor in contexts])
    loaded = {}
    for actor, asked in contexts.items():
        mine = stored.get(actor.session_id, {})
        account = guest_account(site, actor, now, mine, asked)
        loaded[actor] = LoadedAccount(account, dict(account.counters), guest=mine)
    return loaded


def user_account(
    tx: Tx,
    site: Site,
    actor: Actor,
    now: datetime,
    metas: Mapping[str, str | None],
    contexts: Iterable[Context],
) -> Account:
    """Return a user's account with its roles and counters, out of the user's metas."""
    return Account(
        actor=actor,
        now=now,
        calendar=site.calendar,
        limits_of=site.limits_of,
        roles=wp_users.roles_in(metas.get(wp_users.capabilities_key(tx)), site.roles),
        counters={context: read_counter(metas, context) for context in contexts},
    )


def guest_account(
    site: Site, actor: Actor, now: datetime, stored: GuestCounters, contexts: Iterable[Context]
) -> Account:
    """Return a guest's account with its counters."""
    counters = {}
    for context in contexts:
        found = stored.get(guest_context(context))
        counters[context] = found.counter if found else Counter()
    return Account(actor, now, site.calendar, site.limits_of, counters=counters)


class EntryIds:
    """The ids that the database gives to ledger rows; `later`: known when they are sent."""

    def __init__(self, entries: Sequence[LedgerEntry], ids: Sequence[int] | NewIds) -> None:
        """*ids* are those of *entries*, in their order."""
        self.later = ids if isinstance(ids, NewIds) else None
        self._ids = ids
        self._numbers = {id(entry): number for number, entry in enumerate(entries)}

    @overload
    def of(self, entry: LedgerEntry) -> int: ...
    @overload
    def of(self, entry: LedgerEntry | int | None) -> int | None: ...
    def of(self, entry: LedgerEntry | int | None) -> int | None:
        """Return the id of a row that is written; a row of before comes as its id already."""
        if not isinstance(entry, LedgerEntry):
            return entry
        ids = self._ids.known() if isinstance(self._ids, NewIds) else self._ids
        return ids[self._numbers[id(entry)]]

    def number_of(self, entry: LedgerEntry | int | None) -> int | None:
        """Return a new row's place among all; None of what is no new row."""
        return self._numbers[id(entry)] if isinstance(entry, LedgerEntry) else None


def save(
    tx: Tx, rows: LockedRows, loaded: Collection[LoadedAccount], *, watched: bool = True
) -> EntryIds:
    """
    Write what has become of locked accounts; return the ids of their ledger rows.

    Unless *watched*, ledger rows may wait for what is sent next: see `append_entries_later`.
    """
    _write_accounts(tx, loaded)
    entries = [entry for one in loaded for entry in one.account.entries]
    changed = [hold for one in loaded for hold in one.account.changed_holds.values()]
    ids = EntryIds(entries, _append(tx, rows, entries, watched=watched))
    if changed:
        numbers = _numbers(changed, ids)
        stored = [_with_id(hold, ids, numbers) for hold in changed]
        holds.write(tx, stored, rows.now, ids.later, numbers)
    return ids


def _append(
    tx: Tx, rows: LockedRows, entries: Sequence[LedgerEntry], *, watched: bool
) -> Sequence[int] | NewIds:
    if not entries:
        return []
    if watched or not tx.can_number_later:
        return ledger.append_entries(tx, entries, rows.now)
    return ledger.append_entries_later(tx, entries, rows.now)


def _numbers(changed: Iterable[Hold], ids: EntryIds) -> dict[bytes, int]:
    """Return which of the rows whose ids are not known yet the commits of holds name."""
    if ids.later is None:
        return {}
    named = {hold.hold_id: hold.settlement.entry for hold in changed if hold.settlement}
    numbers = {hold_id: ids.number_of(entry) for hold_id, entry in named.items()}
    return {hold_id: number for hold_id, number in numbers.items() if number is not None}


def _with_id(hold: Hold, ids: EntryIds, numbers: Mapping[bytes, int]) -> Hold:
    """Return a hold as it is stored: its commit names the ledger row by its id, or as 0."""
    if hold.settlement is None:
        return hold
    entry_id = 0 if hold.hold_id in numbers else ids.of(hold.settlement.entry)
    return replace(hold, settlement=replace(hold.settlement, entry=entry_id))


def _write_accounts(tx: Tx, loaded: Collection[LoadedAccount]) -> None:
    users = [_user_write(one.user, one) for one in loaded if one.user is not None]
    sessions = [_guest_write(one) for one in loaded if one.user is None]
    if users:
        accounts.write_accounts(tx, users)
    if sessions:
        guests.write_guests(tx, sessions)


def _changed(loaded: LoadedAccount) -> list[tuple[Context, Counter, Counter]]:
    """Return the counters that have changed: where, what was stored, what it is now."""
    return [
        (context, loaded.counters[context], counter)
        for context, counter in loaded.account.counters.items()
        if counter != loaded.counters[context]
    ]


def _user_write(user: LockedAccount, loaded: LoadedAccount) -> AccountWrite:
    metas = []
    for context, old, new in _changed(loaded):
        used_key, stamp_key = counter_keys(context)
        if new.used != old.used:
            metas.append(_meta(user, used_key, new.used))
        if new.last_reset != old.last_reset:
            metas.append(_meta(user, stamp_key, new.last_reset))
    account = loaded.account
    return AccountWrite(
        account=user,
        funds=account.funds,
        held_change=account.held_change,
        open_holds_change=account.open_holds_change,
        metas=tuple(metas),
        activity=_activity(loaded),
        entries=len(account.entries),
    )


def _activity(loaded: LoadedAccount) -> Activity:
    """Return what the site's list is to know: as of now, since a period may have turned."""
    account = loaded.account
    used: dict[Module, Credits] = {}
    turns = []
    for context, old, new in _changed(loaded):
        period = account.limits_of(context).period
        stood = as_of(account.now, old, period, account.calendar)
        used[context.module] = Credits(used.get(context.module, 0) + new.used - stood.used)
        turns.append(next_turn(account.now, period, account.calendar))
    return Activity(
        used=used,
        turns_at=min((turn for turn in turns if turn), default=None),
        is_use=any(entry.entry_type is EntryType.USAGE for entry in account.entries),
        is_purchase=any(entry.entry_type is EntryType.PURCHASE for entry in account.entries),
    )


def _meta(user: LockedAccount, key: str, value: int) -> MetaWrite:
    return MetaWrite(user.row.user_id, key, str(value), user.metas.get(key))


def _guest_write(loaded: LoadedAccount) -> GuestWrite:
    session_id = loaded.account.actor.session_id
    counters = [
        CounterWrite(session_id, context, new, loaded.guest.get(guest_context(context)))
        for context, _, new in _changed(loaded)
    ]
    return GuestWrite(session_id, loaded.account.open_holds_change, tuple(counters))
