"""The stand-in shop's page for `make demo`: buy a pack, then complete, refund, cancel or trash.

Plain forms; a form sent from another site is refused by its Origin (or Referer).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from flask import url_for as to
from werkzeug.wrappers import Response as Redirect

from shop_stand_in.state import Line, OrderQuery, RefundLine, ShopState
from shop_stand_in.types import STATUS_NAMES, Json

SHOWN_ORDERS = 25
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
REVERSED = ("cancelled", "refunded", "failed", "trash")
"""Statuses that bring no tokens, whatever the order's lines are worth."""
SAID = {
    "placed": "Order {} is placed and waits for payment: it brings no tokens yet.",
    "completed": "Order {} is completed. The bridge books its tokens at its next look.",
    "refunded": "One unit of order {} is refunded. The bridge takes its tokens back.",
    "cancelled": "Order {} is cancelled. The bridge takes back what it booked for it.",
    "trashed": "Order {} is in the trash. The bridge takes back what it booked for it.",
}

pages = Blueprint("pages", __name__)


@dataclass(frozen=True, slots=True)
class Member:
    """A person who can be chosen as the buyer; `DEMO_MEMBERS` lists them."""

    user_id: int
    name: str
    email: str = "customer@example.com"


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing on sale: a product, or one variation of it."""

    product_id: int
    variation_id: int
    name: str
    price: str
    credits: int
    is_unfinished: bool  # a token package of which nobody said how many tokens it grants

    @property
    def value(self) -> str:
        """What the Buy form sends."""
        return f"{self.product_id}-{self.variation_id}"


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of the table of orders."""

    number: int
    buyer: str
    items: str
    total: str
    status: str
    status_name: str
    credits: int  # what it brings, refunded units left out; 0 once it is reversed
    booked: str  # what the bridge wrote back into the order
    refundable: bool


def shop() -> ShopState:
    """The state behind the app of this request."""
    return cast(ShopState, current_app.extensions["shop"])


def members() -> list[Member]:
    """Who can buy."""
    return cast(list[Member], current_app.config["DEMO_MEMBERS"])


def credits_of(product_id: int, variation_id: int = 0) -> int:
    """What one unit grants: the variation's own amount, else its parent's; 0 if no package."""
    product = shop().products.get(product_id, {})
    if not is_package(product):
        return 0
    own = _mark(shop().variations.get(variation_id, {}), "_aipkit_tokens_amount")
    amount = own or _mark(product, "_aipkit_tokens_amount")
    return int(amount) if amount.isdecimal() else 0


def is_package(product: Json) -> bool:
    """Whether the product is marked as a token package."""
    return _mark(product, "_aipkit_is_token_package") == "yes"


def _mark(body: Json, key: str) -> str:
    return next((str(m["value"]) for m in body.get("meta_data", ()) if m["key"] == key), "")


def offers() -> list[Offer]:
    """Everything on sale, products in the order of their ids."""
    found = []
    for product_id, product in sorted(shop().products.items()):
        known = [v for v in product["variations"] if v in shop().variations]
        for variation_id in known or [0]:
            name = product["name"]
            if variation_id:
                name += f" – {shop().variations[variation_id]['name']}"
            price = f"{shop().price_of(product_id, variation_id):.2f}"
            worth = credits_of(product_id, variation_id)
            unfinished = is_package(product) and not worth
            found.append(Offer(product_id, variation_id, name, price, worth, unfinished))
    return found


def _left(order: Json) -> dict[int, int]:
    """Units per line that are not refunded yet."""
    left = {line["id"]: int(line["quantity"]) for line in order["line_items"]}
    for refund in shop().refunds(order["id"]):
        for line in refund["line_items"]:
            item = int(_mark(line, "_refunded_item_id") or 0)
            left[item] = left.get(item, 0) + int(line["quantity"])
    return left


def _row(order: Json) -> OrderRow:
    left = _left(order)
    lines = order["line_items"]
    worth = sum(left[n["id"]] * credits_of(n["product_id"], n["variation_id"]) for n in lines)
    worth *= order["status"] not in REVERSED
    names = {member.user_id: member.name for member in members()}
    number = order["customer_id"]
    return OrderRow(
        number=order["id"],
        buyer=names.get(number, f"user {number}" if number else "guest"),
        items=", ".join(f"{line['quantity']} × {line['name']}" for line in lines),
        total=f"{order['currency_symbol']}{order['total']}",
        status=order["status"],
        status_name=STATUS_NAMES.get(order["status"], order["status"].capitalize()),
        credits=worth,
        booked=_mark(order, "_aipkit_tokens_granted"),
        refundable=order["status"] == "completed" and any(n > 0 for n in left.values()),
    )


@pages.before_request
def same_origin() -> None:
    """Refuse a form that another site sent."""
    if request.method == "POST":
        sender = urlsplit(request.headers.get("Origin") or request.headers.get("Referer", ""))
        if f"{sender.scheme}://{sender.netloc}/" != request.host_url:
            abort(403, "This form was not sent from this page.")


@pages.after_request
def guard(response: Response) -> Response:
    """Let the page load nothing but its own style sheet."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get("/")
def index() -> str:
    """Show what is on sale and the newest orders."""
    query = OrderQuery(statuses=("any", "trash"), per_page=SHOWN_ORDERS)
    orders, total = shop().find(query)
    said = SAID.get(request.args.get("said", ""), "")
    return render_template(
        "shop.html",
        offers=offers(),
        members=members(),
        member=request.args.get("member", type=int),
        rows=[_row(order) for order in orders],
        total=total,
        said=said.format(request.args.get("order", 0, type=int)),
    )


@pages.post("/buy")
def buy() -> Redirect:
    """Place an order, completed at once unless the form says otherwise."""
    chosen = next((one for one in offers() if one.value == request.form.get("offer")), None)
    buyer = request.form.get("member", -1, type=int)
    member = next((one for one in members() if one.user_id == buyer), None)
    quantity = request.form.get("quantity", 0, type=int)
    if chosen is None or member is None or not 1 <= quantity <= 99:
        abort(400, "Choose a product, a member and a quantity from 1 to 99.")
    line = Line(chosen.product_id, quantity, chosen.variation_id)
    number = shop().add_order(member.user_id, [line], email=member.email)
    if request.form.get("then") == "leave":
        return _back("placed", number, member.user_id)
    shop().set_status(number, "completed")
    return _back("completed", number, member.user_id)


def _refund_one(number: int) -> None:
    order = shop().order(number)
    item = next((n for n, units in _left(order).items() if units > 0), None) if order else None
    if item is None:
        abort(400, "Nothing of this order is left to refund.")
    shop().refund(number, lines=[RefundLine(item, 1)], reason="Demo")


CHANGES: dict[str, Callable[[int], object]] = {
    "completed": lambda number: shop().set_status(number, "completed"),
    "refunded": _refund_one,
    "cancelled": lambda number: shop().set_status(number, "cancelled"),
    "trashed": lambda number: shop().trash(number),
}


@pages.post("/orders/<int:number>/<change>")
def change_order(number: int, change: str) -> Redirect:
    """Do to an order what its button says."""
    order = shop().order(number)
    if change not in CHANGES or order is None or order["status"] == "trash":
        abort(404, "There is no such order, or it is in the trash.")
    CHANGES[change](number)
    return _back(change, number, request.form.get("member", type=int))


def _back(said: str, number: int, member: int | None = None) -> Redirect:
    return redirect(to("pages.index", said=said, order=number, member=member), 303)


@pages.app_template_filter("grouped")
def grouped(number: int) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,}"
