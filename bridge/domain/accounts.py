"""
One account in memory: what stands at an instant, and what decisions have changed since.

A transaction loads accounts under their locks, decides one request after another on them, and
writes what has changed. A reader loads one without a lock and writes nothing: both see an
expired hold, or a period that has turned, the same way.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bridge.domain.decisions import Spendable, Split, split
from bridge.domain.holds import Hold, HoldState, OnExpiry, hold_name, row_key
from bridge.domain.ids import Actor, Credits
from bridge.domain.ledger import Funds, LedgerEntry, apply_delta, pay_debt
from bridge.domain.limits import Limits
from bridge.domain.periods import Calendar, is_same_period
from bridge.domain.pricing import Price, measure
from bridge.domain.quotas import (
    Context,
    Counter,
    Quota,
    as_of,
    count,
    quota_at,
)
from bridge.domain.usage_entries import HOLD_EXPIRED, Charge, usage_entry


@dataclass(slots=True)
class Account:
    """
    An account at ``now``, the database's clock.

    It is told what its open holds `reserve`, and of those whose time is up; then `expire` comes
    before any other question. Guests have no funds.
    """

    actor: Actor
    now: datetime
    calendar: Calendar
    limits_of: Callable[[Context], Limits]
    funds: Funds = field(default_factory=lambda: Funds(Credits(0)))
    roles: frozenset[str] = frozenset()
    counters: dict[Context, Counter] = field(default_factory=dict)
    held: Credits = Credits(0)
    held_quota: dict[Context, Credits] = field(default_factory=dict)
    held_change: Credits = Credits(0)
    open_holds_change: int = 0
    holds: dict[bytes, Hold] = field(default_factory=dict)
    changed_holds: dict[bytes, Hold] = field(default_factory=dict)
    entries: list[LedgerEntry] = field(default_factory=list)

    def quota(self, context: Context, at: datetime | None = None) -> Quota:
        """Return the free allowance of a context that was loaded, now or at an earlier time."""
        limits = self.limits_of(context)
        return quota_at(
            at or self.now,
            self.counters[context],
            self._limit(limits),
            limits.period,
            self.calendar,
            held=self.held_quota.get(context, Credits(0)),
        )

    @property
    def available(self) -> Credits:
        """What can be spent: the balance less what is held, never below 0."""
        return Credits(max(0, self.funds.balance - self.held))

    def spendable(self, context: Context) -> Spendable:
        """Return what can be drawn on for a context."""
        return Spendable(self.available, self.quota(context))

    def reserve(self, context: Context | None, balance: Credits, quota: Credits) -> None:
        """Take what open holds reserve out of what is available; None: another site's holds."""
        self.held = Credits(self.held + balance)
        if context is not None:
            self.held_quota[context] = Credits(self.held_quota.get(context, 0) + quota)

    def expire(self) -> None:
        """Let holds whose time is up end, each as of its own instant."""
        due = [hold for hold in self.holds.values() if hold.is_due(self.now)]
        for hold in sorted(due, key=lambda hold: (hold.expires_at, hold.hold_id)):
            self.take_out(hold)
            if hold.on_expiry is OnExpiry.CHARGE:
                self._charge(hold)
            else:
                self.settle(replace(hold, state=HoldState.EXPIRED))

    def turn_period(self, context: Context) -> None:
        """Bring a counter to where it stands now (R17)."""
        period = self.limits_of(context).period
        self.counters[context] = as_of(self.now, self.counters[context], period, self.calendar)

    def reset(self, context: Context) -> int:
        """Let a counter begin at 0 now; return how much of its current period that forgives."""
        self.turn_period(context)
        used = self.counters[context].used
        if used:
            self.counters[context] = Counter(last_reset=int(self.now.timestamp()))
        return used

    def recount(self, context: Context, change: int, at: datetime) -> None:
        """Change a counter for what happened at *at*, if it still counts what was used then."""
        is_newer = self.counters[context].last_reset > int(at.timestamp())
        if change > 0 or not is_newer:
            self._count(context, change, at)

    def put_in(self, hold: Hold) -> None:
        """Reserve what a new hold asks for."""
        self.settle(hold)
        self._move(hold, 1)

    def take_out(self, hold: Hold) -> None:
        """Free what an open hold reserved; `settle` says what becomes of it."""
        self._move(hold, -1)

    def settle(self, hold: Hold) -> None:
        """Keep a hold as it is now."""
        self.holds[hold.hold_id] = self.changed_holds[hold.hold_id] = hold

    def change(
        self, delta: Credits, row: Callable[[Credits, Credits], LedgerEntry]
    ) -> LedgerEntry:
        """
        Change what the account owns, and append the ledger row that explains it.

        Args:
            delta: Credits; below 0 takes them, beyond the balance as debt.
            row: Makes the row, of the balance before and the one after.

        Raises:
            BalanceTooLargeError: It would pass what WordPress can store.
        """
        entry = row(*self._move_funds(delta))
        self.entries.append(entry)
        return entry

    def settle_debt(self) -> None:
        """Let what others credited pay the debt, as `change` lets what it adds."""
        self.funds = pay_debt(self.funds)

    def book(
        self, charge: Charge, *, first: Hold | None = None, at: datetime | None = None, **row: str
    ) -> Split:
        """
        Book a charge, which is never refused, and its ledger row if there is any use.

        Args:
            charge: What was used, and its price.
            first: The hold that the charge settles, already taken out: its parts come first.
            at: When it was used, if not now; it is counted only if that period still runs.
            row: What in the ledger row is not as for plain use.
        """
        parts = split(
            charge.price.credits,
            Spendable(self.available, self.quota(charge.context, at)),
            held_balance=first.from_balance if first else Credits(0),
            held_quota=first.from_quota if first else Credits(0),
        )
        self._pay(charge, parts, at or self.now, **row)
        return parts

    def give_back(self, charge: Charge, parts: Split, *, booked_at: datetime, **row: str) -> None:
        """Book the negative *parts* of what was charged too much at *booked_at*."""
        self._pay(charge, parts, booked_at, **row)

    def entry_since(self, rows: int) -> LedgerEntry | None:
        """Return the row that was added since there were *rows*; a use of nothing adds none."""
        return self.entries[rows] if len(self.entries) > rows else None

    def _limit(self, limits: Limits) -> Credits | None:
        if self.actor.user_id is None:
            return limits.guest_limit
        return limits.limit_of(self.roles)

    def _move(self, hold: Hold, sign: int) -> None:
        balance = Credits(sign * hold.from_balance)
        self.reserve(hold.context, balance, Credits(sign * hold.from_quota))
        self.held_change = Credits(self.held_change + balance)
        self.open_holds_change += sign

    def _pay(self, charge: Charge, parts: Split, at: datetime, **row: str) -> None:
        before, after = self._move_funds(Credits(-parts.from_balance))
        self._count(charge.context, parts.counted, at)
        if charge.is_use:
            self.entries.append(usage_entry(charge, parts, before, after, **row))

    def _move_funds(self, delta: Credits) -> tuple[Credits, Credits]:
        """Return the balance before and after."""
        before = self.funds.balance
        self.funds = apply_delta(self.funds, delta)
        return before, self.funds.balance

    def _count(self, context: Context, change: int, at: datetime) -> None:
        """Count as of *at*, unless the counter is of a later period: one begun by others."""
        counter, period = self.counters[context], self.limits_of(context).period
        stamp = min(max(0, counter.last_reset), int(self.now.timestamp()))
        if is_same_period(at, datetime.fromtimestamp(stamp, UTC), period, self.calendar):
            self.counters[context] = count(at, counter, change, period, self.calendar)

    def _charge(self, hold: Hold) -> None:
        """Book what an expired hold reserved, in the period in which it expired."""
        price = Price(hold.credits, measure(hold.usage), None)
        name = hold_name(hold.hold_id)
        charge = Charge(hold.actor, hold.context, hold.usage, price, hold=name)
        parts = self.book(
            charge,
            first=hold,
            at=hold.expires_at,
            operation=HOLD_EXPIRED,
            key=row_key(hold.hold_id, "charge"),
        )
        self.settle(replace(hold, state=HoldState.CHARGED, charged=parts))
