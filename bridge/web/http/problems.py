"""Errors as `application/problem+json` (RFC 9457)."""

import uuid
from typing import Any

import structlog
from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from bridge.domain.errors import BridgeError
from bridge.web.http.sending import Reply, json_reply, send
from bridge.web.http.statuses import RETRY_AFTER_S, STATUS, TITLES, code_of, code_of_http

log = structlog.get_logger()

DEFECT = "The bridge met a defect of its own; its log says more."


def init_app(app: Flask) -> None:
    """Register the handlers on *app*."""

    @app.before_request
    def name_request() -> None:
        g.request_id = uuid.uuid4().hex

    @app.errorhandler(BridgeError)
    def expected(error: BridgeError) -> ResponseReturnValue:
        return send(reply_to(error, request.path, g.request_id))

    @app.errorhandler(HTTPException)
    def from_flask(error: HTTPException) -> ResponseReturnValue:
        code = code_of_http(error.code)
        if code is None:
            return error
        return problem(code, str(error.description))

    @app.errorhandler(Exception)
    def defect(error: Exception) -> ResponseReturnValue:
        return send(reply_to(error, request.path, g.request_id))


def reply_to(error: Exception, path: str, request_id: str) -> Reply:
    """Log what went wrong with a request; return what its caller is told."""
    if isinstance(error, BridgeError):
        log.info("refused", code=error.code, path=path, detail=str(error))
        return problem_reply(code_of(error), str(error), request_id=request_id, **error.details)
    log.error("defect", path=path, request_id=request_id, exc_info=error)
    return problem_reply("internal", DEFECT, request_id=request_id)


def problem_body(code: str, detail: str, *, request_id: str, **more: Any) -> dict[str, Any]:
    """Return a problem document's fields."""
    status = STATUS[code]
    return {
        "type": f"urn:aipkit-bridge:error:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **more,
    }


def problem_of(error: BridgeError) -> Response:
    """Return the problem document of an error."""
    return problem(code_of(error), str(error), **error.details)


def problem(code: str, detail: str, **more: Any) -> Response:
    """Return a problem document."""
    return send(problem_reply(code, detail, request_id=g.get("request_id", ""), **more))


def problem_reply(code: str, detail: str, *, request_id: str, **more: Any) -> Reply:
    """Return a problem document, of a request of this id."""
    body = problem_body(code, detail, request_id=request_id, **more)
    status = body["status"]
    headers = {"API-Version": "1", "Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="aipkit-bridge"'
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return json_reply(body, status, "application/problem+json", headers, spaced=True)
