"""Credentials that are nearly good ones: altered, moved, outlived, or signed by somebody else."""

import base64
import json
import random
import time
from collections.abc import Iterator
from typing import Any

import jwt

from tests.support.client import make_token
from tests.support.site import SECRET, SITE_URL

_OTHER_SECRET = "another-secret-than-the-shared-one-" * 2
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def altered(chance: random.Random, text: str) -> str:
    """Return a text with something changed that matters, wherever it stands."""
    while True:
        place = chance.randrange(len(text))
        roll = chance.random()
        if roll < 0.6:
            changed = text[:place] + chance.choice(_LETTERS) + text[place + 1 :]
        elif roll < 0.8:
            changed = text[:place] + text[place + 1 :]
        else:
            changed = text[:place] + chance.choice(_LETTERS) + text[place:]
        if _meaning(changed) != _meaning(text):
            return changed


def _meaning(text: str) -> tuple[object, ...]:
    """Return what base64 says: some letters have bits that say nothing."""
    return tuple(_bytes(part) for part in text.split("."))


def _bytes(part: str) -> object:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return part


def forged_tokens(chance: random.Random, good: str, user_id: int) -> Iterator[str]:
    """Yield tokens without end that nobody may be let in with; *good* is one that is."""
    kinds = [
        lambda: altered(chance, good),
        lambda: _resigned(chance, good),
        lambda: _unsigned(chance, good),
        lambda: _of_other_claims(chance, good, user_id),
        lambda: _torn(chance, good),
    ]
    while True:
        token = chance.choice(kinds)()
        if token != good:
            yield token


def _resigned(chance: random.Random, good: str) -> str:
    """The same claims, by another secret or algorithm."""
    claims = _claims(good)
    secret, algorithm = chance.choice(
        [
            (_OTHER_SECRET, "HS256"),
            (SECRET, "HS384"),
            (SECRET, "HS512"),
            (SECRET[:-1] * 2, "HS256"),
        ]
    )
    headers = chance.choice([None, {"kid": "../../dev/null"}, {"jku": "http://127.0.0.1/"}])
    claims["iat"] -= chance.randrange(30)
    return jwt.encode(claims, secret, algorithm=algorithm, headers=headers)


def _unsigned(chance: random.Random, good: str) -> str:
    algorithm = chance.choice(["none", "None", "NONE", "HS256", "", "RS256", None])
    header = _encoded({"alg": algorithm, "typ": "JWT"})
    payload = _encoded({**_claims(good), "sub": str(chance.randrange(1, 10**6))})
    ending = chance.choice(["", good.rpartition(".")[2], _encoded(""), "AAAA"])
    return f"{header}.{payload}.{ending}"


def _of_other_claims(chance: random.Random, good: str, user_id: int) -> str:
    """Signed well, and yet not to be believed."""
    now = int(time.time())
    late, early = chance.randrange(40, 10**6), chance.randrange(40, 10**6)
    wrong: list[dict[str, Any]] = [
        {"exp": now - late, "iat": now - late - 60},
        {"exp": now + early + 60, "iat": now + early},
        {"exp": now + 121 + late, "iat": now},
        {"iat": str(now)}, {"exp": None}, {"iat": None}, {"iss": None}, {"aud": None},
        {"sub": None},
        {"iss": f"{SITE_URL}.evil.example"}, {"iss": "https://shop.example"}, {"iss": [SITE_URL]},
        {"aud": [_claims(good)["aud"]]}, {"aud": f"aipkit-bridge/{late}"}, {"aud": ""},
        {"sub": user_id}, {"sub": f"-{user_id}"}, {"sub": f"{user_id} "}, {"sub": f"{user_id}.0"},
        {"sub": "9" * 21}, {"sub": "٧"}, {"sub": ["1"]}, {"nbf": now + early},
        {"exp": float("1e400")}, {"exp": now, "iat": now}, {"exp": now - 1, "iat": now},
    ]  # fmt: skip
    claims = {**_claims(good), **chance.choice(wrong)}
    kept = {name: value for name, value in claims.items() if value is not None}
    return _signed(kept)


def _torn(chance: random.Random, good: str) -> str:
    head, payload, signature = good.split(".")
    forms = [
        f"{head}.{payload}", f"{head}.{payload}.", f".{payload}.{signature}", "..", f"{good}.x",
        f"{payload}.{head}.{signature}", f"{head}.{payload}.{signature}{signature}", good[::-1],
        good[: chance.randrange(1, len(good) - 8)], f"{head}.{payload}.{signature[::-1]}",
    ]  # fmt: skip
    return chance.choice(forms)


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _signed(claims: dict[str, Any]) -> str:
    """As `jwt.encode`, which refuses some of these claims itself."""
    api = jwt.PyJWS()
    return api.encode(
        json.dumps(claims).encode(), SECRET, algorithm="HS256", headers={"typ": "JWT"}
    )


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def api_token(user_id: int) -> str:
    """Return a good one."""
    return make_token(user_id, "fragment usage read hint")
