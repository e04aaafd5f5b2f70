"""The forms of the status page."""

from functools import partial
from typing import Annotated

from pydantic import BeforeValidator

from bridge.web.http.parsing import Form, short_text

_MAX_TEXT = 500


class AssignForm(Form):
    """Whose an order is: an id, login or e-mail address."""

    user: Annotated[str, BeforeValidator(partial(short_text, field="user", length=_MAX_TEXT))]


class ReasonForm(Form):
    """Why a person decides so."""

    reason: Annotated[str, BeforeValidator(partial(short_text, field="reason", length=_MAX_TEXT))]


class DismissForm(ReasonForm):
    """``code`` is the reason code that was shown with the order."""

    code: str | None = None


class BackForm(Form):
    """``back``: the user to whose account the answer leads; empty: to the status page."""

    back: str


class RefusedForm(Form):
    """What was typed into any of them, to be shown again."""

    user: str
    reason: str
