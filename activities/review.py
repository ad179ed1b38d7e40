"""A journey is looked at by a person of the operator's, who accepts or declines it."""

from typing import Final

from activities.screens import screen_inputs
from engine.activity import (
    DYNAMIC,
    STRING,
    ActivityFault,
    Call,
    Decided,
    Decides,
    Ended,
    EnumOf,
    JsonObject,
    KeyUse,
    Member,
    Outcome,
    Output,
    Screen,
    Shown,
    Woken,
    activity,
    done,
)

REVIEW: Final = "reviewKey"
STATUS: Final = EnumOf(("REQUIRED", "ACCEPTED", "DECLINED"))
MEMBERS: Final = {
    "status": Member(type=STATUS),
    "requiredAt": Member(type=STRING),
    "decidedAt": Member(type=STRING, optional=True),
    "comment": Member(type=STRING, optional=True),
}
"""What `${review1.<member>}` reads."""
_HELD: Final = frozenset({"Review"})


def _summary(call: Call) -> JsonObject:
    """Sum up the checks so far, and what was decided of them."""
    checks: JsonObject = {check.name: check.state for check in call.checks}
    return checks if call.decision is None else {**checks, "overallOutcome": call.decision}


@activity(
    "Write Summary Report",
    version=1,
    kind="pure",
    outputs=[Output(name="checks", variable="_checks", type=DYNAMIC)],
    aliases=["Write Summary Report V2"],
)
def write_summary_report(call: Call) -> Ended:
    """Write the checks and the decision into `_checks`, with `overallOutcome`."""
    return done(outputs={"checks": _summary(call)})


@activity(
    "Review Required",
    version=1,
    kind="pure",
    inputs=screen_inputs("review", "thank-you"),
    keys=[
        KeyUse(input=REVIEW, type="Review", default="review1", after="required", members=MEMBERS)
    ],
)
def review_required(call: Call) -> Ended:
    """Ask the operator for a decision: while it is waited for, the screen named here is shown."""
    screen: JsonObject = {
        "stepId": call.text("stepId"),
        "screenId": call.text("screenId"),
        "screens": list(call.texts("screens")),
    }
    told: JsonObject = {"status": "REQUIRED", "requiredAt": call.at.isoformat()}
    return done(keys={REVIEW: {**told, "screen": screen}})


@activity(
    "Review Status Report",
    version=1,
    kind="pure",
    keys=[
        KeyUse(
            input=REVIEW, type="Review", default="review1", reads=_HELD,
            before=frozenset({"required", "decided", "over"}),
        )
    ],
    outputs=[Output(name="reviewReport", variable="_reviewReport", type=DYNAMIC)],
    aliases=["Process Instance Review Status Report"],
)  # fmt: skip
def review_status_report(call: Call) -> Ended:
    """Write how the review stands, and the checks it is about, into `_reviewReport`."""
    stands = {name: part for name, part in call.slot(REVIEW).value.items() if name != "screen"}
    return done(outputs={"reviewReport": {**stands, "checks": _summary(call)}})


def _screen(call: Call) -> Screen:
    """Take the screen that *Review Required* has named."""
    named = call.slot(REVIEW).value.get("screen")
    if not isinstance(named, dict) or not isinstance(screens := named.get("screens"), list):
        raise ActivityFault(node=call.node, reason="this slot names no screen")
    return Screen(
        step_id=str(named.get("stepId")),
        screen_id=str(named.get("screenId")),
        screens=tuple(map(str, screens)),
    )


@activity(
    "Waiting for B/O Review",
    version=1,
    kind="interactive",
    awaits="review",
    keys=[
        KeyUse(
            input=REVIEW,
            type="Review",
            default="review1",
            reads=_HELD,
            before=frozenset({"required"}),
            after="decided",
            on_timeout="over",
            members=MEMBERS,
        )
    ],
    outputs=[
        Output(
            name="reviewStatus", variable="_reviewStatus", type=EnumOf(("ACCEPTED", "DECLINED"))
        ),
        Output(name="decision", variable="_decision", type=EnumOf(("PASS", "FAIL"))),
    ],
    decides=Decides(output="decision"),
    aliases=["Waiting for B/O review"],
)
class WaitingForReview:
    """Wait until somebody accepts or declines: that is the decision."""

    @staticmethod
    def enter(call: Call) -> Outcome:
        """Tell the person that somebody looks at their answers."""
        return Shown(screen=_screen(call))

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        """Take the decision."""
        if not isinstance(woken, Decided):
            raise ActivityFault(node=call.node, reason="only a decision wakes it")
        status, decision = ("ACCEPTED", "PASS") if woken.accepted else ("DECLINED", "FAIL")
        told: JsonObject = {
            **call.slot(REVIEW).value,
            "status": status,
            "decidedAt": call.at.isoformat(),
        }
        if woken.comment:
            told["comment"] = woken.comment
        return done(outputs={"reviewStatus": status, "decision": decision}, keys={REVIEW: told})
