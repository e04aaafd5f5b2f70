"""Sentences that tables keep in English, said in the reader's language."""

from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from bridge.domain.sentences import Sentence
from bridge.web.http.said import Recogniser

TEMPLATES = (
    "User {owner} does not exist; assign the order to a user who does.",
    "Its parent order {id} could not be read. {error}",
    "{booked:,} of {owner} are booked; {booked:,} again.",
    "“{name}” is odd.",
    "user {id}",
    "{anything}.",
)


@pytest.fixture
def recogniser(tmp_path: Path) -> Recogniser:
    catalog = Catalog(locale="de")
    for template in TEMPLATES:
        catalog.add(template, "übersetzt: " + template)
    catalog.add(("{count} one", "{count} many"), ("eins", "viele"))
    path = tmp_path / "de" / "LC_MESSAGES" / "some.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalog)
    return Recogniser(tmp_path, "some", Locale("de", "AT"))


def test_a_sentence_is_found_with_its_arguments(recogniser: Recogniser) -> None:
    found = recogniser.find("User 12 does not exist; assign the order to a user who does.")

    assert found is not None
    assert (found.template, found.arguments) == (TEMPLATES[0], {"owner": "12"})


def test_figures_are_numbers_again_and_must_agree(recogniser: Recogniser) -> None:
    found = recogniser.find("-1,200 of user 7 are booked; -1,200 again.")

    assert found is not None
    assert found.arguments["booked"] == -1200
    assert isinstance(found.arguments["owner"], Sentence)
    assert recogniser.find("1,200 of user 7 are booked; 1,201 again.") is None


def test_a_sentence_within_another_is_found_as_well(recogniser: Recogniser) -> None:
    found = recogniser.find("Its parent order 5 could not be read. “A.B” is odd.")

    assert found is not None
    inner = found.arguments["error"]
    assert isinstance(inner, Sentence)
    assert (inner.template, inner.arguments) == ("“{name}” is odd.", {"name": "A.B"})


@pytest.mark.parametrize(
    "text", ["", "Anything at all.", "user 12", "User does not exist", "{id}"]
)
def test_what_no_template_makes_stays(recogniser: Recogniser, text: str) -> None:
    assert recogniser.find(text) is None


def test_without_a_catalog_nothing_is_found(tmp_path: Path) -> None:
    assert Recogniser(tmp_path, "some", Locale("de")).find("user 12") is None
