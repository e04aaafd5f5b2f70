"""
What spending leaves behind, a second time: written from the rules (R19 to R23).

It shares nothing with `bridge.domain` on purpose: plain numbers and dicts, one account at a time.
Prices are in `price_oracle`, free allowances in `quota_oracle`.
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.support.quota_oracle import Allowance

Booked = dict[str, int]
"""What a booking is answered, with `late` where it is a commit."""


@dataclass
class Hold:
    """What one request reserved, and what became of it."""

    module: str
    price: int
    from_balance: int
    from_quota: int
    expires_at: datetime
    on_expiry: str = "release"
    state: str = "open"
    charge: Booked = field(default_factory=dict)


@dataclass
class Account:
    """A user, or a guest (`stored` None), as stored: an expiry is written by the next writer."""

    modules: dict[str, Allowance]
    stored: int | None = 0
    debt: int = 0
    holds: list[Hold] = field(default_factory=list)

    # What a reader sees

    @property
    def balance(self) -> int:
        return (self.stored or 0) - self.debt

    def at(self, now: datetime) -> "Account":
        """Return the account as it is now, whether or not anybody has written that."""
        seen = deepcopy(self)
        seen.expire(now)
        return seen

    def held(self, now: datetime, *, but: Hold | None = None) -> int:
        return sum(hold.from_balance for hold in self._open(now, but))

    def available(self, now: datetime, *, but: Hold | None = None) -> int:
        return max(0, self.balance - self.held(now, but=but))

    def room(self, name: str, now: datetime, *, but: Hold | None = None) -> int | None:
        """Return what is left of the free allowance; None is unlimited."""
        module = self.modules[name]
        held = sum(hold.from_quota for hold in self._open(now, but) if hold.module == name)
        return None if module.limit is None else max(0, module.limit - module.used(now) - held)

    def decide(self, name: str, price: int, now: datetime) -> tuple[bool, str]:
        """Return whether so much may be spent, and the reason."""
        account = self.at(now)
        available, room = account.available(now), account.room(name, now)
        if available >= max(price, 1):
            return True, "balance"
        if room is None:
            return True, "unlimited"
        if room > 0 and available + room >= price:
            return True, "quota"
        return False, "disabled" if self.modules[name].limit == 0 else "quota_exceeded"

    # What a writer leaves

    def record(self, name: str, price: int, now: datetime) -> Booked:
        """Book in full."""
        self.expire(now)
        return self._book(name, price, now)

    def hold(
        self, name: str, price: int, now: datetime, *, ttl_s: int, on_expiry: str
    ) -> Hold | None:
        """Reserve a price; None if it is denied."""
        self.expire(now)
        if not self.decide(name, price, now)[0]:
            return None
        from_balance = min(price, self.available(now))
        expires_at = now + timedelta(seconds=ttl_s)
        hold = Hold(name, price, from_balance, price - from_balance, expires_at, on_expiry)
        self.holds.append(hold)
        return hold

    def commit(self, hold: Hold, price: int, now: datetime) -> Booked:
        """Book what was really used. (That it was committed before is the caller's to see.)"""
        self.expire(now)
        before, hold.state = hold.state, "committed"
        if before == "charged":
            booked = self._correct(hold, price, now)
        else:
            booked = self._book(hold.module, price, now, hold if before == "open" else None)
        return {**booked, "late": before != "open"}

    def release(self, hold: Hold, now: datetime) -> str:
        """Give back what is held; return the state."""
        self.expire(now)
        if hold.state == "open":
            hold.state = "released"
        return hold.state

    def change(self, credits: int, now: datetime) -> None:
        """Book an order's credits; what a clawback does not find becomes debt."""
        self.expire(now)
        found = max(credits, -(self.stored or 0))
        self._take(-found)
        self.debt += found - credits

    def expire(self, now: datetime) -> None:
        """End the holds whose time is up, each as of then."""
        self._pay_debt()
        over = [hold for hold in self.holds if hold.state == "open" and hold.expires_at <= now]
        for hold in sorted(over, key=lambda hold: hold.expires_at):
            if hold.on_expiry == "charge":
                self._charge(hold, now)
            hold.state = "charged" if hold.on_expiry == "charge" else "expired"

    def _charge(self, hold: Hold, now: datetime) -> None:
        """
        Book the whole hold as of its end.

        If the period has turned since, that leaves a counter that is due, which counts 0; unless
        another program has begun the new period already, whose counter is none of the hold's.
        """
        module = self.modules[hold.module]
        begun = replace(module) if module.is_of_a_later_period(hold.expires_at, now) else None
        hold.charge = self._book(hold.module, hold.price, hold.expires_at, hold)
        self.modules[hold.module] = begun or module

    def _book(self, name: str, price: int, now: datetime, hold: Hold | None = None) -> Booked:
        """Book in full: first what *hold* reserved, as far as it is there, then as of anybody."""
        available, room = self.available(now, but=hold), self.room(name, now, but=hold)
        reserved = [(hold.from_balance, hold.from_quota)] if hold else []
        rest, from_balance, from_quota = price, 0, 0
        for most_balance, most_quota in [*reserved, (price, price)]:
            part = min(rest, most_balance, available - from_balance)
            rest, from_balance = rest - part, from_balance + part
            part = min(rest, most_quota, rest if room is None else room - from_quota)
            rest, from_quota = rest - part, from_quota + part
        self._take(from_balance)
        self.modules[name].count(price - from_balance, now)
        return self._booked(price, from_balance, from_quota)

    def _correct(self, hold: Hold, price: int, now: datetime) -> Booked:
        """Book the difference between what an expiry charged and what was really used."""
        charge, module = hold.charge, self.modules[hold.module]
        if price >= hold.price:
            more = self._book(hold.module, price - hold.price, now)
            parts = [charge[name] + more[name] for name in ("from_balance", "from_quota")]
            return self._booked(price, *parts)
        from_balance = min(price, charge["from_balance"])
        from_quota = min(price - from_balance, charge["from_quota"])
        self._take(from_balance - charge["from_balance"])
        back = (hold.price - charge["from_balance"]) - (price - from_balance)
        module.count(0 if module.turned(hold.expires_at, now) else -back, now)
        return self._booked(price, from_balance, from_quota)

    def _booked(self, price: int, from_balance: int, from_quota: int) -> Booked:
        return {
            "billed_credits": price,
            "from_balance": from_balance,
            "from_quota": from_quota,
            "uncovered": price - from_balance - from_quota,
            "balance_after": self.balance,
        }

    def _pay_debt(self) -> None:
        """Let what another program gave to an account in debt pay that first."""
        paid = min(self.debt, self.stored or 0)
        self._take(paid)
        self.debt -= paid

    def _take(self, credits: int) -> None:
        """Take credits, or with a negative number give some: these pay debt first."""
        if self.stored is not None:
            paid = min(self.debt, max(0, -credits))
            self.debt, self.stored = self.debt - paid, self.stored - credits - paid

    def _open(self, now: datetime, but: Hold | None) -> Iterable[Hold]:
        return (
            hold
            for hold in self.holds
            if hold.state == "open" and hold.expires_at > now and hold is not but
        )
