"""Refusals, worded as WordPress words them."""

from typing import Any


class RestError(Exception):
    """An answer that WordPress gives as `{"code", "message", "data"}`."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}


def denied(message: str, code: str = "woocommerce_rest_authentication_error") -> RestError:
    """The 401 that WooCommerce answers to a caller it does not let in."""
    return RestError(401, code, message)
