"""Free limits as the site sets them: what is stored counts as this, or is to become that (R16)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bridge.domain.ids import Credits
from bridge.domain.periods import Period
from bridge.domain.quotas import whole_number

UNLIMITED = ""
"""How a limit is written that is none."""


class LimitMode(StrEnum):
    """Which limit counts for users; guests have their own in either."""

    GENERAL = "general"
    BY_ROLE = "role_based"


@dataclass(frozen=True, slots=True)
class LimitFault:
    """A stored text that counts as something else than it looks like."""

    field: str  # of `Limits`, or a role
    text: str
    counts_as: Credits | LimitMode | Period | None  # None: unlimited; of a role, no limit at all

    @property
    def is_broken(self) -> bool:
        """Whether it is a limit, and no number."""
        return self.counts_as is None


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The limits of a chatbot or module, and when what was used starts anew.

    A limit of None is unlimited. A role that is not there has no limit of its own.
    """

    mode: LimitMode = LimitMode.GENERAL
    user_limit: Credits | None = None
    guest_limit: Credits | None = None
    period: Period = Period.NEVER
    role_limits: Mapping[str, Credits | None] = field(default_factory=dict)
    faults: tuple[LimitFault, ...] = ()

    @property
    def is_by_role(self) -> bool:
        """Whether a user's roles matter."""
        return self.mode is LimitMode.BY_ROLE

    def limit_of(self, roles: Collection[str]) -> Credits | None:
        """Return a user's limit; None = unlimited. The most generous of the roles wins."""
        if not self.is_by_role:
            return self.user_limit
        own = [self.role_limits[role] for role in roles if role in self.role_limits]
        numbers = [limit for limit in own if limit is not None]
        return max(numbers) if numbers and len(numbers) == len(own) else None


NO_LIMITS = Limits()
"""What counts where the site says nothing, as for a chatbot deleted under an open hold."""

_FIELDS = ("mode", "user_limit", "guest_limit", "period")


def parse_limits(
    fields: Mapping[str, str | None],
    roles: Mapping[str, str | None],
    unread_roles: str | None = None,
) -> Limits:
    """
    Return what stored texts count as.

    Args:
        fields: The texts of the fields of `Limits`, role limits aside; None for absent or null.
        roles: The texts of roles.
        unread_roles: What stands in place of limits by role.
    """
    mode, period = fields.get("mode"), fields.get("period")
    limits = Limits(
        mode=LimitMode(mode) if mode in set(LimitMode) else LimitMode.GENERAL,
        user_limit=_limit(fields.get("user_limit")),
        guest_limit=_limit(fields.get("guest_limit")),
        period=Period(period) if period in set(Period) else Period.NEVER,
        role_limits={role: _limit(text) for role, text in roles.items() if _is_limit(text)},
    )
    return replace(limits, faults=tuple(_faults(limits, fields, roles, unread_roles)))


def _limit(text: str | None) -> Credits | None:
    number = whole_number(text)
    return None if number is None else Credits(max(0, number))


def _is_limit(text: str | None) -> bool:
    """Say whether a role's text is a limit: a number, or blank for unlimited."""
    return text is not None and (not text.strip() or whole_number(text) is not None)


def _faults(
    limits: Limits,
    fields: Mapping[str, str | None],
    roles: Mapping[str, str | None],
    unread_roles: str | None,
) -> Iterator[LimitFault]:
    """Yield what is not in plain form, blanks aside."""
    found = [(name, fields.get(name), getattr(limits, name)) for name in _FIELDS]
    found += [(role, text, limits.role_limits.get(role)) for role, text in roles.items()]
    for name, text, counts_as in found:
        if text and text.strip() and text != plain(counts_as):
            yield LimitFault(name, text, counts_as)
    if unread_roles:
        yield LimitFault("role_limits", unread_roles, None)


def plain(value: Credits | LimitMode | Period | None) -> str:
    """Return the text that a field of `Limits` is written as."""
    return UNLIMITED if value is None else str(value)


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What is to be written, in plain form: nothing but what differs."""

    fields: Mapping[str, str]
    roles: Mapping[str, str | None]  # None: no limit of its own any more

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.fields or self.roles)


def difference(stored: Limits, wanted: Limits, roles: Collection[str]) -> LimitChange:
    """Return what turns the stored limits into the wanted ones; other roles stay as they are."""
    fields = [name for name in _FIELDS if getattr(wanted, name) != getattr(stored, name)]
    return LimitChange(
        {name: plain(getattr(wanted, name)) for name in fields},
        {role: _own(wanted, role) for role in roles if _own(wanted, role) != _own(stored, role)},
    )


def _own(limits: Limits, role: str) -> str | None:
    return plain(limits.role_limits[role]) if role in limits.role_limits else None
