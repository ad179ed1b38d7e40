"""Every rule a definition or form can break: code, title, severity and one sentence why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.expressions import RULES as EXPRESSION_RULES
from engine.model.problem import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `why` is a sentence for people who meet it for the first time."""

    code: str
    title: str
    why: str
    severity: Severity = "error"


def _rule(code: str, title: str, why: str, severity: Severity = "error") -> Rule:
    return Rule(code=code, title=title, why=why, severity=severity)


_OWN = (
    # reading
    _rule("Y101", "The file is UTF-8", "Other encodings read differently on other machines."),
    _rule(
        "Y102",
        "The file is not too long",
        "A definition of more than 256 KiB is a mistake or an attack.",
    ),
    _rule(
        "Y103",
        "Values are not nested too deeply",
        "Deep nesting is how small files exhaust big machines.",
    ),
    _rule(
        "Y104", "The file has not too many values", "20,000 values are more than any journey needs."
    ),
    _rule("Y105", "One document in a file", "A second document would be ignored without a word."),
    _rule(
        "Y106",
        "No anchors and aliases",
        "A few hundred bytes of them expand to thousands of millions of values.",
    ),
    _rule("Y107", "No merge keys", "What a node says must be readable where the node stands."),
    _rule("Y108", "No tags", "A value is what it looks like; nothing in a file may choose a type."),
    _rule(
        "Y109", "No key stands twice", "The first of two equal keys would be lost without a word."
    ),
    _rule("Y110", "The text is YAML", "What cannot be read cannot be judged."),
    _rule(
        "Y111", "Expressions are quoted", "`: ` and ` #` inside `${...}` mean something to YAML."
    ),
    _rule("Y112", "Keys are names", "A list or mapping as a key names nothing."),
    _rule(
        "Y113", "Numbers can be kept exactly", "Beyond 2^53 a browser cannot tell neighbours apart."
    ),
    _rule("Y114", "The text is JSON", "What cannot be read cannot be judged."),
    # shape
    _rule(
        "S101", "Every key is known", "A slip in an optional key would be ignored without a word."
    ),
    _rule("S102", "Nothing required is missing", "The definition or form cannot work without it."),
    _rule("S103", "Values have the right type", "A text is not a number, a list is not a mapping."),
    _rule("S104", "Only possible values", "The place takes one of a few words."),
    _rule(
        "S105", "Names are well written", "Names travel into addresses, expressions and pictures."
    ),
    _rule("S106", "Numbers are within range", "The place has bounds."),
    _rule(
        "S107",
        "Lists and texts are not too short or long",
        "The place has bounds, and lists of names no doubles.",
    ),
    _rule(
        "S108",
        "Reserved words are not used",
        "They will mean something, and a definition must not change its meaning.",
    ),
    _rule(
        "S109",
        "Durations have one length",
        "Years and months differ; a timer needs weeks, days, hours, minutes, seconds.",
    ),
    # links
    _rule("L101", "The activity is known", "Only an installed activity can be run."),
    _rule(
        "L102",
        "The node is known",
        "A way must lead to a node of this flow, and never back to Start.",
    ),
    _rule("L103", "The input is known", "An input nobody reads is a slip."),
    _rule("L104", "Required inputs are given", "The activity cannot work without them."),
    _rule("L105", "The error event is known", "An edge for an event that never happens is a slip."),
    _rule(
        "L106",
        "Demanded error events are handled",
        "The activity says that going on as if nothing happened is wrong.",
    ),
    _rule("L107", "Exactly one Start", "An instance begins in one place."),
    _rule("L108", "At least one End", "A journey that cannot end keeps people waiting."),
    _rule(
        "L109",
        "Parts stand where they mean something",
        "A timer on a node that never waits would never fire.",
    ),
    _rule("L110", "Every node but End goes on", "A node without `next` is a dead end."),
    _rule(
        "L111",
        "Names are literals",
        "Keys, stores, forms, policies and counters must be known before anything runs.",
    ),
    _rule("L112", "The input's value fits", "The activity declares which values it takes."),
    _rule("L113", "The form exists", "A node can only show a form that is there, in that version."),
    _rule(
        "L114",
        "The form holds what the activity reads",
        "The activity looks for its answer under that id.",
    ),
    _rule("L115", "Buttons have words", "A person must be able to read what a button does."),
    _rule(
        "L116",
        "Names of our own are not written",
        "They are set by the engine and must mean the same everywhere.",
    ),
    _rule(
        "L117",
        "Node names differ",
        "Names that differ in capitals alone are confused by people and file systems.",
    ),
    _rule(
        "L118",
        "Defaults fit their parameter",
        "A default must be a value that a token could carry.",
    ),
    _rule(
        "L119",
        "A form that is chosen is one of a known few",
        "Every form that somebody may see is checked and kept with the definition.",
    ),
    # calls
    _rule("C101", "The part is known", "What is called must lie beside the definition."),
    _rule(
        "C102",
        "The part is there in that version",
        "A version never changes, so that a call means the same for good.",
    ),
    _rule("C103", "The parameter is known", "A value that no part reads is a slip."),
    _rule("C104", "Required parameters are given", "The part cannot work without them."),
    _rule(
        "C105",
        "What is given fits the parameter",
        "The part declares which values it takes, and which must be known before anything runs.",
    ),
    _rule("C106", "The End is known", "A way for an End that the part does not have is a slip."),
    _rule(
        "C107",
        "Every End of a part leads on",
        "Whoever comes to an End that is not mapped would stand nowhere.",
    ),
    _rule("C108", "Parts never call in a circle", "Copying them in would never end."),
    _rule(
        "C109",
        "Parts are called at most 4 deep",
        "What lies deeper can no longer be followed by who reads it.",
    ),
    _rule(
        "C110",
        "Words of calls and parts stand where they mean something",
        "A part is no journey: it neither begins, nor waits, nor ends by itself.",
    ),
    _rule(
        "C111",
        "With its parts, a definition keeps the limits",
        "A few calls of calls would make a small file as large as an attacker likes.",
    ),
    # proofs
    _rule("P101", "Every node is reached", "A node nobody can reach is a slip in some `next`."),
    _rule("P102", "Every node has a way to End", "Whoever gets there would never get out."),
    _rule(
        "P103",
        "A default flow closes every list",
        "Without it an instance could stand where no way leads on.",
    ),
    _rule(
        "P104", "Every branch can be taken", "A condition that never decides anything is a slip."
    ),
    _rule(
        "P105",
        "Keys are written before they are read",
        "On some path nobody has put anything there.",
    ),
    _rule(
        "P106",
        "Keys are in a state the activity takes",
        "On some path the key is not ready for it.",
    ),
    _rule(
        "P107", "What is settled was opened", "A result needs a check it belongs to, on every path."
    ),
    _rule(
        "P108",
        "A decider has something to decide",
        "Where no check was opened it can only give the answer for failures.",
        "warning",
    ),
    _rule(
        "P109",
        "No failure counts as a pass",
        "`decisionOnAnyFailure: PASS` would accept whoever fails.",
    ),
    _rule(
        "P110",
        "No End accepts without a check",
        "A path with no check and no decider ends as a success.",
        "warning",
    ),
    _rule(
        "P111",
        "No secret lives while the instance waits",
        "What waits is stored, and a stored secret can be stolen.",
    ),
    _rule("P112", "No secret lives at End", "A secret nobody took was asked for in vain."),
    _rule(
        "P113",
        "Every loop passes a wait",
        "A loop without one would turn forever in a single request.",
    ),
    _rule("P114", "Every loop is bounded", "A loop without bound lets a guesser try forever."),
    _rule(
        "P115",
        "Every wait ends",
        "A wait without a timer, in an instance without a longest duration, may last forever.",
    ),
    _rule(
        "P116",
        "Forms speak every language declared",
        "People who choose a language must be able to read all of it.",
    ),
    _rule(
        "P117",
        "Two waits never share a form data key",
        "The later answers would replace the earlier ones.",
    ),
    _rule("P118", "Keys and variables do not share names", "Expressions read both by their name."),
    _rule(
        "P119", "One of these inputs can be used", "The activity needs at least one of the group."
    ),
    _rule("P120", "No activity hands a secret to a variable", "Variables are stored and shown."),
    _rule(
        "P121",
        "Timers fire before the instance is over",
        "A timer that is as long as `maxDuration`, or longer, never fires.",
        "warning",
    ),
    _rule(
        "P122",
        "Transient answers do not outlast a wait",
        "What waits is stored; an answer that is not to be kept is cleared once it was used.",
        "warning",
    ),
    # forms
    _rule("F101", "Ids differ", "Two answers under one id cannot be told apart."),
    _rule(
        "F102",
        "Patterns run in linear time",
        "RE2 cannot be made to hang; what it does not know is refused.",
    ),
    _rule(
        "F103",
        "Questions have a label",
        "Nobody can answer what is not asked; screen readers read the label.",
    ),
    _rule(
        "F104",
        "Properties belong to their type",
        "A pattern on a checkbox would be ignored without a word.",
    ),
    _rule("F105", "Options differ", "Two options of one value cannot be told apart."),
    _rule(
        "F106",
        "Bounds can be kept",
        "The lower bound must be written as its type asks and not above the upper one.",
    ),
    _rule(
        "F107",
        "Defaults are allowed and fit",
        "A secret has no default; a default must be an answer that is accepted.",
    ),
    _rule(
        "F108",
        "Conditions are expressions",
        "`visibleWhen` holds one `${...}` that is true or false.",
    ),
    # deploying
    _rule(
        "D101",
        "A deployed version never changes",
        "Visits that began with it go on with it, and their records say what it asked.",
    ),
    _rule(
        "D103",
        "What a definition names is there",
        "Whoever comes by meets an error until the store, policy or webhook is made.",
        "warning",
    ),
    _rule("D102", "A part is not deployed by itself", "Nobody begins there: definitions call it."),
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.code: rule for rule in _OWN}
    | {
        code: _rule(code, title, "Expressions are judged before anybody meets them.")
        for code, title in EXPRESSION_RULES.items()
    }
)
"""Every rule by its code; those of expressions (`X`) among them."""
