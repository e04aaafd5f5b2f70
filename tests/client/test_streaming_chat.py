"""The documents' streaming chat back end, with a provider that follows a script."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask.testing import FlaskClient

from bridge.client import Client
from bridge.web.app import create_app as create_bridge
from docs.examples import streaming_chat
from docs.examples.streaming_chat import Chunk, ProviderError, create_app
from tests.support.client import API_KEY
from tests.support.folders import ROOT
from tests.support.serving import serve
from tests.support.site import USERS
from tests.support.spending import BOT, Desk

BOB = USERS["bob"]
QUESTION = {"message": "How are you?"}
HELD = 12 + streaming_chat.MAX_ANSWER_TOKENS
HALF = Chunk("I am ", {"input_tokens": 12, "output_tokens": 3})
WHOLE = Chunk("well.", {"input_tokens": 12, "output_tokens": 5})


@dataclass
class Scripted:
    """A provider that sends chunks until an exception in its script ends it."""

    script: list[Chunk | Exception] = field(default_factory=lambda: [HALF, WHOLE])
    name: str = "Acme"
    model: str = "talker"
    asked: list[str] = field(default_factory=list)

    def stream(self, message: str, *, max_tokens: int) -> Iterator[Chunk]:
        self.asked.append(message)
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            yield step


Visit = Callable[..., FlaskClient]


@pytest.fixture
def visit(bridge: Client) -> Visit:
    """Return a browser at the chat, Bob's unless told otherwise."""
    return lambda provider, **more: visitor_of(bridge, provider, **more)


def visitor_of(bridge: Client, provider: Scripted, *, user: int | None = BOB) -> FlaskClient:
    app = create_app(bridge, provider, chatbot=BOT, secret_key="of the tests")
    visitor = app.test_client()
    if user is not None:
        with visitor.session_transaction() as session:
            session["user_id"] = user
    return visitor


def test_an_answer_is_streamed_and_what_it_used_is_billed(desk: Desk, visit: Visit) -> None:
    response = visit(Scripted()).post("/chat", json=QUESTION)

    assert (response.status_code, response.text) == (200, "I am well.")
    assert desk.figures()["held"] == 0
    desk.assert_booked(-17)


def test_the_most_that_it_may_cost_is_held_meanwhile(desk: Desk, visit: Visit) -> None:
    response = visit(Scripted()).post("/chat", json=QUESTION)

    assert desk.figures()["held"] == HELD
    response.close()


def test_a_visitor_who_goes_away_pays_for_what_was_used_so_far(desk: Desk, visit: Visit) -> None:
    response = visit(Scripted()).post("/chat", json=QUESTION)
    received = next(iter(response.iter_encoded()))
    response.close()

    assert received == b"I am "
    assert desk.figures()["held"] == 0
    desk.assert_booked(-15)


def test_a_provider_that_fails_at_once_costs_nothing(desk: Desk, visit: Visit) -> None:
    response = visit(Scripted([ProviderError("overloaded")])).post("/chat", json=QUESTION)

    assert response.status_code == 502
    assert desk.figures()["held"] == 0
    assert desk.ledger() == []


def test_a_provider_that_fails_later_costs_what_was_used(desk: Desk, visit: Visit) -> None:
    response = visit(Scripted([HALF, ProviderError("overloaded")])).post("/chat", json=QUESTION)
    with pytest.raises(ProviderError):
        response.get_data()

    assert desk.figures()["held"] == 0
    desk.assert_booked(-15)


def test_a_denied_visitor_sees_the_notice_and_the_provider_is_not_asked(
    desk: Desk, visit: Visit
) -> None:
    desk.give(0)
    provider = Scripted()

    response = visit(provider).post("/chat", json=QUESTION)

    assert (response.status_code, provider.asked) == (402, [])
    assert response.json is not None
    assert response.json["message"] == "Nothing is left."
    assert [action["label"] for action in response.json["actions"]] == ["Buy credits"]


def test_a_guest_keeps_the_same_session(desk: Desk, visit: Visit) -> None:
    visitor = visit(Scripted(name="OpenAI", model="gpt-5"), user=None)
    for _ in range(2):
        assert visitor.post("/chat", json=QUESTION).status_code == 200

    counters = desk.site.rows("SELECT tokens_used FROM wp_aipkit_guest_token_usage")
    assert [row["tokens_used"] for row in counters] == [2]  # 1,000 cost 1.5 and 6: 1 each


def test_a_message_is_asked_for(visit: Visit) -> None:
    assert visit(Scripted()).post("/chat", json={"message": ""}).status_code == 400


def test_without_a_bridge_nothing_is_given_away() -> None:
    provider = Scripted()
    nowhere = Client("http://127.0.0.1:9", API_KEY, sleep=lambda _: None)
    response = visitor_of(nowhere, provider).post("/chat", json=QUESTION)
    nowhere.close()

    assert (response.status_code, provider.asked) == (503, [])


def test_a_commit_that_fails_spoils_no_answer_and_can_be_repeated(
    desk: Desk, bridge: Client, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_bridge(desk.bridge)

    def refuses_commits(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("/commit"):
            start("503 Service Unavailable", [("Retry-After", "2")])
            return [b""]
        return app(environ, start)

    with serve(refuses_commits) as url:
        failing = Client(url, API_KEY, sleep=lambda _: None)
        response = visitor_of(failing, Scripted()).post("/chat", json=QUESTION)
        failing.close()

    assert response.text == "I am well."
    logged = re.search(r"Repeat: client\.commit_hold\('(hold_\w+)', data=(\{.*\})\)", caplog.text)
    assert logged is not None
    assert bridge.get_hold(logged[1]).state == "open"
    bridge.commit_hold(logged[1], data=WHOLE.usage)
    desk.assert_booked(-17)


def test_the_page_shows_the_examples_own_code() -> None:
    example = (ROOT / "docs/examples/streaming_chat.py").read_text("utf-8")
    shown = next(block for block in python_blocks() if "def answer" in block)

    assert shown in example


def test_the_pages_first_example_works(desk: Desk, address: str) -> None:
    code = next(python_blocks())
    here = {"127.0.0.1:8787": address.removeprefix("http://"), "user_id=5": f"user_id={BOB}",
            "context_id=22": f"context_id={BOT}"}  # fmt: skip
    for there, value in here.items():
        assert there in code
        code = code.replace(there, value)
    names: dict[str, Any] = {"api_key": API_KEY, "ask_the_provider": lambda: ("I am well.", 650)}
    exec(code, names)
    names["client"].close()

    desk.assert_booked(-650)


def python_blocks() -> Iterator[str]:
    """The Python of the page."""
    page = (ROOT / "docs/client.md").read_text("utf-8")
    return iter(re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
