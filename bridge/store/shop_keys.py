"""WooCommerce's table of REST keys, written as WooCommerce writes it."""

import hashlib
import hmac
from dataclasses import dataclass

from bridge.domain.ids import UserId
from bridge.store.tx import Tx

TABLE = "woocommerce_api_keys"

_HASH_KEY = b"wc-api"
_SHOWN = 7
"""Of a key's text, what WooCommerce keeps to show."""

_INSERT = """
    INSERT INTO {p}woocommerce_api_keys
      (user_id, description, permissions, consumer_key, consumer_secret, truncated_key)
    VALUES (%s, %s, 'read_write', %s, %s, %s)
"""
_FIND = """
    SELECT 1 FROM {p}woocommerce_api_keys
     WHERE consumer_key = %s AND consumer_secret = %s AND permissions = 'read_write'
"""
_DELETE = "DELETE FROM {p}woocommerce_api_keys WHERE consumer_key = %s"


@dataclass(frozen=True, slots=True)
class RestKey:
    """A REST key with its secret; only the key's hash is stored."""

    key: str
    secret: str

    @property
    def hash(self) -> str:
        """What WooCommerce finds the key by."""
        return hmac.new(_HASH_KEY, self.key.encode(), hashlib.sha256).hexdigest()


def add_key(tx: Tx, owner: UserId, description: str, key: RestKey) -> None:
    """Store a key that may read and write."""
    row = (owner, description, key.hash, key.secret, key.key[-_SHOWN:])
    tx.run(_INSERT, row)


def has_key(tx: Tx, key: RestKey) -> bool:
    """Say whether WooCommerce knows this key, for reading and writing."""
    return tx.one(_FIND, (key.hash, key.secret)) is not None


def delete_key(tx: Tx, key_hash: str) -> bool:
    """Take a key away; say whether it was there."""
    return tx.run(_DELETE, (key_hash,)) > 0
