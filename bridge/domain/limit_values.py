"""The limits of a chatbot or module as people read and change them (R16)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bridge.domain.periods import Period
from bridge.domain.quotas import whole_number

GENERAL, ROLE_BASED = MODES = ("general", "role_based")
UNLIMITED = ""
_FIELDS = ("mode", "user_limit", "guest_limit", "period")


@dataclass(frozen=True, slots=True)
class StoredLimits:
    """The fields as the site keeps them: texts, with None for absent or null."""

    mode: str | None = None
    user_limit: str | None = None
    guest_limit: str | None = None
    period: str | None = None
    role_limits: Mapping[str, str | None] = field(default_factory=dict)
    unread_roles: str | None = None  # what stands in place of limits by role


@dataclass(frozen=True, slots=True)
class LimitValues:
    """
    The fields in plain form: a mode and a period that exist, whole numbers as digits, and
    `UNLIMITED`. A role with None, or that is not there, has no limit of its own.
    """

    mode: str = GENERAL
    user_limit: str = UNLIMITED
    guest_limit: str = UNLIMITED
    period: str = Period.NEVER
    role_limits: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What is to be written, in plain form: nothing but what differs."""

    fields: Mapping[str, str]
    roles: Mapping[str, str | None]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.fields or self.roles)


def taken_for(stored: StoredLimits) -> LimitValues:
    """Return what the stored fields count as."""
    return LimitValues(
        mode=ROLE_BASED if stored.mode == ROLE_BASED else GENERAL,
        user_limit=_plain(stored.user_limit) or UNLIMITED,
        guest_limit=_plain(stored.guest_limit) or UNLIMITED,
        period=stored.period if stored.period in set(Period) else Period.NEVER,
        role_limits={role: _plain(text) for role, text in stored.role_limits.items()},
    )


def _plain(text: str | None) -> str | None:
    """Return digits, or `UNLIMITED` for a blank text; None for what says nothing."""
    if text is not None and not text.strip():
        return UNLIMITED
    number = whole_number(text)
    return None if number is None else str(max(0, number))


@dataclass(frozen=True, slots=True)
class LimitFault:
    """A stored text that counts as something else than it looks like."""

    field: str  # of `LimitValues`, or a role
    text: str
    counts_as: str | None  # in plain form

    @property
    def is_broken(self) -> bool:
        """Whether it is a limit, and no number."""
        return self.field not in ("mode", "period") and whole_number(self.text) is None


def misread(stored: StoredLimits) -> Iterator[LimitFault]:
    """Yield what is not in plain form, blanks aside."""
    plain = taken_for(stored)
    texts = {name: (getattr(stored, name), getattr(plain, name)) for name in _FIELDS}
    texts |= {role: (text, plain.role_limits[role]) for role, text in stored.role_limits.items()}
    for field_or_role, (text, counts_as) in texts.items():
        if text and text.strip() and text != counts_as:
            yield LimitFault(field_or_role, text, counts_as)
    if stored.unread_roles:
        yield LimitFault("role_limits", stored.unread_roles, None)


def difference(stored: StoredLimits, wanted: LimitValues) -> LimitChange:
    """Return what turns the stored fields into the wanted ones; other roles stay as they are."""
    plain, roles = taken_for(stored), wanted.role_limits.items()
    fields = ((name, getattr(wanted, name)) for name in _FIELDS)
    return LimitChange(
        {name: value for name, value in fields if value != getattr(plain, name)},
        {role: limit for role, limit in roles if limit != plain.role_limits.get(role)},
    )
