"""What browsers are forbidden on the pages of people who manage the shop."""

from flask import Response

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

_OWN_SCRIPTS = "; script-src 'self'; connect-src 'self'"

_HEADERS = {
    "Content-Security-Policy": _CSP,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the sign-in page's address holds the token
    "X-Content-Type-Options": "nosniff",
}


def protect(response: Response) -> Response:
    """Forbid an admin's page everything that it does not need."""
    response.headers.update(_HEADERS)
    return response


def protect_scripted(response: Response) -> Response:
    """As `protect`, for pages that our own modules of JavaScript serve."""
    protect(response)
    response.headers["Content-Security-Policy"] = _CSP + _OWN_SCRIPTS
    return response
