"""PHP-serialized values of WordPress, by a library that refuses objects."""

from typing import Any

import phpserialize


def unserialize(text: str | None) -> Any:
    """
    Return the value in *text*, or None where it holds none that can be read.

    Arrays become dicts, texts `str`. Objects are refused: the bridge needs none, and making
    one out of stored text is how such data gets to run code.
    """
    if not text:
        return None
    return _load(text, decode_strings=True)


def unserialize_exactly(text: str) -> Any:
    """
    Return the value in *text*, texts as bytes, if `serialize` would make the same text of it.

    Otherwise None: to write the value back would lose something (an object, a reference, a
    float's own digits).
    """
    value = _load(text, decode_strings=False)
    return value if value is not None and serialize(value) == text else None


def serialize(value: object) -> str:
    """Return *value* as PHP's `serialize` writes it."""
    return str(phpserialize.dumps(value).decode())


def _load(text: str, *, decode_strings: bool) -> Any:
    try:
        return phpserialize.loads(
            text.encode(), decode_strings=decode_strings, object_hook=_refuse
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _refuse(name: object, _: object) -> None:
    raise ValueError(f"refused an object of class {name!r}")
