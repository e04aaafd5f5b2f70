"""The form of a chatbot's or module's limits: what is shown, what was typed, what it means."""

from collections.abc import Collection, Iterator

from pydantic import Field

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits
from bridge.domain.limits import LimitMode, Limits, plain
from bridge.domain.periods import Period
from bridge.web.http.parsing import Typed
from bridge.web.screens.credits_forms import read_amount
from bridge.web.screens.frame import EditForm

MAX_LIMIT = 10**15
"""Above it a limit is taken for a typing error."""


class LimitsForm(EditForm):
    """The fields as texts."""

    mode: Typed
    period: Typed
    user_limit: Typed
    guest_limit: Typed
    role_limits: dict[str, Typed] = Field(validation_alias="role")
    unlimited: dict[str, str]  # by role

    @property
    def roles(self) -> tuple[str, ...]:
        """Those that the form speaks of."""
        return tuple(dict.fromkeys((*self.role_limits, *self.unlimited)))

    def to_limits(self, roles: Collection[str]) -> Limits:
        """
        Return the limits.

        Raises:
            InvalidInputError: What was typed is none, or *roles* lack one.
        """
        if self.mode not in set(LimitMode) or self.period not in set(Period):
            raise InvalidInputError("The form is not complete; open the page again.")
        for role in self.roles:
            if role not in roles:
                raise InvalidInputError(f"The site has no role {role[:100]} any more.")
        return Limits(
            mode=LimitMode(self.mode),
            user_limit=_limit(self.user_limit, "Users"),
            guest_limit=_limit(self.guest_limit, "Guests"),
            period=Period(self.period),
            role_limits=dict(self._of_roles()),
        )

    def _of_roles(self) -> Iterator[tuple[str, Credits | None]]:
        """Yield the limits of roles that have one."""
        for role in self.roles:
            limit = _limit(self.role_limits.get(role, ""), role_name(role))
            is_unlimited = role in self.unlimited
            if limit is not None and is_unlimited:
                name = role_name(role)
                raise InvalidInputError(f"{name}: either a number or unlimited, not both.")
            if limit is not None or is_unlimited:
                yield role, limit


def _limit(typed: str, name: str) -> Credits | None:
    """Return a limit; None = unlimited."""
    if not typed:
        return None
    number = read_amount(typed)
    if number is None or number > MAX_LIMIT:
        raise InvalidInputError(
            f"{name}: the limit must be empty or a whole number from 0 to {MAX_LIMIT:,}."
        )
    return Credits(number)


def role_name(role: str) -> str:
    """Return a role's slug as people read it."""
    return role.replace("_", " ").capitalize()


def form_of(limits: Limits, roles: Collection[str], shown: str) -> LimitsForm:
    """Return the form that shows limits."""
    own = {role: limits.role_limits[role] for role in roles if role in limits.role_limits}
    return LimitsForm(
        mode=limits.mode,
        period=limits.period,
        user_limit=plain(limits.user_limit),
        guest_limit=plain(limits.guest_limit),
        role_limits={role: plain(own.get(role)) for role in roles},
        unlimited={role: "1" for role, limit in own.items() if limit is None},
        shown=shown,
    )
