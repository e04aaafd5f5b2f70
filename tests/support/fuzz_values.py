"""Values that programs trip over, and good values with something wrong put into them."""

import copy
import json
import random
from typing import Any

TEXTS: tuple[str, ...] = (
    "", " ", "0", "-1", "1", "00", "+5", "1e3", "1.5", "NaN", "null", "true", "١٢", "½", "²",
    "9" * 18, "9" * 19, "9" * 30, "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "\x00", "a\x00b", "\t\r\n", "\x7f", "\x85", "\u2028", "\u202e",
    "\ufeff", "\ufffe", "é", "☃", "😀", "👩‍👩‍👧‍👦", "\U0010ffff", "e\u0301", "İ", "ß",
    "'", '"', "\\", "`", "%", "%s", "%(a)s", "{p}", "{u}", "{rows}", "{0}", "{{ 7*7 }}",
    "' OR 1=1 -- ", '"; DROP TABLE wp_users; -- ', "<script>alert(1)</script>",
    "../../etc/passwd", "..", "/",
    "//evil.example", "http://[", "javascript:alert(1)", "a" * 51, "a" * 192, "ü" * 256,
    "😀" * 100, "a" * 501, "a" * 70_000, "role:", "used_chat>=", "used_chat>=-1", "used_é>=1",
    "has_balance,has_balance", ",", "=", "2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01",
    "2026-11-24T09:00:00Z", "chat-22", "chat-0", "chat-99999999999999999999", "ai_forms",
    "image_generator", "AI_FORMS", "-", "hold_" + "0" * 32, "hold_" + "G" * 32, "hold_é",
    "led_1", "csrf", "W10=", "eyJhIjoxfQ==",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, -0.0, 1, -1, 2, 7, 0.5, 1e15, 1e16, 1e308, 2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64,
    -(2**63), 10**30, 10**400,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": ""}, {"a": {"b": []}})
RAW: tuple[bytes, ...] = (
    b"", b" ", b"{", b"{}", b"[]", b"null", b"0", b'"x"', b"{]", b'{"a":1,"a":2}', b"\xff\xfe",
    b"\x00", b"\xef\xbb\xbf{}", b'{"a":"\\ud800"}', b'{"a":NaN}', b'{"a":1e400}',
    b'{"a":-Infinity}', b'{"units":1e999}', b'{"actor":{"user_id":1e2}}', b"[" * 100_000,
    b'{"a":' * 5_000, b"1" * 5_000, b'{"' + b"a" * 100_000 + b'":1}', b"a" * 1_100_000,
    b"csrf=%ff&=%00&%=%zz", b"a&b&c=&=;",
)  # fmt: skip


def anything(chance: random.Random) -> Any:
    """Return some value of JSON."""
    return copy.deepcopy(chance.choice(chance.choice((TEXTS, NUMBERS, OTHERS, (_deep(chance),)))))


def spoilt(chance: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with up to three things wrong with it."""
    body = copy.deepcopy(body)
    for _ in range(chance.choice((0, 0, 0, 1, 1, 1, 2, 3))):
        _spoil(chance, chance.choice(_objects(body)))
    return body


def spoilt_form(chance: random.Random, fields: dict[str, str]) -> dict[str, str]:
    """Return a form with some fields wrong."""
    fields = dict(fields)
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        name = chance.choice([*fields, "csrf2", chance.choice(TEXTS)])
        if chance.random() < 0.15:
            fields.pop(name, None)
        else:
            fields[name] = chance.choice(TEXTS)
    return fields


def encoded(chance: random.Random, body: object) -> bytes:
    """Return a body's JSON, which now and then is cut off, or no JSON at all."""
    roll = chance.random()
    if roll < 0.06:
        return chance.choice(RAW)
    text = json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    return text[: chance.randrange(len(text) + 1)] if roll < 0.1 else text


def _objects(value: Any) -> list[Any]:
    """Return all objects and lists within a value, itself first."""
    found = [value]
    inner = value.values() if isinstance(value, dict) else value
    for one in inner:
        if isinstance(one, dict | list):
            found += _objects(one)
    return found


def _spoil(chance: random.Random, spot: Any) -> None:
    if isinstance(spot, list):
        if spot and chance.random() < 0.5:
            spot[chance.randrange(len(spot))] = anything(chance)
        else:
            spot.append(anything(chance))
        return
    name = chance.choice([*spot, chance.choice(TEXTS)])
    if chance.random() < 0.2:
        spot.pop(name, None)
    else:
        spot[name] = anything(chance)


def _deep(chance: random.Random) -> Any:
    """Return lists and objects within each other, some of them hundreds deep."""
    value: Any = chance.choice(TEXTS)
    for number in range(chance.choice((1, 15, 16, 17, 32, 400))):
        value = {str(number): value} if chance.random() < 0.5 else [value]
    return value
