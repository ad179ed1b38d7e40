"""The language of `${...}`: parse -> check -> evaluate, and what can be proved of conditions.

Knows nothing of definitions, instances or activities: whoever asks says which names there are and
what type they have. What it accepts means what CEL (Common Expression Language) means by it.
"""

from engine.expressions.checking.check import Checked, check
from engine.expressions.evaluation.evaluate import Expression, compile_checked
from engine.expressions.evaluation.having import has_type
from engine.expressions.problems import RULES, ExpressionProblem
from engine.expressions.proof.decide import Budget, Reach, decide
from engine.expressions.syntax.parse import parse
from engine.expressions.syntax.template import Literal_, Mixed, Whole, parse_template
from engine.expressions.syntax.tree import Comparison, Path, Tree, asks, comparisons, reads, spell
from engine.expressions.types import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    Binding,
    EnumOf,
    Environment,
    JsonValue,
    ListOf,
    MapOf,
    Member,
    Presence,
    Record,
    Secret,
    Type,
    Values,
    describe,
    is_date,
)

__all__ = [
    "BOOLEAN",
    "DATE",
    "DYNAMIC",
    "INTEGER",
    "NULL",
    "NUMBER",
    "RULES",
    "STRING",
    "Binding",
    "Budget",
    "Checked",
    "Comparison",
    "EnumOf",
    "Environment",
    "Expression",
    "ExpressionProblem",
    "JsonValue",
    "ListOf",
    "Literal_",
    "MapOf",
    "Member",
    "Mixed",
    "Path",
    "Presence",
    "Reach",
    "Record",
    "Secret",
    "Tree",
    "Type",
    "Values",
    "Whole",
    "asks",
    "check",
    "comparisons",
    "compile_checked",
    "decide",
    "describe",
    "has_type",
    "is_date",
    "parse",
    "parse_template",
    "reads",
    "spell",
]
