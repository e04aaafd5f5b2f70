"""What becomes of a fetched order: every state, and every reason to ask people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.grants import Adoption, BookedCredits, GrantPolicy
from bridge.domain.ids import MAX_ORDER_CREDITS, Credits, LineId, OrderId, UserId
from bridge.domain.orders import Order, OrderLine, Refund, RefundLine
from bridge.domain.packages import JudgedLine, Problem
from bridge.domain.verdicts import (
    ForeignPurchase,
    OrderRecord,
    OrderState,
    Reason,
    Surroundings,
    Verdict,
    judge_order,
    look_again_at,
)

COMPLETED = datetime(2026, 11, 22, 11, 0, 2, tzinfo=UTC)
NOW = COMPLETED + timedelta(hours=1)
LINE = OrderLine(LineId(1), 12, 0, "10k Token Pack", 2, Decimal("10.00"))
ORDER = Order(
    order_id=OrderId(77),
    number="77",
    status="completed",
    customer_id=2,
    email="alice@example.com",
    currency="USD",
    total=Decimal("10.00"),
    created_at=COMPLETED - timedelta(seconds=2),
    modified_at=COMPLETED,
    paid_at=COMPLETED - timedelta(seconds=1),
    completed_at=COMPLETED,
    lines=(LINE,),
    refunds=(),
    refund_heads=(),
    marker=0,
    is_renewal=False,
)
PACKS = (JudgedLine(LINE, unit_amount=Credits(10_000)),)
POLICY = GrantPolicy(
    since=datetime(2026, 1, 1, tzinfo=UTC),
    statuses=frozenset({"completed"}),
    reverse_on=frozenset({"cancelled", "refunded", "failed", "trash"}),
)
AROUND = Surroundings(
    now=NOW,
    ledger_epoch=datetime(2026, 6, 1, tzinfo=UTC),
    foreign_purchase=None,
    marker=0,
    peer_may_grant=False,
    customer_exists=True,
    email_owner=None,
)
ALICE, BOB = UserId(2), UserId(3)
NEW = OrderRecord()
BOOKED = OrderRecord(account_id=ALICE, booked=BookedCredits(granted=Credits(20_000)))
OLD = {"created_at": AROUND.ledger_epoch - timedelta(seconds=1)}
HALF_BACK = Refund(9, Decimal(5), (RefundLine(LineId(1), 1, Decimal(5)),), Decimal(0))


def judge(
    order: Order = ORDER,
    judged: tuple[JudgedLine, ...] = PACKS,
    record: OrderRecord = NEW,
    *,
    policy: GrantPolicy = POLICY,
    **around: Any,
) -> Verdict:
    return judge_order(order, judged, record, replace(AROUND, **around), policy)


def an_order(**changes: Any) -> Order:
    return replace(ORDER, **changes)


# Granted, or nothing to do


def test_a_completed_order_is_granted_to_its_customer() -> None:
    assert judge() == Verdict(
        OrderState.GRANTED,
        due=Credits(20_000),
        account_id=ALICE,
        look_again_at=NOW + timedelta(hours=1),
    )


@pytest.mark.parametrize("status", ["pending", "processing", "on-hold", "cancelled", "trash"])
def test_an_order_in_another_status_is_only_seen(status: str) -> None:
    assert judge(an_order(status=status)) == Verdict(OrderState.SEEN)


def test_an_order_that_is_due_nothing_is_only_seen() -> None:
    no_pack = (JudgedLine(LINE),)
    assert judge(judged=no_pack) == Verdict(OrderState.SEEN)

    paid = replace(POLICY, require_payment=True)
    assert judge(an_order(total=Decimal(0)), policy=paid) == Verdict(OrderState.SEEN)


def test_what_a_refund_took_before_the_first_look_is_not_granted() -> None:
    order = an_order(refunds=(HALF_BACK,), refund_heads=((9, Decimal(5)),))

    assert judge(order).due == 10_000


def test_an_order_that_is_booked_follows_its_status() -> None:
    assert judge(record=BOOKED).due == 20_000
    for status in ("cancelled", "refunded", "failed", "trash"):
        assert judge(an_order(status=status), record=BOOKED).due == 0, status
    assert judge(an_order(status="on-hold"), record=BOOKED).due == 20_000


# Before grants.since


def test_an_order_completed_before_since_is_left_to_backfill() -> None:
    early = replace(POLICY, since=COMPLETED + timedelta(seconds=1))

    verdict = judge(policy=early)

    assert (verdict.state, verdict.reason) == (OrderState.SEEN, Reason.BEFORE_SINCE)
    assert verdict.due is None
    assert verdict.look_again_at is None


def test_an_order_that_a_backfill_has_let_in_is_judged_as_any_other() -> None:
    early = replace(POLICY, since=NOW)
    let_in = replace(NEW, backfilled=True)

    assert judge(record=let_in, policy=early) == judge()
    guest = an_order(customer_id=0)
    assert judge(guest, record=let_in, policy=early) == judge(guest)


@pytest.mark.parametrize("problem", list(Problem))
def test_of_past_orders_nobody_is_asked_about_deleted_products(problem: Problem) -> None:
    early = replace(POLICY, since=NOW)
    lines = (JudgedLine(LINE, problem=problem, detail="wrong"),)

    asked = judge(judged=lines, record=replace(NEW, backfilled=True), policy=early)
    left_alone = judge(judged=lines, policy=early)

    is_asked = problem is not Problem.PRODUCT_GONE
    assert (asked.state is OrderState.ATTENTION) == is_asked
    assert left_alone.state is OrderState.SEEN


def test_an_order_completed_at_since_is_granted() -> None:
    assert judge(policy=replace(POLICY, since=COMPLETED)).state is OrderState.GRANTED


def test_it_counts_when_an_order_was_completed_not_when_it_was_placed() -> None:
    policy = replace(POLICY, since=COMPLETED)

    assert judge(an_order(created_at=COMPLETED - timedelta(days=9)), policy=policy).due == 20_000


@pytest.mark.parametrize(
    ("missing", "finished_at"),
    [
        ([], ORDER.completed_at),
        (["completed_at"], ORDER.paid_at),
        (["completed_at", "paid_at"], ORDER.created_at),
    ],
)
def test_without_a_completed_date_the_paid_then_the_created_date_counts(
    missing: list[str], finished_at: datetime
) -> None:
    assert an_order(**dict.fromkeys(missing)).finished_at == finished_at


def test_an_order_that_is_booked_is_followed_whatever_since_says() -> None:
    later = replace(POLICY, since=NOW)

    assert judge(an_order(status="cancelled"), record=BOOKED, policy=later).due == 0


# Beside the peer


@pytest.mark.parametrize("seconds", [0, 60, 119, 119.999999])
def test_beside_the_peer_an_order_waits_two_minutes(seconds: float) -> None:
    now = COMPLETED + timedelta(seconds=seconds)

    verdict = judge(peer_may_grant=True, now=now)

    assert (verdict.state, verdict.reason) == (OrderState.WAITING, Reason.PEER_MAY_GRANT)
    assert verdict.due == 20_000
    assert verdict.account_id is None
    assert verdict.look_again_at == COMPLETED + timedelta(seconds=120)


def test_after_two_minutes_without_a_trace_of_the_peer_it_is_granted() -> None:
    verdict = judge(peer_may_grant=True, now=COMPLETED + timedelta(seconds=120))

    assert (verdict.state, verdict.due) == (OrderState.GRANTED, 20_000)


def test_the_wait_counts_from_the_paid_date_where_none_was_completed() -> None:
    order = an_order(completed_at=None)

    assert judge(order, peer_may_grant=True, now=COMPLETED).look_again_at == (
        COMPLETED + timedelta(seconds=119)
    )


def test_with_the_peers_hook_down_it_is_granted_at_once() -> None:
    assert judge(now=COMPLETED).state is OrderState.GRANTED


def test_a_renewal_beside_the_peer_waits_too() -> None:
    renewal = an_order(is_renewal=True, marker=5)

    assert judge(renewal, marker=5, peer_may_grant=True, now=COMPLETED).state is OrderState.WAITING
    later = COMPLETED + timedelta(seconds=120)
    assert judge(renewal, marker=5, peer_may_grant=True, now=later).due == 20_000


def test_an_order_that_is_booked_waits_for_nobody() -> None:
    verdict = judge(record=BOOKED, peer_may_grant=True, now=COMPLETED)

    assert verdict.state is OrderState.GRANTED


def test_a_guests_order_does_not_wait_for_the_peer_which_grants_no_guest() -> None:
    verdict = judge(an_order(customer_id=0), peer_may_grant=True, now=COMPLETED)

    assert verdict.state is OrderState.UNCLAIMED


# History


def test_a_purchase_row_of_another_writer_is_adopted() -> None:
    verdict = judge(foreign_purchase=ForeignPurchase(ALICE, Credits(15_000)))

    assert verdict.adopt == Adoption(
        Credits(15_000), Credits(20_000), "completed", ORDER.contents_digest()
    )
    assert (verdict.state, verdict.due, verdict.account_id) == (
        OrderState.GRANTED,
        15_000,
        ALICE,
    )


@pytest.mark.parametrize("status", ["on-hold", "cancelled", "refunded"])
def test_it_is_adopted_in_any_status_and_stays_as_it_is(status: str) -> None:
    verdict = judge(
        an_order(status=status), foreign_purchase=ForeignPurchase(ALICE, Credits(15_000))
    )

    assert verdict.adopt is not None
    assert (verdict.due, verdict.account_id) == (15_000, ALICE)


def test_it_is_adopted_also_from_before_since_and_by_renewals() -> None:
    row = ForeignPurchase(ALICE, Credits(15_000))
    later = replace(POLICY, since=NOW)

    assert judge(policy=later, foreign_purchase=row).due == 15_000
    assert judge(an_order(is_renewal=True), foreign_purchase=row).due == 15_000


def test_an_order_with_a_booking_of_ours_is_never_adopted() -> None:
    row = ForeignPurchase(BOB, Credits(1))

    verdict = judge(record=BOOKED, foreign_purchase=row, marker=1)

    assert verdict.adopt is None
    assert (verdict.account_id, verdict.due) == (ALICE, 20_000)


def test_an_adopted_order_is_followed_in_proportion() -> None:
    adoption = Adoption(Credits(15_000), Credits(20_000), "completed", ORDER.contents_digest())
    record = OrderRecord(ALICE, BookedCredits(granted=Credits(15_000)), adoption)

    assert judge(record=record).due == 15_000
    assert judge(an_order(refunds=(HALF_BACK,)), record=record).due == 7_500


def test_a_row_on_another_account_stays_there_and_is_listed() -> None:
    verdict = judge(foreign_purchase=ForeignPurchase(BOB, Credits(15_000)))

    assert (verdict.account_id, verdict.due) == (BOB, 15_000)
    assert (verdict.state, verdict.reason) == (OrderState.ATTENTION, Reason.CUSTOMER_CHANGED)


def test_a_marker_from_before_the_ledger_is_adopted_at_its_number() -> None:
    verdict = judge(an_order(**OLD), marker=12_345)

    assert verdict.adopt is not None
    assert (verdict.adopt.credits, verdict.due, verdict.account_id) == (12_345, 12_345, ALICE)


@pytest.mark.parametrize("delta_s", [0, 1])
def test_a_marker_since_the_ledger_without_a_row_needs_attention(delta_s: int) -> None:
    order = an_order(created_at=AROUND.ledger_epoch + timedelta(seconds=delta_s))

    verdict = judge(order, marker=12_345)

    assert (verdict.state, verdict.reason) == (
        OrderState.ATTENTION,
        Reason.MARKER_WITHOUT_LEDGER,
    )
    assert "12345" in verdict.detail
    assert (verdict.due, verdict.adopt, verdict.account_id) == (None, None, None)
    assert verdict.look_again_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("created_at", [ORDER.created_at, OLD["created_at"]])
def test_a_renewal_ignores_the_marker_that_was_copied_to_it(created_at: datetime) -> None:
    verdict = judge(an_order(is_renewal=True, created_at=created_at), marker=12_345)

    assert verdict.adopt is None
    assert (verdict.state, verdict.due) == (OrderState.GRANTED, 20_000)


def test_a_row_counts_before_a_marker() -> None:
    row = ForeignPurchase(ALICE, Credits(15_000))

    assert judge(an_order(**OLD), marker=999, foreign_purchase=row).due == 15_000


@pytest.mark.parametrize("case", ["completed before since", "cancelled", "on-hold"])
def test_a_marker_without_a_row_needs_attention_in_any_status_and_from_before_since(
    case: str,
) -> None:
    """
    What is asked: "Without a row but with marker > 0: adopted [...]; else *needs attention*.

    *Other* orders completed before `grants.since` are left to `backfill`."
    """
    before = case == "completed before since"
    policy = replace(POLICY, since=NOW) if before else POLICY
    order = ORDER if before else an_order(status=case)

    verdict = judge(order, marker=12_345, policy=policy)

    assert verdict.reason == Reason.MARKER_WITHOUT_LEDGER


# Whose it is


def test_a_guests_order_is_unclaimed() -> None:
    verdict = judge(an_order(customer_id=0), customer_exists=False)

    assert (verdict.state, verdict.reason) == (OrderState.UNCLAIMED, Reason.GUEST)
    assert (verdict.due, verdict.account_id) == (20_000, None)
    assert verdict.look_again_at == NOW + timedelta(minutes=10)


def test_a_guests_order_that_is_due_nothing_is_not_listed() -> None:
    assert judge(an_order(customer_id=0, status="pending")).state is OrderState.SEEN
    assert judge(an_order(customer_id=0), judged=()).state is OrderState.SEEN


def test_a_guests_order_is_granted_once_it_gets_a_customer() -> None:
    assert judge(an_order(customer_id=3)).account_id == BOB


def test_a_guests_order_is_granted_to_whom_an_admin_assigns_it() -> None:
    record = OrderRecord(assigned_to=BOB, assigned_by="admin:1")

    verdict = judge(an_order(customer_id=0), record=record)

    assert (verdict.account_id, verdict.claimed_as, verdict.due) == (BOB, "admin:1", 20_000)


def test_an_order_of_an_unknown_user_is_granted_to_whom_an_admin_assigns_it() -> None:
    record = OrderRecord(assigned_to=BOB, assigned_by="admin:1")

    verdict = judge(an_order(customer_id=999), record=record)

    assert (verdict.state, verdict.account_id) == (OrderState.GRANTED, BOB)
    assert (verdict.claimed_as, verdict.due) == ("admin:1", 20_000)


def test_an_order_assigned_to_nobody_who_exists_needs_attention() -> None:
    record = OrderRecord(assigned_to=BOB, assigned_by="admin:1")

    verdict = judge(an_order(customer_id=0), record=record, customer_exists=False)

    assert (verdict.state, verdict.reason) == (OrderState.ATTENTION, Reason.UNKNOWN_USER)


def test_a_guests_order_is_claimed_by_the_older_account_with_its_email() -> None:
    verdict = judge(an_order(customer_id=0), customer_exists=False, email_owner=ALICE)

    assert (verdict.account_id, verdict.claimed_as, verdict.due) == (ALICE, "email", 20_000)


def test_an_admins_word_counts_before_the_email() -> None:
    record = OrderRecord(assigned_to=BOB, assigned_by="admin:1")

    verdict = judge(an_order(customer_id=0), record=record, email_owner=ALICE)

    assert verdict.account_id == BOB


def test_an_order_of_an_unknown_user_needs_attention() -> None:
    verdict = judge(an_order(customer_id=999), customer_exists=False)

    assert (verdict.state, verdict.reason) == (OrderState.ATTENTION, Reason.UNKNOWN_USER)
    assert "999" in verdict.detail
    assert (verdict.due, verdict.account_id) == (20_000, None)
    assert verdict.look_again_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("customer_id", [0, 3])
def test_an_order_whose_customer_disappears_or_changes_stays_where_it_was_and_is_listed(
    customer_id: int,
) -> None:
    verdict = judge(an_order(customer_id=customer_id), record=BOOKED)

    assert (verdict.state, verdict.reason) == (OrderState.ATTENTION, Reason.CUSTOMER_CHANGED)
    assert (verdict.account_id, verdict.due) == (ALICE, 20_000)


@pytest.mark.parametrize("customer_id", [0, 2])
def test_a_claimed_order_may_stay_a_guests_or_become_its_owners(customer_id: int) -> None:
    record = replace(BOOKED, claimed_as="email")

    verdict = judge(an_order(customer_id=customer_id), record=record)

    assert (verdict.state, verdict.claimed_as) == (OrderState.GRANTED, "email")


def test_a_claimed_order_that_becomes_anothers_is_listed() -> None:
    record = replace(BOOKED, claimed_as="email")

    assert judge(an_order(customer_id=3), record=record).reason == Reason.CUSTOMER_CHANGED


# Lines that cannot be judged

BAD = JudgedLine(
    replace(LINE, line_id=LineId(2)), problem=Problem.BAD_AMOUNT, detail="Its amount is bad."
)
GONE = JudgedLine(
    replace(LINE, line_id=LineId(3)), problem=Problem.PRODUCT_GONE, detail="It is gone."
)


@pytest.mark.parametrize("line", [BAD, GONE])
def test_good_lines_are_granted_beside_one_that_cannot_be_judged(line: JudgedLine) -> None:
    verdict = judge(judged=(*PACKS, line))

    assert (verdict.state, verdict.reason) == (OrderState.ATTENTION, str(line.problem))
    assert verdict.detail == line.detail
    assert (verdict.due, verdict.account_id) == (20_000, ALICE)
    assert verdict.look_again_at == NOW + timedelta(minutes=10)


def test_an_order_with_nothing_but_such_lines_needs_attention_too() -> None:
    verdict = judge(judged=(GONE, BAD))

    assert (verdict.state, verdict.reason, verdict.due) == (
        OrderState.ATTENTION,
        "product_gone",
        None,
    )


def test_nobody_is_asked_about_lines_of_orders_that_do_not_grant() -> None:
    assert judge(an_order(status="processing"), (GONE,)).state is OrderState.SEEN
    assert judge(an_order(status="cancelled"), (*PACKS, GONE), BOOKED).reason == ""
    early = replace(POLICY, since=NOW)
    assert judge(judged=(GONE,), policy=early).reason == Reason.BEFORE_SINCE


def test_a_stronger_reason_is_shown_first() -> None:
    lines = (*PACKS, BAD)

    assert judge(an_order(customer_id=999), lines, customer_exists=False).reason == (
        Reason.UNKNOWN_USER
    )
    assert judge(an_order(customer_id=0), lines).state is OrderState.UNCLAIMED
    assert judge(judged=lines, peer_may_grant=True, now=COMPLETED).state is OrderState.WAITING


# Too much


@pytest.mark.parametrize("record", [NEW, BOOKED])
def test_an_order_beyond_what_any_may_grant_is_listed_and_nothing_is_booked(
    record: OrderRecord,
) -> None:
    largest = (JudgedLine(replace(LINE, quantity=1), unit_amount=Credits(MAX_ORDER_CREDITS)),)
    order = an_order(lines=(largest[0].line,))
    assert judge(order, largest, record).due == MAX_ORDER_CREDITS

    twice = an_order(lines=(replace(LINE, quantity=2),))
    verdict = judge(twice, largest, record)

    assert (verdict.state, verdict.reason) == (OrderState.ATTENTION, Reason.TOO_LARGE)
    assert verdict.due is None


# When to look again


@pytest.mark.parametrize(
    ("state", "age", "pause"),
    [
        (OrderState.ATTENTION, timedelta(0), timedelta(minutes=10)),
        (OrderState.ATTENTION, timedelta(days=900), timedelta(minutes=10)),
        (OrderState.UNCLAIMED, timedelta(days=900), timedelta(minutes=10)),
        (OrderState.GRANTED, timedelta(0), timedelta(hours=1)),
        (OrderState.GRANTED, timedelta(days=90) - timedelta(seconds=1), timedelta(hours=1)),
        (OrderState.GRANTED, timedelta(days=90), None),
        (OrderState.SEEN, timedelta(0), None),
    ],
)
def test_when_an_order_is_looked_at_again(
    state: OrderState, age: timedelta, pause: timedelta | None
) -> None:
    again = look_again_at(state, NOW - age, NOW)

    assert again == (NOW + pause if pause else None)
