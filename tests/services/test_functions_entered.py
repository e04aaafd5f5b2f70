"""
How many functions an order and a use pass through: a reader who follows one has to read them all.

The limits are what was counted when they were set, and a little room. Whoever passes one has made
a path longer: either it can be made shorter, or the limit is raised and the commit says what for.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import bridge
from tests.support.site import SiteDatabase
from tests.support.spending import Desk
from tests.support.world import ALICE, SMALL_CREDITS, World

PACKAGE = Path(bridge.__file__).parent
POLLED_ORDER = 340  # 335 on 28 November 2026, since orders are booked in groups
RECORDED_USE = 190  # 183 on 28 November 2026, of an account that has its rows


def functions_entered(act: Callable[[], object]) -> set[str]:
    """
    Return the package's functions that this thread enters meanwhile, as `module: name`.

    Lambdas and comprehensions are parts of the function that they stand in.
    """
    entered: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        path = Path(code.co_filename)
        if event == "call" and not code.co_name.startswith("<") and PACKAGE in path.parents:
            entered.add(f"{path.relative_to(PACKAGE)}: {code.co_qualname}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return entered


def report(entered: set[str]) -> str:
    return f"{len(entered)} functions:\n" + "\n".join(sorted(entered))


def test_a_poll_that_grants_an_order_enters_few_functions(world: World) -> None:
    order = world.order()

    entered = functions_entered(world.poll)

    assert world.site.booked(order) == SMALL_CREDITS
    assert world.site.balance(ALICE) >= SMALL_CREDITS
    assert len(entered) <= POLLED_ORDER, report(entered)


def test_a_recorded_use_enters_few_functions(site: SiteDatabase) -> None:
    desk = Desk(site)
    desk.record(units=3)  # which makes the application, and fills what is kept between uses

    entered = functions_entered(lambda: desk.record(units=5))

    assert desk.ledger()[-1]["usage_total_units"] == 5
    assert len(entered) <= RECORDED_USE, report(entered)
