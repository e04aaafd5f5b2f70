"""The client when the way to the bridge, or the bridge itself, fails."""

import logging
from collections.abc import Iterator

import pytest
import requests
import responses

from bridge.client import ApiError, Booking, Client, Denied, Place, Unavailable
from bridge.client.transport import FIRST_PAUSE_S, MAX_RETRY_AFTER_S, TRIES

URL = "https://credits.example/bridge"
RECORD = f"{URL}/v1/usage/record"
HOLDS = f"{URL}/v1/holds"
BATCH = f"{URL}/v1/usage/batch"
API_KEY = "an-api-key"
CHAT: Place = {"user_id": 5, "module": "chat", "context_id": 22}
BOOKED = {
    "entry_id": "led_1",
    "billed_credits": 3,
    "from_balance": 3,
    "from_quota": 0,
    "uncovered": 0,
    "balance_after": 7,
}
BUSY = {"code": "database_unavailable", "detail": "It is busy.", "request_id": "r1"}
LONGEST_JITTER_S = FIRST_PAUSE_S * 2**TRIES


class Bridge:
    """A bridge that answers what it is told to, one answer after another."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.pauses: list[float] = []
        self.client = Client(f"{URL}/", API_KEY, timeout_s=3, sleep=self.pauses.append)

    def answers(self, *bodies: object, url: str = RECORD, status: int = 201) -> None:
        """Answer with JSON, or fail with an exception."""
        for body in bodies:
            if isinstance(body, Exception):
                self.mock.post(url, body=body)
            else:
                self.mock.post(url, json=body, status=status)

    def fails(self, status: int, body: str = "<h1>Sorry</h1>", **headers: str) -> None:
        """Answer with a page of a proxy."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self.mock.post(RECORD, body=body, status=status, content_type="text/html", headers=more)

    def record(self, key: str | None = None) -> Booking:
        return self.client.record(**CHAT, units=3, idempotency_key=key)

    def header(self, name: str) -> list[str | None]:
        """What each call had in a header."""
        return [call.request.headers.get(name) for call in self.mock.calls]


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    with responses.RequestsMock() as mock:
        made = Bridge(mock)
        yield made
        made.client.close()


def test_a_lost_connection_is_tried_again_with_the_same_key(bridge: Bridge) -> None:
    bridge.answers(requests.ConnectionError("refused"), BOOKED)

    assert bridge.record().billed_credits == 3
    first, second = bridge.header("Idempotency-Key")
    assert first
    assert first == second


def test_each_call_has_a_key_of_its_own(bridge: Bridge) -> None:
    bridge.answers(BOOKED, BOOKED)
    bridge.record()
    bridge.record()

    assert len(set(bridge.header("Idempotency-Key"))) == 2


