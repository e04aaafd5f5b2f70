"""A small shop that answers over HTTP as WooCommerce's REST API does.

For `make demo`, and for tests as the shop that the bridge polls. It is faithful where a poller can
get hurt: signatures, paging, dates, what is missing from which list, and answers that go wrong.
"""

import hashlib
import hmac
import json
import re
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from io import BytesIO
from typing import Any, Self, cast
from urllib.parse import quote, unquote, unquote_plus

from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.http import http_date
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from bridge.demo.shop_pages import pages
from bridge.demo.shop_state import Fault, Json, Key, OrderQuery, ShopState

ROOT = "/wp-json/wc/v3"
OAUTH_WINDOW_S = 15 * 60
OAUTH_NAMES = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
ORDER_BY = ("date", "id", "include", "title", "slug", "modified")
ITEM_METHODS = "GET, POST, PUT, PATCH, DELETE"
BROKEN_PAGE = "<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking</body>"
CRITICAL = "There has been a critical error on this website."

api = Blueprint("rest", __name__, url_prefix=ROOT)


class RestError(Exception):
    """An answer that WordPress gives as `{"code", "message", "data"}`."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}


def shop() -> ShopState:
    """The state behind the app of this request."""
    return cast(ShopState, current_app.extensions["shop"])


# The query, as PHP and WordPress read it


def php_query(raw: str) -> Json:
    """Read a query string into what PHP's $_GET would hold.

    Of a name given twice the last one wins (the `woocommerce` client sends each parameter twice
    over http), `a[]=1&a[]=2` and `a[k]=1` are arrays.
    """
    found: Json = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        match = re.fullmatch(r"([^\[]+)((?:\[[^\]]*\])*).*", unquote_plus(name).lstrip(" "))
        if match:
            place: Json = found
            key = re.sub(r"[ .]", "_", match[1])
            for deeper in re.findall(r"\[([^\]]*)\]", match[2]):
                if not isinstance(place.get(key), dict):
                    place[key] = {}
                place = place[key]
                key = deeper or str(len(place))
            place[key] = unquote_plus(value)
    return found


def _list(value: object) -> list[str]:
    """WordPress' reading of a list parameter: an array, or text with commas or spaces."""
    parts = value.values() if isinstance(value, dict) else re.split(r"[\s,]+", str(value))
    return [str(part) for part in parts if part != ""]


def _words(names: Iterable[str]) -> str:
    *first, last = names
    comma = "," if len(first) > 1 else ""
    return f"{', '.join(first)}{comma} and {last}"


@dataclass
class Params:
    """Checks query parameters as WordPress' schema validation words its refusals."""

    raw: Json
    problems: dict[str, tuple[str, str]] = field(default_factory=dict)

    def integer(self, name: str, default: int, low: int, high: int | None = None) -> int:
        """A whole number from *low* to *high*."""
        text = str(self.raw.get(name, default))
        if not re.fullmatch(r"[+-]?\d+", text):
            self.problems[name] = ("rest_invalid_type", f"{name} is not of type integer.")
            return default
        if high is not None and not low <= int(text) <= high:
            words = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
            self.problems[name] = ("rest_out_of_bounds", words)
        elif int(text) < low:
            words = f"{name} must be greater than or equal to {low}"
            self.problems[name] = ("rest_out_of_bounds", words)
        return int(text)

    def choice(self, name: str, choices: Iterable[str], default: str) -> str:
        """One of *choices*."""
        value = str(self.raw.get(name, default))
        self._enum(name, name, value, choices)
        return value

    def choices(self, name: str, choices: Iterable[str], default: str) -> tuple[str, ...]:
        """Any of *choices*, as a list."""
        values = _list(self.raw.get(name, default))
        for place, value in enumerate(values):
            self._enum(name, f"{name}[{place}]", value, choices)
        return tuple(values) or (default,)

    def _enum(self, name: str, label: str, value: str, choices: Iterable[str]) -> None:
        if value not in choices:
            words = f"{label} is not one of {_words(choices)}."
            self.problems.setdefault(name, ("rest_not_in_enum", words))

    def flag(self, name: str) -> bool:
        """A boolean, absent = false."""
        value = str(self.raw.get(name, "false")).lower()
        if value not in ("true", "false", "1", "0", ""):
            self.problems[name] = ("rest_invalid_type", f"{name} is not of type boolean.")
        return value in ("true", "1")

    def ids(self, name: str) -> tuple[int, ...]:
        """A list of ids."""
        texts = _list(self.raw.get(name, ""))
        for place, text in enumerate(texts):
            if not text.isdecimal():
                words = f"{name}[{place}] is not of type integer."
                self.problems.setdefault(name, ("rest_invalid_type", words))
        return tuple(int(text) for text in texts if text.isdecimal())

    def moment(self, name: str, zone: tzinfo, *, gmt: bool) -> str | None:
        """A date, as the GMT text that the comparison amounts to; see `gmt_bound`."""
        text = self.raw.get(name)
        if text is None:
            return None
        try:
            return gmt_bound(str(text), zone, gmt=gmt)
        except ValueError:
            self.problems[name] = ("rest_invalid_date", "Invalid date.")
            return None

    def check(self) -> None:
        """Refuse the request if anything was wrong."""
        if self.problems:
            details = {
                name: {"code": code, "message": message, "data": None}
                for name, (code, message) in self.problems.items()
            }
            messages = {name: message for name, (_, message) in self.problems.items()}
            wrong = f"Invalid parameter(s): {', '.join(self.problems)}"
            raise RestError(400, "rest_invalid_param", wrong, params=messages, details=details)


