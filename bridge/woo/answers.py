"""
Bodies of answers into JSON: what can be read in one way only is read.

WordPress sites put a byte order mark or blank lines before it (a file of a theme begins with
them), and PHP encodes an array whose keys have gaps as an object.
"""

import html
import json
import re
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

import requests

from bridge.domain.ids import whole_number
from bridge.woo.errors import ShopError, ShopFault

Json = dict[str, Any]

_BEFORE_JSON = "\ufeff \t\r\n\0"
_TAGS = re.compile(r"<[^>]*>")
_SECRETS = re.compile(r"\b(?:[cC][kKsS]_\w+|\w*(?:oauth|consumer)_\w+=\S*)")
_LONGEST_MESSAGE = 200


def read_list(response: requests.Response) -> list[Any]:
    """Return a list's items; any of them may be something else than an object."""
    items = as_list(read_json(response))
    if items is None:
        raise ShopError(ShopFault.NOT_JSON, "JSON, but no list")
    return items


def read_objects(response: requests.Response) -> list[Json]:
    """Return a list's items, which must be objects."""
    items = read_list(response)
    if not all(isinstance(item, dict) for item in items):
        raise ShopError(ShopFault.NOT_JSON, "JSON, but no list of objects")
    return items


def read_object(response: requests.Response) -> Json:
    """Return an object."""
    value = read_json(response)
    if not isinstance(value, dict):
        raise ShopError(ShopFault.NOT_JSON, "JSON, but no object")
    return value


def read_json(response: requests.Response) -> object:
    """Return what the body says."""
    text = response.content.decode("utf-8", "replace").strip(_BEFORE_JSON)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        kind = response.headers.get("Content-Type", "no content type")[:60]
        seen = f"{kind}, {len(response.content)} bytes that are no JSON"
        raise ShopError(ShopFault.NOT_JSON, seen) from None


def as_list(value: object) -> list[Any] | None:
    """Return an array, also one whose keys PHP has kept (`{"1": …}`); None for anything else."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping) and value and all(_is_index(key) for key in value):
        return list(value.values())
    return None


def _is_index(key: object) -> bool:
    return isinstance(key, str) and whole_number(key) is not None


def error_code(response: requests.Response) -> str:
    """Return WordPress's code of a refusal; empty where there is none."""
    return str(_refusal(response).get("code", ""))[:80]


def error_message(response: requests.Response) -> str:
    """
    Return what WordPress says of a refusal, as plain text; empty where it says nothing.

    Keys and signatures are left out: security plugins quote the address that was asked for.
    """
    text = html.unescape(_TAGS.sub(" ", str(_refusal(response).get("message") or "")))
    return shorten(_SECRETS.sub("…", text), _LONGEST_MESSAGE, placeholder=" …")


def _refusal(response: requests.Response) -> Json:
    try:
        body = read_json(response)
    except ShopError:
        return {}
    return body if isinstance(body, dict) else {}


def whole_header(response: requests.Response, name: str) -> int | None:
    """Return a header that is a whole number, else None."""
    text = response.headers.get(name, "")
    return whole_number(text)
