"""Passcode authentication: an attempt is started, a form asks, and the answer is verified.

No activity here learns whether a user exists or why a try failed (security B1, B2). The sign-in on
one page knows nobody when it is shown, and does the same work for whoever is named (B3). What was
typed as the identifier rests where any answer of a form does, and its form must let it go at the
end: a declined stranger's journey does not keep who they said they were, let alone a passcode that
was typed into that box.
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
    Limits,
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

IDENTIFIER: Final = "identifier"
LONGEST: Final = Limits(max_length=256)
"""As long as an external id may be; a longer one names nobody in any store."""

POLICY_INPUT: Final = Input(
    name="passcodeKey", type=STRING, required=True, literal=True, refers="policy"
)


@activity(
    "Start Passcode Authentication",
    version=1,
    kind="local",
    inputs=[
        POLICY_INPUT,
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
        components={"passcode": ("password",)},
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
    "Sign-in Form",
    version=1,
    kind="interactive",
    inputs=[
        *FORM_INPUTS,
        POLICY_INPUT,
        STORE_INPUT,
        *screen_inputs("sign-in"),
    ],
    keys=[
        KeyUse(
            input=ATTEMPT,
            type="PasscodeAttempt",
            default="passcodeAuth1",
            after="answered",
            carries=("passcode",),
            links=("userKey",),
        ),
        # As after *Start*: a claim, and nothing of a claimed user can be read.
        KeyUse(input="userKey", type="ClaimedUser", default="user1", after="claimed"),
        form_key("signInForm1"),
    ],
    form=FormUse(
        name_input="dataFormName",
        version_input="dataFormVersion",
        key_input="formDataKey",
        components={IDENTIFIER: ("text", "email"), "passcode": ("password",)},
        transient=frozenset({IDENTIFIER}),
    ),
    opens=CHECK,
    uses=[Passcodes],
)
class SignInForm:
    """Ask who it is and for the passcode on one page; *Complete* verifies it, known or not."""

    @staticmethod
    async def enter(call: Call) -> Outcome:
        """Show the form: of the policy its upper length, of the store nothing."""
        bounds = await call.use(Passcodes).bounds_of(
            call.text("storeName"), call.text("passcodeKey")
        )
        return show(call, form_panel(call, limits={IDENTIFIER: LONGEST, "passcode": bounds}))

    @staticmethod
    async def resume(call: Call, woken: Woken) -> Outcome:
        """Begin an attempt for whoever the answer names, and hand on the passcode."""
        submission = answered(call, woken)
        named = str(submission.values.get(IDENTIFIER, "")).strip()
        begun = await call.use(Passcodes).start(
            call.text("storeName"), call.text("passcodeKey"), user_id=None, ext_id=named
        )
        return done(keys={ATTEMPT: begun.attempt, "userKey": begun.user}, submission=submission)


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
