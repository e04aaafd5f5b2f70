"""Requests to WooCommerce's REST API: signed, on kept-alive sessions, read within bounds."""

import time
from collections.abc import Mapping
from threading import local
from typing import Any
from urllib.parse import urlencode

import requests
from requests.auth import HTTPBasicAuth
from woocommerce.oauth import OAuth

from bridge.version import VERSION

_API = "wc/v3"
_WHOLE_TIMEOUT_S = 120.0
_MAX_ANSWER_BYTES = 64 * 2**20

Json = dict[str, Any]
Params = Mapping[str, str | int]


class ShopSession:
    """
    Sends to one shop.

    The `woocommerce` package signs; its client is not used, since it opens a connection for each
    call, follows redirects and reads without an end.
    """

    def __init__(self, url: str, key: str, secret: str, timeout: tuple[float, float]) -> None:
        """Connect to nothing yet. *timeout* in seconds: to connect, and between two bytes."""
        self._root = f"{url.rstrip('/')}/wp-json/{_API}"
        self._key = key
        self._secret = secret
        self._timeout = timeout
        self._kept = local()
        self._all: list[requests.Session] = []

    @property
    def _session(self) -> requests.Session:
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

    def send(
        self, method: str, endpoint: str, *, params: Params | None = None, body: Json | None = None
    ) -> requests.Response:
        """
        Send one request, by https with the key itself, else signed by it; return the answer.

        Raises:
            requests.RequestException: There is no whole answer. Its text may hold the signature.
        """
        url = f"{self._root}/{endpoint}"
        if params:
            url += f"?{urlencode(params)}"
        auth = None
        if url.lower().startswith("https:"):
            auth = HTTPBasicAuth(self._key, self._secret)
        else:
            # As the address is configured: requests spells it otherwise, and the shop checks the
            # signature of the address that WordPress has.
            url = OAuth(url, self._key, self._secret, version=_API, method=method).get_oauth_url()
        answer = self._session.request(
            method,
            url,
            json=body,
            auth=auth,
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
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
