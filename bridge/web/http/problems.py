"""Errors as `application/problem+json` (RFC 9457). The one place that maps codes to statuses."""

import json
import uuid
from typing import Any

import structlog
from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from bridge.domain.errors import BridgeError

log = structlog.get_logger()

STATUS = {
    "invalid_input": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_user": 404,
    "unknown_order": 404,
    "unknown_bulk": 404,
    "method_not_allowed": 405,
    "quota_exceeded": 402,
    "disabled": 402,
    "unknown_hold": 404,
    "hold_committed": 409,
    "hold_charged": 409,
    "balance_changed": 409,
    "bulk_not_ready": 409,
    "settings_changed": 409,
    "rule_exists": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "module_disabled": 422,
    "usage_unreadable": 422,
    "price_too_large": 422,
    "idempotency_mismatch": 422,
    "settings_unwritable": 422,
    "balance_too_large": 422,
    "balance_too_small": 422,
    "internal": 500,
    "site_data": 503,
    "not_migrated": 503,
    "database_unavailable": 503,
}
"""HTTP status by `code`; docs/errors.md explains each."""

TITLES = {
    400: "Bad input",
    401: "Not authorised",
    402: "Not covered",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Cannot be processed",
    500: "Internal error",
    503: "Try again later",
}
_HTTP_CODES = {
    400: "invalid_input",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}
RETRY_AFTER_S = 2


def init_app(app: Flask) -> None:
    """Register the handlers on *app*."""

    @app.before_request
    def name_request() -> None:
        g.request_id = uuid.uuid4().hex

    @app.errorhandler(BridgeError)
    def expected(error: BridgeError) -> ResponseReturnValue:
        code = error.code if error.code in STATUS else "internal"
        log.info("refused", code=error.code, path=request.path, detail=str(error))
        return problem(code, str(error), **error.details)

    @app.errorhandler(HTTPException)
    def from_flask(error: HTTPException) -> ResponseReturnValue:
        code = _HTTP_CODES.get(error.code or 500)
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


def problem(code: str, detail: str, **more: Any) -> Response:
    """Return a problem document."""
    body = problem_body(code, detail, **more)
    status = body["status"]
    response = Response(json.dumps(body), status, content_type="application/problem+json")
    response.headers["API-Version"] = "1"
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="aipkit-bridge"'
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
