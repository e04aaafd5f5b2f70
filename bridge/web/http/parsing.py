"""Query parameters and bodies into values; every complaint names its field."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_origin

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from werkzeug.datastructures import MultiDict

from bridge.domain.errors import InvalidInputError, UnknownUserError
from bridge.domain.ids import MAX_ID, OrderId, UserId, is_id, whole_number
from bridge.domain.paging import Cursor, read_cursor
from bridge.domain.sentences import Sentence

Model = TypeVar("Model", bound=BaseModel)
Place = TypeVar("Place")
FormModel = TypeVar("FormModel", bound="Form")

MAX_LIMIT = 100
DEFAULT_LIMIT = 25


def page_arguments(kind: type[Place]) -> tuple[Cursor[Place] | None, int]:
    """Return `cursor` and `limit` (1 to 100) of a list request; *kind*: of the list's places."""
    return read_cursor(request.args.get("cursor", ""), kind), page_limit()


def page_limit() -> int:
    """Return `limit` of a list request."""
    limit = whole_number(request.args.get("limit", str(DEFAULT_LIMIT)), MAX_LIMIT)
    if not limit:
        raise InvalidInputError(f"limit: a whole number from 1 to {MAX_LIMIT}.")
    return limit


def whole_body() -> bytes:
    """
    Return the body.

    Raises:
        RequestEntityTooLarge: It is longer than the application takes, also where no header
            says how long it is: Flask would cut it off at the limit.
    """
    data = request.get_data()
    if request.content_length is None:
        request.stream.read(1)
    return data


def json_object() -> dict[str, Any]:
    """As `json_object_in`, of the body of Flask's request."""
    return json_object_in(whole_body)


def json_object_in(read_body: Callable[[], bytes]) -> dict[str, Any]:
    """
    Return the body, which must be a JSON object.

    Raises:
        InvalidInputError: It is none, or names a field twice: which one was meant is anybody's
            guess.
    """
    try:
        data = read_body()
        body = json.loads(data, object_pairs_hook=_fields, parse_constant=_no_number)
        if b"\\ud" in data.lower():
            json.dumps(body, ensure_ascii=False).encode()  # half of a pair is no text
    except (ValueError, RecursionError):
        raise InvalidInputError("body: must be a JSON object in UTF-8.") from None
    if not isinstance(body, dict):
        raise InvalidInputError("body: must be a JSON object.")
    return body


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"{twice[:100]}: is there twice.")
    return fields


def _no_number(name: str) -> None:
    raise ValueError(name)


def checked(model: type[Model], given: dict[str, Any], *, at: str = "") -> Model:
    """
    Return a body of *model*.

    Raises:
        InvalidInputError: Names the first field that is wrong, behind *at*.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = at + ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{field or 'body'}: {text}.") from None


class Form(BaseModel):
    """
    What a form was filled in with. Its rules raise the sentences that people read.

    A field without a default that does not come is empty; other fields are left alone. A tuple
    is of all fields of its name, a mapping of those called `name:key`.
    """

    model_config = ConfigDict(frozen=True, validate_by_name=True)


Typed = Annotated[str, BeforeValidator(str.strip)]
"""What a person types: without outer space."""


def checked_form(model: type[FormModel], fields: MultiDict[str, str] | None = None) -> FormModel:
    """
    Return the form of the request, or the same of an address's *fields*.

    Raises:
        InvalidInputError: Says what is wrong with the first field that is.
    """
    fields = request.form if fields is None else fields
    given: dict[str, object] = {}
    for attribute, field in model.model_fields.items():
        name, kind = str(field.validation_alias or attribute), get_origin(field.annotation)
        if kind is tuple:
            given[name] = tuple(fields.getlist(name))
        elif kind is dict:
            keys = [key for key in fields if key.startswith(f"{name}:")]
            given[name] = {key.removeprefix(f"{name}:"): fields[key] for key in keys}
        elif name in fields or field.is_required():
            given[name] = fields.get(name, "")
    return model.model_validate(given)


def short_text(value: object, field: str, length: int) -> str:
    """Return a text of 1 to *length* characters; *field* is its name."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= length:
        raise InvalidInputError(
            Sentence("{field}: a text of 1 to {most} characters.", field=field, most=length)
        )
    return value.strip()


def idempotency_key() -> str:
    """Return the header that names the intended effect."""
    return header_key(request.headers.get("Idempotency-Key"))


def header_key(given: str | None) -> str:
    """As `idempotency_key`, of a call's header."""
    return printable_key(given, "Idempotency-Key")


def printable_key(given: object, field: str) -> str:
    """Return a caller's key: 1 to 255 printable ASCII characters."""
    if not isinstance(given, str) or not (_is_printable(given) and 1 <= len(given) <= 255):
        raise InvalidInputError(
            Sentence("{field}: 1 to 255 printable ASCII characters.", field=field)
        )
    return given


def _is_printable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def to_order_id(order_id: int) -> OrderId:
    """Return an id out of an address; raises InvalidInputError where no column holds it."""
    if order_id > MAX_ID:
        raise InvalidInputError(Sentence("order: no such id."))
    return OrderId(order_id)


def to_user_id(user_id: int) -> UserId:
    """Return an id out of an address or a form; raises UnknownUserError where nobody has it."""
    if not is_id(user_id):
        raise UnknownUserError(Sentence("There is no user {user_id}.", user_id=user_id))
    return UserId(user_id)


_UNFIT_FOR_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def page_number(given: str | None, last: int) -> int | None:
    """Return a page within 1 and *last*; None for what is no number."""
    number = whole_number(given or "")
    return None if number is None else max(1, min(number, last))


def clean_text(text: str | None, length: int) -> str:
    """Return a text without control characters and outer space, cut to *length*."""
    return _UNFIT_FOR_TEXT.sub("", text or "").strip()[:length].rstrip()


MAX_UNITS = 2**53 - 1
"""Numbers that every JSON reader keeps exact."""
