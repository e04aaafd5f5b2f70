"""Whom a change of limits leaves without one."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.freed import Freed, allowances, freed_by
from bridge.domain.ids import Credits
from bridge.domain.limits import LimitMode, Limits
from tests.support.oracle import explore

ROLES = ("customer", "subscriber", "vip")


def by_role(guest: int | None = 5, **roles: int | None) -> Limits:
    return Limits(
        mode=LimitMode.BY_ROLE,
        user_limit=Credits(10_000),
        guest_limit=None if guest is None else Credits(guest),
        role_limits={role: limit if limit is None else Credits(limit)
                     for role, limit in roles.items()},
    )  # fmt: skip


GENERAL = Limits(user_limit=Credits(10_000), guest_limit=Credits(5))


def test_roles_without_a_limit_of_their_own_are_freed_by_limits_by_role() -> None:
    assert freed_by(GENERAL, by_role(vip=20_000), ROLES) == Freed(
        ("customer", "subscriber"), without_role=True
    )


def test_those_who_had_no_limit_are_not_freed() -> None:
    assert not freed_by(by_role(vip=5), by_role(vip=7), ROLES)
    assert freed_by(by_role(vip=5), by_role(vip=None), ROLES) == Freed(("vip",))


def test_guests_are_freed_by_an_empty_limit() -> None:
    wanted = Limits(user_limit=Credits(10_000))

    assert freed_by(GENERAL, wanted, ROLES) == Freed(guests=True)


def test_roles_with_the_same_are_told_together() -> None:
    found = allowances(by_role(vip=20, customer=5, subscriber=5), ROLES)

    assert [(same.roles, same.limit) for same in found] == [
        (("customer", "subscriber"), 5),
        (("vip",), 20),
    ]


limits = st.builds(
    Limits,
    mode=st.sampled_from(LimitMode),
    user_limit=st.none() | st.integers(0, 3),
    guest_limit=st.none() | st.integers(0, 3),
    role_limits=st.dictionaries(st.sampled_from(ROLES), st.none() | st.integers(0, 3)),
)


@explore(100)
@given(limits, limits)
def test_whoever_has_one_role_is_named_if_and_only_if_they_lose_their_limit(
    stored: Limits, wanted: Limits
) -> None:
    freed = freed_by(stored, wanted, ROLES)

    for role in ROLES:
        loses = stored.limit_of({role}) is not None and wanted.limit_of({role}) is None
        assert (role in freed.roles) == loses
    assert bool(freed) == (freed != Freed())
