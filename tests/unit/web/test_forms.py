"""Forms of screens: their fields as models read them."""

from typing import Annotated

import pytest
from flask import Flask
from pydantic import BeforeValidator, Field, ValidationError

from bridge.domain.errors import InvalidInputError
from bridge.web.http.parsing import Form, Typed, checked_form


def refuse(text: str) -> str:
    raise InvalidInputError(f"The field says {text or 'nothing'}.")


class Asked(Form):
    name: Typed
    secret: str
    code: str | None = None
    user: tuple[str, ...]
    limits: dict[str, Typed] = Field(validation_alias="role")


class Refused(Form):
    first: Annotated[str, BeforeValidator(refuse)]
    second: Annotated[str, BeforeValidator(refuse)]


def read(fields: str) -> Asked:
    kind = "application/x-www-form-urlencoded"
    with Flask(__name__).test_request_context(method="POST", data=fields, content_type=kind):
        return checked_form(Asked)


def test_what_was_typed_is_trimmed_and_what_was_not_is_left() -> None:
    form = read("name=+Ada+&secret=+s+&unknown=1")

    assert (form.name, form.secret) == ("Ada", " s ")


def test_a_field_that_does_not_come_is_empty_or_its_default() -> None:
    assert read("").model_dump() == {
        "name": "", "secret": "", "code": None, "user": (), "limits": {},
    }  # fmt: skip
    assert read("code=").code == ""


def test_fields_of_one_name_and_of_one_prefix_come_together() -> None:
    form = read("user=5&user=7&role:editor=+10+&role:a:b=2&role=3")

    assert form.user == ("5", "7")
    assert form.limits == {"editor": "10", "a:b": "2"}


def test_the_first_rule_that_is_broken_speaks() -> None:
    with (
        Flask(__name__).test_request_context(method="POST", data={"second": "two"}),
        pytest.raises(InvalidInputError, match=r"^The field says nothing\.$"),
    ):
        checked_form(Refused)


def test_a_form_stays_as_it_came() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read("name=Ada").name = "Eve"
