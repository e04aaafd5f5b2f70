"""The small values that the stand-in shop is asked with: keys, lines, requests and faults."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Self

Json = dict[str, Any]
Money = str | int | Decimal

STATUS_NAMES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}


@dataclass(frozen=True, slots=True)
class Key:
    """A REST key as made under WooCommerce → Settings → Advanced."""

    consumer_key: str = "ck_" + "a1" * 20
    consumer_secret: str = "cs_" + "b2" * 20
    permissions: Literal["read", "write", "read_write"] = "read_write"


@dataclass(frozen=True, slots=True)
class Line:
    """One product line of a new order; name and price default to the product's own."""

    product_id: int
    quantity: int = 1
    variation_id: int = 0
    total: Money | None = None  # after discounts; default: price * quantity
    tax: Money = 0
    name: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What is given back of one item: `quantity` 0 refunds money only."""

    item_id: int
    quantity: int = 0
    total: Money | None = None  # without tax; default: the share of `quantity` in the item's
    tax: Money | None = None  # likewise


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One REST request as it reached the shop; `params` as PHP's $_GET has them."""

    number: int  # from 1
    method: str
    path: str  # behind /wp-json/wc/v3/
    params: Json


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for an answer to go wrong; make it with one of the class methods.

    With `after`, the request takes effect first and only its answer is lost.
    """

    kind: Literal["status", "html", "truncated", "empty", "hang", "cut", "redirect"]
    status: int = 200
    seconds: float = 0
    after: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    where: str = ""  # a redirect's target

    @classmethod
    def unauthorized(cls) -> Self:
        """401, as if the key had been revoked."""
        return cls("status", 401)

    @classmethod
    def too_many(cls, retry_after_s: int = 1) -> Self:
        """429 with Retry-After, as a host's firewall answers."""
        return cls("status", 429, retry_after_s)

    @classmethod
    def server_error(cls, status: int = 500, *, after: bool = False) -> Self:
        """WordPress' "critical error" answer."""
        return cls("status", status, after=after)

    @classmethod
    def maintenance(cls) -> Self:
        """WordPress's page while it is updated, which asks for ten minutes."""
        return cls("html", 503, 600)

    @classmethod
    def sign_in(cls) -> Self:
        """401 of a plugin that closes the REST API to strangers."""
        return cls("html", 401)

    @classmethod
    def html(cls) -> Self:
        """A security plugin's page, with status 200."""
        return cls("html")

    @classmethod
    def forbidden(cls) -> Self:
        """403 with a firewall's page."""
        return cls("html", 403)

    @classmethod
    def redirect(cls, where: str) -> Self:
        """301, as to the address with or without `www`."""
        return cls("redirect", 301, where=where)

    @classmethod
    def truncated(cls) -> Self:
        """The first half of the real answer, with the Content-Length of that half."""
        return cls("truncated", after=True)

    @classmethod
    def empty(cls) -> Self:
        """Status 200 and no body: PHP died."""
        return cls("empty")

    @classmethod
    def hang(cls, seconds: float = 30, release: threading.Event | None = None) -> Self:
        """Answer correctly, but only after *seconds*, or when *release* is set."""
        return cls("hang", seconds=seconds, release=release or threading.Event())

    @classmethod
    def cut(cls, *, after: bool = False) -> Self:
        """The connection is closed without an answer."""
        return cls("cut", after=after)


def money(amount: Money) -> str:
    """Two decimals, as WooCommerce writes prices."""
    return f"{Decimal(amount):.2f}"
