"""Purchase history in the fragment: what was booked, ten a page, without JavaScript."""

from datetime import UTC, datetime

import pytest

from bridge.services.orders.poll_shop import poll_shop
from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop
from tests.support.site import USERS, SiteDatabase
from tests.support.visitor import Html, Visitor

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ALICE = USERS["alice"]


@pytest.fixture
def bridge(site: SiteDatabase, recorded_shop: RunningShop) -> Bridge:
    bridge = site.bridge(recorded_shop.url, now=NOW)
    poll_shop(bridge.import_context(), bridge.shop)
    return bridge


def add_orders(site: SiteDatabase, user_id: int, count: int) -> None:
    """Add granted orders 1001, 1002, …, each a minute newer than the one before."""
    for number in range(1001, 1001 + count):
        site.run(
            "INSERT INTO wp_aipkit_bridge_orders (order_id, order_number, account_id, status,"
            " state, granted, first_seen_at, granted_at) VALUES (%s, %s, %s, 'completed',"
            " 'granted', 500, NOW(), '2026-10-01 20:30:00' + INTERVAL %s MINUTE)",
            (number, f"A-{number}", user_id, number - 1001),
        )


def orders_of(page: Html) -> list[str]:
    return [row[0] for row in page.rows if row and row[0].startswith("#")]


def test_a_purchase_shows_what_was_booked(bridge: Bridge) -> None:
    page = Visitor(bridge, USERS["erin"]).html()

    assert page.row("#32") == [
        "Nov 22, 2026",
        "Flexible Pack - L × 1 Flexible Pack - S × 2",
        "60,000",
        "–",
        "Completed",
    ]


def test_a_purchase_has_the_day_of_its_order_not_of_its_grant(
    bridge: Bridge, site: SiteDatabase
) -> None:
    """Past orders are granted long after, all on one day."""
    site.run(
        "UPDATE wp_aipkit_bridge_orders SET ordered_at = '2025-03-04 10:00:00' WHERE order_id = 32"
    )

    assert Visitor(bridge, USERS["erin"]).html().row("#32")[0] == "Mar 4, 2025"


def test_what_was_taken_back_shows(bridge: Bridge, site: SiteDatabase) -> None:
    site.run(
        "UPDATE wp_aipkit_bridge_orders SET reversed = 1500, status = 'refunded'"
        " WHERE order_id = 32"
    )

    assert Visitor(bridge, USERS["erin"]).html().row("#32")[2:] == ["60,000", "1,500", "Refunded"]


def test_a_grant_of_the_peer_that_the_bridge_never_saw_shows_too(
    bridge: Bridge, site: SiteDatabase
) -> None:
    site.run("DELETE FROM wp_aipkit_bridge_orders WHERE order_id = 35")
    site.run("DELETE FROM wp_aipkit_bridge_order_lines WHERE order_id = 35")

    row = Visitor(bridge, USERS["bob"]).html().row("#35")

    assert row[1:] == ["–", "10,000", "–", "Granted"]


def test_names_of_products_are_text(bridge: Bridge, site: SiteDatabase) -> None:
    site.run("UPDATE wp_aipkit_bridge_order_lines SET name = '<img src=x onerror=\"a\">'")
    site.run("UPDATE wp_aipkit_bridge_orders SET order_number = '<b>1</b>', status = '<u>'")

    page = Visitor(bridge, ALICE).html()

    assert '<img src=x onerror="a"> × 2' in page.text
    assert not {tag for tag, _ in page.tags} & {"img", "b", "u"}


def test_dates_are_the_sites(bridge: Bridge, site: SiteDatabase) -> None:
    site.run(
        "UPDATE wp_aipkit_bridge_orders SET ordered_at = '2026-06-30 21:30:00' WHERE order_id = 26"
    )

    assert Visitor(bridge, ALICE).html().row("#26")[0] == "Jul 1, 2026", "Istanbul is ahead"


def test_the_history_opens_without_javascript(bridge: Bridge) -> None:
    def details(**query: str) -> dict[str, str]:
        page = Visitor(bridge, ALICE).html(**query)
        (found,) = [attributes for tag, attributes in page.tags if tag == "details"]
        assert "summary" in {tag for tag, _ in page.tags}
        return found

    assert "open" not in details()
    assert "open" in details(aipkit_history="1")
    assert "open" in details(aipkit_page="1")
    assert details()["id"] == "aipkit-purchase-history"


def test_pages_hold_ten_and_lead_to_each_other(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW)
    add_orders(site, ALICE, 25)
    # the peer's own grant of the recording is the newest
    address = "https://shop.example/account/?a=1&aipkit_page={}#aipkit-purchase-history"
    visitor, page_url = Visitor(bridge, ALICE), "https://shop.example/account/?a=1"
    site.run("DELETE FROM wp_aipkit_token_ledger")

    first = visitor.html(page_url=page_url)
    assert orders_of(first) == [f"#A-{n}" for n in range(1025, 1015, -1)]
    assert first.links["Older"] == address.format(2)
    assert "Newer" not in first.links
    second = visitor.html(page_url=page_url, aipkit_page="2")
    assert orders_of(second) == [f"#A-{n}" for n in range(1015, 1005, -1)]
    assert (second.links["Newer"], second.links["Older"]) == (address.format(1), address.format(3))
    last = visitor.html(page_url=page_url, aipkit_page="3")
    assert orders_of(last) == [f"#A-{n}" for n in range(1005, 1000, -1)]
    assert "Older" not in last.links
    beyond = visitor.html(page_url=page_url, aipkit_page="9")
    assert "There are no purchases on this page." in beyond.text
    assert beyond.links["Newer"] == address.format(1)


def test_ten_purchases_need_no_second_page(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW)
    site.run("DELETE FROM wp_aipkit_token_ledger")
    add_orders(site, ALICE, 10)

    page = Visitor(bridge, ALICE).html()

    assert len(orders_of(page)) == 10
    assert not page.of_class("aipkit_pages")
