"""A thousand forged or altered tokens, links, webhooks and cookies: none is accepted."""

import base64
import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import islice

import pytest
from flask.testing import FlaskClient

from bridge.cli.admin_link import make_link
from bridge.services.sign_in import csrf_token, sign_out
from bridge.wiring import Bridge
from tests.support.admin import ADMIN, COOKIE, new_session
from tests.support.apps import create_app
from tests.support.client import API_KEY, WEBHOOK_SECRET, api_key, bearer
from tests.support.forgeries import altered, api_token, forged_tokens
from tests.support.site import USERS, SiteDatabase
from tests.support.webhooks import signature_of
from tests.support.written import Written

ALICE, EACH = USERS["alice"], 200


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge(
        security=api_key("read", "usage", "admin"),
        woocommerce={"webhook_secret": WEBHOOK_SECRET},
    )


@pytest.fixture
def client(bridge: Bridge) -> FlaskClient:
    return create_app(bridge).test_client(use_cookies=False)


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def written(site: SiteDatabase, bridge: Bridge) -> Written:
    written = Written(site)
    written.changes()
    return written


@pytest.mark.parametrize("path", [f"/v1/accounts/{ALICE}", "/v1/fragments/token-usage"])
def test_no_forged_token_is_let_in(client: FlaskClient, chance: random.Random, path: str) -> None:
    """Also where the good one is remembered as proven."""
    good = api_token(ALICE)
    assert client.get(path, headers=bearer(good)).status_code == 200

    for forged in islice(forged_tokens(chance, good, ALICE), EACH):
        assert client.get(path, headers=bearer(forged)).status_code == 401, forged

    assert client.get(path, headers=bearer(good)).status_code == 200


def test_no_forged_key_is_let_in(client: FlaskClient, chance: random.Random) -> None:
    path = f"/v1/accounts/{ALICE}"
    assert client.get(path, headers=bearer(API_KEY)).status_code == 200
    digest = hashlib.sha256(API_KEY.encode()).hexdigest()
    forged = [digest, digest.upper(), API_KEY.upper(), f"{API_KEY}\u00a0", "*", "%", "null"]
    forged += [altered(chance, API_KEY) for _ in range(EACH - len(forged))]

    for key in forged:
        headers = {"Authorization": f"Bearer {key}".encode().decode("latin1")}
        assert client.get(path, headers=headers).status_code == 401, key


def test_no_forged_link_signs_in(
    bridge: Bridge, client: FlaskClient, chance: random.Random, written: Written
) -> None:
    good = make_link(bridge.settings, ADMIN).partition("token=")[2]
    spent = make_link(bridge.settings, ADMIN).partition("token=")[2]
    assert client.post("/admin/login", data={"token": spent}).status_code == 303
    written.changes()
    others = [spent, api_token(ADMIN), make_link(bridge.settings, ALICE).partition("token=")[2]]

    for forged in [*others, *islice(forged_tokens(chance, good, ADMIN), EACH)]:
        answer = client.post("/admin/login", data={"token": forged})
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False), forged

    assert written.changes() == set()
    assert client.post("/admin/login", data={"token": good}).status_code == 303


def test_no_forged_delivery_is_taken(
    site: SiteDatabase, client: FlaskClient, chance: random.Random, written: Written
) -> None:
    body = json.dumps({"id": 4711, "status": "completed"}).encode()
    good = signature_of(body, WEBHOOK_SECRET)
    digest = base64.b64decode(good)
    others: list[Callable[[], tuple[bytes, str]]] = [
        lambda: (body, altered(chance, good.rstrip("="))),
        lambda: (altered(chance, body.decode()).encode(), good),
        lambda: (body + chance.choice((b" ", b"\n", b"\0")), good),
        lambda: (body, signature_of(body, altered(chance, WEBHOOK_SECRET))),
        lambda: (
            body,
            chance.choice(("", digest.hex(), f"{good} ", good[::-1], f"sha256={good}")),
        ),
        lambda: (body, base64.b64encode(hmac.digest(b"", body, "sha256")).decode()),
        lambda: (b"", chance.choice((good, signature_of(b"", "")))),
    ]

    statuses: Counter[int] = Counter()
    for number in range(EACH):
        sent, signature = others[number % len(others)]()
        headers = {"X-WC-Webhook-Signature": signature, "Content-Type": "application/json"}
        answer = client.post("/webhooks/woocommerce", data=sent, headers=headers)
        statuses[answer.status_code] += 1

    assert statuses == {401: EACH}
    assert written.changes() == set()
    assert site.order(4711) is None


def test_no_forged_cookie_or_form_is_believed(
    bridge: Bridge, client: FlaskClient, chance: random.Random
) -> None:
    good, ended = new_session(bridge), new_session(bridge, ADMIN, "another-token")
    sign_out(bridge.db, ended)
    stolen = hashlib.sha256(good.encode()).hexdigest()  # what the database has
    forged = [ended, stolen, "", "null", good.upper(), good[:-1], f"{good}=", f"{ADMIN}"]
    forged += [altered(chance, good) for _ in range(EACH // 2)]
    tokens = [csrf_token(ended), csrf_token(""), "", good, stolen]
    tokens += [altered(chance, csrf_token(good)) for _ in range(EACH // 2)]

    for secret in forged:
        headers = {"Cookie": f"{COOKIE}={secret}"}
        assert client.get("/admin/credits", headers=headers).status_code == 401, secret
        data = {"csrf": csrf_token(secret)}
        assert client.post("/admin/poll", headers=headers, data=data).status_code == 401, secret
    for csrf in tokens:
        headers = {"Cookie": f"{COOKIE}={good}"}
        answer = client.post("/admin/poll", headers=headers, data={"csrf": csrf})
        assert answer.status_code == 403, csrf
    assert client.get("/admin/credits", headers={"Cookie": f"{COOKIE}={good}"}).status_code == 200