def test_a_callers_key_is_the_one_that_is_sent(bridge: Bridge) -> None:
    bridge.answers(requests.ReadTimeout(), BOOKED)
    bridge.record("chat-81-turn-4")

    assert bridge.header("Idempotency-Key") == ["chat-81-turn-4"] * 2


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectTimeout("no answer"),
        requests.ReadTimeout("no answer"),
        requests.exceptions.ChunkedEncodingError("half a body"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_tries_are_bounded_and_the_key_is_told(bridge: Bridge, fault: Exception) -> None:
    bridge.answers(*[fault] * TRIES)

    with pytest.raises(Unavailable, match=type(fault).__name__) as caught:
        bridge.record()

    assert [caught.value.idempotency_key] * TRIES == bridge.header("Idempotency-Key")
    assert caught.value.status is None
    assert len(bridge.pauses) == TRIES - 1


def test_no_try_waits_longer_than_was_said(bridge: Bridge) -> None:
    matcher = responses.matchers.request_kwargs_matcher({"timeout": 3})
    bridge.mock.post(RECORD, json=BOOKED, status=201, match=[matcher])

    assert bridge.record().billed_credits == 3


def test_pauses_are_random_and_grow(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)
    bridge.answers(*[requests.ConnectionError("refused")] * TRIES)
    with pytest.raises(Unavailable):
        bridge.record()

    assert bridge.pauses == [FIRST_PAUSE_S * 2**tried / 2 for tried in range(1, TRIES)]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(bridge: Bridge, status: int) -> None:
    bridge.fails(status)
    bridge.answers(BOOKED)

    assert bridge.record().billed_credits == 3


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(bridge: Bridge, status: int) -> None:
    bridge.fails(status, Retry_After="2")
    bridge.answers(BOOKED)
    bridge.record()

    assert 2 <= bridge.pauses[0] <= 2 + LONGEST_JITTER_S


@pytest.mark.parametrize(
    ("asked", "longest_s"),
    [("86400", MAX_RETRY_AFTER_S), ("Wed, 25 Nov 2026 09:00:00 GMT", 0), ("-1", 0)],
)
def test_nobody_waits_for_ever(bridge: Bridge, asked: str, longest_s: float) -> None:
    bridge.fails(503, Retry_After=asked)
    bridge.answers(BOOKED)
    bridge.record()

    assert bridge.pauses[0] <= longest_s + LONGEST_JITTER_S


def test_a_bridge_that_stays_away_says_why_and_until_when(bridge: Bridge) -> None:
    for _ in range(TRIES):
        bridge.mock.post(RECORD, json=BUSY, status=503, headers={"Retry-After": "30"})

    with pytest.raises(Unavailable, match="It is busy") as caught:
        bridge.record()

    assert (caught.value.status, caught.value.code) == (503, "database_unavailable")
    assert (caught.value.request_id, caught.value.retry_after_s) == ("r1", 30)


@pytest.mark.parametrize("status", [200, 301, 403, 404, 500])
def test_an_answer_of_something_else_is_named_at_once(bridge: Bridge, status: int) -> None:
    bridge.fails(status, Location=URL)

    with pytest.raises(ApiError, match="text/html") as caught:
        bridge.record()

    assert (caught.value.status, caught.value.code) == (status, "")


@pytest.mark.parametrize("body", [[], {}, "text", None, {"entry_id": "led_1"}])
def test_json_of_another_kind_is_no_booking(bridge: Bridge, body: object) -> None:
    bridge.answers(body)

    with pytest.raises(ApiError, match="not the bridge's"):
        bridge.record()


def test_a_field_of_a_newer_bridge_is_left_alone(bridge: Bridge) -> None:
    bridge.answers({**BOOKED, "currency": "credits"})

    assert bridge.record().balance_after == 7


def test_a_denial_is_an_answer_and_not_repeated(bridge: Bridge) -> None:
    notice = {"message": "Used up.", "actions": []}
    denial = {"code": "disabled", "detail": "No.", "request_id": "r1", "notice": notice}
    bridge.answers(denial, url=HOLDS, status=402)

    with pytest.raises(Denied, match="402 disabled: No") as caught:
        bridge.client.hold(**CHAT, units=3)

    assert caught.value.notice.message == "Used up."


def test_a_gateways_402_is_no_denial(bridge: Bridge) -> None:
    bridge.fails(402)

    with pytest.raises(ApiError):
        bridge.record()


@pytest.mark.parametrize("status", [400, 401, 409, 422, 500])
def test_a_refusal_is_not_repeated(bridge: Bridge, status: int) -> None:
    bridge.answers({"code": "some_code", "detail": "Why."}, status=status)

    with pytest.raises(ApiError, match=f"{status} some_code: Why"):
        bridge.record()


def test_an_event_that_was_not_booked_is_told_as_unavailable(bridge: Bridge) -> None:
    results = [{"status": 201, **BOOKED}, {"status": 503, **BUSY}]
    bridge.answers({"results": results}, url=BATCH, status=200)

    booked, not_booked = bridge.client.batch([])

    assert isinstance(booked, Booking)
    assert isinstance(not_booked, Unavailable)


def test_the_key_goes_to_the_bridge_and_into_no_log(
    bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bridge.answers(*[requests.ConnectionError("refused")] * TRIES)
    with pytest.raises(Unavailable) as caught:
        bridge.record()

    assert bridge.header("Authorization") == [f"Bearer {API_KEY}"] * TRIES
    assert "trying again" in caplog.text
    assert API_KEY not in caplog.text + str(caught.value)


@pytest.mark.parametrize(
    ("url", "key", "named"),
    [("credits.example", "k", "base_url"), (URL, "", "api_key"), (URL, "a key\n", "api_key")],
)
def test_what_cannot_work_is_refused_before_the_first_call(url: str, key: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Client(url, key)
