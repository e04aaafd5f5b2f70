"""Waiting for a service that was just started: for that one, whoever else may answer there."""

import secrets
from http import HTTPStatus

import requests

_PATIENCE_S = 5


def new_instance() -> str:
    """Return an id for `serve --instance`."""
    return secrets.token_hex(8)


def is_up(ready_url: str, instance: str | None) -> bool:
    """Say whether a server answers well there; a bridge (*instance*) must be the one meant."""
    try:
        answer = requests.get(ready_url, timeout=_PATIENCE_S)
    except requests.RequestException:
        return False
    if answer.status_code != HTTPStatus.OK:
        return False
    return instance is None or answer.json().get("instance") == instance
