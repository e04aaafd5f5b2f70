"""
What a month brought in: the ledger's sums, and the shop's own recorded ones, to the cent.

A real shop over HTTP and a real database, against sums over what the shop lists.
"""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.domain.ids import Credits
from bridge.domain.periods import Calendar
from bridge.domain.reports import Span, month_of, months_until
from bridge.services.books.correct_sums import correct_sums
from bridge.services.orders.poll_shop import poll_shop
from bridge.services.reports.sum_balances import Outstanding
from bridge.services.reports.usage_by_day import keep_usage_slots
from bridge.services.reports.view_span import SpanReport, list_months, view_span
from bridge.store.migrate import migrate
from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop
from shop_stand_in.state import Line, RefundLine
from tests.support.folders import FIXTURES
from tests.support.oracle import explore
from tests.support.site import SiteDatabase
from tests.support.world import ALICE, BIG, BOB, MUG, SMALL, World

Json = dict[str, Any]
NOBODY_COUNTED = Outstanding(None, None)
ZONE = ZoneInfo("Europe/Istanbul")  # of the recorded site
CALENDAR = Calendar(ZONE)
PACKS = {SMALL, BIG}
LAST_DAYS = 70


def report(bridge: Bridge, span: Span, outstanding: Outstanding = NOBODY_COUNTED) -> SpanReport:
    return view_span(bridge.db, bridge.site.get().calendar, span, outstanding)


def money(report_: SpanReport, currency: str = "USD") -> tuple[Decimal, Decimal]:
    its = [one.money for one in report_.products if one.money.currency == currency]
    return sum((one.sold for one in its), Decimal(0)), sum(
        (one.refunded for one in its), Decimal(0)
    )


def this_month() -> Span:
    return month_of(datetime.now(ZONE).date())


def test_a_refund_of_one_of_two_packs_is_what_the_pack_was_refunded(world: World) -> None:
    credited = report(world.bridge, this_month()).moves.credited
    order_id = world.order(ALICE, Line(SMALL, total="9.90"), Line(BIG, total="34.90"))
    world.poll()
    (small, _) = (line["id"] for line in body(world, order_id)["line_items"])
    world.shop.refund(order_id, lines=[RefundLine(small, 1)])
    world.poll()

    found = report(world.bridge, this_month())

    assert money(found) == (Decimal("44.80"), Decimal("9.90"))
    by_name = {one.name: (one.quantity, one.quantity_back, one.money.net)
               for one in found.products}  # fmt: skip
    assert by_name == {
        "10k Token Pack": (1, 1, Decimal(0)),
        "100k Token Pack": (1, 0, Decimal("34.90")),
    }
    assert found.moves.credited == credited + 110_000
    assert found.moves.taken_back == 10_000


def body(world: World, order_id: int) -> Json:
    found = world.shop.order(order_id)
    assert found is not None
    return found


def test_a_guests_paid_order_is_sold_and_a_void_one_is_not(world: World) -> None:
    world.order(0)
    cancelled = world.order(BOB)
    world.poll()
    assert money(report(world.bridge, this_month())) == (Decimal(10), Decimal(0))

    world.shop.set_status(cancelled, "cancelled")
    world.poll()

    assert money(report(world.bridge, this_month())) == (Decimal(5), Decimal(0))


def test_months_end_at_the_sites_midnight(world: World) -> None:
    for at in ("2026-09-30T20:59:59", "2026-09-30T21:00:00", "2026-10-31T20:59:59"):
        world.order(ALICE, at=datetime.fromisoformat(at).replace(tzinfo=UTC))
    world.poll()

    months = list_months(world.bridge.db, datetime(2026, 10, 5, tzinfo=UTC).date())

    by_month = {one.month.first.month: [its.net for its in one.takings] for one in months[:2]}
    assert by_month == {10: [Decimal(10)], 9: [Decimal(5)]}


def test_days_are_found_anew_when_the_sites_zone_changes(world: World) -> None:
    world.order(ALICE, at=datetime(2026, 9, 30, 22, tzinfo=UTC))
    world.order(ALICE, at=datetime(2026, 10, 30, 22, tzinfo=UTC))
    world.poll()
    today = date(2026, 10, 5)
    assert [len(one.takings) for one in list_months(world.bridge.db, today)[:2]] == [1, 0]

    world.site.run("UPDATE wp_options SET option_value = 'America/New_York'"
                   " WHERE option_name = 'timezone_string'")  # fmt: skip
    correct_sums(world.bridge.db)

    assert [len(one.takings) for one in list_months(world.bridge.db, today)[:2]] == [1, 1]
    assert correct_sums(world.bridge.db) == 0


