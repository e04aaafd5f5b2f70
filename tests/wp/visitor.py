"""A browser without JavaScript."""

import re
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


def hidden_fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes there."""
    form = page[page.index(f'{action}" method="post"') :]
    form = form[: form.index("</form>")]
    tags = [tag for tag in re.findall(r"<input[^>]*>", form) if re.search(r"type=.hidden", tag)]
    fields = {attribute(tag, "name"): attribute(tag, "value") for tag in tags}
    return {name: value for name, value in fields.items() if name}


def attribute(tag: str, name: str) -> str:
    """The value of a tag's attribute; '' if it has none."""
    found = re.search(rf"\b{name}=[\"']([^\"']*)", tag)
    return found[1].replace("&amp;", "&") if found else ""
