"""The `woocommerce` client on kept-alive sessions, reading answers within bounds."""

import time
from collections.abc import Mapping
from threading import local
from typing import Any
from urllib.parse import urlencode

import requests
from requests.auth import HTTPBasicAuth
from woocommerce import API

from bridge.version import VERSION

_WHOLE_TIMEOUT_S = 120.0
_MAX_ANSWER_BYTES = 64 * 2**20

Json = dict[str, Any]
Params = Mapping[str, str | int]


class SessionAPI(API):  # type: ignore[misc]  # the package ships no types
    """The client, sending over one session: by default it opens a connection for each call."""

    def __init__(self, url: str, key: str, secret: str, timeout: tuple[float, float]) -> None:
        super().__init__(url, key, secret, version="wc/v3", timeout=timeout)
        self._kept = local()
        self._all: list[requests.Session] = []

    @property
    def session(self) -> requests.Session:
        """This thread's session: a session may not be shared, and the worker has few threads."""
        if not hasattr(self._kept, "session"):
            self._kept.session = requests.Session()
            self._kept.session.headers["user-agent"] = f"aipkit-bridge/{VERSION}"
            self._all.append(self._kept.session)
        session: requests.Session = self._kept.session
        return session

    def close(self) -> None:
        """Close the kept connections."""
        for session in self._all:
            session.close()

    def _API__request(  # noqa: N802  # the name that the client's get, put and post call
        self,
        method: str,
        endpoint: str,
        data: Json | None,
        params: Params | None = None,
    ) -> requests.Response:
        url = self._API__get_url(endpoint)
        signed: dict[str, Any] = {"params": params}
        if self.is_ssl:
            signed["auth"] = HTTPBasicAuth(self.consumer_key, self.consumer_secret)
        else:
            url = self._API__get_oauth_url(f"{url}?{urlencode(params or {})}", method)
            signed = {}
        answer = self.session.request(
            method,
            url,
            json=data,
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,
            **signed,
        )
        return _read_whole(answer)


def _read_whole(answer: requests.Response) -> requests.Response:
    """Read the body within bounds: the timeouts of requests do not end a trickle."""
    deadline = time.monotonic() + _WHOLE_TIMEOUT_S
    body = bytearray()
    for part in answer.iter_content(64 * 1024):
        body += part
        if len(body) > _MAX_ANSWER_BYTES or time.monotonic() > deadline:
            answer.close()
            raise requests.Timeout("the answer is too long, or takes too long")
    answer._content = bytes(body)  # what `content` and `json` read
    return answer
