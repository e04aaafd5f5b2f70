"""
The shop over HTTP: what the bridge asks WooCommerce's REST API for.

A request that fails on the way is signed afresh and sent again, at most twice: WooCommerce
refuses an OAuth nonce that it has seen, so the transport may not repeat one by itself.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
import structlog

from bridge.domain.ids import OrderId
from bridge.domain.sentences import Sentence
from bridge.woo.answers import (
    error_code,
    read_list,
    read_object,
    read_objects,
    whole_header,
)
from bridge.woo.errors import OrderVanishedError, ShopError, ShopFault
from bridge.woo.parse import ORDER_FIELDS, REFUND_FIELDS
from bridge.woo.refusals import refusal
from bridge.woo.session import Params, ShopSession

log = structlog.get_logger()

PAGE_SIZE = 100
"""What WooCommerce gives at most."""

_TRIES = 3
_CONNECT_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 30.0
_MAX_REFUND_PAGES = 20
_PUT_REFUSED = frozenset({400, 403, 404, 405, 406, 500, 501})
"""What hosts and firewalls answer to a method that they do not let through."""

_NO_SUCH_ORDER = "woocommerce_rest_shop_order_invalid_id"

Json = dict[str, Any]


class Page:
    """One page of a list, with what the headers say of the rest."""

    def __init__(
        self, items: list[Any], total_pages: int | None, total: int | None = None
    ) -> None:
        """Keep what was read; the totals are None where a proxy strips the headers."""
        self.items = items
        self.total_pages = total_pages
        self.total = total


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """What a request for orders asks for besides the usual: 100 of them, oldest change first."""

    per_page: int = PAGE_SIZE
    modified_before: datetime | None = None  # and not at it
    by_id: bool = False  # in the order of their ids: those never move
    newest_first: bool = False
    include: tuple[OrderId, ...] = ()  # only these
    exclude: tuple[OrderId, ...] = ()  # all but these; WordPress heeds one of the two


_USUAL = ListOptions()


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
        self._session = ShopSession(url, consumer_key, consumer_secret, timeout)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def list_orders(
        self,
        *,
        status: str,
        modified_after: datetime | None,
        page: int,
        fetch_number: int,
        options: ListOptions = _USUAL,
    ) -> Page:
        """
        Return one page of the orders modified after an instant, oldest change first.

        Instants go out as naive GMT without `Z`: WooCommerce would turn a `Z` into the site's
        zone and compare that with its GMT column, which east of UTC skips orders.
        """
        params: dict[str, str | int] = {
            "status": status,
            "orderby": "id" if options.by_id else "modified",
            "order": "desc" if options.newest_first else "asc",
            "dates_are_gmt": "true",
            "per_page": options.per_page,
            "page": page,
        }
        if modified_after is not None:
            params["modified_after"] = _naive_gmt(modified_after)
        if options.modified_before is not None:
            params["modified_before"] = _naive_gmt(options.modified_before)
        for name in ("include", "exclude"):
            if ids := getattr(options, name):
                params[name] = ",".join(map(str, ids))
        return self._orders(params, fetch_number)

    def get_orders(
        self, ids: Collection[OrderId], *, status: str, fetch_number: int
    ) -> Sequence[Any]:
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
        total_pages = whole_header(response, "X-WP-TotalPages")
        return Page(read_list(response), total_pages, whole_header(response, "X-WP-Total"))

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> Json:
        """
        Return one order, whatever its status.

        Raises:
            OrderVanishedError: There is none (404).
        """
        params: Params = {"_fields": ORDER_FIELDS, "bridge_fetch": fetch_number}
        return read_object(self._read(f"orders/{order_id}", params))

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
            items = read_objects(self._read(f"orders/{order_id}/refunds", params, tries=1))
            found += items
            if len(items) < PAGE_SIZE:
                break
        return found

    def list_notes(self, order_id: OrderId) -> Sequence[Json]:
        """Return all notes of an order."""
        return read_objects(self._read(f"orders/{order_id}/notes", {"_fields": "id,note"}))

    def add_note(self, order_id: OrderId, note: str) -> None:
        """Add a private note; notes move no modification date."""
        body = {"note": note, "customer_note": False, "added_by_user": False}
        self._check(self._send("POST", f"orders/{order_id}/notes", body=body))

    def write_meta(self, order_id: OrderId, key: str, value: str) -> None:
        """
        Write one order meta, and nothing else: other fields would recalculate the order.

        A host that lets no PUT through gets it by POST: WordPress takes both for the same.
        """
        body = {"meta_data": [{"key": key, "value": value}]}
        answer = self._send("PUT", f"orders/{order_id}", body=body)
        if answer.status_code in _PUT_REFUSED and not _is_wordpress(answer):
            answer = self._send("POST", f"orders/{order_id}", body=body)
        self._check(answer)

    def check_writing(self) -> None:
        """
        Ask whether the key may write, by a write that can do nothing: there is no order 0.

        Raises:
            ShopError: It may not, or the shop could not be asked.
        """
        answer = self._send("PUT", "orders/0", body={})
        if error_code(answer) != _NO_SUCH_ORDER:
            self._check(answer)

    def _read(self, endpoint: str, params: Params, *, tries: int = _TRIES) -> requests.Response:
        for attempt in range(1, tries):
            try:
                return self._check(self._send("GET", endpoint, params=params))
            except ShopError as error:
                if error.fault is not ShopFault.UNREACHABLE:
                    raise
                log.info("shop_read_again", endpoint=endpoint, attempt=attempt, seen=error.seen)
        return self._check(self._send("GET", endpoint, params=params))

    def _send(
        self,
        method: str,
        endpoint: str,
        *,
        params: Params | None = None,
        body: Json | None = None,
    ) -> requests.Response:
        try:
            return self._session.send(method, endpoint, params=params, body=body)
        except requests.Timeout:
            raise ShopError(ShopFault.TIMEOUT, "no answer in time") from None
        except requests.exceptions.SSLError:
            raise ShopError(ShopFault.CERTIFICATE, "the certificate is not trusted") from None
        except requests.RequestException as error:
            # The error's text may hold the signed address, so only its kind is told.
            raise ShopError(ShopFault.UNREACHABLE, type(error).__name__) from None

    @staticmethod
    def _check(response: requests.Response) -> requests.Response:
        if 200 <= response.status_code < 300:
            return response
        code = error_code(response)
        if response.status_code == 404 and code == _NO_SUCH_ORDER:
            raise OrderVanishedError(Sentence("The order was deleted in the shop."))
        raise refusal(response, code)


def _is_wordpress(response: requests.Response) -> bool:
    """Whether WordPress itself refused: a host's or firewall's refusal is no JSON with a code."""
    return bool(error_code(response))


def _naive_gmt(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S")
