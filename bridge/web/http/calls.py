"""
The calls that back ends make all the time: requests and replies without a framework.

A handler of such a call takes a `Call` and returns a `Reply`. As a view of Flask it is one route
among the others; `bridge.web.short_way` answers it before Flask's layers, by the same routes.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import update_wrapper
from typing import Concatenate, Generic, ParamSpec

from flask import Response, g, request

from bridge.web.http.deps import get_bridge
from bridge.web.http.parsing import whole_body
from bridge.web.http.sending import Reply, send
from bridge.wiring import Bridge

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked, and whom."""

    bridge: Bridge
    authorization: str
    idempotency_key: str | None
    read_body: Callable[[], bytes]
    """Raises what Flask raises of a body that is too long."""
    request_id: str
    query_string: bytes
    if_none_match: str
    rendering: Callable[[], AbstractContextManager[object]]
    """The application's context, which templates need."""


class CallView(Generic[P]):
    """A handler as a view of Flask."""

    def __init__(self, handler: Callable[Concatenate[Call, P], Reply]) -> None:
        """Take the name and docstring of *handler*."""
        self.handler = handler
        update_wrapper(self, handler)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Response:
        """Answer Flask's request."""
        call = Call(
            bridge=get_bridge(),
            authorization=request.headers.get("Authorization", ""),
            idempotency_key=request.headers.get("Idempotency-Key"),
            read_body=whole_body,
            request_id=g.request_id,
            query_string=request.query_string,
            if_none_match=request.headers.get("If-None-Match", ""),
            rendering=nullcontext,
        )
        return send(self.handler(call, *args, **kwargs))
