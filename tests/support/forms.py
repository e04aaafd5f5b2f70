"""Forms of the admins' screens, filled in as a browser would."""

from html.parser import HTMLParser

_TICKED = ("checkbox", "radio")


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), {}))
        elif tag == "select":
            self._select = found["name"]
        elif not self.forms:
            return  # suggestions before the first form
        elif tag == "option" and (
            "selected" in found or self._select not in self.forms[-1][1]
        ):  # the first one until another is selected
            self.forms[-1][1][self._select] = found["value"]
        elif tag == "input" and "name" in found and _is_sent(found):
            self.forms[-1][1][found["name"]] = found.get("value", "")


def _is_sent(field: dict[str, str]) -> bool:
    return field.get("type") not in _TICKED or "checked" in field


def form_on(page: str, action: str, number: int = 0) -> dict[str, str]:
    """Return what a browser would send of a page's form if nobody typed anything."""
    parser = _Forms()
    parser.feed(page)
    return [fields for address, fields in parser.forms if address.endswith(action)][number]
