"""
The gate for screens that WordPress's admin passes on (docs/decisions/012-passage.md).

WordPress signs each request: method, address, body, user. The bridge signs each answer, so that
WordPress shows in its admin only what comes from whoever has the secret.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any

from flask import Flask, Response, g, request
from pydantic import ValidationError

from bridge.domain.errors import BridgeError, ForbiddenError, UnauthorizedError
from bridge.domain.sentences import Sentence
from bridge.services.sign_in import CAPABILITIES, spend_passage
from bridge.web.http.auth import decode_signed, subject
from bridge.web.http.deps import get_bridge
from bridge.web.http.passage import Passage, PassageClaims, current_passage
from bridge.web.http.problems import problem, problem_of
from bridge.web.http.proven_body import NOT_SIGNED, ProvenBody
from bridge.web.http.scoped_styles import scoped_style

AUDIENCE = "aipkit-bridge/screens"
SEAL = "Passage-Seal"
_SCHEME = "passage"
_READS = ("GET", "HEAD")
_KEPT_FOR = "private, max-age=31536000, immutable"  # its address changes with the file


def init_app(app: Flask, screens: Collection[str]) -> None:
    """Open the gate of *app* to *screens*, which are blueprints or endpoints, and to `static`."""
    open_to = frozenset(screens) | {"static"}

    @app.before_request
    def enter() -> Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != _SCHEME:
            return None
        try:
            claims, secret = decode_signed(get_bridge().settings, token, audience=AUDIENCE)
            g.passage = passage = _prove(claims, secret)
        except BridgeError as error:
            return problem_of(error)
        endpoint = request.endpoint or ""
        if open_to.isdisjoint({endpoint, endpoint.partition(".")[0]}):
            return problem("not_found", "There is no such screen.")
        _take_body(passage.claims.body)
        if request.method not in _READS:
            _spend(passage)
        return None

    @app.after_request
    def leave(response: Response) -> Response:
        passage = current_passage()
        return response if passage is None else _sealed(response, passage)


def prove_body() -> None:
    """Read what is left of a passed body; raises ForbiddenError if it was changed on its way."""
    if current_passage() is not None:
        g.proven_body.prove()


def _prove(claims: Mapping[str, Any], secret: str) -> Passage:
    try:
        passage = Passage(subject(claims), PassageClaims.model_validate(claims), secret)
    except ValidationError:
        raise UnauthorizedError("This passage is not complete.") from None
    if passage.user_id == 0 or passage.claims.cap not in CAPABILITIES:
        raise UnauthorizedError("This passage is for nobody who may manage the shop.")
    query = request.query_string.decode("latin-1")
    target = f"{request.path}?{query}" if query else request.path
    asked = hashlib.sha256(f"{request.method} {target}".encode()).hexdigest()
    if not hmac.compare_digest(passage.claims.ask.encode(), asked.encode()):
        raise ForbiddenError(NOT_SIGNED)
    return passage


def _take_body(digest: str) -> None:
    """Let the body be summed up while it is read: it may be large."""
    if request.environ.get("HTTP_TRANSFER_ENCODING"):
        raise ForbiddenError("A passed request must say how long it is.")
    stream, length = request.environ["wsgi.input"], request.content_length or 0
    g.proven_body = request.environ["wsgi.input"] = ProvenBody(stream, length, digest)


def _spend(passage: Passage) -> None:
    if not spend_passage(get_bridge().db, passage.claims.jti):
        raise ForbiddenError(Sentence("This request was sent before; open the page again."))


def _sealed(response: Response, passage: Passage) -> Response:
    """Sign an answer with what matters of it; of one that is sent as it is made, not the body."""
    if request.endpoint == "static":
        _take_in(response)
    digest = "" if response.is_streamed else hashlib.sha256(response.get_data()).hexdigest()
    headers = ("Content-Type", "Location", "Content-Disposition")
    parts = [response.headers.get(name, "") for name in headers]
    sealed = "\n".join([passage.claims.jti, str(response.status_code), *parts, digest])
    seal = hmac.digest(passage.secret.encode(), f"answer\n{sealed}".encode(), hashlib.sha256)
    response.headers[SEAL] = seal.hex()
    return response


def _take_in(file: Response) -> None:
    """Let a file be an answer like others; styles are for the part of the page that is ours."""
    file.direct_passthrough = False
    body = file.get_data(as_text=True)
    file.close()
    if file.mimetype == "text/css":
        body = scoped_style(body)
    file.set_data(body)
    if file.status_code == 200:
        file.headers["Cache-Control"] = _KEPT_FOR
