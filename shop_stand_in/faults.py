"""Answers that go wrong; `Fault` says how."""

import socket

from flask import Response, request

from shop_stand_in.answers import answer
from shop_stand_in.errors import RestError, denied
from shop_stand_in.state import Fault

BROKEN_PAGE = "<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking</body>"
CRITICAL = "There has been a critical error on this website."


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
            retry = {"Retry-After": f"{fault.seconds:g}"} if fault.seconds else {}
            kind = "text/html; charset=UTF-8"
            return Response(BROKEN_PAGE, fault.status, retry, content_type=kind)
        case "redirect":
            query = f"?{request.query_string.decode()}"
            return Response("", fault.status, {"Location": fault.where + query})
        case "empty":
            return Response("", content_type="application/json; charset=UTF-8")
        case "truncated" if response is not None:
            response.set_data(response.get_data()[: len(response.get_data()) // 2])
            return response
    return _error_answer(fault)


def refused_method() -> Response:
    """What a host answers that lets GET and POST through only."""
    return Response("Method Not Allowed", 405, content_type="text/html")


def _error_answer(fault: Fault) -> Response:
    if fault.status == 401:
        return answer(denied("Consumer key is invalid.").body, 401)
    if fault.status == 429:
        retry = {"Retry-After": f"{fault.seconds:g}"}
        return Response("Too Many Requests", 429, retry, content_type="text/html")
    return answer(RestError(fault.status, "internal_server_error", CRITICAL).body, fault.status)
