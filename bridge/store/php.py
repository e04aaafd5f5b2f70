"""PHP-serialized values of WordPress, read with a library that refuses objects."""

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
    try:
        return phpserialize.loads(text.encode(), decode_strings=True, object_hook=_refuse)
    except (ValueError, TypeError, KeyError, UnicodeDecodeError, OverflowError, RecursionError):
        return None


def _refuse(name: object, _: object) -> None:
    raise ValueError(f"refused an object of class {name!r}")