def gmt_bound(text: str, zone: tzinfo, *, gmt: bool) -> str:
    """
    Turn a date parameter into the GMT time that WooCommerce ends up comparing with.

    A time with an offset, `Z` too, is first converted to the site's zone and loses its offset.
    With *gmt* (`dates_are_gmt`) what is left is compared with the GMT column: a `Z` then moves
    the bound by the zone's offset, and east of Greenwich orders are skipped. Without, it is
    compared with the site's local time.
    """
    if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", text, re.IGNORECASE):
        raise ValueError(text)
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo:
        moment = moment.astimezone(zone)
    moment = moment.replace(tzinfo=None, microsecond=0)
    if not gmt:
        moment = moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat()


def order_query(raw: Json, state: ShopState) -> OrderQuery:
    """Check the parameters of `GET orders`; raises the 400 that WordPress answers."""
    params = Params(raw)
    per_page = params.integer("per_page", 10, 1, 100)
    page = params.integer("page", 1, 1)
    gmt = params.flag("dates_are_gmt")
    dates = {
        name: params.moment(name, state.zone, gmt=gmt)
        for name in ("modified_after", "modified_before", "after", "before")
    }
    query = OrderQuery(
        statuses=params.choices("status", ("any", "trash", "auto-draft", *state.statuses), "any"),
        per_page=per_page,
        start=params.integer("offset", max(0, page - 1) * per_page, 0),
        orderby=params.choice("orderby", ORDER_BY, "date"),
        descending=params.choice("order", ("asc", "desc"), "desc") == "desc",
        modified=(dates["modified_after"], dates["modified_before"]),
        created=(dates["after"], dates["before"]),
        include=params.ids("include"),
        exclude=frozenset(params.ids("exclude")),
        customer=params.integer("customer", 0, 0) if "customer" in raw else None,
    )
    params.check()
    return query


# Who asks


def _encode(text: str) -> str:
    return quote(text, safe="")


def _pairs(params: Json, prefix: str = "") -> Iterable[str]:
    for name, value in params.items():
        key = f"{prefix}%5B{name}%5D" if prefix else _encode(name)
        if isinstance(value, dict):
            yield from _pairs(value, key)
        else:
            yield _encode(f"{key}={_encode(value)}")


def oauth_signature(secret: str, method: str, url: str, params: Json) -> str:
    """The one-legged OAuth 1.0a signature that WooCommerce expects for *params*.

    Names and values are encoded twice, and the key of the HMAC ends in `&` (no token).
    """
    ordered = {name: params[name] for name in sorted(params) if name != "oauth_signature"}
    text = f"{method}&{_encode(url)}&{'%26'.join(_pairs(ordered))}"
    algorithm = str(params["oauth_signature_method"]).removeprefix("HMAC-").lower()
    digest = hmac.new(f"{secret}&".encode(), text.encode(), getattr(hashlib, algorithm)).digest()
    return b64encode(digest).decode()


def _denied(message: str, code: str = "woocommerce_rest_authentication_error") -> RestError:
    return RestError(401, code, message)


def authorize(state: ShopState, method: str, path: str, params: Json) -> None:
    """Let the request in or raise the 401 that WooCommerce answers over plain http."""
    missing = [f"oauth_{name}" for name in OAUTH_NAMES if not params.get(f"oauth_{name}")]
    if len(missing) == len(OAUTH_NAMES):
        what = "view this resource" if path[-1].isdigit() else "list resources"
        raise _denied(f"Sorry, you cannot {what}.", "woocommerce_rest_cannot_view")
    if missing:
        words = f"Missing OAuth parameter{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise _denied(words, "woocommerce_rest_authentication_missing_parameter")
    key = next((k for k in state.keys if k.consumer_key == params["oauth_consumer_key"]), None)
    if key is None:
        raise _denied("Consumer key is invalid.")
    if params["oauth_signature_method"] not in ("HMAC-SHA1", "HMAC-SHA256"):
        raise _denied("Invalid signature - signature method is invalid.")
    url = state.home_url + path
    expected = oauth_signature(key.consumer_secret, method, url, params)
    given = unquote(str(params["oauth_signature"]).replace(" ", "+"))
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise _denied("Invalid signature - provided signature does not match.")
    _spend_nonce(state, key, str(params["oauth_timestamp"]), str(params["oauth_nonce"]))
    needed = "read" if method in ("GET", "HEAD") else "write"
    if needed not in key.permissions.split("_"):
        raise _denied(f"The API key provided does not have {needed} permissions.")


