"""Idempotency keys: the first answer stands, and a repeat of the request gets it again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.errors import BridgeError

_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class IdempotencyMismatchError(BridgeError):
    """The key, or the hold, was used before for something else."""

    code = "idempotency_mismatch"


class KeyPurpose(StrEnum):
    """What a caller's key can be for: the same key for something else is another one."""

    RECORD = "record"
    HOLD = "hold"
    ADJUST = "adjust"
    RESET = "reset"
    UNDO = "undo"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A caller's key and request, as digests."""

    digest: bytes
    request_hash: bytes

    @property
    def with_request(self) -> bytes:
        """A digest of both, where the same key with another request is another wish."""
        return hashlib.sha256(self.digest + self.request_hash).digest()

    def check(self, first_hash: bytes) -> None:
        """
        Do nothing if the key's first request was the same.

        Raises:
            IdempotencyMismatchError: The key came with another request.
        """
        if self.request_hash != first_hash:
            raise IdempotencyMismatchError(
                "Idempotency-Key: it was used before with another body; use a new key."
            )


def request_key(
    site_url: str, caller: str, operation: KeyPurpose, key: str, request: Mapping[str, object]
) -> RequestKey:
    """
    Return the digests by which a request is known: every key of every surface is made here.

    Args:
        site_url: The site's address, as configured.
        caller: Who chose the key, and may choose the same as others.
        operation: What it is for.
        key: As the caller gave it.
        request: What is asked, validated, so that spelling makes no difference.
    """
    parts = (site_url, caller, operation, key)
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return RequestKey(digest, request_hash(request))


def request_hash(request: Mapping[str, object]) -> bytes:
    """Return the digest of a validated request."""
    return hashlib.sha256(_to_json(request).encode()).digest()
