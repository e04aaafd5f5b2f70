"""Bodies of `/v1/mails`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class UnsentBody(BaseModel):
    """Why a mail was not sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    error: Annotated[str, Field(max_length=500)]
