"""Every expression of a definition, checked where it stands; and which branches can be taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from engine.compile.dataflow.endings import Endings, Judged
from engine.compile.dataflow.scope import Scopes
from engine.compile.dataflow.state import State
from engine.compile.findings import Findings
from engine.compile.linking.site import Formula, Linked, NodeForm, Site
from engine.expressions import (
    Budget,
    Checked,
    Environment,
    ExpressionProblem,
    Tree,
    check,
    decide,
    parse,
)
from engine.model.names import NodeId

Checks = dict[str, Checked]
"""Path of an expression in the document -> the expression, checked."""


def check_formulas(
    linked: Linked,
    states: Mapping[NodeId, State],
    scopes: Scopes,
    endings: Endings,
    findings: Findings,
) -> Checks:
    """Check every expression of every node that is reached."""
    checks: Checks = {}
    for site in linked.sites.values():
        state = states.get(site.id)
        if state is None:
            continue
        for formula, judged in _judged(site, state, endings, scopes, findings):
            if isinstance(judged, Checked):
                checks[formula.key] = judged
            else:
                findings.expression(formula.written, judged, key=formula.key)
    return checks


def prove_branches(linked: Linked, checks: Checks, findings: Findings) -> None:
    """Note every condition of the definition that never decides anything."""
    budget = Budget()
    for site in linked.sites.values():
        _branches(site, checks, budget, findings)


def prove_defaults(
    linked: Linked, states: Mapping[NodeId, State], scopes: Scopes, findings: Findings
) -> None:
    """Note what the defaults of forms put in that is nowhere, or secret."""
    for site in linked.sites.values():
        for form in site.forms if site.id in states else ():
            _defaults(form, site.puts_in, scopes.of_variables(states[site.id]), findings)


def _judged(
    site: Site, state: State, endings: Endings, scopes: Scopes, findings: Findings
) -> Iterator[tuple[Formula, Judged]]:
    """Judge every expression of a node by what it may read where it is evaluated."""
    for formula in site.formulas:
        yield formula, _check(formula, scopes.at(state), findings)
    if site.outputs:
        done = endings.outputs(site, state)
        for value in (value for _, value in site.outputs if isinstance(value, Formula)):
            known = done.checks[value.key]
            is_right = isinstance(known, Checked)
            yield value, known if is_right else _check(value, done.scope, findings)
    if any(site.conditions):
        onward = scopes.at(endings.onward(site, state))
        yield from ((when, _check(when, onward, findings)) for when in site.conditions if when)


def _check(formula: Formula, scope: Environment, findings: Findings) -> Judged:
    return check(
        formula.tree,
        scope,
        formula.expected,
        may_be_absent=formula.optional,
        search=findings.nearest,
    )


def _branches(site: Site, checks: Checks, budget: Budget, findings: Findings) -> None:
    """Note every condition of one node that never decides anything."""
    written = [condition for condition in site.conditions if condition is not None]
    checked = [checks[c.key] for c in written if c.key in checks]
    if len(checked) < len(written) or not checked:
        return
    for condition, reach in zip(written, decide(checked, budget), strict=True):
        if reach == "reachable":
            continue
        message, remedy = _REACH[reach]
        findings.add("P104", condition.written.spot, message, remedy, key=condition.key)


_REACH: Mapping[str, tuple[str, str]] = {
    "never true": ("this condition is never true", "compare with a value that can occur"),
    "shadowed": (
        "a condition before this one is true whenever this one is",
        "put the narrower condition first",
    ),
    "always true": (
        "this condition is always true, so that the ways behind it are never taken",
        "write `to:` alone as the last way",
    ),
}


def _defaults(
    form: NodeForm,
    puts_in: Mapping[str, Tree],
    environment: Environment,
    findings: Findings,
) -> None:
    """Check the paths that defaults of a form put in: there on some path, and no secrets."""
    inside = Findings(form.reading.written)
    for default in form.reading.defaults:
        problems: tuple[ExpressionProblem, ...] = ()
        tree = parse(default.path)
        if isinstance(tree, Tree):
            read = puts_in.get(default.path, tree)
            found = check(read, environment, None, may_be_absent=True, search=inside.nearest)
            problems = () if isinstance(found, Checked) else found
        else:
            problems = tree
        moved = [replace(problem, offset=problem.offset + default.offset) for problem in problems]
        inside.expression(default.written, moved, key=default.key)
    for problem in inside.problems:
        findings.keep(problem)
