"""What a process definition says about itself, apart from its flow."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from engine.model.names import JsonValue, Localised
from engine.model.value import Value

ProcessType = Literal["authentication", "identity-verification", "part"]
ParameterType = Literal[
    "string", "integer", "number", "boolean", "date", "list<string>", "enum", "key",
]  # fmt: skip


class Parameter(Value, frozen=True, kw_only=True):
    """What a process token, or the call of a part, must or may carry; read as `_initVars.<name>`.

    Attributes:
        type: `key`: the part's name for a key of its caller; only parts have such.
        values: The values of an `enum`, else empty.
        default: Taken where the token carries none; only for one that is not required.
    """

    name: str
    type: ParameterType
    required: bool = False
    values: tuple[str, ...] = ()
    default: JsonValue = None


class FormRef(Value, frozen=True, kw_only=True):
    """A form by name and version (1, 2, ...)."""

    name: str
    version: int


class Definition(Value, frozen=True, kw_only=True):
    """The head of a process definition.

    `languages`: the first is the default. `title`: one text written for all stands under it.
    """

    process: str
    version: int
    title: Localised
    type: ProcessType = "authentication"
    languages: tuple[str, ...] = ("en",)
    max_duration: timedelta | None = None
    retention: timedelta
    parameters: dict[str, Parameter] = {}


class ActivityRef(Value, frozen=True, kw_only=True):
    """An activity by its label in the palette and its version."""

    label: str
    version: int


class Bundle(Value, frozen=True, kw_only=True):
    """A definition, its parts, their forms, and label and version of all activities: as deployed.

    Attributes:
        digest: SHA-256 over the canonical JSON of all the rest.
        definition: The YAML text as it was written.
        forms: `<name>.v<version>` -> the JSON text as it was written.
        parts: `<name>.v<version>` -> the YAML text of each part that is called, at any depth.
    """

    digest: str
    process: str
    version: int
    definition: str
    forms: dict[str, str]
    activities: tuple[ActivityRef, ...]
    parts: dict[str, str] = {}
