"""What an error is in HTTP: the one table, for problem documents and for pages."""

from bridge.domain.errors import BridgeError

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
    "would_be_unlimited": 409,
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


def code_of(error: BridgeError) -> str:
    """Return an error's code; `internal` for one that no caller can do anything about."""
    return error.code if error.code in STATUS else "internal"


def status_of(error: BridgeError | None) -> int:
    """Return the status of an answer that says what was wrong; 200 if nothing was."""
    return STATUS[code_of(error)] if error else 200


def code_of_http(status: int | None) -> str | None:
    """Return the code of what Flask itself refuses; None for what is no error of a caller."""
    return _HTTP_CODES.get(status or 500)
