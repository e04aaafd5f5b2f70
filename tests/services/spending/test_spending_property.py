"""
Whatever is spent, held and granted, and whenever: the bridge does what a second reading says.

A real database over HTTP, step by step against `tests.support.spending_oracle`.
"""

from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import count
from typing import ClassVar

from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from werkzeug.test import TestResponse

from tests.support.oracle import explore
from tests.support.site import SiteDatabase
from tests.support.spending import Json, json_of
from tests.support.spending_examples import Happening, happenings, setups
from tests.support.spending_oracle import Account
from tests.support.spending_stage import Placed, Setup, Stage, as_instant

BOOKED = ("billed_credits", "from_balance", "from_quota", "uncovered", "balance_after")


def says(answer: TestResponse, status: int, code: str) -> bool:
    return (answer.status_code, json_of(answer)["code"]) == (status, code)


def booked(answer: Json) -> Json:
    return {name: answer[name] for name in BOOKED}


class Spending(RuleBasedStateMachine):
    """A user and a guest, in a chatbot and two modules, for days and months."""

    site: ClassVar[SiteDatabase]
    """Hypothesis makes the machines, so it cannot be an argument."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.keys = count()
        self.known: set[str] = set()  # accounts to which something has happened
        self.concerned: set[str] = set()  # by the last step
        self.calls: list[tuple[str, str, Json, TestResponse]] = []  # kept by their keys
        self.holds: list[Placed] = []
        self.shown = 0  # which hold
        self.taken = 0  # of the user's balance, as answers told
        self.was_told = True  # the bridge, of what others did to the user's balance

    @initialize(setup=setups)
    def begin(self, setup: Setup) -> None:
        self.stage = Stage(self.site, setup)
        self.closing.callback(self.stage.close)

    def teardown(self) -> None:
        self.closing.close()

    @rule(happening=happenings)
    def next(self, happening: Happening) -> None:
        name, arguments = happening
        getattr(self, name)(**arguments)

    # What callers do

    def check(self, who: str, module: str, use: Json) -> None:
        body, account = self.stage.body(who, module, use), self._look_at(who)
        price = self.stage.price(body)
        answer = self.stage.post("/v1/usage/check", body)
        if price is None:
            assert says(answer, 422, "usage_unreadable")
            return
        told, seen = json_of(answer), account.at(self._now)
        allowed, reason = account.decide(module, price, self._now)
        assert (told["required_credits"], told["reason"]) == (price, reason)
        assert (told["allowed"], told["notice"] is None) == (allowed, allowed)
        assert (told["balance"], told["available"]) == (seen.balance, seen.available(self._now))
        self.stage.assert_quota(told["quota"], who, module)

    def record(self, who: str, module: str, use: Json) -> None:
        body = self.stage.body(who, module, use)
        answer = self._post_with_key("/v1/usage/record", body)
        self._assert_recorded(answer.status_code, json_of(answer), who, body)

    def record_a_batch(self, events: list[tuple[str, str, Json]]) -> None:
        bodies = [self.stage.body(*event) for event in events]
        keyed = [{**body, "idempotency_key": self._new_key()} for body in bodies]
        answer = self.stage.post("/v1/usage/batch", {"events": keyed})
        for (who, *_), body, told in zip(events, bodies, json_of(answer)["results"], strict=True):
            self._assert_recorded(told["status"], told, who, body)

    def _assert_recorded(self, status: int, told: Json, who: str, body: Json) -> None:
        price = self.stage.price(body)
        if price is None:
            assert (status, told["code"]) == (422, "usage_unreadable")
            return
        wanted = self._write_to(who).record(body["module"], price, self._now)
        assert (status, booked(told)) == (201, wanted)
        assert (told["entry_id"] is not None) == (body.get("units", 0) > 0 or price > 0)
        self._take(who, told)

    def hold(self, who: str, module: str, use: Json, ttl_s: int, on_expiry: str) -> None:
        ttl_s = self._with_an_end_of_its_own(who, ttl_s)
        body = self.stage.body(who, module, {**use, "ttl_seconds": ttl_s, "on_expiry": on_expiry})
        price = self.stage.price(body)
        answer = self._post_with_key("/v1/holds", body)
        if price is None:
            assert says(answer, 422, "usage_unreadable")
            return
        account = self._write_to(who)
        hold = account.hold(module, price, self._now, ttl_s=ttl_s, on_expiry=on_expiry)
        if hold is None:
            assert says(answer, 402, account.decide(module, price, self._now)[1])
            return
        told = json_of(answer)
        assert (answer.status_code, told["credits"]) == (201, price)
        assert (told["from_balance"], told["from_quota"]) == (hold.from_balance, hold.from_quota)
        assert as_instant(told["expires_at"]) == hold.expires_at
        self.holds.append(Placed(told["hold_id"], who, body, hold))

    def commit(self, which: int, body: Json, again: bool) -> None:
        hold = self._hold(which)
        if hold is None:
            return
        if again and hold.commit is not None:
            body = hold.commit[0]
        price = self.stage.price_of_commit(hold, body)
        answer = self.stage.post(f"/v1/holds/{hold.name}/commit", body)
        if price is None:
            assert says(answer, 422, "usage_unreadable")
            return
        account = self._write_to(hold.who)
        if hold.commit is not None:
            account.expire(self._now)
            self._assert_committed_again(answer, body, hold.commit)
            return
        wanted = account.commit(hold.hold, price, self._now)
        told = json_of(answer)
        assert (answer.status_code, booked(told)) == (200, booked(wanted))
        assert told["late"] is wanted["late"]
        hold.commit = body, told
        self._take(hold.who, told)

    def _assert_committed_again(
        self, answer: TestResponse, body: Json, first: tuple[Json, Json]
    ) -> None:
        if body == first[0]:
            assert (answer.status_code, answer.json) == (200, first[1])
        else:
            assert says(answer, 422, "idempotency_mismatch")

    def release(self, which: int) -> None:
        hold = self._hold(which)
        if hold is None:
            return
        answer = self.stage.post(f"/v1/holds/{hold.name}/release")
        state = self._write_to(hold.who).release(hold.hold, self._now)
        if state in ("committed", "charged"):
            assert says(answer, 409, f"hold_{state}")
        else:
            assert (answer.status_code, json_of(answer)["state"]) == (200, state)

    def repeat(self, which: int, units: int | None) -> None:
        if not self.calls:
            return
        path, key, body, first = self.calls[-1 - which % len(self.calls)]
        changed = body if units is None else {**body, "units": units}
        answer = self.stage.post(path, changed, key=key)
        if changed == body:
            assert (answer.status_code, answer.json) == (first.status_code, first.json)
            assert answer.headers["Idempotency-Replayed"] == "true"
        else:
            assert says(answer, 422, "idempotency_mismatch")

    # What others do

    def an_order_is_booked(self, credits: int) -> None:
        self.stage.book(credits)
        self._write_to("user").change(credits, self._now)

    def another_program_sets_the_balance(self, balance: int) -> None:
        self.stage.set_balance(balance)
        self._look_at("user").stored = balance
        self.was_told = False

    def another_program_writes_a_counter(
        self, who: str, module: str, used: int, age_s: int | None
    ) -> None:
        stamp = 0 if age_s is None else int(self._now.timestamp()) - age_s
        self.stage.set_counter(who, module, used, stamp)
        mine = self._look_at(who).modules[module]
        mine.counter, mine.stamp = used, stamp

    def time_passes(self, seconds: float) -> None:
        self._go_to([self._now], seconds)

    def a_period_turns(self, module: str, past_s: float) -> None:
        turn = self.stage.accounts["user"].modules[module].next_turn(self._now)
        self._go_to([turn] if turn else [], past_s)

    def a_hold_ends(self, past_s: float) -> None:
        held = [hold for account in self.stage.accounts.values() for hold in account.holds]
        self._go_to([hold.expires_at for hold in held if hold.state == "open"], past_s)

    # What always holds

    @invariant()
    def all_is_as_the_oracle_says(self) -> None:
        for who in sorted(self.concerned):
            self.stage.assert_figures(who)
        self.stage.assert_books(self.taken)
        if self.was_told:
            self.site.assert_balanced()
        if self.holds:
            self.shown = (self.shown + 1) % len(self.holds)
            self.stage.assert_shown(self.holds[self.shown])
        self.concerned = set()

    @property
    def _now(self) -> datetime:
        return self.stage.now

    def _hold(self, which: int) -> Placed | None:
        """Return one of the holds; mostly one of the last."""
        return self.holds[-1 - which % len(self.holds)] if self.holds else None

    def _look_at(self, who: str) -> Account:
        self.known.add(who)
        self.concerned.add(who)
        return self.stage.accounts[who]

    def _write_to(self, who: str) -> Account:
        self.was_told |= who == "user"
        return self._look_at(who)

    def _take(self, who: str, told: Json) -> None:
        self.taken += told["from_balance"] if who == "user" else 0

    def _new_key(self) -> str:
        return f"{self.stage.user_id}-{next(self.keys)}"

    def _post_with_key(self, path: str, body: Json) -> TestResponse:
        key = self._new_key()
        answer = self.stage.post(path, body, key=key)
        if answer.status_code in (201, 402):
            self.calls.append((path, key, body, answer))
        return answer

    def _with_an_end_of_its_own(self, who: str, ttl_s: int) -> int:
        """No two holds end in the same microsecond: which of them first, the rules leave open."""
        ends = {hold.expires_at for hold in self.stage.accounts[who].holds}
        while self._now + timedelta(seconds=ttl_s) in ends:
            ttl_s += -1 if ttl_s > 1000 else 1
        return ttl_s

    def _go_to(self, instants: list[datetime], past_s: float) -> None:
        """Move the clock to the next of some instants, or shortly before or after it."""
        targets = [instant + timedelta(seconds=past_s) for instant in instants]
        later = [target for target in targets if target > self._now]
        if later:
            self.stage.desk.clock.set(min(later))
            self.concerned = set(self.known)


def test_property_spending_is_as_a_second_reading_of_the_rules_says(site: SiteDatabase) -> None:
    Spending.site = site

    run_state_machine_as_test(Spending, settings=explore(10))