def test_an_order_that_was_edited_or_deleted_is_counted_anew(world: World) -> None:
    order_id = world.order(0)
    world.poll()
    world.shop.delete(order_id)
    world.look_at_all()

    assert money(report(world.bridge, this_month())) == (Decimal(0), Decimal(0))
    assert correct_sums(world.bridge.db) == 0


def test_what_all_owned_at_the_end_is_what_they_own_less_what_moved_since(world: World) -> None:
    world.order(ALICE)
    world.poll()
    today = datetime.now(ZONE).date()
    yesterday = Span(today - timedelta(days=1), today - timedelta(days=1))
    owned = world_sum(world)
    now = Outstanding(Credits(owned), datetime.now(UTC) + timedelta(seconds=1))

    assert report(world.bridge, yesterday, now).moves.owed == owned - 10_000
    assert report(world.bridge, this_month(), now).moves.owed == owned


def world_sum(world: World) -> int:
    sql = ("SELECT SUM(meta_value) FROM wp_usermeta WHERE meta_key = '_aipkit_token_balance'"
           " AND user_id IN (SELECT ID FROM wp_users)")  # fmt: skip
    return int(world.site.value(sql))


def test_the_migration_finds_what_is_kept_of_new_orders(world: World) -> None:
    """Refunds it does not know; their orders are fetched once more."""
    world.order(ALICE, Line(SMALL, 2), Line(MUG))
    refunded = world.order(BOB)
    world.poll()
    world.shop.refund(refunded, "2.00")
    world.poll()
    kept = [world.site.rows(f"SELECT * FROM wp_aipkit_bridge_{table} ORDER BY 1, 2, 3")
            for table in ("sale_lines", "sale_sums")]  # fmt: skip
    world.site.run("DROP TABLE wp_aipkit_bridge_sale_lines, wp_aipkit_bridge_sale_sums,"
                   " wp_aipkit_bridge_ledger_slots")  # fmt: skip
    world.site.run("DELETE FROM wp_aipkit_bridge_migrations WHERE name = '0015_sale_lines'")

    migrate(world.bridge.db)
    correct_sums(world.bridge.db)
    world.poll()

    found = [world.site.rows(f"SELECT * FROM wp_aipkit_bridge_{table} ORDER BY 1, 2, 3")
             for table in ("sale_lines", "sale_sums")]  # fmt: skip
    assert [one["amount"] for one in found[0]] == [one["amount"] for one in kept[0]]
    assert sums_of(found[1]) == sums_of(kept[1])


def sums_of(rows: list[Json]) -> Counter[str]:
    names = ("quantity", "quantity_back", "credits", "credits_back", "sold", "refunded")
    return Counter({name: sum(row[name] for row in rows) for name in names})


def test_recorded_orders_bring_in_what_woocommerce_says(
    site: SiteDatabase, recorded_shop: RunningShop
) -> None:
    """Its own totals, of orders that are nothing but packages."""
    bridge = site.without_peer().bridge(recorded_shop.url)
    poll_shop(bridge.import_context(), bridge.shop)
    packages = {row["post_id"] for row in site.rows(
        "SELECT post_id FROM wp_postmeta WHERE meta_key = '_aipkit_is_token_package'"
        " AND meta_value = 'yes'")}  # fmt: skip
    orders = {row["order_id"] for row in site.rows(
        "SELECT DISTINCT order_id FROM wp_aipkit_bridge_sale_lines")}  # fmt: skip
    recorded = [*rest("orders_modified_after_all_statuses"), rest("order_trashed")[0]]
    sold = sum(
        (
            Decimal(one["total"]) - besides(one, packages)
            for one in recorded
            if one["id"] in orders
        ),
        Decimal(0),
    )
    sql = ("SELECT SUM(total_amount) FROM wp_wc_orders WHERE type = 'shop_order_refund'"
           " AND parent_order_id IN %s")  # fmt: skip
    refunded = -site.value(sql, (tuple(orders),))

    found = report(bridge, Span(date(2020, 1, 1), datetime.now(ZONE).date()))

    assert len(orders) > 5
    assert money(found) == (sold, refunded)


def rest(name: str) -> list[Json]:
    found = json.loads((FIXTURES / f"site/rest/{name}.json").read_text("utf-8"))["body"]
    return found if isinstance(found, list) else [found]


def besides(order: Json, packages: set[int]) -> Decimal:
    """What else a recorded order came to: other lines, and its shipping."""
    packs = [one for one in order["line_items"] if one["product_id"] in packages]
    return Decimal(order["total"]) - sum((Decimal(one["total"]) for one in packs), Decimal(0))


# Random orders and refunds


