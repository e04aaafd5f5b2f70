"""WooCommerce's JSON into orders: recorded answers whole, broken ones named."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.orders import OrderLine, Refund, RefundLine
from bridge.woo.errors import UnreadableOrderError
from bridge.woo.parse import modified_at, order_id_of, parse_order
from tests.support.folders import FIXTURES
from tests.support.oracle import extra, item, order, part, refund

Json = dict[str, Any]

REST = FIXTURES / "site/rest"


def recorded(file: str) -> Json:
    found: Json = json.loads((REST / f"{file}.json").read_text())
    return found


def is_whole_order_list(path: Path) -> bool:
    answer = recorded(path.stem)
    name = answer["request"]["path"].rpartition("/v3/")[2]
    whole = "_fields" not in answer["request"].get("params", {})
    return (
        answer["status"] == 200 and name.startswith("orders") and "refunds" not in name and whole
    )


FILES = sorted(path.stem for path in REST.glob("*.json") if is_whole_order_list(path))


def orders_in(file: str) -> list[Json]:
    body = recorded(file)["body"]
    return body if isinstance(body, list) else [body]


def test_the_recordings_hold_orders() -> None:
    assert len(FILES) == 11
    assert sum(len(orders_in(file)) for file in FILES) == 40


@pytest.mark.parametrize("file", FILES)
def test_recorded_orders_parse_whole(file: str) -> None:
    for body in orders_in(file):
        parsed = parse_order(body, ())

        assert parsed.order_id == order_id_of(body) == body["id"]
        assert (parsed.number, parsed.status) == (body["number"], body["status"])
        assert parsed.customer_id == body["customer_id"]
        assert parsed.email == body["billing"]["email"]
        assert parsed.total == Decimal(body["total"])
        assert parsed.modified_at == modified_at(body)
        assert parsed.modified_at.isoformat() == body["date_modified_gmt"] + "+00:00"
        assert [line.line_id for line in parsed.lines] == [i["id"] for i in body["line_items"]]
        assert [line.quantity for line in parsed.lines] == [
            i["quantity"] for i in body["line_items"]
        ]
        assert [one for one, _ in parsed.refund_heads] == [i["id"] for i in body["refunds"]]


def test_a_recorded_order_with_its_refund() -> None:
    parsed = parse_order(
        recorded("order_alice_small_x2")["body"], recorded("refunds_alice")["body"]
    )

    assert parsed.lines == (
        OrderLine(parsed.lines[0].line_id, 12, 0, "10k Token Pack", 2, Decimal(10)),
    )
    assert parsed.refunds == (
        Refund(
            47,
            Decimal("5.00"),
            (RefundLine(parsed.lines[0].line_id, 1, Decimal("5.00")),),
            Decimal(0),
            at=datetime(2026, 11, 22, 11, 53, 18, tzinfo=UTC),
        ),
    )
    assert parsed.refund_heads == ((47, Decimal("5.00")),)


@pytest.mark.parametrize("file", ["refunds_grace_amount_only", "refunds_ivan"])
def test_recorded_refunds_by_amount_have_no_lines(file: str) -> None:
    body = recorded(file)["body"]

    (parsed,) = parse_order(order(), body).refunds

    assert parsed.amount == Decimal(body[0]["amount"])
    assert not parsed.lines
    assert parsed.other_lines == 0


def test_an_order_read_without_the_fields_we_ask_for_says_which_is_missing() -> None:
    for body in orders_in("orders_fields"):
        with pytest.raises(UnreadableOrderError, match="“date_created_gmt”"):
            parse_order(body, ())


def with_at(body: Json, path: str, value: object) -> Json:
    """Return a copy with the value at `a.0.b` replaced; `...` deletes it."""
    copy = deepcopy(body)
    target: Any = copy
    *way, last = path.split(".")
    for step in way:
        target = target[int(step) if step.isdigit() else step]
    if value is ...:
        del target[last]
    else:
        target[int(last) if last.isdigit() else last] = value
    return copy


NO_TEXT: list[object] = [..., None, "", 5, [], {}]
NO_COUNT: list[object] = [..., None, "", "x", -1, 1.5, "1.5", True, [], "NaN", "Infinity"]
NO_WHOLE: list[object] = [..., None, "", "x", True, [], "NaN", "Infinity", 2**64]
NO_MONEY: list[object] = [..., None, "", "x", [], "NaN", "Infinity", "1,50", "1e30"]
NO_LIST: list[object] = [..., None, "", "x", {}, 5]
NO_INSTANT: list[object] = [..., None, "", "soon", 5, "2026-13-01T00:00:00", []]
NO_OBJECT: list[object] = [None, "x", 5, []]
ORDER = order([item(1, 2, "10.00", "1.00")], [refund(9, "5.00")], shipping_lines=[], fee_lines=[])
REFUND = refund(
    9,
    "5.00",
    [part(1, 1, "5.00")],
    shipping=[extra("1.00", refunded=True)],
    fees=[extra("1.00", refunded=True)],
)
BROKEN_ORDERS: dict[str, list[object]] = {
    "status": NO_TEXT,
    "customer_id": NO_COUNT,
    "total": NO_MONEY,
    "date_created_gmt": NO_INSTANT,
    "date_modified_gmt": NO_INSTANT,
    "date_paid_gmt": ["soon", 5],
    "date_completed_gmt": ["soon", 5],
    "meta_data": NO_LIST,
    "line_items": NO_LIST,
    "line_items.0": NO_OBJECT,
    "line_items.0.id": NO_COUNT,
    "line_items.0.product_id": NO_COUNT,
    "line_items.0.variation_id": NO_COUNT,
    "line_items.0.quantity": NO_WHOLE,
    "line_items.0.total": NO_MONEY,
    "line_items.0.total_tax": NO_MONEY,
    "line_items.0.meta_data": NO_LIST,
    "refunds": NO_LIST,
    "refunds.0": NO_OBJECT,
    "refunds.0.id": NO_COUNT,
    "refunds.0.total": NO_MONEY,
}
BROKEN_REFUNDS: dict[str, list[object]] = {
    "id": NO_COUNT,
    "amount": NO_MONEY,
    "line_items": NO_LIST,
    "line_items.0": NO_OBJECT,
    "line_items.0.quantity": NO_WHOLE,
    "line_items.0.total": NO_MONEY,
    "line_items.0.total_tax": NO_MONEY,
    "line_items.0.meta_data": NO_LIST,
    "shipping_lines.0.total": NO_MONEY,
    "shipping_lines.0.total_tax": NO_MONEY,
    "fee_lines.0": NO_OBJECT,
    "fee_lines.0.total": NO_MONEY,
}


@pytest.mark.parametrize("path", BROKEN_ORDERS)
def test_a_broken_field_names_itself(path: str) -> None:
    for value in BROKEN_ORDERS[path]:
        with pytest.raises(UnreadableOrderError) as error:
            parse_order(with_at(ORDER, path, value), [REFUND])
        assert f"“{path.replace('.0', '')}”" in str(error.value), value
        assert error.value.order_id == 77


@pytest.mark.parametrize("path", BROKEN_REFUNDS)
def test_a_broken_field_of_a_refund_names_itself(path: str) -> None:
    for value in BROKEN_REFUNDS[path]:
        with pytest.raises(UnreadableOrderError) as error:
            parse_order(ORDER, [with_at(REFUND, path, value)])
        assert f"“refunds.{path.replace('.0', '')}”" in str(error.value), value


@pytest.mark.parametrize("value", [..., None, 0, -1, "77", 7.5, True, [], {}], ids=repr)
def test_an_order_without_an_id_cannot_even_be_listed(value: object) -> None:
    with pytest.raises(UnreadableOrderError) as error:
        parse_order(with_at(ORDER, "id", value), ())

    assert error.value.order_id == 0


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_what_is_no_object_is_no_order(data: object) -> None:
    with pytest.raises(UnreadableOrderError):
        order_id_of(data)


def test_dates_are_utc_whether_or_not_they_say_so() -> None:
    naive = parse_order({**ORDER, "date_created_gmt": "2026-03-29T02:30:00"}, ())
    zulu = parse_order({**ORDER, "date_created_gmt": "2026-03-29T02:30:00Z"}, ())
    offset = parse_order({**ORDER, "date_created_gmt": "2026-03-29T05:30:00+03:00"}, ())

    assert naive.created_at == zulu.created_at == offset.created_at
    assert naive.created_at == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    assert naive.created_at.tzinfo is UTC


@pytest.mark.parametrize("missing", [None, ""])
def test_an_order_may_be_neither_paid_nor_completed(missing: object) -> None:
    parsed = parse_order({**ORDER, "date_paid_gmt": missing, "date_completed_gmt": missing}, ())

    assert (parsed.paid_at, parsed.completed_at) == (None, None)
    assert parsed.finished_at == parsed.created_at


def test_optional_fields_may_be_missing() -> None:
    bare = {k: v for k, v in ORDER.items() if k not in ("number", "billing", "currency")}

    parsed = parse_order(bare, [{**REFUND, "shipping_lines": None, "fee_lines": None}])

    assert (parsed.number, parsed.email, parsed.currency) == ("77", "", "")
    assert parsed.refunds[0].other_lines == 0


@pytest.mark.parametrize(("status", "read"), [("wc-completed", "completed"), ("trash", "trash")])
def test_a_status_is_read_without_its_prefix(status: str, read: str) -> None:
    assert parse_order({**ORDER, "status": status}, ()).status == read


@pytest.mark.parametrize("quantity", [2, 2.0, "2", "2.0"], ids=repr)
def test_whole_quantities_come_as_numbers_or_texts(quantity: object) -> None:
    parsed = parse_order(with_at(ORDER, "line_items.0.quantity", quantity), ())

    assert parsed.lines[0].quantity == 2


def test_a_fractional_quantity_of_one_line_leaves_the_other_lines_readable() -> None:
    """
    What is asked: "Judged per line. Good lines are granted."

    2.5 m of cable, which some plugin sells, beside a pack of tokens.
    """
    body = order([item(1, 1, "5.00"), {**item(2, 1, "25.00"), "quantity": 2.5}])

    parsed = parse_order(body, ())

    assert parsed.lines[0].quantity == 1


def test_a_line_is_paid_with_its_tax() -> None:
    assert parse_order(ORDER, ()).lines[0].paid == Decimal("11.00")


def test_a_line_has_the_amount_that_was_written_at_checkout() -> None:
    def own(value: object) -> str | None:
        meta = [{"id": 1, "key": "_aipkit_tokens_amount", "value": value}]
        return parse_order(with_at(ORDER, "line_items.0.meta_data", meta), ()).lines[0].own_amount

    assert (own("500"), own(500), own("")) == ("500", "500", "")
    assert parse_order(ORDER, ()).lines[0].own_amount is None


@pytest.mark.parametrize(
    ("value", "marker"),
    [("20000", 20_000), (30_000, 30_000), ("12.7", 12), ("", 0), ("x", 0), ("-5", 0), (None, 0)],
)
def test_the_marker(value: object, marker: int) -> None:
    meta = [{"id": 1, "key": "_aipkit_tokens_granted", "value": value}]

    assert parse_order({**ORDER, "meta_data": meta}, ()).marker == marker
    assert parse_order(ORDER, ()).marker == 0


@pytest.mark.parametrize("key", ["_subscription_renewal", "_subscription_resubscribe"])
def test_a_renewal_is_told_by_its_meta(key: str) -> None:
    meta = [{"id": 1, "key": key, "value": "70"}]

    assert parse_order({**ORDER, "meta_data": meta}, ()).is_renewal
    assert not parse_order(ORDER, ()).is_renewal


def test_foreign_meta_of_any_shape_does_not_matter() -> None:
    meta = [None, 5, "x", {"key": "_x", "value": {"a": [1]}}, {"id": 3}]

    assert parse_order({**ORDER, "meta_data": meta}, ()).marker == 0


def test_a_refunds_parts_are_sorted_by_what_they_name() -> None:
    body = refund(
        9,
        "12.00",
        [part(1, 1, "5.00", "0.50"), part(2, 0, "1.00"), part(0, 1, "2.00", "0.20")],
        shipping=[extra("1.00", "0.10", refunded=True)],
        fees=[extra("0.30", refunded=True)],
    )

    (parsed,) = parse_order(ORDER, [body]).refunds

    assert [(p.line_id, p.quantity, p.amount) for p in parsed.lines] == [
        (1, 1, Decimal("5.50")),
        (2, 0, Decimal("1.00")),
    ]
    assert parsed.other_lines == Decimal("3.60"), "shipping, fee, and the line that names no item"
