"""Who used what."""

from dataclasses import dataclass

from bridge.domain.ids import Credits


@dataclass(frozen=True, slots=True)
class UserUse:
    """What one user used in a span, of every feature."""

    user_id: int  # 0: all guests together
    uses: int
    credits: Credits
    spent: Credits  # what of it was paid from the balance


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one user used of one model in one place."""

    user_id: int  # 0: all guests together
    module: str
    bot_id: int | None
    provider: str
    model: str
    uses: int
    units: int
    credits: Credits
