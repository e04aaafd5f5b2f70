"""The command line: what it prints, and how it ends."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo.private_server import PrivateServer
from shop_stand_in.state import Line
from tests.support.forks import BridgeFork
from tests.support.processes import ended_with_the_test, finish, spawn, spawn_program, write_config
from tests.support.site import (
    CONSUMER_SECRET,
    SECRET,
    USERS,
    SiteDatabase,
    copy_template,
    load_template,
)
from tests.support.waiting import wait_until
from tests.support.world import ALICE, SMALL, World


@pytest.fixture
def config(world: World, tmp_path: Path) -> Path:
    return write_config(tmp_path, world.site, world.running.url)


def test_the_program_starts_and_ends_with_its_exit_code(
    new_site: SiteDatabase, tmp_path: Path
) -> None:
    """Python's start included, which the other tests leave out."""
    config = write_config(tmp_path, new_site, "http://127.0.0.1:9")

    well = finish(spawn_program(config, "--version"))
    badly = finish(spawn_program(config, "sync", "--once"))

    assert (well[0], badly[0]) == (0, 1)
    assert well[1].startswith("aipkit-bridge, version ")
    assert "aipkit-bridge migrate" in badly[2]


def run(config: Path, *arguments: str) -> tuple[int, str, str]:
    return finish(spawn(config, *arguments))


def test_sync_once_books_and_says_what_it_did(world: World, config: Path) -> None:
    order_id = world.order(ALICE, Line(SMALL))

    code, out, _ = run(config, "sync", "--once")

    assert code == 0
    assert "1 booked" in out
    assert world.site.booked(order_id) == 10_000
    notes = [note["note"] for note in world.shop.notes(order_id)]
    assert any(note.startswith("Granted 10,000 tokens") for note in notes)


def test_sync_once_ends_with_1_and_the_remedy_when_the_shop_is_down(
    world: World, tmp_path: Path
) -> None:
    config = write_config(tmp_path, world.site, "http://127.0.0.1:9")

    code, _, err = run(config, "sync", "--once")

    assert code == 1
    assert "cannot be reached" in err
    assert "Traceback" not in err
    assert CONSUMER_SECRET not in err


def test_migrate_is_safe_to_repeat(new_site: SiteDatabase, tmp_path: Path) -> None:
    config = write_config(tmp_path, new_site, "http://127.0.0.1:9")

    first, second = run(config, "migrate"), run(config, "migrate")

    assert (first[0], second[0]) == (0, 0)
    assert "applied 0001" in first[1]
    assert "applied" not in second[1]


def test_before_migrate_other_commands_name_it(new_site: SiteDatabase, tmp_path: Path) -> None:
    code, _, err = run(write_config(tmp_path, new_site, "http://127.0.0.1:9"), "sync", "--once")

    assert code == 1
    assert "aipkit-bridge migrate" in err


def test_reconcile_says_what_it_compared_and_what_it_leaves(world: World, config: Path) -> None:
    world.order(ALICE, Line(SMALL))
    world.poll()
    world.site.set_balance(ALICE, 5)
    world.site.run("UPDATE wp_aipkit_bridge_accounts SET held = 7")

    first, second = run(config, "reconcile"), run(config, "reconcile", "--repair")

    assert (first[0], second[0]) == (0, 0)
    assert "1 balances, 1 orders, 0 answers and the holds of 1 accounts compared" in first[1]
    assert "1 balances are not explained by the ledger" in first[1]
    assert "1 new findings" in first[1]
    assert "Holds of 1 accounts and" in second[1]
    assert "Balances and ledger rows are left as they are" in second[1]
    assert world.site.balance(ALICE) == 5
    assert world.site.value("SELECT held FROM wp_aipkit_bridge_accounts") == 0


def test_account_show_and_ledger(world: World, config: Path) -> None:
    world.order(ALICE, Line(SMALL))
    world.poll()

    show, ledger = run(config, "account", "show", "2"), run(config, "account", "ledger", "2")

    assert "balance 10,000" in show[1]
    assert "+10,000" in ledger[1]


