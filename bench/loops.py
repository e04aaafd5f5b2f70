"""
What spending is held against: the plainest program that does it safely, without HTTP.

Four processes, each with one connection, each a loop of lock, write, append, commit.
"""

import multiprocessing
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

import pymysql

from bench.stage import BenchError
from bridge.config import parse_database_url

PROCESSES = 4
# By WordPress's own index on the user, and then by the primary key: the loop at its best.
_LOCK = """
    SELECT umeta_id, meta_value FROM wp_usermeta FORCE INDEX (user_id)
     WHERE user_id = %s AND meta_key = '_aipkit_token_balance' FOR UPDATE
"""
_WRITE = "UPDATE wp_usermeta SET meta_value = %s WHERE umeta_id = %s"
_APPEND = """
    INSERT INTO wp_aipkit_token_ledger
           (user_id, actor_type, module, context_type, context_id, provider, model, operation,
            usage_input_units, usage_output_units, usage_total_units, credits_delta, entry_type,
            created_at)
    VALUES (%s, 'user', 'chat', 'chatbot', 22, 'OpenAI', 'gpt-5', 'chat', 120, 40, 160, -160,
            'usage', UTC_TIMESTAMP())
"""


@dataclass(frozen=True, slots=True)
class Looped:
    """What the loops have booked together, and the processor time that they took for it."""

    uses: int
    cpu_s: float


def run_loops(database_url: str, users: Sequence[int], seconds: int) -> Looped:
    """Let the loops run for some seconds."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(PROCESSES)
    done: SimpleQueue[Looped] = context.SimpleQueue()
    arguments = (database_url, users, seconds, start, done)
    processes = [context.Process(target=_loop, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise BenchError("A loop has failed; what it said stands above.")
    parts = [done.get() for _ in processes]
    return Looped(sum(part.uses for part in parts), sum(part.cpu_s for part in parts))


def _loop(
    database_url: str,
    users: Sequence[int],
    seconds: int,
    start: Barrier,
    done: "SimpleQueue[Looped]",
) -> None:
    arguments, *_ = parse_database_url(database_url).connect_arguments()
    connection = pymysql.connect(**arguments)
    cursor = connection.cursor()
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    start.wait(timeout=60)
    uses, cpu_s, deadline = 0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        user = random.choice(users)
        cursor.execute(_LOCK, (user,))
        meta_id, balance = cursor.fetchone()
        cursor.execute(_WRITE, (int(balance) - 160, meta_id))
        cursor.execute(_APPEND, (user,))
        connection.commit()
        uses += 1
    done.put(Looped(uses, time.process_time() - cpu_s))
