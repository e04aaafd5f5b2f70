"""How often a booking asks the database: each time is a wait with an account row locked."""

import json
from typing import Any

import pymysql
import pytest

from tests.support.site import USERS, SiteDatabase
from tests.support.spending import Desk

BOB = USERS["bob"]


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """A caller, whose account and application are made."""
    desk = Desk(site)
    desk.record(units=1)
    return desk


@pytest.fixture
def packets(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL of each packet that the bridge sends."""
    assert desk
    sent: list[str] = []
    send = pymysql.connections.Connection.query

    def note(
        self: "pymysql.connections.Connection[Any]", sql: str, unbuffered: bool = False
    ) -> int:
        sent.append(sql)
        return send(self, sql, unbuffered)

    monkeypatch.setattr(pymysql.connections.Connection, "query", note)
    return sent


def test_a_use_is_booked_by_two_packets(desk: Desk, packets: list[str]) -> None:
    desk.record(units=5)

    first, second = packets
    assert first.startswith("START TRANSACTION")
    assert first.count("FOR UPDATE") == 2
    assert second.endswith("COMMIT")


def test_a_hold_is_placed_by_two_packets(desk: Desk, packets: list[str]) -> None:
    desk.hold(units=5)

    assert len(packets) == 2


def test_a_hold_is_committed_by_three_packets_after_it_is_found(
    desk: Desk, packets: list[str]
) -> None:
    hold = desk.hold(units=5)
    packets.clear()

    desk.commit(hold, units=4)

    found, *booking = packets
    assert found.lstrip().startswith("SELECT")
    assert len(booking) == 3
    kept = desk.site.value("SELECT answer FROM wp_aipkit_bridge_holds")
    assert json.loads(kept)["entry_id"] == f"led_{desk.site.ledger()[-1]['id']}"
