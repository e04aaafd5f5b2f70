"""The short way before Flask answers as Flask does: status, headers and bytes."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from bridge.services.spending import check
from bridge.web.app import MAX_BODY_BYTES
from bridge.web.short_way import ShortWay
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.fresh import fresh_site
from tests.support.site import IDS, USERS, SiteDatabase
from tests.support.snapshot import Snapshot

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BOB = USERS["bob"]
USE = {"actor": {"user_id": BOB}, "module": "image_generator", "units": 3}
CHAT: dict[str, object] = {
    "actor": {"session_id": "a" * 32},
    "module": "chat",
    "context_id": IDS["bots"]["Support Bot"],
    "units": 1,
}
RECORD, BATCH, HOLDS = "/v1/usage/record", "/v1/usage/batch", "/v1/holds"
FRAGMENT, DETAILS = "/v1/fragments/token-usage", "/v1/fragments/usage-details"
NAMES = re.compile(
    r"(?<=request_id\": \")[0-9a-f]{32}|hold_[\w-]+|(?<=request_id\":\")[0-9a-f]{32}"
)


class Way:
    """A caller whose requests go one way, and what they were answered."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.told: list[tuple[str, int, dict[str, str], bytes | str]] = []

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        method: str = "POST",
        proof: str = API_KEY,
        data: bytes | None = None,
        headers: Mapping[str, str] = {},  # never changed
        **more: Any,
    ) -> TestResponse:
        sent = {**(bearer(proof) if proof else {}), **headers}
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            data = json.dumps(body).encode()
        answer = self._client.open(path, method=method, headers=sent, data=data, **more)
        kept = {name: value for name, value in answer.headers if name != "Date"}
        text = NAMES.sub("…", answer.text)
        if text != answer.text:
            kept.pop("Content-Length")
        self.told.append(
            (NAMES.sub("…", f"{method} {path} {key}"), answer.status_code, kept, text)
        )
        return answer


def ask_everything(way: Way) -> None:
    way.ask(RECORD, USE, key="one")
    way.ask(RECORD, USE, key="one")
    way.ask(RECORD, USE | {"units": 4}, key="one")
    way.ask(RECORD, USE, key="")
    way.ask(RECORD, USE)
    way.ask(RECORD, USE, key="ü")
    way.ask(RECORD, USE | {"units": 0}, key="none")
    way.ask(RECORD, USE | {"actor": {"user_id": 999_999}}, key="nobody")
    way.ask(RECORD, CHAT | {"context_id": 1}, key="no bot")
    way.ask(RECORD, CHAT, key="guest")
    for wrong in (b"", b"{", b"[]", b"\xff", b'{"a": 1, "a": 2}', b'{"units": NaN}', b"null"):
        way.ask(RECORD, data=wrong, key="wrong")
    way.ask(RECORD, USE | {"more": 1}, key="more")
    for proof in ("", "wrong", "a.b.c", make_token(BOB, "read"), make_token(BOB + 1, "usage")):
        way.ask(RECORD, USE, key="who", proof=proof)
    way.ask(RECORD, USE, key="token", proof=make_token(BOB, "usage"))
    way.ask(RECORD, USE, key="basic", proof="", headers={"Authorization": "Basic Ym9iOmJvYg=="})
    way.ask(RECORD, data=b" " * (MAX_BODY_BYTES + 1), key="long")
    way.ask(f"{RECORD}/", USE, key="slash")
    way.ask(f"{RECORD}?a=b", USE, key="query")
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD"):
        way.ask(RECORD, method=method, key="method")
    way.ask("/v1/usage/check", USE)
    way.ask("/v1/usage/check", USE | {"units": 10**9})
    way.ask("/v1/usage/check", CHAT)
    event = USE | {"idempotency_key": "first"}
    way.ask(BATCH, {"events": [event, event, event | {"units": 9}, {"x": 1}, 7, USE]})
    way.ask(BATCH, {"events": []})
    way.ask(BATCH, {"event": [event]})
    held = way.ask(HOLDS, USE | {"ttl_seconds": 60}, key="held").get_json()["hold_id"]
    way.ask(HOLDS, USE | {"ttl_seconds": 60}, key="held")
    for _ in range(2):
        way.ask(HOLDS, USE | {"units": 10**9}, key="denied")
    way.ask(f"{HOLDS}/{held}", method="GET")
    way.ask(f"{HOLDS}/{held}", method="GET", proof=make_token(BOB + 1, "usage"))
    for _ in range(2):
        way.ask(f"{HOLDS}/{held}/commit", {"units": 2})
    way.ask(f"{HOLDS}/{held}/commit", {"units": 3})
    way.ask(f"{HOLDS}/{held}/release")
    way.ask(f"{HOLDS}/{held}/nothing")
    way.ask(f"{HOLDS}/hold_x/commit", {"units": 2})
    way.ask(f"{HOLDS}//commit", {"units": 2})
    free = way.ask(HOLDS, USE, key="free").get_json()["hold_id"]
    for _ in range(2):
        way.ask(f"{HOLDS}/{free}/release")


