"""Load by wrk: one thread, so that it takes little of what it measures."""

import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.stage import BenchError
from demo.private_server import find_program

_SCRIPT = Path(__file__).parent / "requests.lua"


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked: `kind` of requests.lua, over so many connections, by which users."""

    kind: str
    connections: int
    users: range
    credential: str = "none"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; every answer was a good one."""

    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def ask(url: str, load: Load, seconds: int) -> Answered:
    """
    Ask for some seconds.

    Raises:
        BenchError: An answer was an error, or a connection broke.
    """
    program = find_program("wrk")
    if program is None:
        raise BenchError("No wrk found: apt-get install wrk")
    run = secrets.token_hex(4)
    done = subprocess.run(
        [
            program, "--threads=1", f"--connections={load.connections}", "--timeout=20s",
            f"--duration={seconds}s", f"--script={_SCRIPT}", url, "--",
            load.kind, run, str(load.users.start), str(len(load.users)), load.credential,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchError(f"wrk: {done.stderr.strip()[-300:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    if said["refused"] or said["broken"]:
        raise BenchError(
            f"Of {said['answers']} answers {said['refused']} were errors,"
            f" and {said['broken']} requests broke off."
        )
    return Answered(
        said["answers"], said["duration_us"] / 1e6, said["p50_us"] / 1e3, said["p99_us"] / 1e3
    )
