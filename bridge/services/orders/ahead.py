"""Reading ahead: the next part is read while the one before it is at work."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(parts: Iterator[T]) -> Iterator[T]:
    """Yield the parts; a thread reads one further. What it raises is raised in its place."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = reader.submit(next, parts, None)
            yield part
