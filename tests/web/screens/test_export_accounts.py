"""All accounts as CSV: from the Credits screen and from the command line."""

import csv
import io
import stat
import tracemalloc
from pathlib import Path

import pytest

from bridge.services.accounts.export import COLUMNS, export_accounts
from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.wiring import Bridge
from tests.support.admin import sign_in_browser
from tests.support.apps import create_app
from tests.support.processes import finish, spawn, write_config
from tests.support.site import USERS, SiteDatabase

PATH = "/admin/credits/accounts.csv"


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    bridge = site.bridge()
    site.run(
        "UPDATE wp_users SET display_name = '=HYPERLINK(\"http://x\")' WHERE ID = %s",
        (USERS["bob"],),
    )
    list_all(bridge)
    return bridge


def list_all(bridge: Bridge) -> None:
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_screen_sends_every_account_once_with_formulas_as_text(
    bridge: Bridge, site: SiteDatabase
) -> None:
    browser = sign_in_browser(create_app(bridge), bridge)

    answer = browser.get(PATH)

    lines = lines_of(answer.text)
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    ids = [int(line["user_id"]) for line in lines]
    assert ids == sorted(set(ids))
    (bob,) = [line for line in lines if line["user_id"] == str(USERS["bob"])]
    assert tuple(bob) == COLUMNS
    assert bob["name"] == '\'=HYPERLINK("http://x")'
    assert int(bob["balance"]) == site.balance(USERS["bob"])


def test_without_a_session_nothing_is_sent(bridge: Bridge) -> None:
    answer = create_app(bridge).test_client().get(PATH)

    assert answer.status_code in (401, 403)
    assert "bob" not in answer.text


def test_pieces_are_as_large_for_many_accounts_as_for_few(
    bridge: Bridge, site: SiteDatabase
) -> None:
    site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
        " SELECT seq, CONCAT('crowd', seq), '', 'Crowd', '2020-01-01' FROM seq_1001_to_6000"
    )
    site.run(
        "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
        " SELECT seq, '_aipkit_token_balance', '7' FROM seq_1001_to_6000"
    )
    list_all(bridge)
    users = 0
    tracemalloc.start()

    for piece in export_accounts(bridge.db, bridge.site.get()):
        users += piece.count("crowd")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert users == 5000
    assert peak < 5 * 2**20


def test_the_command_writes_a_whole_file_for_its_owner_only(
    bridge: Bridge, site: SiteDatabase, tmp_path: Path
) -> None:
    assert bridge
    config, output = write_config(tmp_path, site, "http://127.0.0.1:9"), tmp_path / "a.csv"

    code, _, _ = finish(spawn(config, "export", "--output", str(output)))
    printed = finish(spawn(config, "export"))[1]

    assert code == 0
    assert lines_of(output.read_text("utf-8"))
    assert lines_of(printed) == lines_of(output.read_text("utf-8"))
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("a.csv*")) == ["a.csv"]


def test_a_place_that_cannot_be_written_to_is_named(
    bridge: Bridge, site: SiteDatabase, tmp_path: Path
) -> None:
    assert bridge
    config = write_config(tmp_path, site, "http://127.0.0.1:9")

    code, _, err = finish(spawn(config, "export", "--output", "/nowhere/a.csv"))

    assert code == 1
    assert "/nowhere/a.csv" in err
