"""What booking services answer, as HTTP: the one place that gives each answer its status."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeAlias

import structlog
from flask import Response

from bridge.domain.answers import Adjusted, Booked, Committed, Denied, Held, Released
from bridge.domain.decisions import Payment
from bridge.domain.errors import BridgeError
from bridge.domain.holds import hold_name
from bridge.domain.instants import rfc3339
from bridge.domain.ledger import entry_name
from bridge.services.spending.outcomes import Failure, Receipt
from bridge.web.http.problems import DEFECT, problem_body, problem_reply
from bridge.web.http.sending import Reply, json_reply, send
from bridge.web.http.statuses import code_of
from bridge.web.http.values import notice_json

log = structlog.get_logger()

Done: TypeAlias = Booked | Held | Committed | Released | Adjusted


def respond(told: Receipt[Done] | Receipt[Denied] | Receipt[Held | Denied]) -> Response:
    """Return an answer as a response of Flask."""
    return send(reply(told))


def reply(told: Receipt[Done] | Receipt[Denied] | Receipt[Held | Denied]) -> Reply:
    """Return an answer."""
    answer = told.answer
    headers = {"Idempotency-Replayed": "true"} if told.replayed else {}
    if isinstance(answer, Denied):
        denial = _denial(answer)
        return replace(denial, headers={**denial.headers, **headers})
    status, body = _status_and_body(answer)
    return json_reply(body, status, headers=headers, spaced=True)


def result_of(outcome: Receipt[Booked] | Failure, request_id: str) -> dict[str, Any]:
    """Return what became of one event of a batch that came with a request."""
    if isinstance(outcome, Receipt):
        status, body = _status_and_body(outcome.answer)
        result = {"status": status, **body}
        return {**result, "replayed": True} if outcome.replayed else result
    error = outcome.error
    if isinstance(error, BridgeError):
        return problem_body(code_of(error), str(error), request_id=request_id)
    log.error("defect", request_id=request_id, exc_info=error)
    return problem_body("internal", DEFECT, request_id=request_id)


def held_json(held: Held) -> dict[str, Any]:
    """Return what a hold reserves."""
    return {
        "hold_id": hold_name(held.hold_id),
        "credits": held.credits,
        "from_balance": held.from_balance,
        "from_quota": held.from_quota,
        "expires_at": rfc3339(held.expires_at),
    }


def committed_json(committed: Committed) -> dict[str, Any]:
    """Return how a hold was committed."""
    return {**_booking(committed.entry_id, committed.payment), "late": committed.late}


def _status_and_body(answer: Done) -> tuple[HTTPStatus, dict[str, Any]]:
    match answer:
        case Booked():
            return HTTPStatus.CREATED, _booking(answer.entry_id, answer.payment)
        case Held():
            return HTTPStatus.CREATED, held_json(answer)
        case Committed():
            return HTTPStatus.OK, committed_json(answer)
        case Released():
            hold_id = hold_name(answer.hold_id)
            return HTTPStatus.OK, {"hold_id": hold_id, "state": answer.state}
        case Adjusted():
            entry_id = entry_name(answer.entry_id)
            body = {"entry_id": entry_id, "balance_after": answer.balance_after}
            return HTTPStatus.CREATED, body


def _booking(entry_id: int | None, payment: Payment) -> dict[str, Any]:
    return {
        "entry_id": None if entry_id is None else entry_name(entry_id),
        "billed_credits": payment.billed,
        "from_balance": payment.from_balance,
        "from_quota": payment.from_quota,
        "uncovered": payment.uncovered,
        "balance_after": payment.balance_after,
    }


def _denial(denied: Denied) -> Reply:
    """Return a denial, which is told again under the name of the request that was denied."""
    notice = notice_json(denied.notice)
    return problem_reply(denied.reason, denied.detail, request_id=denied.asked_as, notice=notice)
