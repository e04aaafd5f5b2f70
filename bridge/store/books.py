"""
The books as they can be compared: figures that are kept, beside those that they add up to.

What stands in one row of an answer was read by one statement, so it is of one instant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.grants import BookingKind
from bridge.domain.ids import Credits, OrderId, UserId
from bridge.store.ledger import TABLE, order_key, purchase_key
from bridge.store.peer_plugin import BALANCE_KEY, effective_balance
from bridge.store.tx import Row, Tx

_BALANCES = """
    SELECT state.user_id, state.unledgered, COALESCE(account.debt, 0) AS debt,
           (SELECT COALESCE(SUM(credits_delta), 0) FROM {ledger} entry
             WHERE entry.user_id = state.user_id) AS booked,
           (SELECT meta.meta_value FROM {u}usermeta meta
             WHERE meta.user_id = state.user_id AND meta.meta_key = %(key)s
             ORDER BY meta.umeta_id LIMIT 1) AS stored
      FROM {p}aipkit_bridge_ledger_state state
      LEFT JOIN {u}aipkit_bridge_accounts account ON account.user_id = state.user_id
     WHERE state.user_id > %(after)s
     ORDER BY state.user_id LIMIT %(limit)s
""".replace("{ledger}", TABLE)
_HOLDS = """
    SELECT account.user_id AS owner, account.held, account.open_holds,
           COALESCE(SUM(hold.from_balance), 0) AS reserved, COUNT(hold.hold_id) AS counted
      FROM (SELECT user_id, held, open_holds FROM {u}aipkit_bridge_accounts
             WHERE {which}) account
      LEFT JOIN {u}aipkit_bridge_holds hold
        ON hold.user_id = account.user_id AND hold.state = 'open'
     GROUP BY account.user_id, account.held, account.open_holds ORDER BY account.user_id
"""
_GUESTS_HOLDS = """
    SELECT guest.session_id AS owner, 0 AS held, guest.open_holds,
           0 AS reserved, COUNT(hold.hold_id) AS counted
      FROM (SELECT session_id, open_holds FROM {p}aipkit_bridge_guests
             WHERE {which}) guest
      LEFT JOIN {u}aipkit_bridge_holds hold
        ON hold.session_id = guest.session_id AND hold.state = 'open' AND hold.site = %(site)s
     GROUP BY guest.session_id, guest.open_holds ORDER BY guest.session_id
"""
_NEXT_USERS = "user_id > %(after)s ORDER BY user_id LIMIT %(limit)s"
_NEXT_GUESTS = "session_id > %(after)s ORDER BY session_id LIMIT %(limit)s"
_RECOUNT = """
    UPDATE {u}aipkit_bridge_accounts
       SET seq = seq + 1, held = %(held)s, open_holds = %(open_holds)s,
           changed_at = UTC_TIMESTAMP(6)
     WHERE user_id = %(owner)s
"""
_RECOUNT_GUEST = """
    UPDATE {p}aipkit_bridge_guests
       SET seq = seq + 1, open_holds = %(open_holds)s, changed_at = UTC_TIMESTAMP(6)
     WHERE session_id = %(owner)s
"""
_ORDERS = """
    SELECT order_id, account_id, granted, reversed, regrants, clawbacks, adopted_credits
      FROM {p}aipkit_bridge_orders
     WHERE {which} AND account_id IS NOT NULL
"""
_BY_KEYS = "SELECT idempotency_key AS k, credits_delta FROM {ledger} WHERE idempotency_key IN %s"


@dataclass(frozen=True, slots=True)
class BalanceBooks:
    """What an account owns, and what its ledger and `unledgered` add up to."""

    user_id: UserId
    owned: Credits
    explained: Credits


@dataclass(frozen=True, slots=True)
class HoldBooks:
    """What an account's row says of its open holds, and what those say."""

    owner: UserId | str  # a user, or a guest's session
    held: Credits
    open_holds: int
    reserved: Credits
    counted: int

    @property
    def agree(self) -> bool:
        """Whether both say the same."""
        return (self.held, self.open_holds) == (self.reserved, self.counted)


@dataclass(frozen=True, slots=True)
class OrderBooks:
    """What an order's row says is booked, and what its ledger rows add up to."""

    order_id: OrderId
    user_id: UserId
    booked: Credits
    in_ledger: Credits
    missing: Sequence[str] = ()  # the keys of rows that are not there

    @property
    def agree(self) -> bool:
        """Whether both say the same, and each booking has its row."""
        return self.booked == self.in_ledger and not self.missing


