"""What every section of the settings is built of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=0, le=65535)]
PositiveSeconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A table of the TOML file: immutable, and refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