steps = st.lists(
    st.tuples(
        st.sampled_from(["order", "order", "line", "amount", "status", "poll"]),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    min_size=3,
    max_size=14,
)
STATUSES = ("completed", "processing", "cancelled", "completed", "on-hold", "failed")


def act(world: World, orders: list[int], what: str, one: int, other: int) -> None:
    if what == "order" or not orders:
        at = some_day(one, other)
        lines = [Line(SMALL, 1 + one % 3, total=f"{one}.{other:02}"), Line(MUG), Line(BIG)]
        orders.append(world.order(ALICE, *lines[: 1 + other % 3], at=at))
        return
    order_id = orders[one % len(orders)]
    found = body(world, order_id)
    left = Decimal(found["total"]) + sum(
        (Decimal(r["total"]) for r in found["refunds"]), Decimal(0)
    )
    if what == "line":
        line = found["line_items"][other % len(found["line_items"])]
        total = min(left, Decimal(line["total"]) * (1 + other % 2) / 2).quantize(Decimal("0.01"))
        if 0 < total <= left:
            world.shop.refund(order_id, lines=[RefundLine(line["id"], 0, total=str(total))])
            date_refund(world, order_id, some_day(other, one))
    elif what == "amount":
        amount = (left * other / 100).quantize(Decimal("0.01"))
        if 0 < amount <= left:
            world.shop.refund(order_id, str(amount))
            date_refund(world, order_id, some_day(other, one))
    elif what == "status":
        world.shop.set_status(order_id, STATUSES[other % len(STATUSES)])
    else:
        world.poll()


def some_day(one: int, other: int) -> datetime:
    """Return an instant of the last weeks."""
    ago = timedelta(days=one % LAST_DAYS, minutes=1 + other * 17)
    return datetime.now(UTC).replace(microsecond=0) - ago


def date_refund(world: World, order_id: int, at: datetime) -> None:
    """Let the last refund have been made then."""
    refunds = world.shop.refunds(order_id)
    refunds[0]["date_created_gmt"] = at.strftime("%Y-%m-%dT%H:%M:%S")
    world.shop.put_refunds(order_id, refunds)


def expected(world: World, span: Span) -> tuple[Decimal, Decimal]:
    """Add up, by a simple program, what the shop lists."""
    sold = refunded = Decimal(0)
    booked = {row["order_id"]: row["granted"] for row in world.site.rows(
        "SELECT order_id, granted FROM wp_aipkit_bridge_orders")}  # fmt: skip
    for order_id in list(booked):
        found = world.shop.order(order_id)
        if found is None or found["status"] in ("cancelled", "failed"):
            continue
        if found["status"] not in ("completed", "refunded") and not booked[order_id]:
            continue
        packages = [line for line in found["line_items"] if line["product_id"] in PACKS]
        share = sum((Decimal(line["total"]) for line in packages), Decimal(0))
        if is_in(span, day_of(found["date_paid_gmt"])):
            sold += share
        for one in world.shop.refunds(order_id):
            if not is_in(span, day_of(one["date_created_gmt"])):
                continue
            lines = [-Decimal(line["total"]) for line in one["line_items"]
                     if line["product_id"] in PACKS]  # fmt: skip
            named = -sum((Decimal(line["total"]) for line in one["line_items"]), Decimal(0))
            refunded += sum(lines, Decimal(0))
            rest = Decimal(one["amount"]) - named
            if rest > 0:
                refunded += (rest * share / Decimal(found["total"])).quantize(Decimal("0.01"))
    return sold, refunded


def is_in(span: Span, day: date) -> bool:
    return span.first <= day <= span.last


def day_of(text: str) -> date:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(ZONE).date()


@explore(25, HealthCheck.function_scoped_fixture)
@given(steps)
def test_a_months_sums_are_those_of_the_shop_and_of_the_ledger(
    world: World, events: list[tuple[str, int, int]]
) -> None:
    world.shop.nonces.clear()  # Hypothesis starts `random` anew for each example
    orders: list[int] = []
    for event in events:
        act(world, orders, *event)
    world.poll()
    world.look_at_all()
    if len(events) % 2:
        keep_usage_slots(world.bridge.db)

    for month in months_until(datetime.now(ZONE).date(), 4):
        found = report(world.bridge, month)
        assert money(found) == expected(world, month), month
        assert (found.moves.credited, found.moves.taken_back) == ledger_sums(world, month)
    assert correct_sums(world.bridge.db) == 0


def ledger_sums(world: World, month: Span) -> tuple[int, int]:
    credited = taken = 0
    for row in world.site.rows("SELECT entry_type, credits_delta, created_at"
                               " FROM wp_aipkit_token_ledger"):  # fmt: skip
        if row["entry_type"] in ("purchase", "refund") and (
            is_in(month, row["created_at"].replace(tzinfo=UTC).astimezone(ZONE).date())
        ):
            credited += max(0, row["credits_delta"])
            taken += max(0, -row["credits_delta"])
    return credited, taken
