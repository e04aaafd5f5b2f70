"""The step of `--pair`: REST key and secret come from the plugin, over HTTPS."""

from typing import ClassVar

from bridge.services.setup.errors import SetupError
from bridge.services.setup.plan import Draft, Note, UndoContext
from bridge.services.setup.plugin_steps import SETTINGS
from bridge.services.setup.record import Facts
from bridge.services.setup.shop_steps import try_key
from bridge.store.raw_options import Shelf, lock_value, read_value, write_value
from bridge.store.shop_keys import RestKey, delete_key, has_key
from bridge.store.tx import Tx
from bridge.woo.pairing import pair


class PairWithSite:
    """What `MakeRestKey` and `StoreSettings` do where the database is at hand."""

    name: ClassVar[str] = "pairing"

    def __init__(self, draft: Draft, address: str, code: str) -> None:
        self._draft = draft
        self._address = address
        self._code = code

    @property
    def says(self) -> str:
        return (
            f"get a WooCommerce REST key and the secret from {self._address}, which will reach "
            f"this bridge at {self._draft.bridge_address}"
        )

    def is_done(self) -> bool:
        return self._draft.is_key_known

    def do(self, note: Note) -> str:
        draft = self._draft
        with draft.db.reading() as tx:
            note({"before": read_value(tx, Shelf.SITE, SETTINGS)})
        got = pair(self._address, self._code, draft.bridge_address)
        key = RestKey(got.consumer_key, got.consumer_secret)
        with draft.db.reading() as tx:
            note({"hash": key.hash, "after": read_value(tx, Shelf.SITE, SETTINGS)})
            knows_key = has_key(tx, key)
        if not knows_key:
            raise SetupError(
                f"{self._address} is another site than the one in this database "
                f"({draft.found.home}): its new key “AIP Bridge” can be revoked in WooCommerce > "
                "Settings > Advanced > REST API."
            )
        try_key(draft.shop_url, key)
        draft.rest_key, draft.secret = key, got.secret
        return f"the shop at {draft.shop_url} takes the key"

    @staticmethod
    def undo(context: UndoContext, facts: Facts) -> str:
        """Take the key away, and put the plugin's settings back."""
        if "hash" not in facts:
            return ""

        def restore(tx: Tx) -> None:
            delete_key(tx, str(facts["hash"]))
            now = lock_value(tx, Shelf.SITE, SETTINGS)
            if now is not None and now == facts["after"]:
                write_value(tx, Shelf.SITE, SETTINGS, facts["before"])

        context.db.transaction(restore)
        return ""
