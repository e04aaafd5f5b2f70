"""The routes of WooCommerce's REST API that the stand-in shop has, and what each request meets."""

import json
from datetime import UTC

from flask import Blueprint, Response, g, request
from werkzeug.http import http_date

from shop_stand_in.answers import (
    ITEM_METHODS,
    ROOT,
    answer,
    field_tree,
    found_order,
    linked,
    one,
    order_body,
    page_of,
    shop,
)
from shop_stand_in.auth import authorize
from shop_stand_in.errors import RestError
from shop_stand_in.faults import refused_method, spoiled
from shop_stand_in.query import Params, as_list, order_query, php_query
from shop_stand_in.state import Fault
from shop_stand_in.types import Json

api = Blueprint("rest", __name__, url_prefix=ROOT)

# Orders


@api.get("/orders")
def list_orders() -> Response:
    """`GET orders`."""
    query = order_query(g.params, shop())
    orders, total = shop().find(query)
    broken = _meets(shop().odd.fault_of_page(orders, query.per_page))
    if broken is not None:
        return broken
    page = query.start // query.per_page + 1
    bodies = [shop().odd.as_sent(order["id"], order_body(order)) for order in orders]
    return page_of(bodies, total, query.per_page, page)


@api.get("/orders/<int:order_id>")
def get_order(order_id: int) -> Response:
    """`GET orders/<id>`: also one in the trash."""
    order = found_order(order_id)
    broken = _meets(shop().odd.poisoned.get(order_id))
    if broken is not None:
        return broken
    body = shop().odd.as_sent(order_id, order_body(order))
    return answer(body, allow=ITEM_METHODS)


def _meets(fault: Fault | None) -> Response | None:
    """Let a fault have this answer; None: it is sent, or lost afterwards."""
    if fault is None:
        return None
    if fault.after:
        g.fault = fault
        return None
    return spoiled(fault)


@api.route("/orders/<int:order_id>", methods=["PUT", "POST", "PATCH"])
def update_order(order_id: int) -> Response:
    """`PUT orders/<id>`: order meta only, which is all that the bridge may write.

    A missing order is 400 here, as WooCommerce has it.
    """
    found_order(order_id, status=400)
    body = _json_body()
    others = ", ".join(sorted(body.keys() - {"meta_data"}))
    if others:
        raise RestError(400, "shop_meta_data_only", f"This shop changes no {others} by REST.")
    entries = body.get("meta_data", [])
    if not isinstance(entries, list):
        problem = ("rest_invalid_type", "meta_data is not of type array.")
        Params({}, {"meta_data": problem}).check()
    shop().write_meta(order_id, entries)
    return answer(order_body(found_order(order_id)), allow=ITEM_METHODS)


@api.get("/orders/<int:order_id>/refunds")
def list_refunds(order_id: int) -> Response:
    """`GET orders/<id>/refunds`: an empty list for an order that is not there."""
    params = Params(g.params)
    per_page, page = params.integer("per_page", 10, 1, 100), params.integer("page", 1, 1)
    params.check()
    broken = _meets(shop().odd.refunds.get(order_id))
    if broken is not None:
        return broken
    refunds = shop().refunds(order_id)
    parent = f"orders/{order_id}"
    start = (page - 1) * per_page
    bodies = [
        one(refund, linked(f"{parent}/refunds/{refund['id']}", up=parent, allow="GET, DELETE"))
        for refund in refunds[start : start + per_page]
    ]
    return page_of(bodies, len(refunds), per_page, page)


@api.get("/orders/<int:order_id>/notes")
def list_notes(order_id: int) -> Response:
    """`GET orders/<id>/notes`: all of them, there are no pages."""
    found_order(order_id, message="Invalid order ID.")
    params = Params(g.params)
    kind = params.choice("type", ("any", "customer", "internal"), "any")
    params.check()
    wanted = {"customer": (True,), "internal": (False,)}.get(kind, (True, False))
    notes = [note for note in shop().notes(order_id) if note["customer_note"] in wanted]
    return answer([_note_body(order_id, note) for note in notes])


