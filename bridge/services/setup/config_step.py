"""The step that writes `config.toml`."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from bridge.services.setup.config_text import Values, amend_config, render_config
from bridge.services.setup.files import digest_of_text, write_privately
from bridge.services.setup.plan import Draft, Note, Step, UndoContext
from bridge.services.setup.record import Facts


class WriteConfig:
    """The configuration, for its owner's eyes alone."""

    name: ClassVar[str] = "config"

    def __init__(self, draft: Draft, before: Sequence[Step]) -> None:
        """*before*: the steps whose outcome stands in the file."""
        self._draft = draft
        self._before = tuple(before)

    @property
    def says(self) -> str:
        verb = "write" if self._draft.existing is None else "put right"
        return f"{verb} {self._draft.config_file} (mode 600), with a new shared secret if need be"

    def is_done(self) -> bool:
        if self._draft.existing is None or self._changes():
            return False
        return all(step.is_done() for step in self._before)

    def do(self, note: Note) -> str:
        draft = self._draft
        before = None if draft.existing is None else draft.existing.text
        text = self._new() if before is None else amend_config(before, self._changes())
        note({"path": str(draft.config_file), "before": before, "after": digest_of_text(text)})
        write_privately(draft.config_file, text, owner=_owner_of(draft.config_file))
        return ""

    def _new(self) -> str:
        draft, prefixes = self._draft, self._draft.found.prefixes
        assert draft.rest_key is not None
        values: dict[tuple[str, str], str | int] = {
            ("site", "url"): draft.found.home,
            ("site", "table_prefix"): prefixes.site,
        }
        if prefixes.users != prefixes.site:
            values["site", "users_prefix"] = prefixes.users
        values |= {
            ("database", "url"): draft.database_url,
            ("woocommerce", "consumer_key"): draft.rest_key.key,
            ("woocommerce", "consumer_secret"): draft.rest_key.secret,
        }
        if draft.shop_url != draft.found.home:
            values["woocommerce", "url"] = draft.shop_url
        values |= {
            ("server", "port"): draft.port,
            ("security", "shared_secret"): draft.secret,
        }
        return render_config(values)

    def _changes(self) -> Values:
        """What the file says otherwise than it should by now."""
        draft, existing = self._draft, self._draft.existing
        assert existing is not None
        changes: dict[tuple[str, str], str | int] = {}
        if draft.database_url != existing.database_url:
            changes["database", "url"] = draft.database_url
        if draft.rest_key is not None and draft.rest_key != existing.rest_key:
            changes["woocommerce", "consumer_key"] = draft.rest_key.key
            changes["woocommerce", "consumer_secret"] = draft.rest_key.secret
        return changes

    @staticmethod
    def undo(_: UndoContext, facts: Facts) -> str:
        """Put back what was there before, unless somebody has edited the file since."""
        if not facts:
            return ""
        path = Path(facts["path"])
        if not path.exists():
            return ""
        if digest_of_text(path.read_text("utf-8")) != facts["after"]:
            return f"{path} stays: it was edited since"
        if facts["before"] is None:
            path.unlink()
        else:
            write_privately(path, facts["before"], owner=_owner_of(path))
        return ""


def _owner_of(path: Path) -> tuple[int, int] | None:
    """Return whose file it is: it may be a service's."""
    if not path.exists():
        return None
    found = path.stat()
    return found.st_uid, found.st_gid
