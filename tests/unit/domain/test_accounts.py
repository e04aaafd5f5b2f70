"""One account in memory: what it holds and books, whoever looks at it and whenever."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.accounts import Account
from bridge.domain.decisions import Split, decide
from bridge.domain.holds import Hold, HoldState, OnExpiry
from bridge.domain.ids import Actor, Credits, UserId
from bridge.domain.ledger import Funds
from bridge.domain.limits import Limits
from bridge.domain.periods import Calendar, Period
from bridge.domain.pricing import Price, Usage, measure
from bridge.domain.quotas import Context, Counter, Module
from bridge.domain.usage_entries import Charge
from tests.support.oracle import explore

CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))
NOON = datetime(2026, 10, 25, 11, tzinfo=UTC)  # of the day on which the clocks go back
BOB = Actor(UserId(3))
CHAT, IMAGES = Context(Module.CHAT, 22), Context(Module.IMAGE_GENERATOR)
CONTEXTS = (CHAT, IMAGES)


@dataclass(frozen=True)
class Stored:
    """What the database has of an account."""

    funds: Funds
    limits: dict[Context, Limits]
    counters: dict[Context, Counter]
    holds: Sequence[Hold]

    def at(self, now: datetime) -> Account:
        """Load it as readers and writers do, and let its holds end whose time is up."""
        account = Account(
            BOB, now, CALENDAR, self.limits.__getitem__, self.funds, counters=dict(self.counters)
        )
        for hold in self.holds:
            if hold.state is HoldState.OPEN:
                account.reserve(hold.context, hold.from_balance, hold.from_quota)
            account.holds[hold.hold_id] = hold
        account.expire()
        return account

    def after(self, account: Account) -> "Stored":
        """Write back what has become of it."""
        return Stored(account.funds, self.limits, account.counters, list(account.holds.values()))


def figures(account: Account) -> Any:
    quotas = [account.quota(context) for context in CONTEXTS]
    return (
        account.funds.balance,
        account.held,
        account.available,
        [(quota.used, quota.remaining, quota.resets_at) for quota in quotas],
        {hold.hold_id: (hold.state, hold.charged) for hold in account.holds.values()},
    )


def charge(credits: int, context: Context) -> Charge:
    usage = Usage(units=credits)
    return Charge(BOB, context, usage, Price(Credits(credits), measure(usage), None))


DAILY_TEN = Limits(user_limit=Credits(10), period=Period.DAILY)
MIDNIGHT = datetime(2026, 10, 25, 23, tzinfo=UTC)


def ends_at(hour: int, from_balance: int, from_quota: int, name: bytes = b"one") -> Hold:
    """Return a hold that is charged at an hour of the 25th."""
    parts = Credits(from_balance), Credits(from_quota)
    price, end = Credits(sum(parts)), NOON.replace(hour=hour)
    return Hold(name, BOB, CHAT, Usage(units=0), price, *parts, OnExpiry.CHARGE, end)


def with_counter(used: int, stamped: datetime | None, *holds: Hold) -> Stored:
    stamp = int(stamped.timestamp()) if stamped else 0
    counters = {CHAT: Counter(Credits(used), stamp), IMAGES: Counter()}
    return Stored(Funds(Credits(0)), dict.fromkeys(CONTEXTS, DAILY_TEN), counters, holds)


def test_charges_of_yesterday_share_yesterdays_allowance_when_both_are_noticed_today() -> None:
    one = ends_at(hour=20, from_balance=0, from_quota=1)
    other = ends_at(hour=21, from_balance=5, from_quota=0, name=b"other")  # its balance was taken
    account = with_counter(8, NOON, one, other).at(MIDNIGHT + timedelta(hours=1))

    charged = account.holds[b"other"].charged

    assert charged is not None
    assert (charged.from_quota, charged.uncovered) == (1, 4)
    assert account.quota(CHAT).used == 0


def test_a_counter_without_a_stamp_is_stamped_as_of_the_charge() -> None:
    stored = with_counter(8, None, ends_at(hour=20, from_balance=0, from_quota=1))

    assert stored.at(MIDNIGHT - timedelta(hours=1)).quota(CHAT).used == 9
    assert stored.at(MIDNIGHT + timedelta(hours=1)).quota(CHAT).used == 0


def test_a_charge_of_yesterday_leaves_alone_a_counter_that_others_began_anew_today() -> None:
    hold = ends_at(hour=20, from_balance=0, from_quota=1)
    account = with_counter(3, MIDNIGHT, hold).at(MIDNIGHT + timedelta(hours=1))

    assert account.quota(CHAT).used == 3


def test_free_credits_lost_to_uncovered_use_are_taken_of_the_balance_if_some_is_free() -> None:
    held = ends_at(hour=20, from_balance=3, from_quota=4)
    account = with_counter(0, NOON, held).at(NOON)
    account.book(charge(50, CHAT))  # 6 fit into the limit beside the hold, and 44 do not
    account.funds = Funds(Credits(5))

    ended = replace(account, now=NOON + timedelta(hours=9))
    ended.expire()

    assert ended.holds[b"one"].charged == Split(Credits(5), Credits(0), Credits(2), Credits(2))


credits = st.integers(0, 12).map(Credits)
hours = st.integers(-50, 10).map(lambda n: timedelta(hours=n))
limits = st.builds(
    Limits,
    user_limit=st.sampled_from([None, Credits(0), Credits(5), Credits(20)]),
    period=st.sampled_from([Period.DAILY, Period.WEEKLY, Period.NEVER]),
)
stamps = st.just(0) | hours.map(lambda past: int((NOON + past).timestamp()))
ends = st.integers(-3000, 3000).map(lambda minutes: NOON + timedelta(minutes=minutes))


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    usage = Usage(units=0)
    from_balance, from_quota = draw(credits), draw(credits)
    return Hold(
        hold_id=draw(st.binary(min_size=2, max_size=2)),
        actor=BOB,
        context=draw(st.sampled_from(CONTEXTS)),
        usage=usage,
        credits=Credits(from_balance + from_quota),
        from_balance=from_balance,
        from_quota=from_quota,
        on_expiry=draw(st.sampled_from(OnExpiry)),
        expires_at=draw(ends),
    )


def stored_with(stamps: st.SearchStrategy[int]) -> st.SearchStrategy[Stored]:
    counters = st.builds(Counter, credits, stamps)
    return st.builds(
        Stored,
        funds=st.builds(Funds, credits, st.just(Credits(0)) | credits),
        limits=st.fixed_dictionaries(dict.fromkeys(CONTEXTS, limits)),
        counters=st.fixed_dictionaries(dict.fromkeys(CONTEXTS, counters)),
        holds=st.lists(holds(), max_size=4, unique_by=lambda hold: hold.hold_id),
    )


stored_accounts = stored_with(stamps)
past_stamps = stamps.filter(lambda stamp: stamp <= NOON.timestamp())
places = st.sampled_from(CONTEXTS)


@explore(100)
@given(stored_accounts, places, st.integers(0, 60), st.booleans())
def test_property_parts_add_up_and_spending_takes_no_more_than_there_is(
    stored: Stored, place: Context, price: int, from_hold: bool
) -> None:
    account = stored.at(NOON)
    open_holds = [h for h in account.holds.values() if h.state is HoldState.OPEN]
    first = open_holds[0] if from_hold and open_holds else None
    if first is not None:
        place = first.context
        account.take_out(first)
    before, available = account.funds, account.available

    parts = account.book(charge(price, place), first=first)

    assert parts.from_balance + parts.from_quota + parts.uncovered == price
    assert min(parts.from_balance, parts.from_quota, parts.uncovered, parts.counted) >= 0
    assert parts.from_balance <= available
    assert account.funds.stored == before.stored - parts.from_balance
    assert account.funds.debt == before.debt


@explore(100)
@given(stored_accounts, places, st.integers(0, 60))
def test_property_what_is_allowed_is_covered_when_it_is_booked_at_once(
    stored: Stored, place: Context, price: int
) -> None:
    account = stored.at(NOON)
    decision = decide(Credits(price), account.spendable(place))

    parts = account.book(charge(price, place))

    assert decision.allowed is (parts.uncovered == 0) or price == 0


@explore(100)
@given(stored_accounts, places, st.integers(0, 60))
def test_property_what_is_held_is_there_when_it_is_committed(
    stored: Stored, place: Context, price: int
) -> None:
    account = stored.at(NOON)
    spendable = account.spendable(place)
    if not decide(Credits(price), spendable).allowed:
        return
    from_balance = Credits(min(price, spendable.available))
    held = from_balance, Credits(price - from_balance)
    hold = Hold(b"new", BOB, place, Usage(), Credits(price), *held, OnExpiry.RELEASE, NOON)
    account.put_in(hold)
    account.take_out(hold)

    parts = account.book(charge(price, place), first=hold)

    assert (parts.from_balance, parts.from_quota, parts.uncovered) == (*held, 0)


@explore(150)
@given(stored_with(past_stamps), st.integers(0, 3000))  # one of the future counts as when seen
def test_property_holds_end_the_same_whether_noticed_at_once_or_in_two_steps(
    stored: Stored, minutes: int
) -> None:
    later = NOON + timedelta(minutes=minutes)

    at_once = stored.at(later)
    in_two_steps = stored.after(stored.at(NOON)).at(later)

    assert figures(in_two_steps) == figures(at_once)


@explore(100)
@given(stored_accounts)
def test_property_a_reader_sees_what_a_writer_leaves(stored: Stored) -> None:
    seen = stored.at(NOON)
    written = stored.after(seen)

    assert figures(written.at(NOON)) == figures(seen)
    assert written.after(written.at(NOON)) == written
