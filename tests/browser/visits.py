"""The two ways to the screens: the bridge's own pages, and WordPress's admin."""

from typing import Protocol

from playwright._impl._api_structures import SetCookieParam

from bridge.wiring import Bridge
from tests.browser.wordpress import RecordedWordPress
from tests.support.admin import COOKIE, new_session
from tests.support.site import SiteDatabase


class Visits(Protocol):
    """What tests need to know of a way."""

    def cookies(self, user: int) -> list[SetCookieParam]:
        """Return those of a browser in which the user is signed in."""

    def speak(self, user: int, language: str) -> None:
        """Let the user read a language, as `de-DE`, which the browser is told as well."""

    def address_of(self, path: str) -> str:
        """Return the address of a screen."""

    def end_sessions(self, site: SiteDatabase) -> None:
        """Sign everybody out."""


class OwnVisits:
    """Straight to the bridge."""

    def __init__(self, bridge: Bridge, address: str) -> None:
        """Nobody is signed in yet."""
        self._bridge = bridge
        self._address = address
        self._sessions = 0

    def cookies(self, user: int) -> list[SetCookieParam]:
        """Start a session."""
        self._sessions += 1
        secret = new_session(self._bridge, user, f"a-token-of-browser-{self._sessions}")
        return [{"name": COOKIE, "value": secret, "url": self._address}]

    def speak(self, user: int, language: str) -> None:
        """Nobody but the browser says."""

    def address_of(self, path: str) -> str:
        """Return the bridge's own."""
        return self._address + path

    def end_sessions(self, site: SiteDatabase) -> None:
        """Forget the bridge's sessions."""
        site.run("DELETE FROM wp_aipkit_bridge_sessions")


class WordPressVisits:
    """Through WordPress's admin."""

    def __init__(self, wordpress: RecordedWordPress) -> None:
        """Nobody is logged in yet."""
        self._wordpress = wordpress

    def cookies(self, user: int) -> list[SetCookieParam]:
        """Log the user in."""
        return [
            {"name": name, "value": value, "url": self._wordpress.url}
            for name, value in self._wordpress.cookies_of(user).items()
        ]

    def speak(self, user: int, language: str) -> None:
        """Put it into the user's profile: the admin asks no browser."""
        self._wordpress.choose_language(user, language.replace("-", "_"))

    def address_of(self, path: str) -> str:
        """Return the admin's."""
        return self._wordpress.address_of(path)

    def end_sessions(self, site: SiteDatabase) -> None:
        """Forget WordPress's sessions."""
        site.run("DELETE FROM wp_usermeta WHERE meta_key = 'session_tokens'")
