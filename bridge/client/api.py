"""The client, and the hold that a `with` block settles."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import quote

import requests

from bridge.client.answers import Account, Booking, Check, Guest, HoldStatus, Reservation
from bridge.client.bodies import Event, HeldUse, Json, RecordedUse, Use, body_of, given
from bridge.client.errors import ClientError, error_of
from bridge.client.transport import Transport, make_session

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


class Client:
    """
    One bridge, for one API key; threads may share it.

    Calls raise `Denied`, `ApiError` or `Unavailable`. A call may be repeated with the same
    arguments and key, and takes effect once; the client itself repeats what may pass.

    Args:
        base_url: The bridge's address.
        api_key: Of scope `usage`; for `account` and `guest` of scope `read`.
        timeout_s: Of each try: to connect, and then between two bytes.
        session: For proxies or certificates of your own; `close` leaves it open.
        sleep: How to wait between two tries.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = TIMEOUT_S,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._closes = session is None
        self._session = session or make_session()
        self._call = Transport(
            base_url, api_key, timeout_s=timeout_s, session=self._session, sleep=sleep
        ).call

    def close(self) -> None:
        """Close the kept connections."""
        if self._closes:
            self._session.close()

    def check(self, **use: Unpack[Use]) -> Check:
        """Say whether usage would be allowed now. Promises and books nothing."""
        return self._call("POST", "/v1/usage/check", Check.read, body_of(use))

    def record(self, *, idempotency_key: str | None = None, **use: Unpack[RecordedUse]) -> Booking:
        """Book what was used, whatever the limits say."""
        key = _key(idempotency_key)
        return self._call("POST", "/v1/usage/record", Booking.read, body_of(use), key=key)

    def batch(self, events: Sequence[Event]) -> list[Booking | ClientError]:
        """
        Book up to 1,000 uses, each on its own; return what became of each, in their order.

        One that is `Unavailable` was not booked: send it again, with its key.
        """
        body = {"events": [body_of(event) for event in events]}
        return self._call("POST", "/v1/usage/batch", _results, body)

    def hold(self, *, idempotency_key: str | None = None, **use: Unpack[HeldUse]) -> "Hold":
        """Reserve the price of a use; `Denied` if it is not covered."""
        key = _key(idempotency_key)
        reserved = self._call("POST", "/v1/holds", Reservation.read, body_of(use), key=key)
        return Hold(self, reserved)

    def get_hold(self, hold_id: str) -> HoldStatus:
        """Return a hold as it stands now."""
        return self._call("GET", _path("holds", hold_id), HoldStatus.read)

    def commit_hold(
        self, hold_id: str, *, units: int | None = None, data: Mapping[str, object] | None = None
    ) -> Booking:
        """
        Book what was really used, also of a hold that has ended.

        Args:
            hold_id: A hold's `id`.
            units: How much was used; or
            data: what the provider metered, as in `usage`.
        """
        body = given(units=units, usage=None if data is None else {"data": data})
        return self._call("POST", f"{_path('holds', hold_id)}/commit", Booking.read, body)

    def release_hold(self, hold_id: str) -> str:
        """Give back what was reserved; return the hold's state: `released` or `expired`."""
        return self._call("POST", f"{_path('holds', hold_id)}/release", _state)

    def account(self, user_id: int) -> Account:
        """Return what a user owns."""
        return self._call("GET", _path("accounts", str(user_id)), Account.read)

    def guest(self, session_id: str) -> Guest:
        """Return what a guest has used."""
        return self._call("GET", _path("guests", session_id), Guest.read)


class Hold:
    """
    Credits that are reserved; the end of a `with` block releases them, unless `commit` was called.

    If that failed, what was used is still owed: `Client.commit_hold` may be called with the same
    arguments later; until then the hold ends by its `on_expiry`.
    """

    def __init__(self, client: Client, reserved: Reservation) -> None:
        self._client = client
        self._settled = False
        self.id = reserved.hold_id
        self.credits = reserved.credits
        self.from_balance = reserved.from_balance
        self.from_quota = reserved.from_quota
        self.expires_at = reserved.expires_at

    def commit(
        self, *, units: int | None = None, data: Mapping[str, object] | None = None
    ) -> Booking:
        """Book what was really used, less or more than was held; see `Client.commit_hold`."""
        self._settled = True
        return self._client.commit_hold(self.id, units=units, data=data)

    def release(self) -> str:
        """Give back what was reserved; return the hold's state."""
        state = self._client.release_hold(self.id)
        self._settled = True
        return state

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._settled:
            return
        try:
            self.release()
        except Exception as failure:  # noqa: BLE001  # it must not hide what ended the block
            log.warning("Hold %s is not released, and ends by itself: %s", self.id, failure)


def _key(given: str | None) -> str:
    return str(uuid.uuid4()) if given is None else given


def _path(kind: str, name: str) -> str:
    return f"/v1/{kind}/{quote(name, safe='')}"


def _state(body: Json) -> str:
    return str(body["state"])


def _results(body: Json) -> list[Booking | ClientError]:
    return [
        Booking.read(result) if result["status"] == 201 else error_of(result["status"], result)
        for result in body["results"]
    ]
