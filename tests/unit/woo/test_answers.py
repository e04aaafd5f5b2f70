"""What is read of the shop's refusals."""

import pytest
import requests

from bridge.woo.answers import error_message


def refusal(body: str) -> requests.Response:
    response = requests.Response()
    response.status_code = 401
    response._content = body.encode()  # what a transport would have read
    return response


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"code": "x", "message": "Consumer key is invalid."}', "Consumer key is invalid."),
        ('{"message": "<b>No&nbsp;way</b>\\n in"}', "No way in"),
        ('{"message": null}', ""),
        ('{"message": ["a"]}', "['a']"),
        ("[]", ""),
        ("<html>", ""),
    ],
)
def test_the_shops_own_words_are_plain_text(body: str, said: str) -> None:
    assert error_message(refusal(body)) == said


def test_long_words_are_cut() -> None:
    said = error_message(refusal('{"message": "' + "word " * 100 + '"}'))

    assert len(said) <= 200
    assert said.endswith("word …")


@pytest.mark.parametrize(
    "secret",
    [
        "ck_0123456789abcdef",
        "cs_0123456789abcdef",
        "oauth_signature=Zm9v%2B",
        "consumer_secret=x9",
    ],
)
def test_keys_and_signatures_in_them_are_left_out(secret: str) -> None:
    said = error_message(refusal('{"message": "Blocked: /orders?a=1&' + secret + '&b=2"}'))

    assert secret not in said
    assert said.startswith("Blocked: /orders?a=1&…")
