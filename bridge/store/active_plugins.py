"""WordPress's lists of active plugins: a site's own, and its network's."""

from collections.abc import Mapping
from typing import Any

from bridge.domain.errors import UnwritableSettingsError
from bridge.store.php import serialize, unserialize, unserialize_exactly
from bridge.store.raw_options import Shelf

OPTION = {Shelf.SITE: "active_plugins", Shelf.NETWORK: "active_sitewide_plugins"}


def is_active(stored: str | None, shelf: Shelf, plugin: str) -> bool:
    """Say whether a stored list names a plugin's file."""
    plugins = unserialize(stored)
    if not isinstance(plugins, dict):
        return False
    return plugin in (plugins if shelf is Shelf.NETWORK else plugins.values())


def with_plugin(stored: str | None, shelf: Shelf, plugin: str, now: int) -> str:
    """Return a stored list with a plugin: in a site's sorted as WordPress sorts it."""
    plugins = _exact(stored)
    if shelf is Shelf.NETWORK:
        return serialize({**plugins, plugin.encode(): now})
    names = sorted({*plugins.values(), plugin.encode()})
    return serialize(dict(enumerate(names)))


def without_plugin(stored: str | None, shelf: Shelf, plugin: str) -> str:
    """Return a stored list without a plugin; the others keep their order."""
    name, plugins = plugin.encode(), _exact(stored)
    if shelf is Shelf.NETWORK:
        return serialize({key: value for key, value in plugins.items() if key != name})
    return serialize(dict(enumerate(value for value in plugins.values() if value != name)))


def _exact(stored: str | None) -> Mapping[Any, Any]:
    """
    Return what a list holds.

    Raises:
        UnwritableSettingsError: It would not survive being written back.
    """
    if not stored:
        return {}
    plugins = unserialize_exactly(stored)
    if not isinstance(plugins, dict):
        raise UnwritableSettingsError(
            "WordPress's list of active plugins is not in its usual form: activate or deactivate "
            "any plugin under Plugins, which writes it anew, and try again."
        )
    return plugins
