"""Text -> graph: read, shape, link, prove, build. Knows model and expressions, and no activity."""

from engine.compile.definition import Report, check_definition, load
from engine.compile.draw import mermaid
from engine.compile.durations import duration, duration_text
from engine.compile.forms.form import FormReport, check_form
from engine.compile.parameters import check_parameters
from engine.compile.parts.heads import may_call, parts_among
from engine.compile.reading.document import Source
from engine.compile.rules import RULES, Rule

__all__ = [
    "RULES",
    "FormReport",
    "Report",
    "Rule",
    "Source",
    "check_definition",
    "check_form",
    "check_parameters",
    "duration",
    "duration_text",
    "load",
    "may_call",
    "mermaid",
    "parts_among",
]
