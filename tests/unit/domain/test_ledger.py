"""An account's stored balance and debt under a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import BalanceTooLargeError
from bridge.domain.ids import MAX_BALANCE, Credits
from bridge.domain.ledger import Funds, apply_delta
from tests.support.oracle import explore


@pytest.mark.parametrize(
    ("stored", "debt", "delta", "stored_after", "debt_after"),
    [
        (0, 0, 100, 100, 0),
        (50, 0, -20, 30, 0),
        (50, 0, -50, 0, 0),
        (50, 0, -80, 0, 30),
        (0, 30, 10, 0, 20),
        (0, 30, 30, 0, 0),
        (0, 30, 45, 15, 0),
        (0, 30, -5, 0, 35),
        (20, 30, 10, 20, 20),  # another writer gave 20 to somebody in debt: they stay
        (20, 30, -25, 0, 35),
        (7, 3, 0, 7, 3),
    ],
)
def test_credits_pay_debt_first_and_debits_take_the_balance_first(
    stored: int, debt: int, delta: int, stored_after: int, debt_after: int
) -> None:
    funds = apply_delta(Funds(Credits(stored), Credits(debt)), Credits(delta))

    assert (funds.stored, funds.debt) == (stored_after, debt_after)


def test_the_largest_balance_can_be_reached_but_not_passed() -> None:
    almost = Funds(Credits(MAX_BALANCE - 1))
    assert apply_delta(almost, Credits(1)).stored == MAX_BALANCE

    with pytest.raises(BalanceTooLargeError):
        apply_delta(almost, Credits(2))


def test_debt_that_is_paid_off_does_not_count_towards_the_largest_balance() -> None:
    funds = apply_delta(Funds(Credits(MAX_BALANCE), Credits(5)), Credits(5))

    assert (funds.stored, funds.debt) == (MAX_BALANCE, 0)


@explore(200)
@given(st.integers(0, 1_000), st.integers(0, 1_000), st.integers(-2_000, 2_000))
def test_property_the_balance_moves_by_exactly_the_delta(
    stored: int, debt: int, delta: int
) -> None:
    before = Funds(Credits(stored), Credits(debt))

    after = apply_delta(before, Credits(delta))

    assert after.balance == before.balance + delta
    assert after.stored >= 0
    assert after.debt >= 0