def list_balances(tx: Tx, after: int, limit: int) -> Sequence[BalanceBooks]:
    """Return the next accounts whose balance the bridge watches."""
    rows = tx.all(_BALANCES, {"key": BALANCE_KEY, "after": after, "limit": limit})
    return [
        BalanceBooks(
            UserId(row["user_id"]),
            owned=effective_balance(row["stored"]) - row["debt"],
            explained=int(row["booked"]) + row["unledgered"],
        )
        for row in rows
    ]


def list_holds(tx: Tx, after: int, limit: int) -> Sequence[HoldBooks]:
    """Return the next users' accounts."""
    sql = _HOLDS.replace("{which}", _NEXT_USERS)
    rows = tx.all(sql, {"after": after, "limit": limit})
    return [_holds(row, UserId(row["owner"])) for row in rows]


def list_guests_holds(tx: Tx, after: str, limit: int) -> Sequence[HoldBooks]:
    """Return the next guests' accounts; nothing of a balance is held there."""
    sql = _GUESTS_HOLDS.replace("{which}", _NEXT_GUESTS)
    rows = tx.all(sql, {"after": after, "limit": limit, "site": tx.site_prefix})
    return [_holds(row, row["owner"]) for row in rows]


def read_holds(tx: Tx, owner: UserId | str) -> HoldBooks | None:
    """Return one account, or None if it has no row."""
    is_guest = isinstance(owner, str)
    sql = _GUESTS_HOLDS if is_guest else _HOLDS
    which = "session_id = %(owner)s" if is_guest else "user_id = %(owner)s"
    row = tx.one(sql.replace("{which}", which), {"owner": owner, "site": tx.site_prefix})
    return _holds(row, owner) if row else None


def _holds(row: Row, owner: UserId | str) -> HoldBooks:
    return HoldBooks(
        owner,
        held=Credits(int(row["held"])),
        open_holds=int(row["open_holds"]),
        reserved=Credits(int(row["reserved"])),
        counted=int(row["counted"]),
    )


def recount(tx: Tx, found: HoldBooks) -> None:
    """Correct the counts in a locked account's row by its open holds."""
    sql = _RECOUNT_GUEST if isinstance(found.owner, str) else _RECOUNT
    args = {"owner": found.owner, "held": found.reserved, "open_holds": found.counted}
    tx.run(sql, args)


def list_orders(tx: Tx, after: int, limit: int) -> Sequence[OrderBooks]:
    """
    Return the next orders that have an account.

    The ledger is read by a second statement: whoever must be sure holds the order's row.
    """
    which = "order_id > %(after)s"
    sql = f"{_ORDERS.replace('{which}', which)} ORDER BY order_id LIMIT %(limit)s"
    return _orders(tx, tx.all(sql, {"after": after, "limit": limit}))


def read_order(tx: Tx, order_id: OrderId) -> OrderBooks | None:
    """Return one order, or None if no account is known for it."""
    sql = _ORDERS.replace("{which}", "order_id = %(order_id)s")
    return next(iter(_orders(tx, tx.all(sql, {"order_id": order_id}))), None)


def _orders(tx: Tx, rows: Sequence[Row]) -> list[OrderBooks]:
    keys = {row["order_id"]: _keys(row) for row in rows}
    wanted = tuple(key for of_order in keys.values() for key in of_order)
    sql = _BY_KEYS.replace("{ledger}", TABLE)
    deltas = {r["k"]: int(r["credits_delta"]) for r in tx.all(sql, (wanted,))} if wanted else {}
    return [_order(row, keys[row["order_id"]], deltas) for row in rows]


def _keys(row: Row) -> list[str]:
    """Return the keys of the rows that the bridge wrote itself, so no adopted `…_purchase`."""
    order_id = OrderId(row["order_id"])
    is_ours = row["adopted_credits"] is None and row["granted"] > 0
    first = [purchase_key(order_id)] if is_ours else []
    numbered = (
        (BookingKind.REGRANT, row["regrants"]),
        (BookingKind.CLAWBACK, row["clawbacks"]),
    )
    return first + [
        order_key(order_id, operation, number)
        for operation, last in numbered
        for number in range(1, last + 1)
    ]


def _order(row: Row, keys: Sequence[str], deltas: Mapping[str, int]) -> OrderBooks:
    adopted = row["adopted_credits"] or 0
    return OrderBooks(
        OrderId(row["order_id"]),
        UserId(row["account_id"]),
        booked=Credits(row["granted"] - row["reversed"]),
        in_ledger=Credits(adopted + sum(deltas.get(key, 0) for key in keys)),
        missing=[key for key in keys if key not in deltas],
    )
