"""What spending is tried with: sites near a change of their clocks, prices, uses."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.support.spending import BOT
from tests.support.spending_stage import MODULES, Setup

ZONES = ("Europe/Berlin", "America/Santiago", "Africa/Cairo", "Asia/Istanbul")
"""Clocks that move in the night, at midnight (two of them), and never."""

Happening = tuple[str, dict[str, Any]]
NAMES = {"provider": "OpenAI", "model": "gpt-x", "operation": "chat"}


@cache
def clock_changes(zone: str) -> list[datetime]:
    """Return the instants in 2026 and 2027 at which a zone moves its clocks."""
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(2 * 365 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hour for n, hour in enumerate(hours) if n and offsets[n] != offsets[n - 1]]


def _starts(zone: str) -> st.SearchStrategy[datetime]:
    changes = clock_changes(zone) or [datetime(2026, 11, 24, 9, tzinfo=UTC)]
    return st.sampled_from([at - timedelta(hours=h) for at in changes for h in (1, 20)])


_free = st.sampled_from([None, "", 0, "5", 20, 20, "100"])
_limits = st.fixed_dictionaries(
    {
        "token_limit_mode": st.sampled_from(["general", "general", "role_based"]),
        "token_user_limit": _free,
        "token_guest_limit": _free,
        "token_role_limits": st.dictionaries(
            st.sampled_from(["customer", "author"]), st.sampled_from([None, "", 0, "7", 30])
        ),
        "token_reset_period": st.sampled_from(
            ["daily", "daily", "daily", "weekly", "monthly", "never"]
        ),
    }
)
_rates = st.sampled_from([None, "0.000000", "0.400000", "3.000000", "1500.000000"])
_price_rules = st.fixed_dictionaries(
    {
        "scope_type": st.sampled_from(["module", "global", "chatbot"]),
        "scope_id": st.just(BOT),
        "module": st.sampled_from(MODULES),
        **{name: st.just(value.lower()) for name, value in NAMES.items()},
        "billing_method": st.sampled_from(["per_1k_tokens", "flat", "per_image", "per_video"]),
        **{name: _rates for name in ("input_rate", "output_rate", "unit_rate")},
        "updated_at": st.sampled_from(["2026-01-01 00:00:00", "2026-02-01 00:00:00"]),
    }
)
setups = st.sampled_from(ZONES).flatmap(
    lambda zone: st.builds(
        Setup,
        zone=st.just(zone),
        week_start=st.integers(0, 6),
        start=_starts(zone),
        limits=st.fixed_dictionaries(dict.fromkeys(MODULES, _limits)),
        roles=st.sampled_from([[], ["customer"], ["customer", "author"]]),
        balance=st.sampled_from([None, 0, 12, 40]),
        rules=st.lists(_price_rules, max_size=3),
    )
)

_who = st.sampled_from(["user", "user", "user", "guest"])
_where = st.just("chat") | st.sampled_from(MODULES)
_credits = st.integers(0, 50)
_counts = st.integers(0, 15) | st.just(60)
_data = st.dictionaries(
    st.sampled_from(["input_tokens", "completion_tokens", "total_units", "image_count"]), _counts
)
_units = _counts.map(lambda units: {"units": units})
_usages = _data.map(lambda data: {"usage": {**NAMES, "data": data}})
_uses = _units | _usages | st.builds(lambda one, other: {**one, **other}, _units, _usages)
_which = st.sampled_from([0, 0, 0, 1, 2, 5])
"""Counted from the last."""

_ARGUMENTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "check": {"who": _who, "module": _where, "use": _uses},
    "record": {"who": _who, "module": _where, "use": _uses},
    "record_a_batch": {
        "events": st.lists(st.tuples(_who, _where, _uses), min_size=2, max_size=4),
    },
    "hold": {
        "who": _who,
        "module": _where,
        "use": _uses,
        "ttl_s": st.sampled_from([60, 600, 7200, 86_400]),
        "on_expiry": st.sampled_from(["release", "charge", "charge"]),
    },
    "commit": {
        "which": _which,
        "body": _units | _data.map(lambda data: {"usage": {"data": data}}),
        "again": st.booleans(),
    },
    "release": {"which": _which},
    "repeat": {"which": _which, "units": st.none() | _counts},
    "an_order_is_booked": {"credits": _credits | st.integers(-20, -1)},
    "another_program_sets_the_balance": {"balance": _credits},
    "another_program_writes_a_counter": {
        "who": _who,
        "module": _where,
        "used": _credits,
        "age_s": st.sampled_from([None, 40 * 86_400, 86_400, 0, -3600, -3 * 86_400]),
    },
    "time_passes": {"seconds": st.sampled_from([0.25, 59, 3600, 6 * 3600, 86_400])},
    "a_period_turns": {"module": _where, "past_s": st.sampled_from([-1, -0.5, 0, 1])},
    "a_hold_ends": {"past_s": st.sampled_from([-0.5, 0, 0, 1])},
}
_HAPPENINGS = {
    name: st.tuples(st.just(name), st.fixed_dictionaries(arguments))
    for name, arguments in _ARGUMENTS.items()
}
_MORE_OFTEN = (
    "hold", "hold", "hold", "commit", "commit", "record", "time_passes", "a_hold_ends",
)  # fmt: skip
happenings: st.SearchStrategy[Happening] = st.sampled_from([*_HAPPENINGS, *_MORE_OFTEN]).flatmap(
    lambda name: _HAPPENINGS[name]
)
"""
What can happen: a name, and its arguments.

One strategy, not a rule of the state machine for each: hypothesis leaves about half of the rules
out of an example, and hardly any would hold, wait and commit.
"""
