"""The configuration as the status page shows it: every key, no secret."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import SecretStr

from bridge.config import ApiKey, Settings, Webhook
from bridge.domain.instants import rfc3339
from bridge.web.http.formatting import mark
from bridge.web.http.values import without_query

_NOTHING = "–"


def shown_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Return each key with what people may see of its value."""
    for section, values in settings:
        if isinstance(values, list):
            yield section, _text(values)
            continue
        for key, value in values:
            yield f"{section}.{key}", _text(value)


def _text(value: object) -> str:
    match value:
        case SecretStr():
            return mark("set, not shown") if value.get_secret_value() else _NOTHING
        case ApiKey():
            return f"{value.name} ({', '.join(value.scopes) or 'no scope'})"
        case Webhook():
            return f"{without_query(value.url)} ({', '.join(value.events)})"
        case bool():
            return mark("true") if value else mark("false")
        case datetime():
            return rfc3339(value)
        case list():
            return ", ".join(_text(item) for item in value) or _NOTHING
    return str(value) if value not in (None, "") else _NOTHING