def ask_for_fragments(way: Way) -> None:
    bob, guest = (make_token(user, "fragment") for user in (BOB, 0))
    for query in ("", "?title=A%20b&modules=chat", "?aipkit_history=1&locale=de_DE", "?title=%FF"):
        first = way.ask(FRAGMENT + query, method="GET", proof=bob)
        etag = first.headers.get("ETag", "")
        for said in (etag, f"W/{etag}", '"x", ' + etag, '"x"', "*"):
            headers = {"If-None-Match": said}
            way.ask(FRAGMENT + query, method="GET", proof=bob, headers=headers)
    for proof in (guest, API_KEY, ""):
        way.ask(FRAGMENT, method="GET", proof=proof)
    way.ask(FRAGMENT, method="HEAD", proof=bob)
    way.ask(FRAGMENT, method="POST", proof=bob)
    way.ask(DETAILS + "?module=image_generator", method="GET", proof=bob)
    way.ask(DETAILS + "?module=none", method="GET", proof=bob)
    way.ask(DETAILS, method="GET", proof=guest)


def told(kept: Snapshot, *, short: bool) -> Iterator[tuple[str, int, dict[str, str], object]]:
    with fresh_site(kept) as site:
        way = Way(client_of(site, short=short))
        ask_everything(way)
        ask_for_fragments(way)
        yield from way.told


def client_of(site: SiteDatabase, *, short: bool) -> Client:
    app = create_app(site.bridge(now=NOW, security=api_key("usage")))
    first = app.wsgi_app
    assert isinstance(first, ShortWay)
    return Client(first if short else first.behind, TestResponse)


def test_every_call_is_answered_alike_both_ways(kept_site: Snapshot) -> None:
    by_flask = list(told(kept_site, short=False))
    assert {status for _, status, _, _ in by_flask} >= {
        200,
        201,
        304,
        400,
        401,
        402,
        403,
        404,
        422,
    }

    for seen, expected in zip(told(kept_site, short=True), by_flask, strict=True):
        assert seen == expected


def test_the_calls_that_are_made_most_do_not_enter_flask(
    site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Way(client_of(site, short=True))
    app = create_app(site.bridges[-1])
    assert isinstance(app.wsgi_app, ShortWay)

    def never(*_: object) -> list[bytes]:
        raise AssertionError("it went to Flask")

    monkeypatch.setattr(app.wsgi_app, "behind", never)

    assert way.ask(RECORD, USE, key="one").status_code == 201
    token = make_token(BOB, "fragment")
    assert way.ask(FRAGMENT, method="GET", proof=token).status_code == 200


def test_a_body_of_unknown_length_goes_to_flask(site: SiteDatabase) -> None:
    way = Way(client_of(site, short=True))
    body = json.dumps(USE).encode()

    answer = way.ask(
        RECORD,
        key="chunked",
        input_stream=BytesIO(body),
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("short", [True, False])
def test_a_defect_is_one_both_ways(
    site: SiteDatabase, monkeypatch: pytest.MonkeyPatch, short: bool
) -> None:
    way = Way(client_of(site, short=short))
    monkeypatch.setattr(check, "price_usage", lambda *_: 1 / 0)

    answer = way.ask("/v1/usage/check", USE)

    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")


def test_places_are_given_back_whatever_happens(site: SiteDatabase) -> None:
    way = Way(client_of(site, short=True))

    for number in range(40):
        assert way.ask(RECORD, data=b"{", key=f"{number}").status_code == 400
