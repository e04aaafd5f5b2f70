"""
A chat back end that streams its answers and bills what was really used.

It holds the most that an answer may cost, streams, and commits what the provider metered: at the
end, and as well when the visitor goes away or the provider breaks off in the middle.
"""

import logging
import secrets
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Protocol

from flask import Flask, Response, abort, request, session
from flask.typing import ResponseReturnValue

from bridge.client import Client, ClientError, Denied, Hold, Place, Unavailable

log = logging.getLogger(__name__)

MAX_MESSAGE = 8000
MAX_ANSWER_TOKENS = 2000


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer, and what the provider has metered up to it."""

    text: str
    usage: Mapping[str, int]  # such as {"input_tokens": 12, "output_tokens": 7}


class ProviderError(Exception):
    """The provider failed."""


class Provider(Protocol):
    """All that this back end needs of a provider's own library."""

    name: str
    model: str

    def stream(self, message: str, *, max_tokens: int) -> Iterator[Chunk]:
        """Answer piece by piece; raise `ProviderError` if that fails."""


def answer(
    bridge: Client, provider: Provider, place: Place, message: str
) -> Generator[str, None, None]:
    """
    Stream an answer's text; whatever ends it, exactly what was used is billed.

    Raises:
        Denied: The visitor cannot pay for it; the provider was not asked.
    """
    most = {
        "input_tokens": len(message.encode()),  # a token is at least a byte; add your prompt's
        "output_tokens": MAX_ANSWER_TOKENS,
    }
    with bridge.hold(
        **place,
        usage={
            "provider": provider.name,
            "model": provider.model,
            "operation": "chat",
            "data": most,
        },
    ) as hold:
        used: Mapping[str, int] = {}
        try:
            for chunk in provider.stream(message, max_tokens=MAX_ANSWER_TOKENS):
                used = chunk.usage
                yield chunk.text  # GeneratorExit is raised here when the visitor goes away
        finally:
            if used:
                commit(hold, used)  # else the end of the block releases the hold


def commit(hold: Hold, used: Mapping[str, int]) -> None:
    """Bill what was used. The visitor has the answer by now: a failure is ours to mend."""
    try:
        hold.commit(data=used)
    except ClientError:
        log.exception("Repeat: client.commit_hold(%r, data=%r)", hold.id, dict(used))


def create_app(bridge: Client, provider: Provider, *, chatbot: int, secret_key: str) -> Flask:
    """Return the back end of one chatbot."""
    app = Flask(__name__)
    app.secret_key = secret_key

    @app.post("/chat")
    def chat() -> ResponseReturnValue:
        pieces = answer(bridge, provider, place_of_visitor(chatbot), read_message())
        # The first piece is awaited here, while the status can still say what went wrong.
        first = next(pieces, "")
        response = Response(chain([first], pieces), mimetype="text/plain")
        response.headers["X-Accel-Buffering"] = "no"  # nginx would collect the stream
        response.call_on_close(pieces.close)  # also when the visitor goes away
        return response

    @app.errorhandler(Denied)
    def show_notice(denied: Denied) -> ResponseReturnValue:
        return asdict(denied.notice), 402

    @app.errorhandler(Unavailable)
    def ask_to_wait(unavailable: Unavailable) -> ResponseReturnValue:
        log.error("No answer without billing: %s", unavailable)
        return {"message": "Please try again in a moment.", "actions": []}, 503

    @app.errorhandler(ProviderError)
    def say_sorry(error: ProviderError) -> ResponseReturnValue:
        log.error("The provider failed: %s", error)
        return {"message": "No answer this time; nothing was charged.", "actions": []}, 502

    return app


def place_of_visitor(chatbot: int) -> Place:
    """Return who asks: the user whom your log-in put into the session, or else a guest."""
    user_id: int | None = session.get("user_id")
    if user_id is None:
        session.setdefault("guest", secrets.token_hex(16))
        return {"session_id": session["guest"], "module": "chat", "context_id": chatbot}
    return {"user_id": user_id, "module": "chat", "context_id": chatbot}


def read_message() -> str:
    """Return what the visitor asks."""
    body = request.get_json()
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not 0 < len(message) <= MAX_MESSAGE:
        abort(400, f"message: a text of 1 to {MAX_MESSAGE} characters.")
    return message
