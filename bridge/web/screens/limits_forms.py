"""The form of a chatbot's or module's limits: what is shown, what was typed, what it means."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from pydantic import Field

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits
from bridge.domain.limits import LimitMode, Limits, plain
from bridge.domain.periods import Period
from bridge.domain.sentences import Sentence
from bridge.web.http.parsing import Typed
from bridge.web.screens.credits_forms import read_amount
from bridge.web.screens.frame import EditForm

MAX_LIMIT = 10**15
"""Above it a limit is taken for a typing error."""
_TICKED = "unlimited"
"""How a role's line that was filled in with a tick is told from an empty one."""


class LimitsForm(EditForm):
    """
    The fields as texts.

    Each role's line is filled in with what counts for the role. One that is emptied gets what
    the line of everyone else says, since what is stored has no such line.
    """

    mode: Typed
    period: Typed
    user_limit: Typed
    guest_limit: Typed
    role_limits: dict[str, Typed] = Field(validation_alias="role")
    unlimited: dict[str, str]  # by role
    filled: dict[str, str]  # what the page filled each role's line in with
    else_limit: Typed
    else_unlimited: str
    sure: str
    again: str  # from the page that asks back to the form

    @property
    def roles(self) -> tuple[str, ...]:
        """Those that the form speaks of: of one limit for all, those that somebody touched."""
        roles = dict.fromkeys((*self.role_limits, *self.unlimited))
        if self.mode == LimitMode.BY_ROLE:
            return tuple(roles)
        return tuple(role for role in roles if self._line(role) != self.filled.get(role, ""))

    @property
    def is_idle_by_role(self) -> bool:
        """Whether a role's limit was typed that does not count."""
        return self.mode != LimitMode.BY_ROLE and bool(self.roles)

    def fields(self) -> Iterator[tuple[str, str]]:
        """Yield what a page sends on that asks: all of it, but not the answer."""
        for name in ("shown", "mode", "period", "user_limit", "guest_limit", "else_limit"):
            yield name, getattr(self, name)
        for name, of_roles in (
            ("role", self.role_limits),
            ("unlimited", self.unlimited),
            ("filled", self.filled),
        ):
            for role, value in of_roles.items():
                yield f"{name}:{role}", value
        if self.else_unlimited:
            yield "else_unlimited", self.else_unlimited

    def to_limits(self, names: Mapping[str, str]) -> Limits:
        """
        Return the limits.

        Args:
            names: Of the site's roles.

        Raises:
            InvalidInputError: What was typed is none, or the site lacks a role.
        """
        if self.mode not in set(LimitMode) or self.period not in set(Period):
            raise InvalidInputError(Sentence("The form is not complete; open the page again."))
        for role in self.roles:
            if role not in names:
                raise InvalidInputError(
                    Sentence("The site has no role {role} any more.", role=role[:100])
                )
        return Limits(
            mode=LimitMode(self.mode),
            user_limit=_limit(self.user_limit, Sentence("Users")),
            guest_limit=_limit(self.guest_limit, Sentence("Guests")),
            period=Period(self.period),
            role_limits=self._of_roles(names),
        )

    def _of_roles(self, names: Mapping[str, str]) -> dict[str, Credits | None]:
        """Return the limits of roles that have one."""
        rest = self._of_rest()
        found: dict[str, Credits | None] = {}
        for role in self.roles:
            limit = self._of_role(role, names[role])
            if limit is not None or role in self.unlimited:
                found[role] = limit
            elif rest is not None and self.mode == LimitMode.BY_ROLE:
                found[role] = rest
        return found

    def _of_role(self, role: str, name: str) -> Credits | None:
        """A tick beside the very number that the page filled in was set over it."""
        typed = self.role_limits.get(role, "")
        if role in self.unlimited:
            if typed and typed != self.filled.get(role):
                raise InvalidInputError(
                    Sentence("{name}: either a number or unlimited, not both.", name=name)
                )
            return None
        return _limit(typed, name)

    def _of_rest(self) -> Credits | None:
        limit = _limit(self.else_limit, Sentence("Everyone else"))
        if self.mode == LimitMode.BY_ROLE and limit is None and not self.else_unlimited:
            raise InvalidInputError(Sentence("Everyone else: type a number, or tick Unlimited."))
        return None if self.else_unlimited else limit

    def _line(self, role: str) -> str:
        return _TICKED if role in self.unlimited else self.role_limits.get(role, "")


def _limit(typed: str, name: str) -> Credits | None:
    """Return a limit; None = unlimited."""
    if not typed:
        return None
    number = read_amount(typed)
    if number is None or number > MAX_LIMIT:
        raise InvalidInputError(
            Sentence(
                "{name}: the limit must be empty or a whole number from 0 to {most:,}.",
                name=name,
                most=MAX_LIMIT,
            )
        )
    return Credits(number)


def form_of(limits: Limits, roles: Collection[str], shown: str) -> LimitsForm:
    """Return the form that shows limits; a role's line begins with what counts for it now."""
    lines = {role: _filled(limits, role) for role in roles}
    rest = _rest(limits, roles)
    return LimitsForm(
        mode=limits.mode,
        period=limits.period,
        user_limit=plain(limits.user_limit),
        guest_limit=plain(limits.guest_limit),
        role_limits={role: "" if line == _TICKED else line for role, line in lines.items()},
        unlimited={role: "1" for role, line in lines.items() if line == _TICKED},
        filled=lines,
        else_limit=plain(rest),
        else_unlimited="1" if rest is None else "",
        sure="",
        again="",
        shown=shown,
    )


def _filled(limits: Limits, role: str) -> str:
    """Return what a role's line is filled in with; empty: it has no limit of its own."""
    if role in limits.role_limits:
        return plain(limits.role_limits[role]) or _TICKED
    if limits.is_by_role:
        return ""
    return plain(limits.user_limit) or _TICKED


def _rest(limits: Limits, roles: Collection[str]) -> Credits | None:
    """Return the limit of everyone else: that of most roles, where each has one."""
    if not limits.is_by_role:
        return limits.user_limit
    if not all(role in limits.role_limits for role in roles):
        return None
    own = Counter(limits.role_limits[role] for role in roles)
    return own.most_common(1)[0][0] if own else None
