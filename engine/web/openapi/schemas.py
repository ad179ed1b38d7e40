"""The Structs of bodies and answers as JSON Schemas, with what their docstrings say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args, get_origin

import msgspec

REF: Final = "#/components/schemas/{name}"
Schema = dict[str, Any]


class Schemas:
    """Schemas by name, and how each type that was asked for refers to them."""

    def __init__(self, types: Iterable[Any]) -> None:
        """Take every type that will be asked for, once each."""
        wanted = list({repr(one): one for one in types}.values())
        shown, self.components = msgspec.json.schema_components(wanted, ref_template=REF)
        self._shown = {repr(one): schema for one, schema in zip(wanted, shown, strict=True)}
        for struct in _structs(wanted):
            _tell(self.components, struct)
        for schema in self.components.values():
            _leave_out(schema)

    def used(self, types: Iterable[Any]) -> dict[str, Schema]:
        """Give the components that these types refer to, at any depth, by name."""
        found: dict[str, Schema] = {}
        waiting = [self.of(one) for one in types]
        while waiting:
            for name in _REFERS.findall(msgspec.json.encode(waiting.pop()).decode()):
                if name not in found:
                    found[name] = self.components[name]
                    waiting.append(found[name])
        return dict(sorted(found.items()))

    def of(self, type_: Any) -> Schema:
        """Give the schema of a type."""
        return self._shown[repr(type_)]

    def words(self, type_: Any) -> str:
        """Give what the docstring of a Struct says of it."""
        return str(self.components[_name(self.of(type_))]["description"])

    def fields(self, type_: Any) -> list[tuple[str, Schema, bool]]:
        """Give a Struct's fields: name, schema, whether it is needed."""
        shown = self.components[_name(self.of(type_))]
        needed = shown.get("required", [])
        return [(name, part, name in needed) for name, part in shown["properties"].items()]


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


_REFERS: Final = re.compile(r'"#/components/schemas/([^"]+)"')


def _leave_out(schema: Schema) -> None:
    """Leave out defaults that are null: what may be left out need not be said to be nothing."""
    for part in schema.get("properties", {}).values():
        if part.get("default", ...) is None:
            del part["default"]


def _structs(types: Iterable[Any]) -> Iterable[type[msgspec.Struct]]:
    """Give every Struct in types, at any depth, once."""
    found: dict[type[msgspec.Struct], None] = {}
    waiting = list(types)
    while waiting:
        one = waiting.pop()
        waiting.extend(get_args(one))
        base = get_origin(one) or one
        if isinstance(base, type) and issubclass(base, msgspec.Struct) and base not in found:
            found[base] = None
            waiting.extend(field.type for field in msgspec.structs.fields(base))
    return found


_ATTRIBUTE: Final = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n        .*)*)", re.MULTILINE)


def _tell(components: Mapping[str, Schema], struct: type[msgspec.Struct]) -> None:
    """Put what a docstring says of fields beside them, and the rest above."""
    words, _, attributes = (inspect.getdoc(struct) or "").partition("\n\nAttributes:\n")
    names = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    told = {
        names[name]: " ".join(text.split())
        for several, text in _ATTRIBUTE.findall(attributes)
        for name in several.split(", ")
    }
    for key, schema in components.items():
        if key == struct.__name__ or key.startswith(f"{struct.__name__}_"):
            schema["description"] = " ".join(words.split())
            for name, text in told.items():
                part = schema["properties"][name]
                part.setdefault("description", text)
