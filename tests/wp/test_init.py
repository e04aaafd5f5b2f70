"""`init` on a real WordPress: connected in one go, repaired, and taken back to the byte."""

import hashlib
import hmac
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.folders import ROOT
from tests.support.processes import finish, kill, spawn
from tests.support.waiting import wait_until

from .bare_site import USERS, BareSite, bare_site
from .site import WordPressSite
from .test_network import drop_network, make_network


@pytest.fixture
def bare(site: WordPressSite, tmp_path: Path) -> Iterator[BareSite]:
    with bare_site(site, tmp_path) as bare:
        yield bare


def test_a_site_is_connected_in_one_go_and_given_back_as_it_was(bare: BareSite) -> None:
    bare.settle()
    before = bare.everything()

    code, out, err = bare.connect()

    assert (code, err) == (0, "")
    checks = re.findall(r"^B\d{3} (\w+)", out, re.MULTILINE)
    assert len(checks) >= 10
    assert set(checks) == {"ok"}
    assert [word for word in bare.secrets() if word in out] == []
    assert {p.stat().st_mode & 0o777 for p in (bare.config, bare.record)} == {0o600}
    assert bare.wordpress.active_plugins() == [
        "aipkit-bridge/aipkit-bridge.php", "woocommerce/woocommerce.php",
    ]  # fmt: skip
    assert bare.wordpress.wp_value("\\AIPKit_Bridge\\Settings\\is_configured()") is True

    connected = bare.everything()
    again = bare.connect()

    assert again[0] == 0
    assert "nothing to do" in again[1]
    assert bare.everything() ^ connected == set()

    taken_back = bare.init("--undo", "--yes")
    bare.settle()

    assert taken_back[0] == 0, taken_back[2]
    assert "balances and the ledger stay" in taken_back[1]
    assert bare.everything() ^ before == set()


def test_the_key_is_stored_as_woocommerce_stores_it(bare: BareSite) -> None:
    bare.connect()

    text = bare.config.read_text()
    found = re.search(r'consumer_key = "(ck_[0-9a-f]{40})"\nconsumer_secret = "(\w+)"', text)
    assert found
    key, secret = found.groups()
    columns = "user_id, description, permissions, consumer_key, consumer_secret, truncated_key"
    assert bare.wordpress.sql(f"SELECT {columns} FROM wp_woocommerce_api_keys") == [
        (
            1,
            "AIP Bridge",
            "read_write",
            hmac.new(b"wc-api", key.encode(), hashlib.sha256).hexdigest(),
            secret,
            key[-7:],
        )
    ]


def test_the_bridge_gets_a_database_user_with_few_rights(bare: BareSite) -> None:
    bare.connect()

    ((user, host),) = bare.wordpress.sql(USERS)
    grants = [row[0] for row in bare.wordpress.sql("SHOW GRANTS FOR %s@%s", user, host)]
    rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, INDEX, ALTER ON `wordpress`.*"
    assert f"mysql://{user}:" in bare.config.read_text()
    assert [grant for grant in grants if rights in grant]
    assert [grant for grant in grants if "GRANT USAGE ON *.*" in grant]
    assert len(grants) == 2


def test_a_user_who_may_make_no_others_is_used_himself(bare: BareSite) -> None:
    bare.wordpress.sql("CREATE USER aipkit_site@localhost IDENTIFIED BY 'p@ss/w:rd'")
    bare.wordpress.sql("GRANT ALL ON wordpress.* TO aipkit_site@localhost")
    bare.write_wp_config("aipkit_site", "p@ss/w:rd")

    code, out, err = bare.connect()

    assert (code, err) == (0, "")
    assert "mysql://aipkit_site:p%40ss%2Fw%3Ard@/" in bare.config.read_text()
    assert "database user who" not in out
    assert bare.init("--undo", "--yes")[0] == 0
    assert [row[0] for row in bare.wordpress.sql(USERS)] == ["aipkit_site"]


def test_a_step_that_fails_is_named_and_leaves_nothing(bare: BareSite) -> None:
    bare.wordpress.wp_eval("update_option( 'stand_in_refuses', 1 );")
    bare.settle()
    before = bare.everything()

    code, out, err = bare.connect()

    assert code == 1
    assert "Step 2 of 7 failed" in err
    assert "REST key" in err
    assert "refuses the API key" in err
    assert "taken back" in err
    assert "Traceback" not in err + out
    assert bare.everything() ^ before == set()


def test_what_is_missing_is_put_right_and_the_rest_left_alone(bare: BareSite) -> None:
    bare.connect()
    bare.config.write_text(bare.config.read_text() + "\n[grants]\nclaim_by_email = true # mine\n")
    bare.wordpress.sql("DELETE FROM wp_woocommerce_api_keys")
    (bare.plugin / "readme.txt").unlink()
    bare.wordpress.activate("woocommerce")

    code, out, err = bare.connect()

    assert (code, err) == (0, ""), out
    assert "To do\n  1. make a WooCommerce REST key" in out
    assert "4. activate" in out
    assert "claim_by_email = true # mine" in bare.config.read_text()
    assert (bare.plugin / "readme.txt").is_file()
    assert "aipkit-bridge/aipkit-bridge.php" in bare.wordpress.active_plugins()