@api.post("/orders/<int:order_id>/notes")
def add_note(order_id: int) -> Response:
    """`POST orders/<id>/notes`: moves no date."""
    body = _json_body()
    if not isinstance(body.get("note"), str):
        code, missing = "rest_missing_callback_param", "Missing parameter(s): note"
        raise RestError(400, code, missing, params=["note"])
    if shop().order(order_id) is None:
        raise RestError(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
    flags = {"customer_note": bool(body.get("customer_note"))}
    flags["by_user"] = bool(body.get("added_by_user"))
    note = _note_body(order_id, shop().add_note(order_id, body["note"], **flags))
    response = answer(note, 201)
    response.headers["Location"] = f"{shop().home_url}{request.path}/{note.get('id')}"
    return response


def _note_body(order_id: int, note: Json) -> Json:
    parent = f"orders/{order_id}"
    return one(note, linked(f"{parent}/notes/{note['id']}", up=parent, allow="GET, DELETE"))


def _json_body() -> Json:
    try:
        body = json.loads(request.get_data() or "{}")
    except ValueError as error:
        raise RestError(400, "rest_invalid_json", "Invalid JSON body passed.") from error
    if not isinstance(body, dict):
        raise RestError(400, "rest_invalid_json", "Invalid JSON body passed.")
    return body


# Products and the rest


@api.get("/products")
def list_products() -> Response:
    """`GET products`, newest first; `include`, `per_page` and `page` only."""
    params = Params(g.params)
    per_page, page = params.integer("per_page", 10, 1, 100), params.integer("page", 1, 1)
    wanted = params.ids("include")
    params.check()
    with shop().lock:
        ids = [n for n in sorted(shop().products, reverse=True) if not wanted or n in wanted]
        chosen = [shop().products[n] for n in ids[(page - 1) * per_page : page * per_page]]
    bodies = [one(product, linked(f"products/{product['id']}")) for product in chosen]
    return page_of(bodies, len(ids), per_page, page)


@api.get("/products/<int:product_id>")
def get_product(product_id: int) -> Response:
    """`GET products/<id>`."""
    product = shop().products.get(product_id)
    if product is None:
        raise RestError(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
    return answer(one(product, linked(f"products/{product_id}")), allow=ITEM_METHODS)


@api.get("/products/<int:product_id>/variations/<int:variation_id>")
def get_variation(product_id: int, variation_id: int) -> Response:
    """`GET products/<id>/variations/<id>`."""
    variation = shop().variations.get(variation_id)
    if variation is None or variation["parent_id"] != product_id:
        raise RestError(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
    parent = f"products/{product_id}"
    links = linked(f"{parent}/variations/{variation_id}", up=parent)
    return answer(one(variation, links), allow=ITEM_METHODS)


@api.get("/system_status")
def system_status() -> Response:
    """`GET system_status`: the versions, of much more that WooCommerce tells."""
    home = shop().home_url
    environment = {"home_url": home, "site_url": home, "version": "10.9.1", "wp_version": "7.1"}
    return answer(one({"environment": environment}, dict), allow="GET")


@api.route("/<path:_rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def no_route(_rest: str) -> Response:
    """Whatever else is asked for."""
    words = "No route was found matching the URL and request method."
    raise RestError(404, "rest_no_route", words)


# Each request


@api.before_request
def begin() -> Response | None:
    """Note the request, let a fault have it, check who asks."""
    g.params = php_query(request.query_string.decode())
    g.fields = field_tree(as_list(g.params.get("_fields", "")))
    visible = {k: v for k, v in g.params.items() if not k.startswith("oauth_")}
    path = request.path.removeprefix(f"{ROOT}/")
    _, g.fault = shop().saw(request.method, path, visible)
    if g.fault and not g.fault.after:
        broken = spoiled(g.fault)
        if broken:
            return broken
    if request.method in shop().odd.refused_methods:
        return refused_method()
    raw_path = str(request.environ.get("REQUEST_URI", request.path)).partition("?")[0]
    authorize(shop(), request.method, raw_path, g.params)
    return None


@api.after_request
def finish(response: Response) -> Response:
    """Stamp the shop's time on the answer, or lose the answer to a fault."""
    fault: Fault | None = g.get("fault")
    if fault and fault.after:
        response = spoiled(fault, response) or response
    now = shop().now()
    response.headers["Date"] = http_date(now if now.tzinfo else now.replace(tzinfo=UTC))
    return response


@api.errorhandler(RestError)
def refused(error: RestError) -> Response:
    """WordPress' error answer."""
    single = request.url_rule and "<int:" in request.url_rule.rule
    return answer(error.body, error.status, allow=ITEM_METHODS if single else "GET, POST")
