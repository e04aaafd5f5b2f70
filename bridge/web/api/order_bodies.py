"""The bodies of calls that decide about an order; what else they hold is left alone."""

from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import is_id
from bridge.web.http.parsing import short_text

_MAX_REASON = 500


def _an_id(value: object, field: str) -> object:
    if not is_id(value):
        raise InvalidInputError(f"{field}: a whole number above 0.")
    return value


class _OrderBody(BaseModel):
    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _missing_is_wrong(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Let the fields' own rules refuse what is not there."""
        return {name: given.get(name) for name in cls.model_fields}


class AssignBody(_OrderBody):
    """Whose a guest's order is."""

    user_id: Annotated[int, Field(gt=0), BeforeValidator(partial(_an_id, field="user_id"))]


class DismissBody(_OrderBody):
    """Why an order is taken off the lists."""

    reason: Annotated[
        str,
        Field(min_length=1, max_length=_MAX_REASON),
        BeforeValidator(partial(short_text, field="reason", length=_MAX_REASON)),
    ]


class HintBody(_OrderBody):
    """Which order to look at."""

    order_id: Annotated[int, Field(gt=0), BeforeValidator(partial(_an_id, field="order_id"))]
