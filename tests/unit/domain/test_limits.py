"""What stored limits count as, whose limit counts, and what is to be written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.ids import Credits
from bridge.domain.limits import (
    LimitFault,
    LimitMode,
    Limits,
    difference,
    parse_limits,
)
from bridge.domain.periods import Period
from tests.support.oracle import explore


def settings(
    mode: str = "general",
    user: str | None = "100",
    guest: str | None = "10",
    roles: dict[str, str | None] | None = None,
) -> Limits:
    return parse_limits({"mode": mode, "user_limit": user, "guest_limit": guest}, roles or {})


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("100", 100),
        ("100.9", 100),
        ("0", 0),
        ("-5", 0),
        ("", None),
        (None, None),
    ],
)
def test_a_general_limit(text: str | None, limit: int | None) -> None:
    assert settings(user=text).limit_of(["subscriber"]) == limit
    assert settings(guest=text).guest_limit == limit


def test_a_general_limit_ignores_roles() -> None:
    assert settings(roles={"subscriber": "5"}).limit_of(["subscriber"]) == 100


def test_a_users_limit_is_not_the_guests_nor_the_reverse() -> None:
    assert settings(guest=None).limit_of([]) == 100
    assert settings(user=None).guest_limit == 10


@pytest.mark.parametrize(
    ("stored", "roles", "limit"),
    [
        ({"subscriber": "5"}, ["subscriber"], 5),
        ({"subscriber": "5", "editor": "70"}, ["subscriber", "editor"], 70),
        ({"subscriber": "70", "editor": "5"}, ["subscriber", "editor"], 70),
        ({"subscriber": "5", "editor": "70"}, ["subscriber"], 5),
        ({"subscriber": "0"}, ["subscriber"], 0),
        ({"subscriber": "0", "editor": "0"}, ["subscriber", "editor"], 0),
        ({"subscriber": "-4"}, ["subscriber"], 0),
        ({"subscriber": "12.7"}, ["subscriber"], 12),
        # an empty text is unlimited, and wins
        ({"subscriber": "5", "editor": ""}, ["subscriber", "editor"], None),
        ({"subscriber": "5", "editor": ""}, ["subscriber"], 5),
        ({"subscriber": ""}, ["subscriber"], None),
        # null and other text are no limit of that role
        ({"subscriber": None, "editor": "5"}, ["subscriber", "editor"], 5),
        ({"subscriber": "many", "editor": "5"}, ["subscriber", "editor"], 5),
        ({"subscriber": None}, ["subscriber"], None),
        ({"subscriber": "many"}, ["subscriber"], None),
        # no match is unlimited
        ({"editor": "5"}, ["subscriber"], None),
        ({"editor": "5"}, [], None),
        ({}, ["subscriber"], None),
    ],
)
def test_a_limit_by_role(
    stored: dict[str, str | None], roles: list[str], limit: int | None
) -> None:
    by_role = settings(mode="role_based", user="999", roles=stored)

    assert by_role.limit_of(roles) == limit
    assert by_role.limit_of(roles[::-1]) == limit
    assert by_role.guest_limit == 10, "guests have no role"


limits = st.none() | st.integers(0, 2**63 - 1).map(Credits)
all_limits = st.builds(
    Limits,
    mode=st.sampled_from(LimitMode),
    user_limit=limits,
    guest_limit=limits,
    period=st.sampled_from(Period),
    role_limits=st.dictionaries(st.sampled_from("abc"), limits),
)


@explore(300)
@given(all_limits, all_limits)
def test_property_what_is_written_is_read_as_what_was_wanted(now: Limits, wanted: Limits) -> None:
    roles = {*now.role_limits, *wanted.role_limits}
    everything = difference(Limits(), now, roles)

    change = difference(now, wanted, roles)

    fields = {**everything.fields, **change.fields}
    assert parse_limits(fields, {**everything.roles, **change.roles}) == wanted
    assert not difference(wanted, wanted, roles)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({}, []),
        ({"mode": "", "user_limit": " ", "period": ""}, []),
        ({"mode": "role_based", "user_limit": "0", "period": "daily"}, []),
        ({"mode": "mine"}, [LimitFault("mode", "mine", LimitMode.GENERAL)]),
        ({"period": "yearly"}, [LimitFault("period", "yearly", Period.NEVER)]),
        ({"user_limit": "ten"}, [LimitFault("user_limit", "ten", None)]),
        ({"guest_limit": "12.7"}, [LimitFault("guest_limit", "12.7", Credits(12))]),
        ({"user_limit": "-5"}, [LimitFault("user_limit", "-5", Credits(0))]),
        ({"roles": {"a": "x", "b": "1", "c": None, "d": ""}}, [LimitFault("a", "x", None)]),
        ({"roles": {"mode": "x"}}, [LimitFault("mode", "x", None)]),
    ],
)
def test_what_counts_as_something_else_than_it_looks_is_told(
    stored: dict[str, Any], said: list[LimitFault]
) -> None:
    roles = stored.pop("roles", {})

    assert list(parse_limits(stored, roles).faults) == said


@pytest.mark.parametrize(
    ("stored", "broken"),
    [
        ({"user_limit": "ten"}, True),
        ({"roles": {"editor": "1,000"}}, True),
        ({"unread": "{oops"}, True),
        ({"guest_limit": "12.7"}, False),
        ({"user_limit": "1e3"}, False),
        ({"period": "yearly"}, False),
        ({"mode": "mine"}, False),
    ],
)
def test_a_limit_that_is_no_number_is_broken(stored: dict[str, Any], broken: bool) -> None:
    roles, unread = stored.pop("roles", {}), stored.pop("unread", None)

    [fault] = parse_limits(stored, roles, unread).faults

    assert fault.is_broken is broken


def test_only_what_differs_is_to_be_written() -> None:
    now = parse_limits(
        {"user_limit": "10", "period": "daily"}, {"a": "1", "b": "", "c": None, "z": "9"}
    )
    wanted = Limits(
        user_limit=Credits(20), period=Period.DAILY, role_limits={"b": None, "d": Credits(4)}
    )

    change = difference(now, wanted, "abcd")

    assert change.fields == {"user_limit": "20"}
    assert change.roles == {"a": None, "d": "4"}
