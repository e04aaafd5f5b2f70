"""The text of config.toml: what init writes, and how it changes one that people have edited."""

import tomllib

import pytest

from bridge.services.setup.config_text import Values, amend_config, render_config
from bridge.services.setup.errors import SetupError

EDITED = """\
# ours
[woocommerce]   # the shop
consumer_key = 'ck_old'  # by hand
poll_seconds = 5

[database]
url = "mysql://a:b@h/n"
"""
KEY: Values = {("woocommerce", "consumer_key"): "ck_new"}


def test_what_is_rendered_says_just_that() -> None:
    values: Values = {
        ("site", "url"): 'a"b\\c\n\x7fü',
        ("site", "n"): "",
        ("server", "port"): 8787,
    }

    assert tomllib.loads(render_config(values)) == {
        "site": {"url": 'a"b\\c\n\x7fü', "n": ""},
        "server": {"port": 8787},
    }


def test_one_line_is_changed_and_every_other_letter_stays() -> None:
    text = amend_config(EDITED, KEY)

    assert text == EDITED.replace("'ck_old'  # by hand", '"ck_new"')


def test_a_missing_key_or_section_is_added() -> None:
    values: Values = {**KEY, ("woocommerce", "consumer_secret"): "cs", ("server", "port"): 1}

    parsed = tomllib.loads(amend_config(EDITED, values))

    assert parsed["woocommerce"] == {
        "consumer_key": "ck_new", "consumer_secret": "cs", "poll_seconds": 5,
    }  # fmt: skip
    assert parsed["server"] == {"port": 1}


def test_a_form_that_cannot_be_changed_is_named() -> None:
    with pytest.raises(SetupError, match=r"woocommerce\.consumer_key"):
        amend_config("woocommerce = {consumer_key = 'x'}", KEY)
