"""Admin sign-in: tokens that are spent once, sessions known by a digest. Database time."""

from dataclasses import dataclass

from bridge.domain.ids import UserId
from bridge.store.tx import Tx

MAX_AGE_S = 8 * 3600
IDLE_S = 3600
RECHECK_S = 60

_SPEND = """
    INSERT IGNORE INTO {p}aipkit_bridge_spent_tokens (token_hash, spent_at)
    VALUES (%s, UTC_TIMESTAMP(6))
"""
_START = """
    INSERT INTO {p}aipkit_bridge_sessions
           (session_hash, user_id, created_at, seen_at, checked_at)
    VALUES (%s, %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
"""
_GET = f"""
    SELECT user_id,
           checked_at <= UTC_TIMESTAMP(6) - INTERVAL {RECHECK_S} SECOND AS check_due
      FROM {{p}}aipkit_bridge_sessions
     WHERE session_hash = %s
       AND created_at > UTC_TIMESTAMP(6) - INTERVAL {MAX_AGE_S} SECOND
       AND seen_at > UTC_TIMESTAMP(6) - INTERVAL {IDLE_S} SECOND
"""  # noqa: S608  # constants of this file
_TOUCH = """
    UPDATE {p}aipkit_bridge_sessions SET seen_at = UTC_TIMESTAMP(6) WHERE session_hash = %s
"""
_CHECKED = """
    UPDATE {p}aipkit_bridge_sessions SET checked_at = UTC_TIMESTAMP(6) WHERE session_hash = %s
"""
_END = "DELETE FROM {p}aipkit_bridge_sessions WHERE session_hash = %s"
_PRUNE_SESSIONS = """
    DELETE FROM {p}aipkit_bridge_sessions
     WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY LIMIT 1000
"""
_PRUNE_TOKENS = """
    DELETE FROM {p}aipkit_bridge_spent_tokens
     WHERE spent_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A live session; ``check_due``: the user's capability was last seen over a minute ago."""

    user_id: UserId
    check_due: bool


def spend_token(tx: Tx, token_hash: bytes) -> bool:
    """Spend a sign-in token; False if it was spent before."""
    return tx.run(_SPEND, (token_hash,)) == 1


def start_session(tx: Tx, session_hash: bytes, user_id: UserId) -> None:
    """Keep a new session."""
    tx.run(_START, (session_hash, user_id))


def find_session(tx: Tx, session_hash: bytes) -> Session | None:
    """Return a session that is neither too old nor idle for too long."""
    row = tx.one(_GET, (session_hash,))
    return Session(UserId(row["user_id"]), bool(row["check_due"])) if row else None


def touch_session(tx: Tx, session_hash: bytes, *, checked: bool) -> None:
    """Note that the session was used, and that its user's capability was seen."""
    tx.run(_TOUCH, (session_hash,))
    if checked:
        tx.run(_CHECKED, (session_hash,))


def end_session(tx: Tx, session_hash: bytes) -> None:
    """Sign out."""
    tx.run(_END, (session_hash,))


def prune_sessions(tx: Tx) -> None:
    """Delete sessions that are long over."""
    tx.run(_PRUNE_SESSIONS)


def prune_tokens(tx: Tx) -> None:
    """Delete tokens that were spent so long ago that none of them is valid any more."""
    tx.run(_PRUNE_TOKENS)
