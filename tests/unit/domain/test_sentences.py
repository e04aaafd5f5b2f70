"""Sentences that web says in the reader's language."""

import json
from copy import deepcopy

import pytest

from bridge.domain.errors import InvalidInputError
from bridge.domain.sentences import CountedSentence, Sentence

ASKED = Sentence("The limit of {name} is {limit:,}.", name="a {strange} one", limit=12000)


GERMAN = "{limit:,} ist die Grenze von {name}."


def dotted(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def test_it_is_its_english_text() -> None:
    assert ASKED == "The limit of a {strange} one is 12,000."
    assert json.dumps([ASKED]) == '["The limit of a {strange} one is 12,000."]'


def test_it_is_said_again_with_its_arguments() -> None:
    for said in (ASKED, deepcopy(ASKED)):
        assert said.translated(GERMAN, str.upper, dotted) == (
            "12.000 ist die Grenze von a {strange} one."
        )


def test_an_error_tells_what_it_was_made_of() -> None:
    error = InvalidInputError(ASKED)

    assert (str(error), type(str(error))) == (str(ASKED), str)
    assert isinstance(error.sentence, Sentence)
    assert InvalidInputError("plain").sentence == "plain"
    assert InvalidInputError().sentence == ""


def test_without_arguments_braces_are_text() -> None:
    assert Sentence("A {brace}") == "A {brace}"
    assert (
        Sentence("A {brace}").translated("Eine {Klammer}", str.upper, dotted) == "Eine {Klammer}"
    )


@pytest.mark.parametrize(
    ("count", "english"), [(1, "1 order needs a"), (2000, "2,000 orders need a")]
)
def test_a_counted_sentence_has_a_form_for_one(count: int, english: str) -> None:
    said = CountedSentence(
        "{count:,} order needs {what}", "{count:,} orders need {what}", count, what="a"
    )

    assert said == english
    assert said.many == "{count:,} orders need {what}"
    assert said.translated("{count:,}: {what}", str.upper, dotted) == f"{dotted(count)}: a"


def test_a_sentence_within_another_is_said_as_well() -> None:
    outer = Sentence("It failed: {why}", why=ASKED)

    assert outer.translated("Misslungen: {why}", str.upper, dotted) == (
        "Misslungen: THE LIMIT OF A {STRANGE} ONE IS 12,000."
    )
