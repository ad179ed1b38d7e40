"""Which forms a node may show whose form an expression names: it must be one of a known few."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce

from msgspec.structs import replace

from engine.compile.dataflow.state import merged
from engine.compile.forms.form import FormReading
from engine.compile.linking.site import Formula, NodeForm, Site
from engine.expressions import Checked, EnumOf, Environment, Record, Tree, check
from engine.expressions.syntax.tree import Conditional, Literal
from engine.model.definition import FormRef


def names_of_forms(site: Site, scope: Environment) -> tuple[str, ...] | None:
    """Give the names that a node's expression may give, besides the one named outright.

    None where they are not known; none at all where the expression itself is wrong, which is told
    elsewhere.
    """
    use = site.signature.form if site.signature else None
    given = site.inputs.get(use.choice_input) if use else None
    if not isinstance(given, Formula):
        return (str(given),)
    judged = check(given.tree, scope, None, may_be_absent=given.optional, search=_no_search)
    return _values(given.tree, scope) if isinstance(judged, Checked) else ()


def _values(tree: Tree, scope: Environment) -> tuple[str, ...] | None:
    """Give every text of an enumeration, or of a choice between such and texts written out.

    The arms are right where they stand: here each is only asked for its type.
    """
    match tree.root:
        case Literal(value=str(text)):
            return (text,)
        case Conditional(then=then, otherwise=otherwise):
            one, other = (_values(replace(tree, root=arm), scope) for arm in (then, otherwise))
            return None if one is None or other is None else one + other
        case _:
            judged = check(tree, scope, None, may_be_absent=True, search=_no_search)
            type_ = judged.type if isinstance(judged, Checked) else None
            return type_.values if isinstance(type_, EnumOf) else None


def readings_of(site: Site, named: NodeForm, scope: Environment) -> tuple[FormReading, ...]:
    """Give every form that a node may show, the one `named` outright first."""
    if site.choosable is None:
        return (named.reading,)
    there, names = site.choosable, names_of_forms(site, scope) or ()
    refs = (FormRef(name=name, version=named.ref.version) for name in dict.fromkeys(names))
    others = (there[ref] for ref in refs if ref != named.ref and ref in there)
    return (named.reading, *others)


def answers_read(readings: Sequence[FormReading]) -> Record:
    """Give what is read of the answers: what all forms have; what only some have may be missing."""
    return reduce(_both, (reading.record for reading in readings))


def _both(one: Record, other: Record) -> Record:
    both = merged(one, other)
    return both if isinstance(both, Record) else one


def _no_search(name: str, known: Collection[str]) -> None:
    """Look for no other name: nobody is told of problems while states spread."""