def test_tables_fold_and_cut_nothing(
    world: World, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the terminal's width: people copy references, and programs read lines."""
    name = "A chatbot that helps with recipes, shopping lists and plans for the whole week"
    world.site.run(
        "UPDATE wp_posts SET post_title = %s WHERE post_type = 'aipkit_chatbot'", (name,)
    )
    monkeypatch.setenv("COLUMNS", "40")

    code, out, _ = run(config, "account", "show", "2")

    assert code == 0
    assert any(name in line for line in out.splitlines())
    assert "…" not in out


def test_account_show_of_nobody_ends_with_1(config: Path) -> None:
    code, _, err = run(config, "account", "show", "4711")

    assert (code, err) == (1, "aipkit-bridge: There is no user 4711.\n")


def test_admin_link_prints_a_link_for_managers_only(config: Path) -> None:
    good = run(config, "admin-link", "--user", "1")
    bad = run(config, "admin-link", "--user", str(USERS["alice"]))

    assert good[0] == 0
    assert good[1].startswith("http://127.0.0.1:8787/admin/login?token=")
    assert (bad[0], bad[1]) == (1, "")


def test_doctor_finds_nothing_on_a_good_site(world: World, tmp_path: Path) -> None:
    config = write_config(tmp_path, world.site, world.running.url)

    code, out, _ = run(config, "doctor")

    assert code == 0, out
    assert [line.split()[0] for line in out.splitlines()] == [f"B{n:03}" for n in range(1, 11)]


def test_doctor_finds_a_key_that_may_only_read(world: World, tmp_path: Path) -> None:
    world.shop.keys[:] = [replace(key, permissions="read") for key in world.shop.keys]
    order_id = world.order(ALICE, Line(SMALL))
    config = write_config(tmp_path, world.site, world.running.url)

    code, out, _ = run(config, "doctor")

    assert code == 1
    assert "B008 ok" in out
    found = out[out.index("B010") :]
    assert found.startswith("B010 ERROR")
    assert "“The API key provided does not have write permissions.”" in found
    assert "Read/Write" in found
    assert world.shop.notes(order_id) == []


def test_doctor_names_what_is_wrong(world: World, tmp_path: Path) -> None:
    world.site.run("UPDATE wp_options SET option_value = 'http://x' WHERE option_name = 'home'")
    config = write_config(tmp_path, world.site, "http://127.0.0.1:9")

    code, out, _ = run(config, "doctor")

    assert code == 1
    assert "B004 ERROR" in out
    assert "B008 ERROR" in out
    assert "Give the key" not in out


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[site]\nurls = 'x'", "site.url"),
        ("[nonsense]\nx = 1", "nonsense"),
        ("not toml", "TOML"),
    ],
)
def test_a_wrong_configuration_ends_with_2_and_names_the_key(
    config: Path, text: str, key: str
) -> None:
    if not text.startswith("not"):
        text = f"{text}\n[security]\nshared_secret = '{SECRET}'"
    config.write_text(text)

    code, _, err = run(config, "sync", "--once")

    assert code == 2
    assert key in err
    assert SECRET not in err
    assert len(err.splitlines()) == 1


def test_wrong_usage_ends_with_2(config: Path) -> None:
    assert run(config, "nonsense")[0] == 2
    assert run(config, "account", "show", "x")[0] == 2


def test_adjust_books_and_names_who_did_it(world: World, config: Path) -> None:
    code, out, _ = run(
        config, "account", "adjust", "--user", str(ALICE), "--delta", "700", "--reason", "Gift"
    )

    assert code == 0
    assert "balance 700" in out
    assert world.site.ledger()[-1]["reference_id"].startswith("cli:")


def test_adjust_ends_with_1_if_the_balance_is_another(world: World, config: Path) -> None:
    change = ("--set-to", "5", "--expected", "3", "--reason", "Gift")

    code, _, err = run(config, "account", "adjust", "--user", str(ALICE), *change)

    assert code == 1
    assert "it is 0 by now" in err


@pytest.mark.parametrize("change", [(), ("--delta", "0"), ("--set-to", "5")])
def test_adjust_needs_one_change(config: Path, change: tuple[str, ...]) -> None:
    code, _, err = run(
        config, "account", "adjust", "--user", str(ALICE), "--reason", "Gift", *change
    )

    assert code == 2
    assert "--set-to with --expected" in err


def test_a_port_that_another_serves_is_refused_by_its_number(
    world: World, config: Path, tmp_path: Path
) -> None:
    assert config
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        code, _, err = finish(spawn(config, "serve", "--port", str(port), "--no-worker"))

    assert code == 1
    assert f"port {port}" in err
    assert "--port" in err


@pytest.fixture
def late_server() -> Iterator[PrivateServer]:
    """A database server with a migrated site `late`, that is down."""
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-tests-") as folder:
        server = PrivateServer(Path(folder))
        server.start()
        load_template(server, "template", "wordpress.sql")
        copy_template(server, "template", "late")
        with SiteDatabase(server, "late") as site:
            site.bridge()
        server.stop()
        with ended_with_the_test():
            yield server
        server.stop()


def test_a_worker_waits_for_a_database_that_is_down_when_it_starts(
    late_server: PrivateServer, tmp_path: Path
) -> None:
    site = SiteDatabase(late_server, "late")
    worker = spawn(write_config(tmp_path, site, "http://127.0.0.1:9"), "worker")
    assert isinstance(worker, BridgeFork)
    wait_until(lambda: "database_awaited" in worker.complaints(), "it does not say that it waits")

    late_server.start()

    with site:
        owned = "SELECT 1 FROM wp_aipkit_bridge_leases WHERE owner <> ''"
        wait_until(lambda: site.rows(owned), "it does not go on")
    worker.terminate()
    code, _, err = finish(worker)
    assert code == 0, err


def test_a_signal_ends_the_wait_at_whatever_moment_it_comes() -> None:
    """Also while the main thread holds the lock of the event that it is about to wait for."""
    program = """
import signal, threading
from bridge.cli.signals import stop_on_signals
stop = threading.Event()
stop_on_signals(stop)
with stop._cond:
    signal.raise_signal(signal.SIGTERM)
assert stop.wait(10)
"""

    done = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)

    assert done.returncode == 0
