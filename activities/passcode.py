"""Passcode authentication: an attempt is started, a form asks, and the answer is verified.

No activity here learns whether a user exists or why a try failed (security B1, B2).
"""

from typing import Final

from activities.forms import FORM_INPUTS, MAX_ATTEMPTS, answered, form_key, form_panel
from activities.screens import screen_inputs, show
from activities.users import NAMED_BY, STORE_INPUT, USER, WHICH_USER, which_user
from engine.activity import (
    STRING,
    Bound,
    Call,
    CheckUse,
    Ended,
    ErrorEvent,
    FormUse,
    Input,
    KeyUse,
    Outcome,
    Passcodes,
    Promotion,
    Woken,
    activity,
    done,
    failed,
    passed,
)

ATTEMPT: Final = "passcodeAuthenticationKey"
CHECK: Final = CheckUse(name="passcode-authentication", key=ATTEMPT)
FAILED: Final = "FailedPasscodeAuthentication"
EXCEEDED: Final = "ExceededFailedPasscodeAuthentication"


@activity(
    "Start Passcode Authentication",
    version=1,
    kind="local",
    inputs=[
        Input(name="passcodeKey", type=STRING, required=True, literal=True, refers="policy"),
        STORE_INPUT,
        *WHICH_USER,
    ],
    keys=[
        KeyUse(
            input=ATTEMPT,
            type="PasscodeAttempt",
            default="passcodeAuth1",
            after="started",
            links=("userKey",),
        ),
        # Nothing of a claimed user can be read: whoever holds the link has proven nothing yet.
        KeyUse(input="userKey", type="ClaimedUser", default="user1", after="claimed"),
    ],
    one_of=[NAMED_BY],
    opens=CHECK,
    uses=[Passcodes],
)
async def start_passcode_authentication(call: Call) -> Ended:
    """Begin an attempt for the user that the process was started for, known or not."""
    user_id, ext_id = which_user(call)
    begun = await call.use(Passcodes).start(
        call.text("storeName"), call.text("passcodeKey"), user_id=user_id, ext_id=ext_id
    )
    return done(keys={ATTEMPT: begun.attempt, "userKey": begun.user})


@activity(
    "Passcode Authentication Form",
    version=1,
    kind="interactive",
    inputs=[*FORM_INPUTS, *screen_inputs("passcode-authentication")],
    keys=[
        KeyUse(
            input=ATTEMPT,
            type="PasscodeAttempt",
            default="passcodeAuth1",
            reads=frozenset({"PasscodeAttempt"}),
            before=frozenset({"started"}),
            after="answered",
            on_timeout="started",
            carries=("passcode",),
        ),
        form_key("passcodeAuthForm1"),
    ],
    form=FormUse(
        name_input="dataFormName",
        version_input="dataFormVersion",
        key_input="formDataKey",
        components={"passcode": "password"},
    ),
    uses=[Passcodes],
)
class PasscodeAuthenticationForm:
    """Ask for the passcode; it travels in the attempt's slot to the activity that verifies it."""

    @staticmethod
    async def enter(call: Call) -> Outcome:
        """Show the form, with the policy's upper length and never its lower one."""
        bounds = await call.use(Passcodes).bounds(call.slot(ATTEMPT).value)
        return show(call, form_panel(call, limits={"passcode": bounds}))

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        """Hand on what was answered."""
        return done(submission=answered(call, woken))


@activity(
    "Complete Passcode Authentication",
    version=1,
    kind="local",
    inputs=[MAX_ATTEMPTS],
    keys=[
        KeyUse(
            input=ATTEMPT,
            type="PasscodeAttempt",
            default="passcodeAuth1",
            reads=frozenset({"PasscodeAttempt"}),
            before=frozenset({"answered"}),
            after="settled",
            on={FAILED: "started"},
            takes=("passcode",),
        )
    ],
    errors=[
        ErrorEvent(code=FAILED, words="passcode.failed"),
        ErrorEvent(code=EXCEEDED, words="form.tries"),
    ],
    settles=CHECK,
    promotes=Promotion(
        through=ATTEMPT, link="userKey", type="User", state="authenticated", members=USER
    ),
    bounded_by=Bound(input="maxAttempts", code=EXCEEDED, words="passcode.left"),
    uses=[Passcodes],
)
async def complete_passcode_authentication(call: Call) -> Ended:
    """Verify what was answered and settle the check; visit `maxAttempts` is the last."""
    attempt = call.slot(ATTEMPT).value
    user = await call.use(Passcodes).verify(attempt, call.secret(ATTEMPT, "passcode"))
    if user is not None:
        return passed(promoted=user)
    return failed(EXCEEDED if call.visit >= call.integer("maxAttempts") else FAILED)