def _spend_nonce(state: ShopState, key: Key, timestamp: str, nonce: str) -> None:
    now = state.auth_time()
    if not timestamp.isdecimal() or abs(int(timestamp) - now) > OAUTH_WINDOW_S:
        raise _denied("Invalid timestamp.")
    with state.lock:
        if state.nonces.get((key.consumer_key, nonce), 0) >= now - OAUTH_WINDOW_S:
            raise _denied("Invalid nonce - nonce has already been used.")
        state.nonces[key.consumer_key, nonce] = now
        oldest = next(iter(state.nonces))
        if state.nonces[oldest] < now - OAUTH_WINDOW_S:
            del state.nonces[oldest]


# Answers


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
    text = json.dumps(body, separators=(",", ":"))
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


# Routes


@api.get("/orders")
def list_orders() -> Response:
    """`GET orders`."""
    query = order_query(g.params, shop())
    orders, total = shop().find(query)
    page = query.start // query.per_page + 1
    return page_of([order_body(order) for order in orders], total, query.per_page, page)


@api.get("/orders/<int:order_id>")
def get_order(order_id: int) -> Response:
    """`GET orders/<id>`: also one in the trash."""
    order = found_order(order_id)
    return answer(order_body(order), allow=ITEM_METHODS)


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
    g.fields = field_tree(_list(g.params.get("_fields", "")))
    visible = {k: v for k, v in g.params.items() if not k.startswith("oauth_")}
    path = request.path.removeprefix(f"{ROOT}/")
    _, g.fault = shop().saw(request.method, path, visible)
    if g.fault and not g.fault.after:
        broken = spoiled(g.fault)
        if broken:
            return broken
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


def spoiled(fault: Fault, response: Response | None = None) -> Response | None:
    """What the caller gets instead of an answer; None when it gets the answer after all."""
    match fault.kind:
        case "hang":
            fault.release.wait(fault.seconds)
            return None
        case "cut":
            connection: socket.socket = request.environ["werkzeug.socket"]
            connection.shutdown(socket.SHUT_RDWR)
            return Response("")
        case "html":
            return Response(BROKEN_PAGE, content_type="text/html; charset=UTF-8")
        case "empty":
            return Response("", content_type="application/json; charset=UTF-8")
        case "truncated" if response is not None:
            response.set_data(response.get_data()[: len(response.get_data()) // 2])
            return response
    return _error_answer(fault)


def _error_answer(fault: Fault) -> Response:
    if fault.status == 401:
        return answer(_denied("Consumer key is invalid.").body, 401)
    if fault.status == 429:
        retry = {"Retry-After": f"{fault.seconds:g}"}
        return Response("Too Many Requests", 429, retry, content_type="text/html")
    return answer(RestError(fault.status, "internal_server_error", CRITICAL).body, fault.status)


# The server


def create_shop(state: ShopState, *, links: Mapping[str, str] | None = None) -> Flask:
    """
    Make the app.

    Args:
        links: With it, the demo's pages are there too (`shop_pages`); it becomes `DEMO_LINKS`.
    """
    app = Flask(__name__)
    app.extensions["shop"] = state
    app.register_blueprint(api)
    if links is not None:
        app.config["DEMO_LINKS"] = dict(links)
        app.config.setdefault("DEMO_MEMBERS", [])
        app.register_blueprint(pages)
    return app


class _Handler(WSGIRequestHandler):
    """HTTP/1.1 with connections kept alive, which werkzeug's own handler does not do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def run_wsgi(self) -> None:
        """Answer one request: body read whole, answer sent whole, connection left open."""
        self.environ = self.make_environ()
        length = int(self.headers.get("Content-Length") or 0)
        self.environ["wsgi.input"] = BytesIO(self.rfile.read(length))
        chunks, status, headers = run_wsgi_app(self.server.app, self.environ, buffered=True)
        body = b"".join(chunks)
        headers.setdefault("Date", http_date())
        headers["Content-Length"] = str(len(body))
        self.send_response_only(int(status.split()[0]), status.partition(" ")[2])
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log(self, type: str, message: str, *args: object) -> None:
        """Stay quiet: the shop's own record is `ShopState.requests`."""

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()


class _Server(ThreadedWSGIServer):
    def __init__(self, port: int, app: Flask) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__("127.0.0.1", port, app, handler=_Handler)


class RunningShop:
    """A shop being served at `url` until `stop`, or to the end of a `with`."""

    def __init__(self, state: ShopState, app: Flask, port: int) -> None:
        self.state, self.app = state, app
        self._server = _Server(port, app)
        self.url = state.home_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="shop", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Go away at once: also kept-alive connections are closed."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve_shop(state: ShopState, port: int = 0, *, app: Flask | None = None) -> RunningShop:
    """Serve *state* (or *app*, which has one) on 127.0.0.1; port 0 takes a free one.

    The shop's `home_url`, which OAuth signs, becomes that address: as with WooCommerce, a caller
    that uses another name for the host is refused.
    """
    return RunningShop(state, app or create_shop(state), port)
