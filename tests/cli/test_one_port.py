"""A port is served by one service: others are refused, and each tells which one it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bridge.cli.claimed import PortTakenError, claim_port
from demo.private_server import free_port
from tests.support.processes import (
    ServerTree,
    ended_with_the_test,
    finish,
    spawn,
    write_config,
)
from tests.support.site import SiteDatabase
from tests.support.waiting import wait_until


@pytest.fixture
def config(site: SiteDatabase, tmp_path: Path) -> Path:
    site.bridge()
    return write_config(tmp_path, site, "http://127.0.0.1:9")


@pytest.fixture
def tree(config: Path) -> Iterator[ServerTree]:
    tree = ServerTree(config, free_port(), "--no-worker", "--workers", "2")
    tree.start()
    yield tree
    tree.kill()


def instances(url: str) -> set[str]:
    """What it calls itself, asked by as many connections as reach all server processes."""
    asked = (requests.get(f"{url}/readyz", timeout=30) for _ in range(20))
    return {answer.json()["instance"] for answer in asked}


def test_of_two_that_start_at_once_one_is_refused(config: Path) -> None:
    port = free_port()
    arguments = ("serve", "--port", str(port), "--no-worker", "--workers", "1")
    with ended_with_the_test():
        both = [spawn(config, *arguments) for _ in range(2)]
        wait_until(lambda: any(one.poll() is not None for one in both), "both serve the port")
        [refused] = [one for one in both if one.poll() is not None]
        code, _, err = finish(refused)

    assert code == 1
    assert err.count("\n") == 1
    assert f"port {port}" in err
    assert "--port" in err


def test_a_port_is_refused_while_any_process_serves_it(tree: ServerTree) -> None:
    assert_held(tree.port)
    tree.kill_one(0)
    assert_held(tree.port)
    tree.kill_parent()
    assert_held(tree.port)


def assert_held(port: int) -> None:
    with pytest.raises(PortTakenError):
        claim_port("0.0.0.0", port, patience_s=0)


def test_all_its_processes_tell_its_name_and_a_restart_another(tree: ServerTree) -> None:
    first = tree.instance
    assert instances(tree.url) == {first}

    tree.kill_parent()
    tree.start()

    assert tree.instance != first
    assert instances(tree.url) == {tree.instance}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("::1", "::1"),
        ("::", "::1"),
        ("::", "127.0.0.1"),
        ("127.0.0.1", "::"),
        ("localhost", "0.0.0.0"),
    ],
)
def test_addresses_that_include_each_other_are_one_claim(first: str, second: str) -> None:
    port = free_port()
    with claim_port(first, port), pytest.raises(PortTakenError) as refused:
        claim_port(second, port, patience_s=0)

    assert f"Cannot listen on {second}, port {port} (" in str(refused.value)
    claim_port(second, port, patience_s=0).close()


def test_every_address_is_served_by_both_protocols(config: Path) -> None:
    tree = ServerTree(config, free_port(), "--no-worker", "--workers", "1", "--host", "::")
    tree.start()
    try:
        assert instances(tree.url) == instances(f"http://[::1]:{tree.port}") == {tree.instance}
    finally:
        tree.kill()


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(PortTakenError, match=r"no.such.host.invalid, port 8787"):
        claim_port("no.such.host.invalid", 8787)
