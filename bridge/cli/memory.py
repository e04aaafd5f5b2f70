"""How much memory a process keeps for later."""

import ctypes
import gc

_M_ARENA_MAX = -8
_ARENAS = 2
_NEW_VALUES = 10_000


def share_arenas() -> None:
    """
    Let all threads allocate from few arenas; to be called before there are any.

    glibc gives up to eight a core, and each keeps what its threads have freed. Python's lock lets
    one thread allocate at a time anyway. Other C libraries have no such thing, and no `mallopt`.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def look_for_cycles_from_now_on() -> None:
    """
    Look for values that refer to each other in a circle again, now that the command is loaded.

    Loading makes none; looking for them again and again meanwhile took a sixth of its time.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def look_for_cycles_less_often() -> None:
    """
    Let values that refer to each other in a circle be looked for less; all is loaded by now.

    Hardly any are made here, and all others are freed at once. But whatever is alive is looked
    through for them each 700 new values, of which a batch has tens of thousands: a seventh to a
    fifth of its time. What a process is made of will never be garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_VALUES, *gc.get_threshold()[1:])
