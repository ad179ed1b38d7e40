"""Passcode recovery: somebody who cannot prove the old passcode chooses a new one (an extension).

That an operator has looked at it and accepted is part of the signature: without a decided review on
every path before, a definition does not compile. Locks and failed tries do not stand in the way and
are over afterwards; nobody is signed in by it (security A6, B4, C1 to C3).
"""

from typing import Final

from activities.forms import FORM_INPUTS, answered, form_key
from activities.passcodes.registration import (
    BY_POLICY,
    CHOSEN,
    POLICY_INPUT,
    REFUSED,
    SAVED,
    TOO_COMMON,
    TRIES_INPUT,
    ask_for_new,
)
from activities.passcodes.renewal import IS_USED, USED
from activities.review import REVIEW
from activities.screens import screen_inputs
from activities.users import STORE_INPUT, WHICH_USER, loaded_user
from engine.activity import (
    ActivityFault,
    Bound,
    Call,
    CheckUse,
    Ended,
    ErrorEvent,
    FormUse,
    KeyUse,
    Outcome,
    Passcodes,
    Woken,
    activity,
    done,
    failed,
    passed,
    raised,
)

RECOVERY: Final = "passcodeRecoveryKey"
TYPE: Final = "PasscodeRecovery"
DEFAULT: Final = "passcodeRecovery1"
CHECK: Final = CheckUse(name="passcode-recovery", key=RECOVERY)

EXCEEDED: Final = "ExceededPasscodeRecovery"
REFUSALS: Final = {"policy": BY_POLICY, "common": TOO_COMMON, "used": USED}


@activity(
    "Start Passcode Recovery",
    version=1,
    kind="local",
    inputs=[POLICY_INPUT, STORE_INPUT, *WHICH_USER],
    keys=[
        KeyUse(input=RECOVERY, type=TYPE, default=DEFAULT, after="started", links=("userKey",)),
        KeyUse(input="userKey", type="User", default="user1", reads=frozenset({"User"})),
        KeyUse(
            input=REVIEW,
            type="Review",
            default="review1",
            reads=frozenset({"Review"}),
            before=frozenset({"decided"}),
        ),
    ],
    opens=CHECK,
    uses=[Passcodes],
)
async def start_passcode_recovery(call: Call) -> Ended:
    """Begin to replace the passcode of a loaded User, once an operator has accepted a review."""
    if call.slot(REVIEW).value.get("status") != "ACCEPTED":
        raise ActivityFault(node=call.node, reason="no operator has accepted this recovery")
    begun = await call.use(Passcodes).start_recovery(
        call.text("storeName"), call.text("passcodePolicy"), user_id=loaded_user(call)
    )
    return done(keys={RECOVERY: begun})


@activity(
    "Passcode Recovery Form",
    version=1,
    kind="interactive",
    inputs=[*FORM_INPUTS, *screen_inputs("passcode-recovery")],
    keys=[
        KeyUse(
            input=RECOVERY,
            type=TYPE,
            default=DEFAULT,
            reads=frozenset({TYPE}),
            before=frozenset({"started"}),
            after="answered",
            on_timeout="started",
            carries=("newPasscode",),
        ),
        form_key("passcodeRecoveryForm1"),
    ],
    form=FormUse(
        name_input="dataFormName",
        version_input="dataFormVersion",
        key_input="formDataKey",
        components=CHOSEN,
    ),
    uses=[Passcodes],
)
class PasscodeRecoveryForm:
    """Ask for a new passcode, twice; what the policy asks of it is said and judged here."""

    @staticmethod
    async def enter(call: Call) -> Outcome:
        """Show the form with the policy's rules."""
        return await ask_for_new(call, RECOVERY)

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        """Hand on what was answered."""
        return done(submission=answered(call, woken))


@activity(
    "Complete Passcode Recovery",
    version=1,
    kind="local",
    inputs=[TRIES_INPUT],
    keys=[
        KeyUse(
            input=RECOVERY,
            type=TYPE,
            default=DEFAULT,
            reads=frozenset({TYPE}),
            before=frozenset({"answered"}),
            after="settled",
            on=dict.fromkeys(REFUSALS.values(), "started"),
            takes=("newPasscode",),
        )
    ],
    errors=[*REFUSED, IS_USED, ErrorEvent(code=EXCEEDED, words="form.tries")],
    settles=CHECK,
    bounded_by=Bound(input="maxAttempts", code=EXCEEDED, words="passcode.left"),
    uses=[Passcodes],
)
async def complete_passcode_recovery(call: Call) -> Ended:
    """Keep the new passcode unless it is refused, and end what kept the user out."""
    verdict = await call.use(Passcodes).recover(
        call.slot(RECOVERY).value, call.secret(RECOVERY, "newPasscode")
    )
    if verdict.answer == "kept":
        return passed(told=SAVED)
    if call.visit >= call.integer("maxAttempts"):
        return failed(EXCEEDED)
    return raised(REFUSALS[verdict.answer], told=verdict.told)
