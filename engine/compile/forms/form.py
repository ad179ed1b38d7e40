"""One form: read, held against schema and rules, compiled; and what a definition asks about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.compile.findings import Findings
from engine.compile.forms import judge
from engine.compile.forms.answers import record_of
from engine.compile.forms.fields import field_check
from engine.compile.forms.judge import Default
from engine.compile.forms.parts import form_of
from engine.compile.forms.visibility import visibility_of
from engine.compile.reading.document import Document, Source, Spot
from engine.compile.reading.json_text import read_json
from engine.compile.shape import shape_problems
from engine.expressions import Record
from engine.model.form import INPUT_TYPES, CompiledForm, Form, Visibility
from engine.model.names import JsonObject, Localised
from engine.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class FormReport:
    """What was found, and the form ready for use, which is None when any problem is an error."""

    problems: tuple[Problem, ...]
    form: CompiledForm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormReading:
    """A form that was read, with what a definition must know about it.

    Attributes:
        compiled: None when it has errors.
        texts: Every text of the form, and where it stands.
        defaults: Paths into process variables that stand in defaults.
        record: What `_customFormData.<formDataKey>` reads.
    """

    document: Document | None
    problems: tuple[Problem, ...]
    compiled: CompiledForm | None = None
    texts: Sequence[tuple[Spot, Localised]] = ()
    defaults: Sequence[Default] = ()
    record: Record = field(default_factory=lambda: Record({}, "the form"))

    @property
    def written(self) -> Document:
        """Where it is written; what could not be read is shown by no node."""
        if self.document is None:
            raise AssertionError(self.problems)
        return self.document


def check_form(source: Source) -> FormReport:
    """Check one form by itself and compile it.

    The form's name and version are those of the file name `<name>.v<version>.json`; any other
    name stands for itself, in version 1.
    """
    reading = read_form(source, *name_and_version(source.path))
    return FormReport(problems=reading.problems, form=reading.compiled)


def name_and_version(path: str) -> tuple[str, int]:
    """Take a form's name and version from the name of its file."""
    stem = path.replace("\\", "/").rpartition("/")[2].removesuffix(".json")
    name, dot, version = stem.rpartition(".v")
    if dot and version.isdecimal() and len(version) < 7:
        return name, int(version)
    return stem, 1


def read_form(source: Source, name: str, version: int) -> FormReading:
    """Read, check and compile a form under a name and version."""
    document = read_json(source)
    if not isinstance(document, Document):
        return FormReading(document=None, problems=document)
    wrong = shape_problems(document, "custom-data-form")
    value = document.root.value
    if wrong or not isinstance(value, dict):
        return FormReading(document=document, problems=wrong)
    return _judged(document, form_of(name, version, value), value)


def _judged(document: Document, form: Form, value: JsonObject) -> FormReading:
    findings = Findings(document)
    judge.components(form, findings)
    defaults = judge.defaults(form, findings)
    visible = _visible(form, findings)
    compiled = None
    if not findings.has_errors:
        checks = {c.id: field_check(c) for c in form.components if c.type in INPUT_TYPES}
        compiled = CompiledForm(form=form, checks=checks, visible=visible)
    return FormReading(
        document=document,
        problems=findings.problems,
        compiled=compiled,
        texts=judge.texts(document),
        defaults=defaults,
        record=record_of(form),
    )


def _visible(form: Form, findings: Findings) -> Mapping[str, Visibility]:
    found: dict[str, Visibility] = {}
    for position, component in enumerate(form.components):
        if component.visible_when is None:
            continue
        visibility = visibility_of(form, position, findings)
        if visibility is not None:
            found[component.id] = visibility
    return found
