"""The one table of errors and their statuses."""

from bridge.domain.errors import (
    BridgeError,
    DatabaseBusyError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    LeaseLostError,
    NotMigratedError,
    UnavailableError,
    UnknownUserError,
)
from bridge.web.http.statuses import STATUS, code_of, status_of

UNAVAILABLE: tuple[type[UnavailableError], ...] = (
    DatabaseUnavailableError, DatabaseBusyError, DatabaseRefusedError, NotMigratedError,
)  # fmt: skip


def test_what_cannot_be_asked_now_is_503_and_nothing_else_is() -> None:
    assert {status_of(error("…")) for error in UNAVAILABLE} == {503}
    assert {error.code for error in UNAVAILABLE} == {
        code for code, status in STATUS.items() if status == 503
    }


def test_an_error_that_no_caller_can_mend_is_internal() -> None:
    assert (code_of(LeaseLostError("…")), status_of(LeaseLostError("…"))) == ("internal", 500)
    assert (code_of(BridgeError("…")), status_of(BridgeError("…"))) == ("internal", 500)


def test_an_answer_without_an_error_is_200() -> None:
    assert (status_of(None), status_of(UnknownUserError("…"))) == (200, 404)
