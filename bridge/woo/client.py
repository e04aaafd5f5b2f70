"""
The shop over HTTP: the `woocommerce` client on kept-alive sessions.

A request that fails on the way is signed afresh and sent again, at most twice: WooCommerce
refuses an OAuth nonce that it has seen, so the transport may not repeat one by itself.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from threading import local
from typing import Any
from urllib.parse import urlencode

import requests
import structlog
from requests.auth import HTTPBasicAuth
from woocommerce import API

from bridge.domain.ids import OrderId
from bridge.version import VERSION
from bridge.woo.clock import refusal
from bridge.woo.errors import OrderVanishedError, ShopError, ShopFault
from bridge.woo.parse import ORDER_FIELDS, REFUND_FIELDS

log = structlog.get_logger()

PAGE_SIZE = 100
"""What WooCommerce gives at most."""

_TRIES = 3
_CONNECT_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 30.0
_WHOLE_TIMEOUT_S = 120.0
_MAX_ANSWER_BYTES = 64 * 2**20
_MAX_RETRY_AFTER_S = 3600.0
_MAX_REFUND_PAGES = 20

Json = dict[str, Any]
Params = Mapping[str, str | int]


class _SessionAPI(API):  # type: ignore[misc]  # the package ships no types
    """The client, sending over one session: by default it opens a connection for each call."""

    def __init__(self, url: str, key: str, secret: str, timeout: tuple[float, float]) -> None:
        super().__init__(url, key, secret, version="wc/v3", timeout=timeout)
        self._kept = local()
        self._all: list[requests.Session] = []

    @property
    def session(self) -> requests.Session:
        """This thread's session: a session may not be shared, and the worker has few threads."""
        if not hasattr(self._kept, "session"):
            self._kept.session = requests.Session()
            self._kept.session.headers["user-agent"] = f"aipkit-bridge/{VERSION}"
            self._all.append(self._kept.session)
        session: requests.Session = self._kept.session
        return session

    def close(self) -> None:
        """Close the kept connections."""
        for session in self._all:
            session.close()

    def _API__request(  # noqa: N802  # the name that the client's get, put and post call
        self,
        method: str,
        endpoint: str,
        data: Json | None,
        params: Params | None = None,
    ) -> requests.Response:
        url = self._API__get_url(endpoint)
        signed: dict[str, Any] = {"params": params}
        if self.is_ssl:
            signed["auth"] = HTTPBasicAuth(self.consumer_key, self.consumer_secret)
        else:
            url = self._API__get_oauth_url(f"{url}?{urlencode(params or {})}", method)
            signed = {}
        answer = self.session.request(
            method,
            url,
            json=data,
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,
            **signed,
        )
        return _read_whole(answer)


def _read_whole(answer: requests.Response) -> requests.Response:
    """Read the body within bounds: the timeouts of requests do not end a trickle."""
    deadline = time.monotonic() + _WHOLE_TIMEOUT_S
    body = bytearray()
    for part in answer.iter_content(64 * 1024):
        body += part
        if len(body) > _MAX_ANSWER_BYTES or time.monotonic() > deadline:
            answer.close()
            raise requests.Timeout("the answer is too long, or takes too long")
    answer._content = bytes(body)  # what `content` and `json` read
    return answer


class Page:
    """One page of a list, with what the headers say of the rest."""

    def __init__(self, items: list[Json], total_pages: int | None) -> None:
        """Keep what was read; ``total_pages`` is None where a proxy strips the header."""
        self.items = items
        self.total_pages = total_pages


