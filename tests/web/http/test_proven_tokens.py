"""Proven tokens are remembered, and prove no more than they did."""

from flask.testing import FlaskClient

from bridge.services.callers import MOST_KEPT, Caller, ProvenTokens
from tests.support.apps import create_app
from tests.support.client import bearer, make_token
from tests.support.site import USERS, SiteDatabase

ALICE = USERS["alice"]
LATER = float("inf")
SOMEBODY = Caller("wordpress:1", frozenset({"read"}), 1)


def test_a_token_is_known_until_it_ends() -> None:
    tokens = ProvenTokens()
    tokens.keep("good", SOMEBODY, LATER)
    tokens.keep("ended", SOMEBODY, 0.0)

    assert tokens.find("good") == SOMEBODY
    assert tokens.find("ended") is None
    assert tokens.find("other") is None


def test_of_too_many_those_that_were_not_asked_for_are_forgotten() -> None:
    tokens = ProvenTokens()
    for number in range(MOST_KEPT):
        tokens.keep(str(number), SOMEBODY, LATER)
    assert tokens.find("0")

    tokens.keep("one more", SOMEBODY, LATER)

    assert tokens.find("0")
    assert tokens.find("1") is None
    assert tokens.find("one more")


def test_what_is_known_is_known_to_the_bridge_and_to_no_other(site: SiteDatabase) -> None:
    bridge, other = site.bridge(), site.bridge()
    token = make_token(ALICE, "read")

    answer = create_app(bridge).test_client().get(f"/v1/accounts/{ALICE}", headers=bearer(token))

    assert answer.status_code == 200
    known = bridge.proven_tokens.find(token)
    assert known is not None
    assert known.user_id == ALICE
    assert other.proven_tokens.find(token) is None


def test_what_differs_from_a_known_token_is_proven_afresh(client: FlaskClient) -> None:
    url = f"/v1/accounts/{ALICE}"
    token = make_token(ALICE, "read")
    head, _, signature = token.rpartition(".")
    forged = f"{head}.{signature[::-1]}"

    answers = [
        client.get(url, headers=bearer(one)).status_code
        for one in (token, token, forged, make_token(ALICE, "fragment"), token)
    ]

    assert answers == [200, 200, 401, 403, 200]


def test_a_known_token_is_still_for_its_own_user_only(client: FlaskClient) -> None:
    token = make_token(ALICE, "read")
    assert client.get(f"/v1/accounts/{ALICE}", headers=bearer(token)).status_code == 200

    other = client.get(f"/v1/accounts/{USERS['bob']}", headers=bearer(token))

    assert other.status_code == 403
