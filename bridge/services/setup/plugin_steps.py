"""Steps in WordPress: the plugin's files, its settings, and that it is active."""

import secrets
import shutil
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from bridge.services.setup.errors import SetupError
from bridge.services.setup.files import copy_tree, digest_of_tree
from bridge.services.setup.found import WordPressFolders, has_plugin
from bridge.services.setup.plan import Draft, Note, UndoContext
from bridge.services.setup.record import Facts
from bridge.store import active_plugins
from bridge.store.php import serialize, unserialize, unserialize_exactly
from bridge.store.raw_options import (
    Shelf,
    lock_value,
    names_beginning_with,
    read_value,
    write_value,
)
from bridge.store.site_facts import list_others_with_option
from bridge.store.tx import Tx
from bridge.woo.visits import visit

SLUG = "aipkit-bridge"
PLUGIN_FILE = f"{SLUG}/{SLUG}.php"
SETTINGS = "aipkit_bridge_settings"

_OWN_OPTIONS = "aipkit_bridge_"
_REWRITE_RULES = "rewrite_rules"
_SERVER_ERROR = 500


def plugin_source() -> Path:
    """
    Return the folder of the plugin that belongs to this version.

    An installed package has it within; in the sources it stands beside the package.

    Raises:
        SetupError: It is in neither place.
    """
    package = Path(str(files("bridge")))
    for folder in (package / "wordpress_plugin" / SLUG, package.parent / "wp_plugin_stub" / SLUG):
        if (folder / f"{SLUG}.php").is_file():
            return folder
    raise SetupError("This installation lacks the WordPress plugin: install the bridge anew.")


class CopyPlugin:
    """The plugin's files in WordPress's folder of plugins."""

    name: ClassVar[str] = "plugin_files"

    def __init__(self, folders: WordPressFolders) -> None:
        self._source = plugin_source()
        self._target = folders.plugins / SLUG

    @property
    def says(self) -> str:
        verb = "renew" if self._target.exists() else "copy"
        return f"{verb} the WordPress plugin in {self._target}"

    def is_done(self) -> bool:
        return digest_of_tree(self._target) == digest_of_tree(self._source)

    def do(self, note: Note) -> str:
        if self._target.is_symlink():
            raise SetupError(f"{self._target} is a link to another version: renew that by hand.")
        draft = _hidden_beside(self._target, "new")
        kept = _hidden_beside(self._target, "before-init") if self._target.exists() else None
        after = digest_of_tree(self._source)
        note(
            {
                "target": str(self._target),
                "draft": str(draft),
                "kept": str(kept) if kept else None,
                "after": after,
            }
        )
        copy_tree(self._source, draft)
        if kept is not None:
            self._target.rename(kept)
        draft.rename(self._target)
        return ""

    @staticmethod
    def undo(context: UndoContext, facts: Facts) -> str:
        """Take the files away, and put those back that were there before."""
        if not facts:
            return ""
        if others := _others_set_up(context):
            return f"they stay, for {others}"
        target, kept = Path(facts["target"]), Path(facts["kept"]) if facts["kept"] else None
        shutil.rmtree(facts["draft"], ignore_errors=True)
        if target.exists() and (kept is None or kept.exists()):
            if digest_of_tree(target) != facts["after"]:
                return f"{target} stays: it was changed since"
            shutil.rmtree(target)
        if kept is not None and kept.exists():
            kept.rename(target)
        return ""


def _others_set_up(context: UndoContext) -> str:
    """Name the network's other sites whose plugin has a bridge; "" where there is none."""
    with context.db.reading() as tx:
        return ", ".join(site.address for site in list_others_with_option(tx, SETTINGS))


def _hidden_beside(target: Path, what: str) -> Path:
    """Return a place in the same folder that WordPress does not look at."""
    return target.with_name(f".{target.name}-{what}-{secrets.token_hex(3)}")


