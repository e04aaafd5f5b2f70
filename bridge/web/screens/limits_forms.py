"""The form of a chatbot's or module's limits: what is shown, what was typed, what it means."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.domain.errors import InvalidInputError
from bridge.domain.limit_values import MODES, UNLIMITED, LimitValues
from bridge.domain.periods import Period
from bridge.web.screens.credits_forms import read_amount

MAX_LIMIT = 10**15
"""Above it a limit is taken for a typing error."""


@dataclass(frozen=True, slots=True)
class LimitsForm:
    """The fields as texts; *shown* tells whether what is stored is still what was shown."""

    mode: str
    period: str
    user_limit: str
    guest_limit: str
    role_limits: Mapping[str, str]
    unlimited: Collection[str]  # roles
    shown: str

    def to_values(self, roles: Collection[str]) -> LimitValues:
        """
        Return the limits.

        Raises:
            InvalidInputError: What was typed is none, or *roles* lack one.
        """
        if self.mode not in MODES or self.period not in set(Period):
            raise InvalidInputError("The form is not complete; open the page again.")
        named = dict.fromkeys((*self.role_limits, *self.unlimited))
        for role in named:
            if role not in roles:
                raise InvalidInputError(f"The site has no role {role[:100]} any more.")
        return LimitValues(
            mode=self.mode,
            user_limit=_limit(self.user_limit, "Users"),
            guest_limit=_limit(self.guest_limit, "Guests"),
            period=self.period,
            role_limits={role: self._of_role(role) for role in named},
        )

    def _of_role(self, role: str) -> str | None:
        limit = _limit(self.role_limits.get(role, ""), role_name(role))
        if role not in self.unlimited:
            return limit or None
        if limit:
            raise InvalidInputError(f"{role_name(role)}: either a number or unlimited, not both.")
        return UNLIMITED


def _limit(typed: str, name: str) -> str:
    """Return a limit in plain form."""
    if not typed:
        return UNLIMITED
    number = read_amount(typed)
    if number is None or number > MAX_LIMIT:
        raise InvalidInputError(
            f"{name}: the limit must be empty or a whole number from 0 to {MAX_LIMIT:,}."
        )
    return str(number)


def role_name(role: str) -> str:
    """Return a role's slug as people read it."""
    return role.replace("_", " ").capitalize()


def form_of(values: LimitValues, roles: Collection[str], shown: str) -> LimitsForm:
    """Return the form that shows limits."""
    limits = {role: values.role_limits.get(role) for role in roles}
    return LimitsForm(
        values.mode,
        values.period,
        values.user_limit,
        values.guest_limit,
        {role: limit or "" for role, limit in limits.items()},
        [role for role, limit in limits.items() if limit == UNLIMITED],
        shown,
    )


def read_limits_form(fields: Mapping[str, str]) -> LimitsForm:
    """Return the form as it came."""

    def text(name: str) -> str:
        return fields.get(name, "").strip()

    return LimitsForm(
        text("mode"),
        text("period"),
        text("user_limit"),
        text("guest_limit"),
        {name.removeprefix("role:"): text(name) for name in fields if name.startswith("role:")},
        [name.removeprefix("unlimited:") for name in fields if name.startswith("unlimited:")],
        text("shown"),
    )
