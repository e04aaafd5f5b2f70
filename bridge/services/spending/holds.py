"""Holds: placing one, and every way to settle it (R21)."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from bridge.domain.accounts import Account
from bridge.domain.answers import Committed, Denied, Held, Released
from bridge.domain.decisions import Reason, Split, decide
from bridge.domain.holds import (
    Hold,
    HoldChargedError,
    HoldCommittedError,
    HoldState,
    OnExpiry,
    Settlement,
    UnknownHoldError,
    hold_name,
    kept_of,
    row_key,
)
from bridge.domain.ids import Actor, Credits
from bridge.domain.notices import Notice
from bridge.domain.pricing import Price, PriceList, Usage, measure, price_usage
from bridge.domain.quotas import Context, Module
from bridge.domain.site import Site
from bridge.domain.usage_entries import HOLD_ADJUSTED, Charge
from bridge.services.spending.book import AboutHold, Operation
from bridge.services.spending.check import notice_of
from bridge.services.spending.idempotency import IdempotencyMismatchError, RequestKey
from bridge.services.spending.load_accounts import lock_rows, touch_rows
from bridge.services.spending.outcomes import PendingAnswer, at_once
from bridge.services.spending.spend import check_context
from bridge.store import holds
from bridge.store.db import Database
from bridge.store.tx import Tx

_DENIALS = {
    Reason.DISABLED: "This module has no free allowance here, and the balance does not cover it.",
    Reason.QUOTA_EXCEEDED: "Neither balance nor free allowance cover it.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold(Operation[Held | Denied]):
    """A price to reserve, if balance and free limit cover it."""

    usage: Usage
    price: Price
    ttl: timedelta
    on_expiry: OnExpiry
    new_id: bytes  # made before: a transaction that is repeated makes the same hold
    notice: Notice  # what a denial shows
    asked_as: str  # see `Denied`

    @property
    def context(self) -> Context:
        """The one whose limit it may reserve of."""
        return self.contexts[0]

    def decide(self, account: Account) -> PendingAnswer[Held | Denied]:
        """Reserve the price or deny it."""
        spendable = account.spendable(self.context)
        decision = decide(self.price.credits, spendable)
        if not decision.allowed:
            return at_once(self._denial(decision.reason))
        from_balance = min(spendable.available, self.price.credits)
        hold = Hold(
            hold_id=self.new_id,
            actor=self.actor,
            context=self.context,
            usage=self.usage,
            credits=self.price.credits,
            from_balance=Credits(from_balance),
            from_quota=Credits(self.price.credits - from_balance),
            on_expiry=self.on_expiry,
            expires_at=account.now + self.ttl,
        )
        account.put_in(hold)
        return at_once(Held.by(hold))

    def _denial(self, reason: Reason) -> Denied:
        return Denied(reason, _DENIALS[reason], self.notice, self.asked_as)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitHold(Operation[Committed]):
    """What was really used of a hold, priced with the hold's own usage context."""

    usage: Usage
    """How much was used; all else is as the hold said."""
    prices: PriceList
    request_hash: bytes

    def decide(self, account: Account) -> PendingAnswer[Committed]:
        """
        Book what was used; after an expiry that charged, book the difference.

        Raises:
            UsageUnreadableError: Nothing says how much was used.
            PriceTooLargeError: It is more than any balance can be.
        """
        hold = _hold_of(account, self.hold_id)
        if hold.settlement is not None:
            return self._again(hold.settlement)
        charge = self._charge(hold)
        rows = len(account.entries)
        if hold.state is HoldState.CHARGED:
            parts = self._correct(account, hold, charge)
        else:
            parts = self._book(account, hold, charge)
        settlement = Settlement(
            self.request_hash,
            parts.payment(charge.price.credits, account.funds.balance),
            late=hold.state is not HoldState.OPEN,
            entry=account.entry_since(rows),
        )
        account.settle(replace(hold, state=HoldState.COMMITTED, settlement=settlement))
        return _committed(settlement)

    def _again(self, settlement: Settlement) -> PendingAnswer[Committed]:
        if settlement.request_hash != self.request_hash:
            raise IdempotencyMismatchError(
                "The hold was committed before with another body; its first commit stands."
            )
        return _committed(settlement, replayed=True)

    def _charge(self, hold: Hold) -> Charge:
        used = replace(hold.usage, units=self.usage.units, data=self.usage.data)
        price = price_usage(hold.context.module, used, self.prices)
        return Charge(hold.actor, hold.context, used, price, hold=hold_name(hold.hold_id))

    def _book(self, account: Account, hold: Hold, charge: Charge) -> Split:
        """Book it from the hold; one that was released or expired has nothing left to use."""
        first = hold if hold.state is HoldState.OPEN else None
        if first is not None:
            account.take_out(first)
        return account.book(charge, first=first, key=row_key(hold.hold_id, "commit"))

    def _correct(self, account: Account, hold: Hold, charge: Charge) -> Split:
        """Book the difference to what the expiry charged, either way; return the whole."""
        charged = hold.charged
        assert charged is not None, hold.hold_id
        price = charge.price
        difference = replace(
            price,
            credits=Credits(price.credits - hold.credits),
            measured=price.measured.beyond(measure(hold.usage)),
        )
        charge = replace(charge, price=difference)
        if difference.credits > 0:
            return charged.plus(account.book(charge, key=row_key(hold.hold_id, "commit")))
        kept = kept_of(price.credits, charged)
        if difference.credits < 0:
            account.give_back(
                charge,
                kept.plus(charged, -1),
                booked_at=hold.expires_at,
                operation=HOLD_ADJUSTED,
                key=row_key(hold.hold_id, "adjust"),
            )
        return kept