def test_taking_back_leaves_what_was_booked_and_what_people_changed(bare: BareSite) -> None:
    bare.connect()
    bare.config.write_text(bare.config.read_text() + "# mine\n")
    user = str(bare.wordpress.wp_value("get_user_by( 'login', 'alice' )->ID"))
    adjusted = finish(
        spawn(bare.config, "account", "adjust", "--user", user, "--delta", "5", "--reason", "x")
    )
    assert adjusted[0] == 0, adjusted[2]

    code, out, err = bare.init("--undo", "--yes")

    assert (code, err) == (0, "")
    assert "the bridge's tables: they stay: credits were booked with them" in out
    assert f"{bare.config} stays: it was edited since" in out
    assert bare.wordpress.sql("SELECT credits_delta FROM wp_aipkit_token_ledger") == [(5,)]


def test_a_run_that_was_killed_is_finished_by_the_next_and_taken_back_whole(
    bare: BareSite,
) -> None:
    bare.settle()
    before = bare.everything()
    process = spawn(bare.config, "init", "--wp-config", str(bare.wp_config), "--yes")
    wait_until(lambda: "rest_key" in steps_begun(bare), "it does not come so far")
    kill(process)

    code, _, err = bare.connect()

    assert (code, err) == (0, "")
    assert len(bare.wordpress.sql(USERS)) == 1
    assert bare.wordpress.sql("SELECT COUNT(*) FROM wp_woocommerce_api_keys") == [(1,)]
    note_again(bare, "tables")
    assert bare.init("--undo", "--yes")[::2] == (0, "")
    bare.settle()
    assert bare.everything() ^ before == set()


def note_again(bare: BareSite, step: str) -> None:
    """Let the record have a step twice, as of a run that was killed in it."""
    record = json.loads(bare.record.read_text())
    record["steps"] += [one for one in record["steps"] if one["step"] == step]
    bare.record.write_text(json.dumps(record))


def steps_begun(bare: BareSite) -> list[str]:
    with suppress(FileNotFoundError):
        return [one["step"] for one in json.loads(bare.record.read_text())["steps"]]
    return []


def test_one_question_is_asked_and_no_changes_nothing(bare: BareSite) -> None:
    before = bare.everything()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bridge", "--config", str(bare.config), "init"]
    command += ["--wp-config", str(bare.wordpress.folder)]

    os.write(ours, b"n\n")
    done = subprocess.run(
        command, stdin=theirs, capture_output=True, text=True, cwd=ROOT, check=False
    )
    os.close(theirs)
    os.close(ours)

    assert done.returncode == 1
    assert done.stdout.count("?") == 1
    assert "Do this? [y/N]" in done.stdout
    assert "Nothing was changed." in done.stdout
    assert len(done.stdout.splitlines()) <= 24, "one screen"
    assert bare.everything() ^ before == set()


def test_what_the_file_does_not_say_is_asked_for_by_its_name(bare: BareSite) -> None:
    text = bare.wp_config.read_text()
    bare.wp_config.write_text(text.replace("'DB_PASSWORD', ''", "'DB_PASSWORD', getenv( 'PW' )"))

    code, _, err = bare.connect()

    assert code == 2
    assert "DB_PASSWORD comes from the environment variable PW." in err
    assert "AIPKIT_BRIDGE_INIT_DB_PASSWORD" in err


def test_on_a_network_the_plugin_is_active_everywhere(bare: BareSite) -> None:
    constants = make_network(bare.wordpress)
    lines = [f"define( '{name}', '{value}' );" for name, value in constants.items()]
    bare.write_wp_config(more="\n".join(lines))
    option = "SELECT meta_value FROM wp_sitemeta WHERE meta_key = 'active_sitewide_plugins'"
    before = bare.wordpress.sql(option)

    code, out, err = bare.connect()

    assert (code, err) == (0, ""), out
    assert "activate the plugin for the whole network" in out
    assert bare.wordpress.wp_value("(bool) is_multisite()") is True
    assert bare.wordpress.wp_value("\\AIPKit_Bridge\\Settings\\is_configured()") is True

    bare.wordpress.wp_eval("wpmu_create_blog( 'two.example', '/two/', 'Two', 1 );")
    other = bare.connect("--site", "https://nowhere.example")
    two = bare.connect("--site", "https://two.example/two/")
    undone = bare.init("--undo", "--yes")

    assert (other[0], two[0], undone[0]) == (1, 1, 0)
    assert "no site of this network" in other[2]
    assert "/two has no WooCommerce" in two[2]
    assert f"by --site, of {bare.wordpress.host}, two.example/two" in two[2]
    assert bare.wordpress.sql(option) == before
    bare.write_wp_config()
    drop_network(bare.wordpress)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE wp_options SET option_value = '' WHERE option_name = 'permalink_structure'",
         "Settings > Permalinks"),
        ("DROP TABLE wp_woocommerce_api_keys", "has no WooCommerce"),
        ("ALTER TABLE wp_usermeta ENGINE=MyISAM", "ALTER TABLE wp_usermeta ENGINE=InnoDB"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_said_before_anything_is_done(
    bare: BareSite, sql: str, said: str
) -> None:
    bare.wordpress.sql(sql)

    code, _, err = bare.connect()

    assert code == 1
    assert said in err
    assert not bare.record.exists()