class StoreSettings:
    """The bridge's address and the shared secret, as the plugin keeps them."""

    name: ClassVar[str] = "plugin_settings"

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    @property
    def says(self) -> str:
        return f"store the bridge's address ({self._draft.bridge_address}) and the secret for it"

    def is_done(self) -> bool:
        with self._draft.db.reading() as tx:
            stored = read_settings(tx)
        return bool(stored.get("url")) and stored.get("secret") == self._draft.secret

    def do(self, note: Note) -> str:
        def store(tx: Tx) -> None:
            before = lock_value(tx, Shelf.SITE, SETTINGS)
            after = _settings_with(before, self._draft.bridge_address, self._draft.secret)
            others = sorted({*names_beginning_with(tx, _OWN_OPTIONS)} - {SETTINGS})
            note({"before": before, "after": after, "others": others})
            write_value(tx, Shelf.SITE, SETTINGS, after)

        self._draft.db.transaction(store)
        return ""

    @staticmethod
    def undo(context: UndoContext, facts: Facts) -> str:
        """Put the settings back, and take away what the plugin has kept since."""
        if not facts:
            return ""

        def restore(tx: Tx) -> None:
            now = lock_value(tx, Shelf.SITE, SETTINGS)
            if now == facts["after"] or facts["before"] is None:
                write_value(tx, Shelf.SITE, SETTINGS, facts["before"])
            for name in {*names_beginning_with(tx, _OWN_OPTIONS)} - {SETTINGS, *facts["others"]}:
                write_value(tx, Shelf.SITE, name, None)

        context.db.transaction(restore)
        return ""


def read_settings(tx: Tx) -> Mapping[str, str]:
    """Return what the plugin has stored: `url`, `secret`, `public_url`."""
    stored = unserialize(read_value(tx, Shelf.SITE, SETTINGS))
    if not isinstance(stored, dict):
        return {}
    return {str(key): value for key, value in stored.items() if isinstance(value, str)}


def _settings_with(before: str | None, address: str, secret: str) -> str:
    stored: Any = unserialize_exactly(before) if before else {}
    kept = stored if isinstance(stored, dict) else {}
    url = kept.get(b"url") or address.encode()
    return serialize({**kept, b"url": url, b"secret": secret.encode()})


class ActivatePlugin:
    """The plugin in WordPress's list of active ones."""

    name: ClassVar[str] = "plugin_active"

    def __init__(self, draft: Draft, folders: WordPressFolders) -> None:
        self._draft = draft
        self._folders = folders
        self._shelf = Shelf.NETWORK if draft.found.is_network else Shelf.SITE

    @property
    def says(self) -> str:
        where = " for the whole network" if self._shelf is Shelf.NETWORK else ""
        peer = "; AI Puffer then leaves orders to it" if self._draft.found.has_peer else ""
        return f"activate the plugin{where}{peer}"

    def is_done(self) -> bool:
        with self._draft.db.reading() as tx:
            return has_plugin(tx, PLUGIN_FILE)

    def do(self, note: Note) -> str:
        option = active_plugins.OPTION[self._shelf]

        def activate(tx: Tx) -> None:
            before = lock_value(tx, self._shelf, option)
            after = active_plugins.with_plugin(before, self._shelf, PLUGIN_FILE, int(time.time()))
            rules = read_value(tx, Shelf.SITE, _REWRITE_RULES)
            facts = {"shelf": self._shelf, "before": before, "after": after, "home": home}
            note({**facts, "rules": bool(rules)})
            write_value(tx, self._shelf, option, after)

        home = self._draft.found.home
        worked_before = _works(home)
        self._draft.db.transaction(activate)
        if worked_before and not _works(home):  # the visit also tells AI Puffer to stand back
            raise SetupError(
                f"{home} answers with an error since the plugin is active; WordPress's error log "
                "says why."
            )
        if self._folders.has_object_cache:
            return "WordPress has an object cache: empty it now (wp cache flush)"
        return ""

    @staticmethod
    def undo(context: UndoContext, facts: Facts) -> str:
        """Take the plugin off the list; the others stay as they are by now."""
        if not facts:
            return ""
        shelf = Shelf(facts["shelf"])
        if shelf is Shelf.NETWORK and (others := _others_set_up(context)):
            return f"it stays active, for {others}"
        option = active_plugins.OPTION[shelf]

        def deactivate(tx: Tx) -> None:
            now = lock_value(tx, shelf, option)
            if now == facts["after"]:
                write_value(tx, shelf, option, facts["before"])
            elif active_plugins.is_active(now, shelf, PLUGIN_FILE):
                others = active_plugins.without_plugin(now, shelf, PLUGIN_FILE)
                write_value(tx, shelf, option, others)
            if read_value(tx, Shelf.SITE, _REWRITE_RULES) is not None and facts["rules"]:
                write_value(tx, Shelf.SITE, _REWRITE_RULES, "")

        context.db.transaction(deactivate)
        visit(str(facts["home"]))  # WordPress makes the rules for addresses anew
        return ""


def _works(home: str) -> bool:
    status = visit(home)
    return status is not None and status < _SERVER_ERROR
