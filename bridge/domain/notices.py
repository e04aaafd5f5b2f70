"""What a visitor is told when a limit is reached, as the site's owner configured it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TEXT_LENGTH = 1000
"""Characters of each text: a denial is kept for its key, in a column that ends at 64 KiB."""

DEFAULT_MESSAGE = "You have reached your quota for this period."


class ActionKind(StrEnum):
    """Where an action leads; the peer's words."""

    NONE = "none"
    BUY_CREDITS = "buy_credits"
    DASHBOARD = "dashboard"
    CUSTOM_URL = "custom_url"


_LABELS = {
    ActionKind.BUY_CREDITS: "Buy credits",
    ActionKind.DASHBOARD: "View usage",
    ActionKind.CUSTOM_URL: "Learn more",
}


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """One configured action; ``url`` counts for a custom one only."""

    kind: ActionKind = ActionKind.NONE
    label: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """A module's message and its two actions."""

    message: str = ""
    primary: ActionSettings = ActionSettings()
    secondary: ActionSettings = ActionSettings()


@dataclass(frozen=True, slots=True)
class Action:
    """A button: ``variant`` is `primary` or `secondary`."""

    label: str
    url: str
    variant: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What to show."""

    message: str
    actions: tuple[Action, ...]


def make_notice(settings: NoticeSettings, pages: Mapping[ActionKind, str]) -> Notice:
    """
    Return the notice; an action that leads nowhere is left out.

    Args:
        settings: As the site has them.
        pages: Addresses of the shop and of the dashboard, as far as the site has them.
    """
    wanted = (("primary", settings.primary), ("secondary", settings.secondary))
    actions = []
    for variant, action in wanted:
        custom = action.kind is ActionKind.CUSTOM_URL
        url = action.url if custom else pages.get(action.kind, "")
        if url.startswith(("http://", "https://", "/")) and not url.startswith("//"):
            label = action.label[:TEXT_LENGTH] or _LABELS[action.kind]
            if len(url) <= TEXT_LENGTH:
                actions.append(Action(label, url, variant))
    message = settings.message[:TEXT_LENGTH] or DEFAULT_MESSAGE
    return Notice(message, tuple(actions))
