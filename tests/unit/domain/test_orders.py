"""When an order counts as changed, and when as changed since its adoption."""

from typing import Any

import pytest

from bridge.domain.orders import Order
from bridge.woo.parse import parse_order
from tests.support.oracle import extra, item, order, part, refund

Json = dict[str, Any]

REFUNDS = [refund(9, "5.00", [part(1, 1, "5.00")])]


def parsed(body: Json | None = None, refunds: list[Json] = REFUNDS) -> Order:
    return parse_order(body or a_body(), refunds)


def a_body(**changes: Any) -> Json:
    lines = [item(1, 2, "10.00"), item(2, 1, "3.00", "0.60")]
    return {**order(lines, REFUNDS), **changes}


def with_item(**changes: Any) -> Json:
    return a_body(line_items=[{**item(1, 2, "10.00"), **changes}, item(2, 1, "3.00", "0.60")])


OWN = [{"id": 1, "key": "_aipkit_tokens_amount", "value": "5"}]
RENEWAL = [{"id": 1, "key": "_subscription_renewal", "value": "70"}]
CHANGES: dict[str, Json] = {
    "status": a_body(status="cancelled"),
    "customer": a_body(customer_id=3),
    "email": a_body(billing={"email": "bob@example.com"}),
    "number": a_body(number="A-1"),
    "total": a_body(total="99.00"),
    "completed date": a_body(date_completed_gmt="2026-11-23T00:00:00"),
    "created date": a_body(date_created_gmt="2026-11-01T00:00:00"),
    "renewal": a_body(meta_data=RENEWAL),
    "line's quantity": with_item(quantity=3),
    "line's total": with_item(total="9.99"),
    "line's tax": with_item(total_tax="0.01"),
    "line's product": with_item(product_id=0),
    "line's variation": with_item(variation_id=5),
    "line's name": with_item(name="Renamed"),
    "line's own amount": with_item(meta_data=OWN),
    "a line less": a_body(line_items=[item(1, 2, "10.00")]),
    "a refund less": a_body(refunds=[]),
    "another refund of the same money": a_body(refunds=[{"id": 10, "total": "-5.00"}]),
    "a refund's total": a_body(refunds=[{"id": 9, "total": "-5.01"}]),
}
SAME: dict[str, Json] = {
    "modified date": a_body(date_modified_gmt="2026-12-01T00:00:00"),
    "marker, which the bridge writes": a_body(
        meta_data=[{"id": 1, "key": "_aipkit_tokens_granted", "value": "5"}]
    ),
    "foreign meta": a_body(meta_data=[{"id": 1, "key": "_x", "value": {"a": [1]}}]),
    "decimals": with_item(total="10.000"),
    "order of lines": a_body(line_items=a_body()["line_items"][::-1]),
    "currency": a_body(currency="EUR"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_order_counts_as_changed_by_its(what: str) -> None:
    assert parsed(CHANGES[what]).digest() != parsed().digest()


@pytest.mark.parametrize("what", SAME)
def test_an_order_counts_as_unchanged_with_another(what: str) -> None:
    assert parsed(SAME[what]).digest() == parsed().digest()


def test_an_order_is_told_unchanged_before_its_refunds_lines_are_fetched() -> None:
    assert parsed(refunds=[]).digest() == parsed().digest()


CONTENTS_CHANGES = ("line's quantity", "line's total", "line's tax", "a line less")
CONTENTS_SAME = ("status", "customer", "number", "line's name", "completed date")


@pytest.mark.parametrize("what", CONTENTS_CHANGES)
def test_the_contents_differ_by_their(what: str) -> None:
    assert parsed(CHANGES[what]).contents_digest() != parsed().contents_digest()


@pytest.mark.parametrize("what", CONTENTS_SAME)
def test_the_contents_are_the_same_with_another(what: str) -> None:
    assert parsed(CHANGES[what]).contents_digest() == parsed().contents_digest()


@pytest.mark.parametrize(
    "refunds",
    [
        [],
        [refund(10, "5.00", [part(1, 1, "5.00")])],
        [refund(9, "6.00", [part(1, 1, "5.00")])],
        [refund(9, "5.00", [part(1, 0, "5.00")])],
        [refund(9, "5.00", [part(2, 1, "5.00")])],
        [refund(9, "5.00", [part(1, 1, "4.00")])],
        [refund(9, "5.00")],
        [*REFUNDS, refund(10, "1.00")],
    ],
)
def test_the_contents_differ_by_their_refunds(refunds: list[Json]) -> None:
    assert parsed(refunds=refunds).contents_digest() != parsed().contents_digest()


def test_the_contents_do_not_depend_on_the_order_of_refunds() -> None:
    more = [*REFUNDS, refund(10, "1.00", shipping=[extra("1.00", refunded=True)])]

    assert parsed(refunds=more).contents_digest() == parsed(refunds=more[::-1]).contents_digest()
