"""One call over HTTP: sent again, with the same key, when what went wrong may pass."""

import logging
import random
import re
from collections.abc import Callable
from typing import TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from bridge.client.bodies import Json
from bridge.client.errors import ApiError, Unavailable, error_of
from bridge.version import VERSION

log = logging.getLogger(__name__)

TRIES = 4
FIRST_PAUSE_S = 0.2
MAX_RETRY_AFTER_S = 5.0
KEPT_CONNECTIONS = 32

Read = TypeVar("Read")

_LOST = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class _Bearer(AuthBase):
    """The API key. As `auth`, it also keeps requests from taking another one out of a netrc."""

    def __init__(self, api_key: str) -> None:
        self._header = f"Bearer {api_key}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


def make_session() -> requests.Session:
    """Return a session that threads may share, and that the environment does not change."""
    session = requests.Session()
    session.trust_env = False
    adapter = HTTPAdapter(pool_maxsize=KEPT_CONNECTIONS)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class Transport:
    """Sends to one bridge."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float,
        session: requests.Session,
        sleep: Callable[[float], None],
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ValueError("base_url: must begin with http:// or https://")
        if not re.fullmatch("[!-~]+", api_key):
            raise ValueError("api_key: must be printable ASCII, without spaces and line ends")
        self._base_url = base_url.rstrip("/")
        self._auth = _Bearer(api_key)
        self._timeout_s = timeout_s
        self._session = session
        self._sleep = sleep

    def call(
        self,
        method: str,
        path: str,
        read: Callable[[Json], Read],
        body: Json | None = None,
        *,
        key: str | None = None,
    ) -> Read:
        """
        Return what *read* makes of the answer.

        Raises:
            Denied, ApiError: The bridge said so; sent once.
            Unavailable: After the last try.
        """
        for tried in range(1, TRIES):
            try:
                return self._call_once(method, path, read, body, key)
            except Unavailable as error:
                log.info("%s %s: %s; trying again", method, path, error)
                jitter = random.uniform(0, FIRST_PAUSE_S * 2**tried)  # noqa: S311  # no secret
                self._sleep(min(error.retry_after_s, MAX_RETRY_AFTER_S) + jitter)
        return self._call_once(method, path, read, body, key)

    def _call_once(
        self,
        method: str,
        path: str,
        read: Callable[[Json], Read],
        body: Json | None,
        key: str | None,
    ) -> Read:
        try:
            return _parsed(self._send(method, path, body, key), read)
        except Unavailable as error:
            error.idempotency_key = key
            raise

    def _send(
        self, method: str, path: str, body: Json | None, key: str | None
    ) -> requests.Response:
        headers = {"User-Agent": f"aipkit-bridge-client/{VERSION}", "Accept": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            return self._session.request(
                method,
                self._base_url + path,
                json=body,
                headers=headers,
                auth=self._auth,
                timeout=self._timeout_s,
                allow_redirects=False,  # a redirected POST becomes a GET
            )
        except _LOST as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error


def _parsed(response: requests.Response, read: Callable[[Json], Read]) -> Read:
    status, body = response.status_code, _json_object(response)
    try:
        if 200 <= status < 300:
            return read(body)
        error = error_of(status, {"detail": _unexplained(response), **body})
    except (KeyError, TypeError, ValueError) as wrong:
        raise ApiError(_unexplained(response), status=status) from wrong
    if isinstance(error, Unavailable):
        error.retry_after_s = _retry_after_s(response)
    raise error


def _json_object(response: requests.Response) -> Json:
    """Return the body; {} if it is something else."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _unexplained(response: requests.Response) -> str:
    kind = response.headers.get("Content-Type", "nothing")
    return f"The answer ({kind}) is not the bridge's; is base_url right?"


def _retry_after_s(response: requests.Response) -> float:
    """Return what the header asks for in seconds; a date is left alone."""
    text = response.headers.get("Retry-After", "")
    return float(text) if re.fullmatch("[0-9]{1,9}", text) else 0.0
