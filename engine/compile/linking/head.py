"""The head of a definition: everything but its flow."""

from __future__ import annotations

from typing import Any, cast

from engine.compile.durations import duration
from engine.compile.findings import Findings
from engine.compile.linking.literals import fits, parameter_type, wanted
from engine.model.definition import Definition, Parameter, ParameterType
from engine.model.names import JsonObject

RETENTION = "P30D"
WELL_KNOWN = (
    "_redirectUrl", "timeoutRedirectUrl", "firstName", "lastName", "email", "phoneNumber",
    "referenceID",
)  # fmt: skip
"""Texts that every token may carry besides a definition's own parameters."""


def head(findings: Findings) -> Definition:
    """Read the head; the document has the right shape, but perhaps no title."""
    written: dict[str, Any] = cast("dict[str, Any]", findings.document.root.value)
    longest, title = written.get("maxDuration"), written.get("title", "")
    languages = tuple(written.get("languages", ("en",)))
    return Definition(
        process=written["process"],
        version=int(written["version"]),
        title={languages[0]: title} if isinstance(title, str) else title,
        type=written.get("type", "authentication"),
        languages=languages,
        max_duration=duration(longest) if longest is not None else None,
        retention=duration(written.get("retention", RETENTION)),
        parameters={
            name: _parameter(name, said, findings)
            for name, said in written.get("parameters", {}).items()
        },
    )


def _parameter(name: str, said: JsonObject, findings: Findings) -> Parameter:
    values = tuple(str(value) for value in cast("list[str]", said.get("enum", [])))
    kind = cast("ParameterType", said.get("type", "enum"))
    found = Parameter(
        name=name, type=kind, required=bool(said.get("required", False)), values=values,
        default=said.get("default"),
    )  # fmt: skip
    if "default" in said:
        _judge_default(found, findings)
    if name in WELL_KNOWN and kind != "string":
        spot = findings.document.find(["parameters", name]).spot
        findings.add(
            "L118", spot, f"`{name}` is a text in every definition", "write type: string",
            key=f"parameters.{name}.type",
        )  # fmt: skip
    return found


def _judge_default(parameter: Parameter, findings: Findings) -> None:
    spot = findings.document.find(["parameters", parameter.name, "default"]).spot
    key = f"parameters.{parameter.name}.default"
    type_ = parameter_type(parameter)
    if parameter.type == "key":
        message = "a key that is not given is one of the part's own"
        findings.add("L118", spot, message, "remove the default", key=key)
    elif parameter.required:
        message = "a required parameter is always given, its default is never taken"
        findings.add("L118", spot, message, "remove one of the two", key=key)
    elif not fits(parameter.default, type_):
        message = "this default is no value of the parameter's type"
        findings.add("L118", spot, message, f"expected: {wanted(type_)}", key=key)
