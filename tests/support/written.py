"""What a database holds, as one short text for each table: to see whether anything was written."""

from dataclasses import dataclass, field

from tests.support.site import SiteDatabase

_WRITES = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_write', 'Handler_update',"
    " 'Handler_delete')"
)
_SPECIAL = {
    # Every transaction writes its account's row, and opens it before: that says nothing.
    "wp_aipkit_bridge_accounts": "user_id, held, debt, open_holds FROM {} WHERE held + debt"
    " + open_holds <> 0",
    "wp_aipkit_bridge_guests": "session_id, open_holds FROM {} WHERE open_holds <> 0",
    "wp_aipkit_bridge_ledger_state": "user_id, unledgered FROM {} WHERE unledgered <> 0",
    "wp_usermeta": "umeta_id, user_id, meta_key, meta_value FROM {} WHERE NOT (meta_value = '0'"
    " AND meta_key = '_aipkit_token_balance')",
    # Screens note when a session was seen last.
    "wp_aipkit_bridge_sessions": "HEX(session_hash) FROM {}",
    # Whoever tells what another transaction wrote counts here, to wait for the disk.
    "wp_aipkit_bridge_sequences": "name FROM {} WHERE name <> 'told'",
}

_DERIVED = {"wp_aipkit_bridge_summaries"}
"""Rows for the list of accounts; an account that is opened gets one."""


@dataclass
class Written:
    """Watches a site's database."""

    site: SiteDatabase
    tables: dict[str, str] = field(default_factory=dict)
    _writes: int = -1

    def changes(self) -> set[str]:
        """Return the tables in which something changed since the last call."""
        writes = sum(int(row["Value"]) for row in self.site.rows(_WRITES))
        if writes == self._writes:
            return set()
        before, self.tables = self.tables, self._look()
        self._writes = sum(int(row["Value"]) for row in self.site.rows(_WRITES))
        return {name for name, text in self.tables.items() if before.get(name) != text}

    def _look(self) -> dict[str, str]:
        names = [next(iter(row.values())) for row in self.site.rows("SHOW TABLES")]
        plain = [name for name in names if name not in _SPECIAL.keys() | _DERIVED]
        sums = self.site.rows(f"CHECKSUM TABLE {', '.join(plain)}")
        texts = {row["Table"].partition(".")[2]: str(row["Checksum"]) for row in sums}
        for name, rest in _SPECIAL.items():
            texts[name] = str(self.site.rows(f"SELECT {rest.format(name)} ORDER BY 1"))
        return texts
