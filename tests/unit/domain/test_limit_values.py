"""Limits in the form that people read and change them in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.limit_values import (
    LimitFault,
    LimitValues,
    StoredLimits,
    difference,
    misread,
    taken_for,
)
from bridge.domain.periods import Period
from bridge.domain.quotas import LimitSettings, guest_limit, user_limit
from tests.support.oracle import explore

texts = st.one_of(
    st.none(), st.sampled_from(["", " ", "0", "5", "12.7", "-3", "1e3", "x", " 7 ", "9" * 30])
)


def settings(stored: StoredLimits | LimitValues) -> LimitSettings:
    return LimitSettings(
        stored.mode or "general",
        stored.user_limit,
        stored.guest_limit,
        stored.role_limits,
        Period.NEVER,
    )


@explore(300)
@given(
    st.builds(
        StoredLimits,
        mode=st.sampled_from([None, "", "general", "role_based", "x"]),
        user_limit=texts,
        guest_limit=texts,
        period=texts,
        role_limits=st.dictionaries(st.sampled_from("abc"), texts),
    ),
    st.sets(st.sampled_from("abcd")),
)
def test_property_plain_limits_decide_as_the_stored_ones(
    stored: StoredLimits, roles: set[str]
) -> None:
    plain = settings(taken_for(stored))

    assert user_limit(plain, roles) == user_limit(settings(stored), roles)
    assert guest_limit(plain) == guest_limit(settings(stored))
    assert not difference(stored, taken_for(stored))


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({}, []),
        ({"mode": "", "user_limit": " ", "period": ""}, []),
        ({"mode": "role_based", "user_limit": "0", "period": "daily"}, []),
        ({"mode": "mine"}, [LimitFault("mode", "mine", "general")]),
        ({"period": "yearly"}, [LimitFault("period", "yearly", "never")]),
        ({"user_limit": "ten"}, [LimitFault("user_limit", "ten", "")]),
        ({"guest_limit": "12.7"}, [LimitFault("guest_limit", "12.7", "12")]),
        ({"user_limit": "-5"}, [LimitFault("user_limit", "-5", "0")]),
        ({"role_limits": {"a": "x", "b": "1", "c": None, "d": ""}}, [LimitFault("a", "x", None)]),
    ],
)
def test_what_counts_as_something_else_than_it_looks_is_told(
    stored: dict[str, Any], said: list[LimitFault]
) -> None:
    assert list(misread(StoredLimits(**stored))) == said


@pytest.mark.parametrize(
    ("field", "text", "broken"),
    [
        ("user_limit", "ten", True),
        ("editor", "1,000", True),
        ("role_limits", "{oops", True),
        ("guest_limit", "12.7", False),
        ("user_limit", "1e3", False),
        ("period", "yearly", False),
        ("mode", "mine", False),
    ],
)
def test_a_limit_that_is_no_number_is_broken(field: str, text: str, broken: bool) -> None:
    assert LimitFault(field, text, None).is_broken is broken


def test_only_what_differs_is_to_be_written() -> None:
    stored = StoredLimits("general", "10", None, "daily", {"a": "1", "b": "", "c": None, "z": "9"})
    wanted = LimitValues("general", "20", "", "daily", {"a": None, "b": "", "c": None, "d": "4"})

    change = difference(stored, wanted)

    assert change.fields == {"user_limit": "20"}
    assert change.roles == {"a": None, "d": "4"}
