"""Proven tokens are remembered, and prove no more than they did."""

from flask.testing import FlaskClient

from bridge.web.http.proven_tokens import _KEPT, ProvenTokens
from tests.support.client import bearer, make_token
from tests.support.site import USERS

ALICE = USERS["alice"]
LATER = float("inf")


def test_a_token_is_known_until_it_ends() -> None:
    tokens = ProvenTokens[str]()
    tokens.keep("good", "alice", LATER)
    tokens.keep("ended", "alice", 0.0)

    assert tokens.find("good") == "alice"
    assert tokens.find("ended") is None
    assert tokens.find("other") is None


def test_the_oldest_is_forgotten() -> None:
    tokens = ProvenTokens[int]()
    for number in range(_KEPT + 1):
        tokens.keep(str(number), number, LATER)

    assert tokens.find("0") is None
    assert tokens.find("1") == 1
    assert tokens.find(str(_KEPT)) == _KEPT


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
