"""Errors as `application/problem+json` (RFC 9457)."""

import uuid
from typing import Any

import structlog
from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from bridge.domain.errors import BridgeError
from bridge.web.http.sending import send_json
from bridge.web.http.statuses import RETRY_AFTER_S, STATUS, TITLES, code_of, code_of_http

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Register the handlers on *app*."""

    @app.before_request
    def name_request() -> None:
        g.request_id = uuid.uuid4().hex

    @app.errorhandler(BridgeError)
    def expected(error: BridgeError) -> ResponseReturnValue:
        log.info("refused", code=error.code, path=request.path, detail=str(error))
        return problem_of(error)

    @app.errorhandler(HTTPException)
    def from_flask(error: HTTPException) -> ResponseReturnValue:
        code = code_of_http(error.code)
        if code is None:
            return error
        return problem(code, str(error.description))

    @app.errorhandler(Exception)
    def defect(error: Exception) -> ResponseReturnValue:
        log.error("defect", path=request.path, request_id=g.request_id, exc_info=error)
        return problem("internal", "The bridge met a defect of its own; its log says more.")


def problem_body(code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Return a problem document's fields."""
    status = STATUS[code]
    return {
        "type": f"urn:aipkit-bridge:error:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": g.get("request_id", ""),
        **more,
    }


def problem_of(error: BridgeError) -> Response:
    """Return the problem document of an error."""
    return problem(code_of(error), str(error), **error.details)


def problem(code: str, detail: str, **more: Any) -> Response:
    """Return a problem document."""
    body = problem_body(code, detail, **more)
    status = body["status"]
    response = send_json(body, status, "application/problem+json", spaced=True)
    response.headers["API-Version"] = "1"
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="aipkit-bridge"'
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
