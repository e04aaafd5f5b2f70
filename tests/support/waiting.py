"""Waiting for something that happens elsewhere: until it is so, and never for ever."""

import time
from collections.abc import Callable


def wait_until(
    is_so: Callable[[], object],
    otherwise: str | Callable[[], str],
    *,
    timeout_s: float = 30,
    pause_s: float = 0.05,
) -> None:
    """
    Look again and again until *is_so* gives something true.

    Args:
        is_so: The look.
        otherwise: What the failure says after *timeout_s*; a function is asked only then.
        timeout_s: More than it can take on a busy machine: a test that passes does not wait so
            long.
        pause_s: Between two looks.
    """
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(pause_s)
