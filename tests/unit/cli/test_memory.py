"""Threads allocate from few arenas; what is alive is seldom looked through for garbage."""

import gc
import subprocess
import sys

import pytest

from bridge.cli.memory import look_for_cycles_from_now_on

_COUNT = """
import ctypes, threading
from bridge.cli.memory import share_arenas
if {shared}:
    share_arenas()
libc = ctypes.PyDLL(None)
libc.fdopen.restype = ctypes.c_void_p
all_are_there = threading.Barrier(12)
def work():
    libc.malloc(1000)
    all_are_there.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.parametrize(("shared", "most"), [(True, 2), (False, 99)])
def test_threads_share_two_arenas(shared: bool, most: int) -> None:
    program = [sys.executable, "-c", _COUNT.format(shared=shared)]
    told = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    arenas = told.count("<heap nr=")

    assert 1 <= arenas <= most
    assert shared or arenas > 2, "glibc gives each thread its own, unless it is told"


_LOOK = """
import gc, weakref
from bridge.cli.memory import look_for_cycles_less_often
class Circle: pass
def make_circle():
    circle = Circle()
    circle.me = circle
    return weakref.ref(circle)
look_for_cycles_less_often()
looked = []
gc.callbacks.append(lambda phase, _: looked.append(phase) if phase == "start" else None)
circle = make_circle()
values = [[] for _ in range(9_000)]
print(len(looked), circle() is not None, end=" ")
values += [[] for _ in range(3_000)]
print(len(looked), circle() is None)
"""


def test_garbage_is_looked_for_after_ten_thousand_values() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == ["0", "True", "1", "True"]


def test_garbage_is_looked_for_once_all_is_loaded() -> None:
    """`python -m bridge` begins without."""
    gc.disable()

    look_for_cycles_from_now_on()

    assert gc.isenabled()
