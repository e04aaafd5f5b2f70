"""A request's body that can be proven once it was read, however large it is."""

import hashlib
import hmac
import io
from typing import IO

from bridge.domain.errors import ForbiddenError
from bridge.domain.sentences import Sentence

_PART_BYTES = 2**16
NOT_SIGNED = Sentence("The request is not the one that WordPress has signed.")


class ProvenBody(io.RawIOBase):
    """A body of a known length, summed up as it is read."""

    def __init__(self, stream: IO[bytes], length: int, digest: str) -> None:
        """Read from *stream*; *digest*: the SHA-256 of all of it."""
        self._stream = stream
        self._left = length
        self._expected = digest
        self._sum = hashlib.sha256()

    def readable(self) -> bool:
        """Say that it is there to be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # of io
        """Read on."""
        part = self._stream.read(min(len(buffer), self._left)) if self._left else b""
        self._sum.update(part)
        self._left -= len(part)
        buffer[: len(part)] = part
        return len(part)

    def prove(self) -> None:
        """
        Read what nobody has read yet.

        Raises:
            ForbiddenError: All of it together is not what was signed.
        """
        while self._left and self.read(_PART_BYTES):
            pass
        if self._left or not hmac.compare_digest(self._sum.hexdigest(), self._expected):
            raise ForbiddenError(NOT_SIGNED)
