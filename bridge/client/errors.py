"""What can go wrong. All are `ClientError`; none holds the API key."""

from bridge.client.answers import Notice
from bridge.client.bodies import Json

PASSING = frozenset({429, 502, 503, 504})
"""Statuses of what may work in a moment."""


class ClientError(Exception):
    """
    A call that did not work.

    ``code`` is for programs (docs/errors.md lists them; empty if the bridge did not say),
    ``detail`` for people, ``request_id`` for the bridge's log. ``status`` None: no answer came.
    """

    def __init__(
        self, detail: str, *, status: int | None = None, code: str = "", request_id: str = ""
    ) -> None:
        told = f"{status or ''} {code}".strip()
        super().__init__(f"{told}: {detail}" if told else detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.request_id = request_id


class Denied(ClientError):  # noqa: N818  # a denial is an answer, not a mistake
    """Neither balance nor allowance cover the price (402); ``notice`` is for the visitor."""

    def __init__(self, detail: str, *, notice: Notice, code: str, request_id: str) -> None:
        super().__init__(detail, status=402, code=code, request_id=request_id)
        self.notice = notice


class ApiError(ClientError):
    """The bridge refused the call, or the answer is not the bridge's: repeating does not help."""


class Unavailable(ClientError):  # noqa: N818  # the state of the bridge
    """
    The bridge could not be reached, or asked to come back later, through all repeats.

    Whether the call took effect is not known. To repeat it without booking twice use
    ``idempotency_key``, the key that it was sent with; None for calls that need none.
    """

    idempotency_key: str | None = None
    retry_after_s: float = 0.0


def error_of(status: int, problem: Json) -> ClientError:
    """Return the error that a problem document tells of."""
    detail = str(problem.get("detail", ""))
    code, request_id = str(problem.get("code", "")), str(problem.get("request_id", ""))
    if status == 402 and "notice" in problem:
        notice = Notice.read(problem["notice"])
        return Denied(detail, notice=notice, code=code, request_id=request_id)
    kind = Unavailable if status in PASSING else ApiError
    return kind(detail, status=status, code=code, request_id=request_id)
