"""REST answers: bodies with their links, cut to `_fields`, and lists with their pages."""

import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from flask import Response, current_app, g, request

from shop_stand_in.errors import RestError
from shop_stand_in.state import ShopState
from shop_stand_in.types import Json

ROOT = "/wp-json/wc/v3"
ITEM_METHODS = "GET, POST, PUT, PATCH, DELETE"


def shop() -> ShopState:
    """The state behind the app of this request."""
    return cast(ShopState, current_app.extensions["shop"])


def field_tree(fields: Iterable[str]) -> Json:
    """`id,billing.email` as `{"id": True, "billing": {"email": True}}`."""
    tree: Json = {}
    for name in fields:
        place = tree
        *parents, last = name.split(".")
        for parent in parents:
            below = place.setdefault(parent, {})
            if below is True:
                break
            place = below
        else:
            place[last] = True
    return tree


def picked(body: Json, tree: Json) -> Json:
    """Keep only the fields in *tree* (`_fields`), dotted ones inside objects.

    Inside a list a dotted field finds nothing, and WordPress answers the list empty.
    """
    kept: Json = {}
    for name in tree.keys() & body.keys():
        value, below = body[name], tree[name]
        if below is not True and isinstance(value, dict):
            value = picked(value, below)
        elif below is not True and isinstance(value, list):
            value = []
        kept[name] = value
    return kept


def answer(body: Any, status: int = 200, *, allow: str = "GET, POST") -> Response:
    """Send JSON with the headers that every REST answer to a logged-in caller carries."""
    odd = shop().odd
    text = odd.before_json + json.dumps(odd.reshaped(body), separators=(",", ":"))
    response = Response(text, status, content_type="application/json; charset=UTF-8")
    response.headers["Allow"] = allow
    response.headers["Cache-Control"] = "no-cache, must-revalidate, max-age=0, no-store, private"
    response.headers["Link"] = f'<{shop().home_url}/wp-json/>; rel="https://api.w.org/"'
    return response


def one(body: Json, links: Callable[[], Json]) -> Json:
    """A resource with its links, cut down to `_fields` if those are asked for."""
    tree: Json = g.fields
    if not tree:
        return body | {"_links": links()}
    return picked(body | {"_links": links()} if "_links" in tree else body, tree)


def page_of(bodies: list[Json], total: int, per_page: int, page: int = 1) -> Response:
    """A list with its totals and, where there are more pages, the links to them."""
    pages_total = -(-total // per_page)
    response = answer(bodies)
    if shop().odd.no_totals:
        return response
    response.headers["X-WP-Total"] = str(total)
    response.headers["X-WP-TotalPages"] = str(pages_total)
    steps = {"prev": min(page - 1, pages_total), "next": page + 1 if page < pages_total else 0}
    for rel, number in steps.items():
        if number > 0:
            link = f"{shop().home_url}{request.path}?page={number}&per_page={per_page}"
            response.headers.add("Link", f'<{link}>; rel="{rel}"')
    return response


def linked(
    path: str, *, up: str = "", allow: str = ITEM_METHODS, customer: int | None = None
) -> Callable[[], Json]:
    """`_links` of the resource at *path*; *customer* is given for orders only."""

    def links() -> Json:
        home = f"{shop().home_url}{ROOT}"
        found: Json = {
            "self": [{"href": f"{home}/{path}", "targetHints": {"allow": allow.split(", ")}}],
            "collection": [{"href": f"{home}/{path.rpartition('/')[0]}"}],
        }
        if up:
            found["up"] = [{"href": f"{home}/{up}"}]
        if customer is not None:
            mails = {"embeddable": True, "href": f"{home}/{path}/actions/email_templates"}
            found["email_templates"] = [mails]
        if customer:
            found["customer"] = [{"href": f"{home}/customers/{customer}"}]
        return found

    return links


def order_body(order: Json) -> Json:
    """One order as answered."""
    return one(order, linked(f"orders/{order['id']}", customer=order["customer_id"]))


def found_order(order_id: int, *, message: str = "Invalid ID.", status: int = 404) -> Json:
    """The order, or the error that WordPress answers for a missing one."""
    order = shop().order(order_id)
    if order is None:
        raise RestError(status, "woocommerce_rest_shop_order_invalid_id", message)
    if order_id in shop().unreadable:
        words = "Sorry, you cannot view this resource."
        raise RestError(403, "woocommerce_rest_cannot_view", words)
    return order
