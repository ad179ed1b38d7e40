"""Passcode renewal: the old passcode is proven as at a sign-in, then a new one takes its place.

Nothing is said of the new one before the old one was proven, and nothing follows by itself: the
person is not signed in by it (security A6, B1).
"""

from typing import Final

from activities.forms import FORM_INPUTS, answered, form_key, form_panel
from activities.passcodes.registration import (
    BY_POLICY,
    CHOSEN,
    POLICY_INPUT,
    REFUSED,
    SAVED,
    TOO_COMMON,
    TRIES_INPUT,
)
from activities.screens import screen_inputs, show
from activities.users import NAMED_BY, STORE_INPUT, WHICH_USER, which_user
from engine.activity import (
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

RENEWAL: Final = "passcodeRenewalKey"
TYPE: Final = "PasscodeRenewal"
DEFAULT: Final = "passcodeRenewal1"
CHECK: Final = CheckUse(name="passcode-renewal", key=RENEWAL)

FAILED: Final = "FailedPasscodeRenewal"
USED: Final = "PasscodeUsedBefore"
EXCEEDED: Final = "ExceededPasscodeRenewal"
IS_USED: Final = ErrorEvent(code=USED, demanded=True, fails=False, words="passcode.used")
REFUSALS: Final = {"policy": BY_POLICY, "common": TOO_COMMON, "used": USED}


@activity(
    "Start Passcode Renewal",
    version=1,
    kind="local",
    inputs=[POLICY_INPUT, STORE_INPUT, *WHICH_USER],
    keys=[
        KeyUse(input=RENEWAL, type=TYPE, default=DEFAULT, after="started", links=("userKey",)),
        # As at a sign-in: nothing of the user can be read, whoever it is.
        KeyUse(input="userKey", type="ClaimedUser", default="user1", after="claimed"),
    ],
    one_of=[NAMED_BY],
    opens=CHECK,
    uses=[Passcodes],
)
async def start_passcode_renewal(call: Call) -> Ended:
    """Begin to renew the passcode of a user, known or not."""
    user_id, ext_id = which_user(call)
    begun = await call.use(Passcodes).start(
        call.text("storeName"), call.text("passcodePolicy"), user_id=user_id, ext_id=ext_id
    )
    return done(keys={RENEWAL: begun.attempt, "userKey": begun.user})


@activity(
    "Passcode Renewal Form",
    version=1,
    kind="interactive",
    inputs=[*FORM_INPUTS, *screen_inputs("passcode-renewal")],
    keys=[
        KeyUse(
            input=RENEWAL,
            type=TYPE,
            default=DEFAULT,
            reads=frozenset({TYPE}),
            before=frozenset({"started"}),
            after="answered",
            on_timeout="started",
            carries=("passcode", "newPasscode"),
        ),
        form_key("passcodeRenewalForm1"),
    ],
    form=FormUse(
        name_input="dataFormName",
        version_input="dataFormVersion",
        key_input="formDataKey",
        components={"passcode": ("password",), **CHOSEN},
    ),
    uses=[Passcodes],
)
class PasscodeRenewalForm:
    """Ask for the old passcode and, twice, for a new one."""

    @staticmethod
    async def enter(call: Call) -> Outcome:
        """Show the form: the policy's rules for the new one, its upper length for the old one."""
        passcodes, attempt = call.use(Passcodes), call.slot(RENEWAL).value
        limits = {
            "passcode": await passcodes.bounds(attempt),
            "newPasscode": await passcodes.rules(attempt),
        }
        same = {"confirmPasscode": "newPasscode"}
        return show(call, form_panel(call, limits=limits, same=same))

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        """Hand on what was answered."""
        return done(submission=answered(call, woken))


@activity(
    "End Passcode Renewal",
    version=1,
    kind="local",
    inputs=[TRIES_INPUT],
    keys=[
        KeyUse(
            input=RENEWAL,
            type=TYPE,
            default=DEFAULT,
            reads=frozenset({TYPE}),
            before=frozenset({"answered"}),
            after="settled",
            on=dict.fromkeys((FAILED, *REFUSALS.values()), "started"),
            takes=("passcode", "newPasscode"),
        )
    ],
    errors=[
        ErrorEvent(code=FAILED, demanded=True, words="passcode.confirm.failed"),
        *REFUSED,
        IS_USED,
        ErrorEvent(code=EXCEEDED, words="form.tries"),
    ],
    settles=CHECK,
    bounded_by=Bound(input="maxAttempts", code=EXCEEDED, words="passcode.left"),
    uses=[Passcodes],
    aliases=["Complete Passcode Renewal"],
)
async def end_passcode_renewal(call: Call) -> Ended:
    """Prove the old passcode, then keep the new one unless it is refused."""
    verdict = await call.use(Passcodes).renew(
        call.slot(RENEWAL).value,
        old=call.secret(RENEWAL, "passcode"),
        new=call.secret(RENEWAL, "newPasscode"),
    )
    if verdict.answer == "kept":
        return passed(told=SAVED)
    if call.visit >= call.integer("maxAttempts"):
        return failed(EXCEEDED)
    if verdict.answer == "failed":
        return failed(FAILED)
    return raised(REFUSALS[verdict.answer], told=verdict.told)
