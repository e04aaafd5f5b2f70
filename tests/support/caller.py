"""A back end that calls the bridge over HTTP and repeats what was not answered, as it should."""

import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

import requests

from tests.support.client import API_KEY, bearer

Json = dict[str, Any]

RECORD, HOLDS, BATCH = "/v1/usage/record", "/v1/holds", "/v1/usage/batch"
_GIVE_UP_S = 120
_UNKEPT = {409, 422}
"""Refusals that are no first answer to a key: each says anew why, and has an id of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request; what settles a hold has no key."""

    path: str
    body: str  # JSON: calls are compared
    key: str = ""

    @property
    def fields(self) -> Json:
        """The body."""
        fields: Json = json.loads(self.body)
        return fields


def call(path: str, body: Json, key: str = "") -> Call:
    """Return a request with *body*."""
    return Call(path, json.dumps(body), key)


class Answer(NamedTuple):
    """What was answered, without what differs from one refusal to the next."""

    status: int
    body: Json


class Journal:
    """What was answered first to each call, and every repeat that was answered otherwise."""

    def __init__(self) -> None:
        self.first: dict[Call, Answer] = {}
        self.otherwise: list[tuple[Call, Answer, Answer]] = []
        self.defects: list[str] = []
        self.repeats = 0
        self._lock = Lock()

    def note(self, call: Call, answer: Answer) -> None:
        """Keep an answer; a release's may change, since a late commit may follow it."""
        with self._lock:
            first = self.first.setdefault(call, answer)
            self.repeats += first is not answer
            if first != answer and not call.path.endswith("/release"):
                self.otherwise.append((call, first, answer))

    def note_unanswered(self, response: requests.Response) -> None:
        """Keep what is a defect, whatever was killed."""
        if response.status_code != 503:
            self.defects.append(f"{response.status_code} {response.text}")


@dataclass
class Caller:
    """One caller: asks one thing after another."""

    url: str
    journal: Journal
    chance: random.Random
    _session: requests.Session = field(default_factory=requests.Session)

    def address(self) -> str:
        """Return where the next request goes."""
        return self.url

    def ask(self, call: Call) -> Answer:
        """Send a call until it is answered: 5xx and lost connections are no answers."""
        response = self._until_answered(call.path, call.body, call.key)
        answer = _answer(response.status_code, response.json())
        self.journal.note(call, answer)
        return answer

    def ask_each(self, calls: Iterable[Call]) -> None:
        """Send calls one after another."""
        for call in calls:
            self.ask(call)

    def ask_together(self, calls: list[Call]) -> None:
        """Send records as one batch, and again those of which it did not say what became."""
        while calls:
            events = [{**call.fields, "idempotency_key": call.key} for call in calls]
            body = self._until_answered(BATCH, json.dumps({"events": events})).json()
            open_calls = []
            for call, result in zip(calls, body["results"], strict=True):
                status = result.pop("status")
                result.pop("replayed", None)
                if status == 503:
                    open_calls.append(call)
                else:
                    self.journal.note(call, _answer(status, result))
            calls = open_calls

    def get(self, path: str) -> Json:
        """Read something."""
        answer = self._session.get(f"{self.url}{path}", headers=bearer(API_KEY), timeout=30)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def _until_answered(self, path: str, body: str, key: str = "") -> requests.Response:
        give_up_at = time.monotonic() + _GIVE_UP_S
        headers = {**bearer(API_KEY), "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        while time.monotonic() < give_up_at:
            # Some are impatient: they repeat while the first is still being worked on.
            patience_s = 0.05 if self.chance.random() < 0.1 else 10
            try:
                response = self._session.post(
                    f"{self.address()}{path}", data=body, headers=headers, timeout=patience_s
                )
            except requests.RequestException:
                pass  # unknown whether it was booked: the repeat will tell
            else:
                if response.status_code < 500:
                    return response
                self.journal.note_unanswered(response)
            time.sleep(self.chance.uniform(0, 0.2))
        raise AssertionError(f"{path} {body} was never answered")


def _answer(status: int, body: Json) -> Answer:
    return Answer(status, {"code": body["code"]} if status in _UNKEPT else body)
