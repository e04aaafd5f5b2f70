"""Threads allocate from few arenas, so that what one has freed another can use."""

import subprocess
import sys

import pytest

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
