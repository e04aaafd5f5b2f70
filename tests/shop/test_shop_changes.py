"""What people and plugins do to orders, and which of it moves `date_modified`."""

from collections.abc import Callable
from typing import Any

import pytest
from woocommerce import API

from shop_stand_in.state import Line, RefundLine, ShopState

from .support import RECORDINGS, Clock, first_item, modified

NOON, LATER = "2026-12-01T12:00:00", "2026-12-01T12:01:00"


@pytest.fixture
def state(empty: ShopState, clock: Clock) -> ShopState:
    """Order 13: two packs at 5.00, completed at noon; it is a minute later now."""
    empty.add_order(2, [Line(12, 2)], status="completed", shipping="4.00")
    clock.pass_s(60)
    return empty


def order(state: ShopState) -> dict[str, Any]:
    body = state.order(13)
    assert body is not None
    return body


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.set_status(13, "cancelled"),
        lambda state: state.refund(13, "1.00"),
        lambda state: state.trash(13),
        lambda state: state.set_customer(13, 3),
        lambda state: state.touch(13),
        lambda state: state.write_meta(13, [{"key": "a", "value": "b"}]),
    ],
    ids=["status", "refund", "trash", "customer", "save", "meta"],
)
def test_it_moves_the_date(change: Callable[[ShopState], object], state: ShopState) -> None:
    change(state)

    assert modified(state, 13) == LATER
    assert order(state)["date_modified"] == "2026-12-01T15:01:00", "in the site's zone"


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.add_note(13, "hello"),
        lambda state: state.edit_line(13, first_item(state, 13), quantity=1),
        lambda state: state.refund(13, "1.00", moves_date=False),
        lambda state: state.write_meta(13, [{"key": "a", "value": "b"}], moves_date=False),
        lambda state: state.delete_product(12),
        lambda state: state.set_customer(13, 0, moves_date=False),
    ],
    ids=["note", "line", "old refund", "direct meta", "product", "direct customer"],
)
def test_it_moves_no_date(change: Callable[[ShopState], object], state: ShopState) -> None:
    before = order(state)
    change(state)

    assert modified(state, 13) == NOON
    assert order(state) != before or state.notes(13)


def test_deleting_a_refund_moves_no_date(state: ShopState, clock: Clock) -> None:
    refund = state.refund(13, "1.00")
    clock.pass_s(5)
    state.delete_refund(13, refund)

    assert (modified(state, 13), state.refunds(13), order(state)["refunds"]) == (LATER, [], [])


def test_touch_can_go_back_in_time(state: ShopState, clock: Clock) -> None:
    """A save stamped before its commit shows up with an older date."""
    state.add_order(3)
    state.touch(13, at=clock.now.replace(hour=3))

    assert modified(state, 13) == "2026-12-01T03:01:00"


def test_completing_sets_the_dates_once_and_says_so(state: ShopState, clock: Clock) -> None:
    number = state.add_order(2, [Line(12)])
    state.set_status(number, "processing")
    clock.pass_s(1)
    state.set_status(number, "completed")
    clock.pass_s(1)
    state.set_status(number, "completed")
    body = state.order(number) or {}

    assert (body["date_paid_gmt"], body["date_completed_gmt"]) == (LATER, "2026-12-01T12:01:01")
    assert [note["note"] for note in state.notes(number)] == [
        "Order status changed from Processing to Completed.",
        "Order status changed from Pending payment to Processing.",
    ]


def test_refunding_units_names_them_and_leaves_the_order_completed(state: ShopState) -> None:
    state.refund(13, lines=[RefundLine(first_item(state, 13), 1)])
    [refund] = state.refunds(13)

    assert (refund["amount"], refund["line_items"][0]["quantity"]) == ("5.00", -1)
    assert order(state)["status"] == "completed"


def test_a_refund_may_be_of_shipping_and_more_than_its_lines(state: ShopState) -> None:
    [shipping] = order(state)["shipping_lines"]
    state.refund(13, "6.00", [RefundLine(shipping["id"], total="4.00")])
    [refund] = state.refunds(13)

    assert refund["amount"] == "6.00"
    assert refund["line_items"] == []
    assert refund["shipping_lines"][0]["total"] == "-4.00"


def test_refunding_all_money_makes_the_order_refunded_with_one_refund(state: ShopState) -> None:
    state.refund(13, "4.00")
    state.refund(13, "10.00")

    assert order(state)["status"] == "refunded"
    assert [refund["amount"] for refund in state.refunds(13)] == ["10.00", "4.00"]
    with pytest.raises(ValueError, match="cannot refund"):
        state.refund(13, "0.01")


def test_a_free_order_is_refunded_only_with_its_last_unit(state: ShopState) -> None:
    number = state.add_order(2, [Line(12, 2, total=0)], status="completed")
    line = first_item(state, number)

    state.refund(number, lines=[RefundLine(line, 1)])
    assert (state.order(number) or {})["status"] == "completed"
    state.refund(number, lines=[RefundLine(line, 1)])
    assert (state.order(number) or {})["status"] == "refunded"


def test_the_status_refunded_refunds_what_is_left_without_lines(state: ShopState) -> None:
    state.refund(13, "4.00")
    state.set_status(13, "refunded")
    newest = state.refunds(13)[0]

    assert (newest["amount"], newest["line_items"]) == ("10.00", [])
    assert newest["reason"] == "Order fully refunded."