def _committed(settlement: Settlement, *, replayed: bool = False) -> PendingAnswer[Committed]:
    return PendingAnswer(
        lambda entry_id: Committed.by(settlement, entry_id), settlement.entry, replayed
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHold(Operation[Released]):
    """A hold to give back unused."""

    def decide(self, account: Account) -> PendingAnswer[Released]:
        """Free what was reserved; of a hold that ended so already, say it again."""
        hold = _hold_of(account, self.hold_id)
        if hold.state is HoldState.COMMITTED:
            raise HoldCommittedError("The hold is committed: what was used cannot be released.")
        if hold.state is HoldState.CHARGED:
            raise HoldChargedError(
                "The hold expired and was charged; commit it with units 0 to get that back."
            )
        again = hold.state is not HoldState.OPEN
        if not again:
            account.take_out(hold)
            hold = replace(hold, state=HoldState.RELEASED)
            account.settle(hold)
        return at_once(Released(hold.hold_id, hold.state), replayed=again)


def _hold_of(account: Account, hold_id: bytes | None) -> Hold:
    hold = account.holds.get(hold_id) if hold_id else None
    if hold is None:
        raise UnknownHoldError("There is no such hold.")
    return hold


def find_hold(db: Database, hold_id: bytes, caller_id: int | None = None) -> Hold:
    """
    Return a hold as it is stored; what it says need not be on disk yet.

    Raises:
        UnknownHoldError: There is none on this site, or it is not the caller's.
    """
    with db.reading() as tx:
        hold = holds.read_holds(tx, [hold_id]).get(hold_id)
        if hold is None:
            raise UnknownHoldError("There is no such hold.")
        _check_owner(hold.actor, caller_id)
        return hold


def look_again(db: Database, found: Hold) -> tuple[Hold, HoldState]:
    """
    Return a hold that was found, and its state by the database's clock: all of it is on disk.

    Raises:
        UnknownHoldError: It is gone meanwhile.
    """

    def look(tx: Tx) -> tuple[Hold, HoldState] | None:
        rows = lock_rows(tx, [found.actor])
        hold = holds.read_holds(tx, [found.hold_id]).get(found.hold_id)
        if hold is None:
            return None
        touch_rows(tx, rows, [found.actor])
        return hold, hold.state_at(tx.now())

    seen = db.transaction(look)
    if seen is None:
        raise UnknownHoldError("There is no such hold.")
    return seen


def prepare_hold(
    site: Site,
    actor: Actor,
    context: Context,
    usage: Usage,
    *,
    enabled: Collection[Module],
    ttl: timedelta,
    on_expiry: OnExpiry,
    key: RequestKey,
    asked_as: str,
) -> PlaceHold:
    """
    Price a use that is to come at today's rules, to be reserved.

    Raises:
        ModuleDisabledError: The site does not meter the module.
        InvalidInputError: The context is no published chatbot.
        UsageUnreadableError: Nothing says how much it will be.
        PriceTooLargeError: It is more than any balance can be.
    """
    check_context(site, context, enabled)
    return PlaceHold(
        actor=actor,
        contexts=(context,),
        key=key,
        usage=usage,
        price=price_usage(context.module, usage, site.prices),
        ttl=ttl,
        on_expiry=on_expiry,
        new_id=secrets.token_bytes(16),
        notice=notice_of(site, context),
        asked_as=asked_as,
    )


def prepare_commit(
    site: Site, hold_id: bytes, usage: Usage, request_hash: bytes, caller_id: int | None = None
) -> AboutHold[Committed]:
    """
    Return a commit of a hold: how much was used is *usage*'s, priced at today's rules.

    Args:
        site: Its prices.
        hold_id: The hold's.
        usage: What was used.
        request_hash: Of the request.
        caller_id: A token's own user, 0 for a guest: to it, other users' holds do not exist.
    """

    def prepare(actor: Actor, context: Context) -> CommitHold:
        _check_owner(actor, caller_id)
        return CommitHold(
            actor=actor,
            contexts=(context,),
            hold_id=hold_id,
            usage=usage,
            prices=site.prices,
            request_hash=request_hash,
        )

    return AboutHold(hold_id, prepare)


def prepare_release(hold_id: bytes, caller_id: int | None = None) -> AboutHold[Released]:
    """Return a release of a hold; *caller_id* as of `prepare_commit`."""

    def prepare(actor: Actor, _: Context) -> ReleaseHold:
        _check_owner(actor, caller_id)
        return ReleaseHold(actor=actor, hold_id=hold_id)

    return AboutHold(hold_id, prepare)


def _check_owner(owner: Actor, caller_id: int | None) -> None:
    if caller_id is not None and (owner.user_id or 0) != caller_id:
        raise UnknownHoldError("There is no such hold.")
