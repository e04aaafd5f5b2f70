"""Uses as their user sees them: out of ledger rows, and out of the peer's conversations."""

import json
from datetime import UTC, datetime

import pytest

from bridge.domain.activity import ActivityItem, booked_use
from bridge.domain.ids import Credits
from bridge.store.chat_logs import logged_uses

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
STAMP = int(AT.timestamp())


@pytest.mark.parametrize(
    ("delta", "meta", "parts"),
    [
        (-500, {"billed_credits": 500, "quota_units": 0}, (500, 500, 0, 0)),
        (-500, {"billed_credits": 800, "quota_units": 300}, (800, 500, 300, 0)),
        (0, {"billed_credits": 900, "quota_units": 900, "uncovered": 50}, (900, 0, 850, 50)),
        (60, {"billed_credits": -60, "quota_units": 0}, (-60, -60, 0, 0)),
        (-500, {}, (500, 500, 0, 0)),
        (-500, {"billed_credits": "x", "quota_units": None}, (500, 500, 0, 0)),
    ],
)
def test_a_ledger_row_says_who_paid(
    delta: Credits, meta: dict[str, object], parts: tuple[int, int, int, int]
) -> None:
    use = booked_use(AT, "gpt-5", delta, meta)

    assert (use.credits, use.from_balance, use.from_quota, use.uncovered) == parts


def message(**fields: object) -> dict[str, object]:
    return {"role": "bot", "timestamp": STAMP, "model": "gpt-5",
            "usage": {"total_tokens": 70}, **fields}  # fmt: skip


@pytest.mark.parametrize("wrap", [lambda found: {"parent_id": "p", "messages": found}, list])
def test_answers_of_the_bot_are_uses(wrap: type[list[object]]) -> None:
    stored = wrap([message(role="user"), message(), message(role="assistant", model=None)])

    assert list(logged_uses(json.dumps(stored))) == [
        ActivityItem(AT, "gpt-5", Credits(70)),
        ActivityItem(AT, "", Credits(70)),
    ]


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "{",
        "null",
        "7",
        '{"messages": 7}',
        '[null, 7, "x"]',
        json.dumps([message(usage=None)]),
        json.dumps([message(usage={"total_tokens": 0})]),
        json.dumps([message(usage={"total_tokens": "70"})]),
        json.dumps([message(timestamp=None)]),
        json.dumps([message(timestamp=10**15)]),
    ],
)
def test_what_cannot_be_read_is_no_use(stored: str) -> None:
    assert list(logged_uses(stored)) == []
