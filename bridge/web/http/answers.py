"""What booking services answer, as HTTP: the one place that gives each answer its status."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, g

from bridge.domain.errors import BridgeError
from bridge.services.spending.book import Outcome
from bridge.services.spending.idempotency import Answer, AnswerKind
from bridge.web.http.problems import problem, problem_body
from bridge.web.http.sending import send_json
from bridge.web.http.statuses import code_of

log = structlog.get_logger()

_STATUS = {
    AnswerKind.RECORDED: HTTPStatus.CREATED,
    AnswerKind.HELD: HTTPStatus.CREATED,
    AnswerKind.ADJUSTED: HTTPStatus.CREATED,
    AnswerKind.SETTLED: HTTPStatus.OK,
}


def respond(outcome: Outcome) -> Response:
    """Return an outcome as a response; an error is raised."""
    if isinstance(outcome, BridgeError):
        raise outcome
    if outcome.kind is AnswerKind.DENIED:
        response = problem(**outcome.body)
    else:
        response = send_json(outcome.body, _STATUS[outcome.kind], spaced=True)
    if outcome.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def result_of(outcome: Answer | Exception) -> dict[str, Any]:
    """Return what became of one event of a batch."""
    if isinstance(outcome, Answer):
        result = {"status": _STATUS[outcome.kind], **outcome.body}
        return {**result, "replayed": True} if outcome.replayed else result
    if isinstance(outcome, BridgeError):
        return problem_body(code_of(outcome), str(outcome))
    log.error("defect", request_id=g.request_id, exc_info=outcome)
    return problem_body("internal", "The bridge met a defect of its own; its log says more.")
