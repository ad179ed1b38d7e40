"""All proofs of design 4.4 over one linked definition."""

from __future__ import annotations

from dataclasses import dataclass

from engine.compile.findings import Findings
from engine.compile.linking.site import Flow
from engine.compile.proving.endings import Endings
from engine.compile.proving.formulas import Checks, check_formulas
from engine.compile.proving.scope import Scopes
from engine.compile.proving.spread import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What compiling needs of the proofs: every expression, checked."""

    checks: Checks


def prove(flow: Flow, findings: Findings) -> Proved:
    """Prove what can be proved; every problem goes to `findings`."""
    if not flow.sound:
        return Proved(checks={})
    scopes = Scopes(flow)
    states = spread(flow, Endings(scopes))
    return Proved(checks=check_formulas(flow, states, scopes, findings))
