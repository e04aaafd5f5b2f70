"""What can go wrong, as types. Each message is one clear sentence that names the remedy."""

from collections.abc import Mapping


class BridgeError(Exception):
    """
    An expected fault.

    ``code`` is stable (docs/errors.md lists them all); the text is safe to show: it holds no
    secret and no SQL. ``details`` are what a program may want to know beside it.
    """

    code = "internal"

    @property
    def sentence(self) -> str:
        """The text; a `Sentence` if it was raised for people to read on screens."""
        text = self.args[0] if self.args else ""
        return text if isinstance(text, str) else str(self)

    @property
    def details(self) -> Mapping[str, object]:
        """More fields for a caller; none."""
        return {}


class ConfigError(BridgeError):
    """The configuration cannot be used; the text names the key."""

    code = "configuration"


class UnknownUserError(BridgeError):
    """The WordPress user does not exist."""

    code = "unknown_user"


class UnknownOrderError(BridgeError):
    """The bridge keeps nothing about the order."""

    code = "unknown_order"


class UnauthorizedError(BridgeError):
    """Who calls is not known. Never says which part of the proof was wrong."""

    code = "unauthorized"


class ForbiddenError(BridgeError):
    """Who calls is known but may not do this."""

    code = "forbidden"


class InvalidInputError(BridgeError):
    """The caller's input cannot be used; the text names the field."""

    code = "invalid_input"


class UnknownSettingsError(BridgeError):
    """What was to be shown or changed is not there, or not any more."""

    code = "not_found"


class SettingsChangedError(BridgeError):
    """Somebody changed the settings after they were shown."""

    code = "settings_changed"


class UnwritableSettingsError(BridgeError):
    """What the site keeps would not survive being read and written by the bridge."""

    code = "settings_unwritable"


class UnavailableError(BridgeError):
    """What the bridge keeps cannot be read now; nothing can be shown or booked."""


class DatabaseUnavailableError(UnavailableError):
    """The database cannot be reached or stayed busy through all repeats."""

    code = "database_unavailable"


class DatabaseBusyError(DatabaseUnavailableError):
    """The database answers, but what was asked for stayed locked through all repeats."""


class DatabaseRefusedError(DatabaseUnavailableError):
    """The database answers, and does not let the bridge in: waiting does not help."""


class NotMigratedError(UnavailableError):
    """The bridge's tables are missing or older than this version."""

    code = "not_migrated"


class LeaseLostError(BridgeError):
    """Another process took the lease; the transaction was rolled back."""

    code = "lease_lost"


class BalanceTooLargeError(BridgeError):
    """The booking would take a balance beyond what PHP and SQL hold."""

    code = "balance_too_large"


class LedgerConflictError(BridgeError):
    """A ledger row with this idempotency key exists and says something else."""

    code = "ledger_conflict"