class Shop:
    """WooCommerce's REST API, as far as the bridge needs it."""

    def __init__(
        self,
        url: str,
        consumer_key: str,
        consumer_secret: str,
        *,
        timeout: tuple[float, float] = (_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S),
    ) -> None:
        """Connect to nothing yet. *timeout* in seconds: to connect, and between two bytes."""
        self.url = url
        self._api = _SessionAPI(url, consumer_key, consumer_secret, timeout)

    def close(self) -> None:
        """Close the kept connections."""
        self._api.close()

    def list_orders(
        self, *, status: str, modified_after: datetime, page: int, fetch_number: int
    ) -> Page:
        """
        Return one page of the orders modified after an instant, oldest change first.

        The instant goes out as naive GMT without `Z`: WooCommerce would turn a `Z` into the
        site's zone and compare that with its GMT column, which east of UTC skips orders.
        """
        params: Params = {
            "status": status,
            "orderby": "modified",
            "order": "asc",
            "modified_after": modified_after.strftime("%Y-%m-%dT%H:%M:%S"),
            "dates_are_gmt": "true",
            "per_page": PAGE_SIZE,
            "page": page,
        }
        return self._orders(params, fetch_number)

    def get_orders(
        self, ids: Collection[OrderId], *, status: str, fetch_number: int
    ) -> Sequence[Json]:
        """Return those of at most 100 orders that the shop still lists under *status*."""
        params: Params = {
            "include": ",".join(map(str, ids)),
            "status": status,
            "orderby": "id",
            "per_page": PAGE_SIZE,
        }
        return self._orders(params, fetch_number).items

    def _orders(self, params: Params, fetch_number: int) -> Page:
        # The number changes with each fetch, which keeps caches from answering.
        params = {**params, "_fields": ORDER_FIELDS, "bridge_fetch": fetch_number}
        response = self._read("orders", params)
        return Page(_json_list(response), _total_pages(response))

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> Json:
        """
        Return one order, whatever its status.

        Raises:
            OrderVanishedError: There is none (404).
        """
        params: Params = {"_fields": ORDER_FIELDS, "bridge_fetch": fetch_number}
        return _json_object(self._read(f"orders/{order_id}", params))

    def list_refunds(self, order_id: OrderId, *, fetch_number: int) -> Sequence[Json]:
        """Return all refunds of an order, with their lines."""
        found: list[Json] = []
        for page in range(1, _MAX_REFUND_PAGES + 1):
            params: Params = {
                "per_page": PAGE_SIZE,
                "page": page,
                "_fields": REFUND_FIELDS,
                "bridge_fetch": fetch_number,
            }
            items = _json_list(self._read(f"orders/{order_id}/refunds", params))
            found += items
            if len(items) < PAGE_SIZE:
                break
        return found

    def list_notes(self, order_id: OrderId) -> Sequence[Json]:
        """Return all notes of an order."""
        return _json_list(self._read(f"orders/{order_id}/notes", {"_fields": "id,note"}))

    def add_note(self, order_id: OrderId, note: str) -> None:
        """Add a private note; notes move no modification date."""
        body = {"note": note, "customer_note": False, "added_by_user": False}
        self._check(self._send("POST", f"orders/{order_id}/notes", data=body))

    def write_meta(self, order_id: OrderId, key: str, value: str) -> None:
        """Write one order meta, and nothing else: other fields would recalculate the order."""
        body = {"meta_data": [{"key": key, "value": value}]}
        self._check(self._send("PUT", f"orders/{order_id}", data=body))

    def _read(self, endpoint: str, params: Params) -> requests.Response:
        for attempt in range(1, _TRIES + 1):
            try:
                return self._check(self._send("GET", endpoint, params=params))
            except ShopError as error:
                passing = error.fault in (ShopFault.UNREACHABLE, ShopFault.TIMEOUT)
                if not passing or attempt == _TRIES:
                    raise
                log.info("shop_read_again", endpoint=endpoint, attempt=attempt, seen=error.seen)
        raise AssertionError("the last try returns or raises")

    def _send(
        self,
        method: str,
        endpoint: str,
        *,
        params: Params | None = None,
        data: Json | None = None,
    ) -> requests.Response:
        try:
            if method == "GET":
                response = self._api.get(endpoint, params=dict(params or {}))
            elif method == "POST":
                response = self._api.post(endpoint, data)
            else:
                response = self._api.put(endpoint, data)
        except requests.Timeout:
            raise ShopError(ShopFault.TIMEOUT, "no answer in time") from None
        except requests.RequestException as error:
            # The error's text may hold the signed address, so only its kind is told.
            raise ShopError(ShopFault.UNREACHABLE, type(error).__name__) from None
        assert isinstance(response, requests.Response)
        return response

    @staticmethod
    def _check(response: requests.Response) -> requests.Response:
        status = response.status_code
        if 200 <= status < 300:
            return response
        if status == 404 and _error_code(response) == "woocommerce_rest_shop_order_invalid_id":
            raise OrderVanishedError("The order was deleted in the shop.")
        if status in (401, 403):
            raise refusal(response, _error_code(response))
        if status in (429, 503):
            fault = ShopFault.RATE_LIMITED if status == 429 else ShopFault.SERVER_ERROR
            raise ShopError(fault, f"HTTP {status}", retry_after_s=_retry_after(response))
        if status >= 500:
            raise ShopError(ShopFault.SERVER_ERROR, f"HTTP {status}")
        raise ShopError(ShopFault.REFUSED, f"HTTP {status} {_error_code(response)}".strip())


def _json_list(response: requests.Response) -> list[Json]:
    value = _json(response)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ShopError(ShopFault.NOT_JSON, "JSON, but no list of objects")
    return value


def _json_object(response: requests.Response) -> Json:
    value = _json(response)
    if not isinstance(value, dict):
        raise ShopError(ShopFault.NOT_JSON, "JSON, but no object")
    return value


def _json(response: requests.Response) -> object:
    try:
        return response.json()
    except ValueError:
        kind = response.headers.get("Content-Type", "no content type")[:60]
        raise ShopError(
            ShopFault.NOT_JSON, f"{kind}, {len(response.content)} bytes that are no JSON"
        ) from None


def _error_code(response: requests.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return ""
    return str(body.get("code", ""))[:80] if isinstance(body, dict) else ""


def _total_pages(response: requests.Response) -> int | None:
    text = response.headers.get("X-WP-TotalPages", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return min(float(text), _MAX_RETRY_AFTER_S) if text.isascii() and text.isdigit() else None
