"""Whether a database user may make others, by what the server tells of his rights."""

import pytest

from bridge.store.database_users import _may_make_users

ALL = "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` IDENTIFIED BY PASSWORD '*0'"


@pytest.mark.parametrize(
    ("lines", "may"),
    [
        ([f"{ALL} WITH GRANT OPTION"], True),
        ([ALL], False),
        (["GRANT SELECT, CREATE USER ON *.* TO `a`@`%` WITH GRANT OPTION"], True),
        (["GRANT SELECT ON *.* TO `a`@`%` WITH GRANT OPTION"], False),
        (["GRANT USAGE ON *.* TO `wp`@`%`",
          "GRANT ALL PRIVILEGES ON `shop`.* TO `wp`@`%` WITH GRANT OPTION"], False),
        ([], False),
    ],
)  # fmt: skip
def test_only_who_may_for_the_whole_server(lines: list[str], may: bool) -> None:
    assert _may_make_users(lines) is may
