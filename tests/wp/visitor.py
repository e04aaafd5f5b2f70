"""A browser without JavaScript."""

from typing import Any, Self

import requests

TIMEOUT_SECONDS = 60


class Visitor:
    """Keeps cookies; addresses may be relative to the site's."""

    def __init__(self, site_url: str) -> None:
        self.site_url = site_url
        self.http = requests.Session()
        self.http.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, address: str, **arguments: Any) -> requests.Response:
        """Fetches a page."""
        return self.http.get(self._full(address), timeout=TIMEOUT_SECONDS, **arguments)

    def post(self, address: str, form: dict[str, str], **arguments: Any) -> requests.Response:
        """Sends a form."""
        return self.http.post(self._full(address), data=form, timeout=TIMEOUT_SECONDS, **arguments)

    def _full(self, address: str) -> str:
        return address if address.startswith("http") else self.site_url + address
