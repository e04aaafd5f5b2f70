"""`python -m bench`: measure, print a table, write a file."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import (
    accounts,
    fragment,
    heavy,
    memory,
    page,
    plain,
    plain_php,
    reports,
    results,
    size,
    spending,
)
from bench.results import Result
from bench.stage import BenchError
from bridge.domain.errors import BridgeError

Measure = Callable[[argparse.Namespace], Sequence[Result]]

ROWS: Mapping[str, Measure] = {
    "record": lambda given: spending.RECORD.measure(given.rounds, given.seconds),
    "hot": lambda given: spending.HOT.measure(given.rounds, given.seconds),
    "batch": lambda given: spending.BATCH.measure(given.rounds, given.seconds),
    "holds": lambda given: spending.HOLDS.measure(given.rounds, given.seconds),
    "plain": lambda given: plain.measure(given.rounds, given.seconds),
    "plain-php": lambda given: plain_php.measure(200 * given.rounds),
    "fragment": lambda given: fragment.measure(given.rounds, given.seconds),
    "heavy": lambda _: heavy.measure(),
    "page": lambda given: page.measure(100 * given.rounds),
    "accounts": lambda given: accounts.measure(
        1_000_000 if given.full else 100_000, 20 * given.rounds
    ),
    "reports": lambda given: reports.measure(
        1_000_000 if given.full else 100_000, 20 * given.rounds
    ),
    "size": lambda given: size.measure(
        1_000_000 if given.full else 100_000, given.rounds, given.seconds
    ),
    "memory": lambda given: memory.measure(100_000 if given.full else 20_000),
}


def main() -> int:
    """Return 0 if every row was measured, and every figure is reached."""
    given = _arguments()
    options = {"rounds": given.rounds, "seconds": given.seconds, "load_before": os.getloadavg()[0]}
    found: list[Result] = []
    failed = False
    for name in given.only or ROWS:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            found += ROWS[name](given)
        except (BenchError, BridgeError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
    results.print_table(found)
    results.write_json(given.json, found, options)
    return 0 if all(one.reached for one in found) and not failed else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=ROWS, help="one row; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    parser.add_argument("--seconds", type=int, default=5, help="how long a turn is (5)")
    parser.add_argument(
        "--full",
        action="store_true",
        help="memory: 100,000 requests; else 1,000,000 accounts and orders",
    )
    parser.add_argument("--json", type=Path, default=Path("dist/bench.json"), metavar="FILE",
                        help="where all figures go (dist/bench.json)")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
