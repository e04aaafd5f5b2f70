"""The step in the shop: a REST key, tried over HTTP before anything is built on it."""

import secrets
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import ClassVar, TypeAlias

from bridge.services.setup.plan import Draft, Note, UndoContext
from bridge.services.setup.record import Facts, Record
from bridge.store.shop_keys import RestKey, add_key, delete_key
from bridge.store.tx import Tx
from bridge.woo.client import Shop

DESCRIPTION = "AIP Bridge"

TryKey: TypeAlias = Callable[[str, RestKey], None]
"""Ask a shop for its orders with a key; raises what is wrong."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def try_key(url: str, key: RestKey) -> None:
    """
    Ask the shop for one page of orders, and whether the key may write.

    Raises:
        ShopError: It cannot be asked, or refuses.
    """
    with closing(Shop(url, key.key, key.secret)) as shop:
        shop.list_orders(status="any", modified_after=_LONG_AGO, page=1, fetch_number=0)
        shop.check_writing()


class MakeRestKey:
    """A key for WooCommerce's REST API."""

    name: ClassVar[str] = "rest_key"

    def __init__(self, draft: Draft, record: Record) -> None:
        self._draft = draft
        self._record = record

    @property
    def says(self) -> str:
        owner = self._draft.found.key_owner.login
        return f"make a WooCommerce REST key “{DESCRIPTION}” (Read/Write) of {owner}, and try it"

    def is_done(self) -> bool:
        return self._draft.is_key_known

    def do(self, note: Note) -> str:
        draft = self._draft
        orphans = [str(facts["hash"]) for facts in self._record.facts_of(self.name) if facts]
        key = RestKey(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}")
        note({"hash": key.hash})
        owner = draft.found.key_owner.user_id

        def store(tx: Tx) -> None:
            for orphan in orphans:  # of a run that died: nobody knows the key
                delete_key(tx, orphan)
            add_key(tx, owner, DESCRIPTION, key)

        draft.db.transaction(store)
        try_key(draft.shop_url, key)
        draft.rest_key = key
        return f"the shop at {draft.shop_url} takes it"

    @staticmethod
    def undo(context: UndoContext, facts: Facts) -> str:
        """Take the key away."""
        if facts:
            context.db.transaction(lambda tx: delete_key(tx, str(facts["hash"])))
        return ""
