"""What the API takes fits into the columns that it is written to."""

import pytest

from bridge.domain.ledger import TEXT_LENGTHS
from bridge.services.spending.expire_holds import expire_holds
from tests.support.site import SiteDatabase
from tests.support.spending import BOT, Desk

LONG = "provider-" * 20


def test_the_ledgers_texts_are_as_long_as_its_columns(site: SiteDatabase) -> None:
    columns = site.rows(
        "SELECT column_name AS name, character_maximum_length AS length"
        " FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND table_name = 'wp_aipkit_token_ledger' AND data_type = 'varchar'"
    )

    assert {row["name"]: row["length"] for row in columns} == TEXT_LENGTHS


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    desk = Desk(site)
    desk.give(100)
    return desk


def lengthen(desk: Desk) -> None:
    """As a hold was kept before its texts were checked: they pass the ledger's columns."""
    desk.site.run(
        "UPDATE wp_aipkit_bridge_holds SET usage_context ="
        " JSON_SET(usage_context, '$.provider', %s, '$.operation', %s)",
        (LONG, LONG),
    )


@pytest.mark.parametrize("on_expiry", ["release", "charge"])
def test_a_hold_with_longer_texts_ends(desk: Desk, on_expiry: str) -> None:
    hold = desk.hold(units=30, ttl_seconds=10, on_expiry=on_expiry)
    lengthen(desk)
    desk.advance(11)

    assert expire_holds(desk.bridge.db, desk.bridge.spending) == 1

    assert desk.state(hold) == ("charged" if on_expiry == "charge" else "expired")
    assert desk.account_row()["open_holds"] == 0


def test_a_hold_with_longer_texts_is_committed(desk: Desk) -> None:
    hold = desk.hold(units=30, ttl_seconds=10)
    lengthen(desk)

    answer = desk.post(f"/v1/holds/{hold['hold_id']}/commit", {"units": 20})

    assert answer.status_code == 200, answer.text
    row = desk.site.ledger()[-1]
    assert (row["credits_delta"], row["provider"]) == (-20, LONG[:50])


def test_a_denial_with_a_very_long_message_is_kept(site: SiteDatabase, desk: Desk) -> None:
    site.limit_chatbot(BOT, {"limit_message": "x" * 70_000, "user_limit": "0"})
    body = desk.body(units=500)

    answers = [desk.post("/v1/holds", body, key="one and the same") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [402, 402]
