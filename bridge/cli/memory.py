"""How much memory a process keeps for later."""

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2


def share_arenas() -> None:
    """
    Let all threads allocate from few arenas; to be called before there are any.

    glibc gives up to eight a core, and each keeps what its threads have freed. Python's lock lets
    one thread allocate at a time anyway. Other C libraries have no such thing, and no `mallopt`.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
