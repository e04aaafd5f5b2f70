"""Where a login leads, by the host forms of wp-config.php."""

import pytest

from bridge.config import parse_database_url
from bridge.services.setup.errors import SetupError
from bridge.services.setup.login import make_login


def addresses(host: str) -> list[object]:
    login = make_login(host, "my shop", "wp", "p@ss:w/rd%")
    found: list[object] = []
    for url in login.urls():
        parsed = parse_database_url(url)
        assert (parsed.user, parsed.password, parsed.database) == ("wp", "p@ss:w/rd%", "my shop")
        found.append(parsed.unix_socket or parsed.hosts[0])
    return found


@pytest.mark.parametrize(
    ("host", "leads_to"),
    [
        ("db.example", ("db.example", 3306)),
        ("db.example:3307", ("db.example", 3307)),
        ("[::1]:3307", ("::1", 3307)),
        ("2001:db8::7", ("2001:db8::7", 3306)),
        ("localhost:/run/my sql.sock", "/run/my sql.sock"),
    ],
)
def test_each_form_leads_to_one_place(host: str, leads_to: object) -> None:
    assert addresses(host) == [leads_to]


def test_localhost_is_a_socket_first_as_in_php() -> None:
    assert addresses("localhost")[-1] == ("127.0.0.1", 3306)


def test_another_user_gets_the_same_place() -> None:
    login = make_login("db.example", "shop", "wp", "wp")

    other = parse_database_url(login.with_user(login.urls()[0], "own", "x@y"))

    assert (other.user, other.password, other.hosts) == ("own", "x@y", (("db.example", 3306),))


def test_no_host_is_named() -> None:
    with pytest.raises(SetupError, match="DB_HOST"):
        make_login("", "shop", "wp", "wp")
