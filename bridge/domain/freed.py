"""Whom a change of limits leaves without one, and who may use how much (R16)."""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.domain.errors import BridgeError
from bridge.domain.ids import Credits
from bridge.domain.limits import Limits
from bridge.domain.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Freed:
    """Who had a limit, and would have none any more."""

    roles: tuple[str, ...] = ()  # everybody who has just the one
    without_role: bool = False
    guests: bool = False

    def __bool__(self) -> bool:
        """Whether it is anybody."""
        return bool(self.roles or self.without_role or self.guests)


class WouldBeUnlimitedError(BridgeError):
    """Saving takes a limit away, and nobody has said that this is meant; ``freed``: from whom."""

    code = "would_be_unlimited"

    def __init__(self, freed: Freed) -> None:
        super().__init__(
            Sentence("Somebody would have no limit any more: say that this is meant.")
        )
        self.freed = freed


def freed_by(stored: Limits, wanted: Limits, roles: Collection[str]) -> Freed:
    """Return whom *wanted* leaves without the limit that *stored* gives; *roles*: the site's."""

    def is_freed(*of_user: str) -> bool:
        return stored.limit_of(of_user) is not None and wanted.limit_of(of_user) is None

    return Freed(
        roles=tuple(role for role in roles if is_freed(role)),
        without_role=is_freed(),
        guests=stored.guest_limit is not None and wanted.guest_limit is None,
    )


@dataclass(frozen=True, slots=True)
class Allowance:
    """What each user of some roles may use for free in a period; None: as much as they like."""

    roles: tuple[str, ...]
    limit: Credits | None


def allowances(limits: Limits, roles: Collection[str]) -> list[Allowance]:
    """Return what users of each of *roles* may use, those with the same together."""
    together: dict[Credits | None, list[str]] = {}
    for role in roles:
        together.setdefault(limits.limit_of([role]), []).append(role)
    return [Allowance(tuple(same), limit) for limit, same in together.items()]
