"""How often a booking asks the database: each time is a wait with an account row locked."""

import json
from typing import Any

import pymysql
import pytest

from bridge.domain.answers import Answer, Booked, Committed
from bridge.domain.holds import hold_id_of
from bridge.domain.ids import Actor, UserId
from bridge.domain.pricing import Usage
from bridge.domain.quotas import Context, Module
from bridge.services.spending.book import Bookable, book
from bridge.services.spending.holds import prepare_commit
from bridge.services.spending.idempotency import KeyPurpose, request_key
from bridge.services.spending.outcomes import Receipt
from bridge.services.spending.spend import RecordUse, prepare_record
from bridge.wiring import Bridge, build
from tests.support.site import USERS, SiteDatabase, make_settings
from tests.support.spending import BOT, Desk

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


def test_a_hold_is_found_and_committed_by_three_packets(desk: Desk, packets: list[str]) -> None:
    hold = desk.hold(units=5)
    packets.clear()

    desk.commit(hold, units=4)

    found, locked, written = packets
    assert "aipkit_bridge_holds" in found
    assert "FOR UPDATE" not in found
    assert locked.count("FOR UPDATE") == 2
    assert written.endswith("COMMIT")
    kept = desk.site.value("SELECT answer FROM wp_aipkit_bridge_holds")
    assert json.loads(kept)["entry_id"] == f"led_{desk.site.ledger()[-1]['id']}"


def server_that_numbers_by(site: SiteDatabase, step: int) -> Bridge:
    """Return a bridge on a server whose new ids are *step* apart, as of two that replicate."""
    session = [f"SET SESSION auto_increment_increment = {step}, auto_increment_offset = {step}"]
    bridge = build(
        make_settings(site.server.url(site.name), "http://127.0.0.1:9"), session=session
    )
    site.bridges.append(bridge)
    return bridge


def use(bridge: Bridge, user: str, units: int) -> RecordUse:
    return prepare_record(
        bridge.site.get(),
        Actor(UserId(USERS[user])),
        Context(Module.CHAT, BOT),
        Usage(units=units),
        enabled=list(Module),
        key=request_key("site", "caller", KeyPurpose.RECORD, f"{user} {units}", {}),
    )


@pytest.mark.parametrize("step", [1, 3])
def test_answers_of_one_packet_name_each_its_own_row(
    desk: Desk, site: SiteDatabase, step: int
) -> None:
    held = [hold_id_of(desk.hold(units=units)["hold_id"]) for units in (20, 30)]
    bridge = server_that_numbers_by(site, step)
    first, second = (
        prepare_commit(bridge.site.get(), hold_id, Usage(units=units), b"x" * 32)
        for hold_id, units in zip(held, (12, 13), strict=True)
    )
    mixed: list[Bookable[Answer]] = [
        use(bridge, "alice", 3), first, use(bridge, "bob", 4), second, use(bridge, "alice", 5)
    ]  # fmt: skip

    told = book(bridge.db, bridge.site.get(), mixed)
    again = book(bridge.db, bridge.site.get(), mixed)

    units = {row["id"]: row["usage_total_units"] for row in site.ledger()}
    assert [units[entry_id_of(one)] for one in told] == [3, 12, 4, 13, 5]
    assert [entry_id_of(one) for one in again] == [entry_id_of(one) for one in told]


def entry_id_of(outcome: object) -> int:
    """Return the ledger row that an outcome names."""
    assert isinstance(outcome, Receipt), outcome
    assert isinstance(outcome.answer, Booked | Committed)
    assert outcome.answer.entry_id is not None
    return outcome.answer.entry_id