def test_the_trash_keeps_the_status_to_go_back_to(state: ShopState) -> None:
    state.trash(13)
    assert order(state)["status"] == "trash"
    assert order(state)["meta_data"][0]["value"] == "wc-completed"

    state.untrash(13)
    assert (order(state)["status"], order(state)["meta_data"]) == ("completed", [])


def test_a_deleted_product_is_0_in_orders_and_missing_itself(state: ShopState, woo: API) -> None:
    state.delete_product(12)

    assert woo.get("products/12").status_code == 404
    assert woo.get("orders/13").json()["line_items"][0]["product_id"] == 0


def test_variations_sell_at_their_own_price(state: ShopState, woo: API) -> None:
    state.add_product(14, "Large", "20.00", credits=50_000, parent_id=12)
    number = state.add_order(2, [Line(12, 2, variation_id=14, meta={"size": "L"})])
    line = woo.get(f"orders/{number}").json()["line_items"][0]

    assert (line["total"], line["variation_id"], line["name"]) == ("40.00", 14, "Large")
    assert woo.get("products/12").json()["variations"] == [14]
    assert woo.get("products/12/variations/14").json()["meta_data"][0]["value"] == "50000"
    assert woo.get("products/13/variations/14").status_code == 404


def test_recorded_products_sell_at_the_price_they_were_sold_for() -> None:
    state = ShopState.from_recordings(RECORDINGS)
    state.add_product(21, "L", "20.00", credits=50_000, parent_id=19)
    number = state.add_order(2, [Line(13), Line(15, 2), Line(19, 1, 21)])

    assert (state.order(number) or {})["total"] == "84.00"
    assert state.products[19]["variations"] == [20, 21]


# Through REST


def test_put_writes_meta_by_key_and_moves_the_date(state: ShopState, woo: API) -> None:
    first = woo.put("orders/13", {"meta_data": [{"key": "_aipkit_tokens_granted", "value": 7}]})
    [row] = first.json()["meta_data"]
    again = woo.put("orders/13", {"meta_data": [{"key": "_aipkit_tokens_granted", "value": 9}]})

    assert row["value"] == "7", "the database keeps text"
    assert again.json()["meta_data"] == [row | {"value": "9"}]
    assert again.json()["date_modified_gmt"] == LATER


def test_put_by_key_merges_rows_and_by_id_does_not(state: ShopState, woo: API) -> None:
    number = state.add_order(1, meta={"a": "1"})
    state._change(
        number, lambda body: body["meta_data"].append({"id": 90, "key": "a", "value": "2"})
    )

    by_id = woo.put(f"orders/{number}", {"meta_data": [{"id": 90, "key": "a", "value": "3"}]})
    assert [row["value"] for row in by_id.json()["meta_data"]] == ["1", "3"]
    by_key = woo.put(f"orders/{number}", {"meta_data": [{"key": "a", "value": "4"}, {"value": 1}]})
    assert [row["value"] for row in by_key.json()["meta_data"]] == ["4"]
    gone = woo.put(f"orders/{number}", {"meta_data": [{"key": "a", "value": None}]})
    assert gone.json()["meta_data"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("orders/99", {"meta_data": []}, 400, "woocommerce_rest_shop_order_invalid_id"),
        ("orders/13", {"status": "completed"}, 400, "shop_meta_data_only"),
        ("orders/13", {"meta_data": "x"}, 400, "rest_invalid_param"),
        ("orders/13", ["x"], 400, "rest_invalid_json"),
        ("nonsense", {}, 404, "rest_no_route"),
    ],
)
def test_put_refuses(
    path: str, body: Any, status: int, code: str, state: ShopState, woo: API
) -> None:
    got = woo.put(path, body)

    assert (got.status_code, got.json()["code"]) == (status, code)
    assert modified(state, 13) == NOON


def test_notes_are_listed_newest_first_and_move_no_date(state: ShopState, woo: API) -> None:
    first = woo.post("orders/13/notes", {"note": "Granted [aipkit-bridge led_1] ünïcode <b>"})
    woo.post("orders/13/notes", {"note": "thanks", "customer_note": True, "added_by_user": True})
    notes = woo.get("orders/13/notes").json()

    assert first.status_code == 201
    assert first.headers["Location"].endswith(f"/orders/13/notes/{first.json()['id']}")
    assert [(n["note"], n["author"], n["customer_note"]) for n in notes] == [
        ("thanks", "admin", True),
        ("Granted [aipkit-bridge led_1] ünïcode <b>", "system", False),
    ]
    assert len(woo.get("orders/13/notes", params={"type": "internal"}).json()) == 1
    assert modified(state, 13) == NOON


def test_notes_need_an_order_and_a_text(woo: API) -> None:
    assert woo.post("orders/99/notes", {"note": "x"}).status_code == 404
    assert woo.get("orders/99/notes").status_code == 404
    assert woo.post("orders/13/notes", {}).json()["code"] == "rest_missing_callback_param"


def test_refunds_of_a_missing_order_are_an_empty_list(woo: API) -> None:
    got = woo.get("orders/99/refunds")

    assert (got.status_code, got.json()) == (200, [])


def test_system_status_tells_the_version(woo: API) -> None:
    assert woo.get("system_status").json()["environment"]["version"] == "10.9.1"
    asked = woo.get("system_status", params={"_fields": "environment.version"})
    assert asked.json() == {"environment": {"version": "10.9.1"}}
