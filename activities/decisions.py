"""Activities that fold checks into a decision."""

from typing import Final

from engine.activity import (
    STRING,
    ActivityFault,
    Call,
    Decides,
    Ended,
    EnumOf,
    Input,
    Output,
    activity,
    done,
)

DECISION: Final = EnumOf(("PASS", "FAIL", "REVIEW"))


@activity(
    "Simple Decider",
    version=1,
    kind="pure",
    inputs=[
        # PASS is a word of the vocabulary; that it may not stand here is a proof's own message.
        Input(name="decisionOnAnyFailure", type=DECISION, default="FAIL", choices=DECISION.values),
        Input(name="decisionVariable", type=STRING),
    ],
    outputs=[Output(name="decision", variable="_decision", type=DECISION)],
    decides=Decides(
        on_any_failure="decisionOnAnyFailure", derive="decisionVariable", output="decision"
    ),
)
def simple_decider(call: Call) -> Ended:
    """Decide: the derived value if there is one, else PASS if there are checks and all PASS."""
    derived = call.optional_text("decisionVariable")
    return done(
        outputs={"decision": from_checks(call) if derived is None else known(call, derived)}
    )


def from_checks(call: Call) -> str:
    """Give PASS only where at least one check exists and none is open or failed (design 5)."""
    if call.checks and all(check.state == "PASS" for check in call.checks):
        return "PASS"
    otherwise = call.text("decisionOnAnyFailure")
    if otherwise == "PASS":
        raise ActivityFault(node=call.node, reason="decisionOnAnyFailure is PASS")
    return known(call, otherwise)


def known(call: Call, decision: str) -> str:
    """Refuse a decision that is none, without repeating it: it may be a person's data."""
    if decision not in DECISION.values:
        raise ActivityFault(node=call.node, reason="the decision is none of PASS, FAIL, REVIEW")
    return decision
