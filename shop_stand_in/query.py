"""The query of a request, as PHP and WordPress read it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from urllib.parse import unquote_plus

from shop_stand_in.errors import RestError
from shop_stand_in.state import OrderQuery, ShopState
from shop_stand_in.types import Json

ORDER_BY = ("date", "id", "include", "title", "slug", "modified")


def php_query(raw: str) -> Json:
    """Read a query string into what PHP's $_GET would hold.

    Of a name given twice the last one wins (the `woocommerce` client sends each parameter twice
    over http), `a[]=1&a[]=2` and `a[k]=1` are arrays.
    """
    found: Json = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        match = re.fullmatch(r"([^\[]+)((?:\[[^\]]*\])*).*", unquote_plus(name).lstrip(" "))
        if match:
            place: Json = found
            key = re.sub(r"[ .]", "_", match[1])
            for deeper in re.findall(r"\[([^\]]*)\]", match[2]):
                if not isinstance(place.get(key), dict):
                    place[key] = {}
                place = place[key]
                key = deeper or str(len(place))
            place[key] = unquote_plus(value)
    return found


def as_list(value: object) -> list[str]:
    """WordPress' reading of a list parameter: an array, or text with commas or spaces."""
    parts = value.values() if isinstance(value, dict) else re.split(r"[\s,]+", str(value))
    return [str(part) for part in parts if part != ""]


def _words(names: Iterable[str]) -> str:
    *first, last = names
    comma = "," if len(first) > 1 else ""
    return f"{', '.join(first)}{comma} and {last}"


@dataclass
class Params:
    """Checks query parameters as WordPress' schema validation words its refusals."""

    raw: Json
    problems: dict[str, tuple[str, str]] = field(default_factory=dict)

    def integer(self, name: str, default: int, low: int, high: int | None = None) -> int:
        """A whole number from *low* to *high*."""
        text = str(self.raw.get(name, default))
        if not re.fullmatch(r"[+-]?\d+", text):
            self.problems[name] = ("rest_invalid_type", f"{name} is not of type integer.")
            return default
        if high is not None and not low <= int(text) <= high:
            words = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
            self.problems[name] = ("rest_out_of_bounds", words)
        elif int(text) < low:
            words = f"{name} must be greater than or equal to {low}"
            self.problems[name] = ("rest_out_of_bounds", words)
        return int(text)

    def choice(self, name: str, choices: Iterable[str], default: str) -> str:
        """One of *choices*."""
        value = str(self.raw.get(name, default))
        self._enum(name, name, value, choices)
        return value

    def choices(self, name: str, choices: Iterable[str], default: str) -> tuple[str, ...]:
        """Any of *choices*, as a list."""
        values = as_list(self.raw.get(name, default))
        for place, value in enumerate(values):
            self._enum(name, f"{name}[{place}]", value, choices)
        return tuple(values) or (default,)

    def _enum(self, name: str, label: str, value: str, choices: Iterable[str]) -> None:
        if value not in choices:
            words = f"{label} is not one of {_words(choices)}."
            self.problems.setdefault(name, ("rest_not_in_enum", words))

    def flag(self, name: str) -> bool:
        """A boolean, absent = false."""
        value = str(self.raw.get(name, "false")).lower()
        if value not in ("true", "false", "1", "0", ""):
            self.problems[name] = ("rest_invalid_type", f"{name} is not of type boolean.")
        return value in ("true", "1")

    def ids(self, name: str) -> tuple[int, ...]:
        """A list of ids."""
        texts = as_list(self.raw.get(name, ""))
        for place, text in enumerate(texts):
            if not text.isdecimal():
                words = f"{name}[{place}] is not of type integer."
                self.problems.setdefault(name, ("rest_invalid_type", words))
        return tuple(int(text) for text in texts if text.isdecimal())

    def moment(self, name: str, zone: tzinfo, *, gmt: bool) -> str | None:
        """A date, as the GMT text that the comparison amounts to; see `gmt_bound`."""
        text = self.raw.get(name)
        if text is None:
            return None
        try:
            return gmt_bound(str(text), zone, gmt=gmt)
        except ValueError:
            self.problems[name] = ("rest_invalid_date", "Invalid date.")
            return None

    def check(self) -> None:
        """Refuse the request if anything was wrong."""
        if self.problems:
            details = {
                name: {"code": code, "message": message, "data": None}
                for name, (code, message) in self.problems.items()
            }
            messages = {name: message for name, (_, message) in self.problems.items()}
            wrong = f"Invalid parameter(s): {', '.join(self.problems)}"
            raise RestError(400, "rest_invalid_param", wrong, params=messages, details=details)


def gmt_bound(text: str, zone: tzinfo, *, gmt: bool) -> str:
    """
    Turn a date parameter into the GMT time that WooCommerce ends up comparing with.

    A time with an offset, `Z` too, is first converted to the site's zone and loses its offset.
    With *gmt* (`dates_are_gmt`) what is left is compared with the GMT column: a `Z` then moves
    the bound by the zone's offset, and east of Greenwich orders are skipped. Without, it is
    compared with the site's local time.
    """
    if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", text, re.IGNORECASE):
        raise ValueError(text)
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo:
        moment = moment.astimezone(zone)
    moment = moment.replace(tzinfo=None, microsecond=0)
    if not gmt:
        moment = moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat()


def order_query(raw: Json, state: ShopState) -> OrderQuery:
    """Check the parameters of `GET orders`; raises the 400 that WordPress answers."""
    params = Params(raw)
    per_page = params.integer("per_page", 10, 1, 100)
    page = params.integer("page", 1, 1)
    gmt = params.flag("dates_are_gmt")
    dates = {
        name: params.moment(name, state.zone, gmt=gmt)
        for name in ("modified_after", "modified_before", "after", "before")
    }
    query = OrderQuery(
        statuses=params.choices("status", ("any", "trash", "auto-draft", *state.statuses), "any"),
        per_page=per_page,
        start=params.integer("offset", max(0, page - 1) * per_page, 0),
        orderby=params.choice("orderby", ORDER_BY, "date"),
        descending=params.choice("order", ("asc", "desc"), "desc") == "desc",
        modified=(dates["modified_after"], dates["modified_before"]),
        created=(dates["after"], dates["before"]),
        include=params.ids("include"),
        exclude=frozenset(params.ids("exclude")),
        customer=params.integer("customer", 0, 0) if "customer" in raw else None,
    )
    params.check()
    return query
